"""Telling other systems what happened: from the audit log into messages, and messages to their endpoints."""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections import Counter
from typing import Any

import orjson

from tenure.app.house import House
from tenure.app.letters import Mailing
from tenure.base.pseudonym import Pseudonyms
from tenure.outreach.channels import webhooks
from tenure.outreach.channels.events import OF_ACTS, body_of
from tenure.outreach.channels.outside import Outside
from tenure.outreach.channels.parcel import Handing, NotTaken, Parcel, Refused

BY = "tenure work"
_log = logging.getLogger("tenure.work")


class Announcer:
    """Puts messages on their way and sends those that are due; also the channel of a playbook's `webhook` steps.

    Args:
        house: The association's.
        outside: Sends requests.
        mailing: Writes to staff, where there is mail.
        dice: Spreads waits.
    """

    looks_up = True

    def __init__(
        self, house: House, outside: Outside, mailing: Mailing | None = None, dice: random.Random | None = None
    ) -> None:
        self._house, self._outside, self._mailing = house, outside, mailing
        self._keyed = Pseudonyms.of(house.home)
        self._dice = dice or random.Random()  # noqa: S311 - spreads waits, guards nothing

    # As the channel of `webhook` steps

    def ready(self) -> None:
        """Nothing has to answer: messages are only put on their way."""

    def look(self, parcel: Parcel) -> str | None:
        """None: putting a message on its way a second time changes nothing."""
        return None

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Put a message on its way to every endpoint that listens.

        Raises:
            Refused: None does.
        """
        from tenure.ledger import endpoints, identities

        name = str(parcel.details.get("event") or "member.selected")
        listening = endpoints.listening(name)
        if not listening:
            raise Refused(f"no endpoint listens to {name}", mend="`tenure webhook add` makes one")
        member = identities.member_of(member_id=parcel.member_id)
        handing()
        facts = {"member_id": parcel.member_id, "band": str(parcel.details.get("band", "")), "step": parcel.reference}
        for endpoint in listening:
            self._queue(endpoint, f"msg_{parcel.reference}", name, parcel.at, member, facts)
        return f"{len(listening)} endpoints"

    # What happened

    def spread(self) -> int:
        """Put on its way what the audit log has that endpoints were not told; gives how many messages."""
        from tenure.ledger import endpoints

        count = 0
        for endpoint in endpoints.listening():
            events = endpoints.happened(endpoint, OF_ACTS)
            for event in events:
                count += self._spread_one(endpoint, event)
            if events:
                endpoints.told(endpoint=endpoint, number=events[-1].number)
        return count

    def _spread_one(self, endpoint: Any, event: Any) -> bool:
        from tenure.ledger import identities

        name = OF_ACTS[event.act]
        if endpoint.events and name not in endpoint.events:
            return False
        member = None if event.member is None else self._keyed.present(event.member)
        facts = {
            "member_id": "" if member is None else identities.ids_of(members=[member]).get(member, ""),
            "band": _band_of(event.details.get("proposal")),
            "proposal": event.details.get("proposal"),
            "step": event.details.get("reference") or "",
            "kind": str(event.details.get("kind") or ""),
        }
        return self._queue(endpoint, f"msg_{event.number}", name, event.at, member, facts)

    def _queue(
        self, endpoint: Any, message_id: str, name: str, at: dt.datetime, member: int | None, facts: dict[str, Any]
    ) -> bool:
        from tenure.ledger import endpoints

        full = _more(member) if endpoint.is_full and member is not None else None
        return endpoints.queue(
            endpoint=endpoint, message_id=message_id, event=name, body=body_of(name, at, facts, full), member=member,
            clock=self._house.clock,
        )  # fmt: skip

    # Messages that are due

    def deliver(self) -> Counter[str]:
        """Send the messages that are due; gives how they went."""
        from tenure.ledger import endpoints

        tally: Counter[str] = Counter()
        over: set[int] = set()
        for message in endpoints.due(self._house.clock()):
            if message.endpoint_id not in over:
                tally[self._attempt(message, over)] += 1
        endpoints.forget(before=self._house.clock() - endpoints.KEPT)
        return tally

    def _attempt(self, message: Any, over: set[int]) -> str:
        from tenure.ledger import endpoints

        now, clock = self._house.clock(), self._house.clock
        body = orjson.dumps(message.body, option=orjson.OPT_SORT_KEYS)
        keys = [self._keyed.secret(purpose) for purpose in endpoints.keys_of(message.endpoint, now)]
        try:
            answer = self._outside.post(
                message.endpoint.url, webhooks.signed(message.message_id, now, body, keys), body
            )
        except (NotTaken, Refused) as error:
            return self._failed(message, None, error.message, None, over)
        verdict = webhooks.verdict(answer, now)
        if verdict.state == "taken":
            endpoints.taken(message=message, status=answer.status, clock=clock)
            return "webhook taken"
        if verdict.state == "gone":
            endpoints.failed(message=message, status=answer.status, why=verdict.words, again=None, clock=clock)
            self._disable(message.endpoint, verdict.words, over)
            return "webhook gone"
        return self._failed(message, answer.status, verdict.words, verdict.after, over)

    def _failed(self, message: Any, status: int | None, why: str, after: dt.timedelta | None, over: set[int]) -> str:
        from tenure.ledger import endpoints

        wait = webhooks.wait_before(message.attempts + 1, self._dice)
        again = max(wait, after) if wait is not None and after is not None else wait
        endpoints.failed(message=message, status=status, why=why, again=again, clock=self._house.clock)
        if again is not None:
            return "webhook postponed"
        self._disable(message.endpoint, f"a message was not taken in {webhooks.ATTEMPTS} attempts: {why}", over)
        return "webhook given up"

    def _disable(self, endpoint: Any, why: str, over: set[int]) -> None:
        from tenure.ledger import endpoints

        over.add(endpoint.pk)
        endpoints.disable(endpoint=endpoint, why=why, by=BY, clock=self._house.clock)
        _log.warning("the endpoint %s was disabled: %s", endpoint.name, why)
        if self._mailing is not None:
            words = (
                f"The endpoint {endpoint.name} is told nothing more: {why}.\n\nWhat it was not told is kept. When it "
                f"answers again, run\n\n    tenure webhook replay {endpoint.name} --by YOUR-NAME\n"
            )
            self._mailing.to_administrators(f"webhook:{endpoint.name}", f"Webhook {endpoint.name} is disabled", words)


def _band_of(proposal: Any) -> str:
    from tenure.ledger.models import Proposal

    return Proposal.objects.filter(pk=proposal).values_list("band", flat=True).first() or ""


def _more(member: int) -> dict[str, Any]:
    """What an endpoint with full payload is told besides: score, reasons, name and address."""
    from tenure.ledger.models import Contact, CurrentScore

    score = CurrentScore.objects.filter(member=member).only("risk_score", "reason_1").first()
    contact = Contact.objects.filter(member=member).first()
    return {
        "risk_score": score.risk_score if score else None,
        "reason": score.reason_1 if score else "",
        "name": contact.name if contact else "",
        "email": contact.email if contact else "",
    }
