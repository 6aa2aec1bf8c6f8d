"""Change notifications: what changed is posted to a webhook in the schema of Azure Event Grid.

The envelope and the handshake are those of Event Grid; what stands in `data` is a guess.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from imis_sandbox.rest import wire

_TOPIC = "/subscriptions/sandbox/domains/sandbox/topics/sim"
_BATCH = 100
_PATIENCE = 30.0
"""Seconds within which a webhook must answer."""
_TRIES = 8


@dataclass
class Subscription:
    """One webhook.

    Args:
        url: Where events are posted to.
        events: Their types, in lower case; empty for all.
        pause: Seconds before the second try; each further one waits twice as long.
        duplicates: Share of the events that are sent twice, since delivery is at least once.
    """

    url: str
    events: frozenset[str] = frozenset()
    pause: float = 1.0
    duplicates: float = 0.0
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    code: str = field(default_factory=lambda: str(uuid.uuid4()))
    verified: bool = False
    delivered: int = 0
    failed: int = 0
    given_up: int = 0
    queue: deque[wire.Json] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    def report(self) -> wire.Json:
        return {
            "id": self.key, "url": self.url, "events": sorted(self.events), "verified": self.verified,
            "waiting": len(self.queue), "delivered": self.delivered, "failed_tries": self.failed,
            "given_up": self.given_up,
        }  # fmt: skip


class Notices:
    """The site's subscriptions. Events are posted in the background, at least once and in no promised order."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, Subscription] = {}
        self._random = random.Random(1)  # noqa: S311 - chance, not secrets

    async def subscribe(self, body: wire.Json, root: str) -> wire.Json:
        """Register a webhook and shake hands with it; it may also open the `validationUrl` later.

        Args:
            body: `url`, and if wanted `events`, `retry_seconds` and `duplicates`.
            root: Where this service is reached.
        """
        url = str(body.get("url") or "")
        if not url.startswith(("http://", "https://")):
            raise wire.Refusal(400, "A webhook needs a url.")
        wanted = frozenset(str(name).lower() for name in body.get("events") or ())
        pause, duplicates = float(body.get("retry_seconds", 1.0)), float(body.get("duplicates", 0.0))
        made = Subscription(url, wanted, pause, duplicates)
        self._subscriptions[made.key] = made
        made.verified = await self._handshake(made, root)
        return {**made.report(), "validation_url": self._validation_url(made, root)}

    def validate(self, key: str, code: str) -> wire.Json:
        """What opening the `validationUrl` does."""
        found = self._need(key)
        if code != found.code:
            raise wire.Refusal(400, "The validation code is wrong.")
        found.verified = True
        return found.report()

    def unsubscribe(self) -> None:
        """Drop every webhook."""
        for one in self._subscriptions.values():
            if one.task is not None:
                one.task.cancel()
        self._subscriptions.clear()

    def report(self) -> wire.Json:
        """Every webhook and what became of its events."""
        return {"notifications": [one.report() for one in self._subscriptions.values()]}

    @property
    def watched(self) -> bool:
        """Whether anybody listens."""
        return any(one.verified for one in self._subscriptions.values())

    def tell(self, changes: Iterable[tuple[str, str, str]]) -> None:
        """Post (entity, action, identity) of each change to whoever asked for it."""
        made = [_event(*change) for change in changes]
        for one in self._subscriptions.values():
            chosen = [event for event in made if not one.events or event["eventType"].lower() in one.events]
            if one.verified and chosen:
                one.queue.extend(chosen)
                self._start(one)

    def _start(self, one: Subscription) -> None:
        if one.task is None or one.task.done():
            one.task = asyncio.get_running_loop().create_task(self._deliver(one))

    async def _deliver(self, one: Subscription) -> None:
        async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            while one.queue:
                batch = [one.queue.popleft() for _ in range(min(_BATCH, len(one.queue)))]
                if await self._post(client, one, batch):
                    one.delivered += len(batch)
                    one.queue.extend(event for event in batch if self._random.random() < one.duplicates)
                else:
                    one.given_up += len(batch)

    async def _post(self, client: httpx.AsyncClient, one: Subscription, batch: list[wire.Json]) -> bool:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(one.pause * 2 ** (attempt - 1))
            try:
                answer = await client.post(one.url, json=batch, headers={"aeg-event-type": "Notification"})
            except httpx.HTTPError:
                one.failed += 1
                continue
            if answer.is_success:
                return True
            one.failed += 1
        return False

    async def _handshake(self, one: Subscription, root: str) -> bool:
        event = _event("", "", "")
        event |= {
            "subject": "", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "data": {"validationCode": one.code, "validationUrl": self._validation_url(one, root)},
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
                headers = {"aeg-event-type": "SubscriptionValidation"}
                answer = await client.post(one.url, json=[event], headers=headers)
                return answer.is_success and _said(answer) == one.code
        except httpx.HTTPError:
            return False

    def _validation_url(self, one: Subscription, root: str) -> str:
        return f"{root}/_sandbox/notifications/{one.key}?code={one.code}"

    def _need(self, key: str) -> Subscription:
        if key not in self._subscriptions:
            raise wire.not_found("There is no such webhook.")
        return self._subscriptions[key]


def _said(answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get("validationResponse") if isinstance(body, dict) else None


def _event(entity: str, action: str, identity: str) -> wire.Json:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    data = {"entityTypeName": entity, "identityElements": identity.split("|"), "tenant": "sim"}
    return {
        "id": str(uuid.uuid4()), "topic": _TOPIC, "subject": f"{entity}/{identity}", "data": data,
        "eventType": f"{entity}.{action}", "eventTime": now, "metadataVersion": "1", "dataVersion": "1",
    }  # fmt: skip
