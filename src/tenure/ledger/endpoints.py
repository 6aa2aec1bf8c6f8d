"""Addresses of other systems that want to hear, and what is on its way to them.

What can be heard of is read from the audit log, from the row on that an endpoint has come to, so that nothing is told
that did not happen and nothing that happened is forgotten. Secrets are not kept: the ledger holds a random word for
each, and the secret is made from it with the association's key.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import AuditEvent, Endpoint, EndpointMessage

State = EndpointMessage.State
ROTATION = dt.timedelta(hours=24)
KEPT = dt.timedelta(days=30)


def add(*, name: str, url: str, events: Sequence[str], is_full: bool, by: str, clock: Clock = system_clock) -> Endpoint:
    """A new endpoint, which hears of what happens from now on.

    Raises:
        UsageError: The name is taken or empty.
    """
    if not name.strip() or Endpoint.objects.filter(name=name).exists():
        raise UsageError("that name of an endpoint is empty or taken", mend="choose another")
    with transaction.atomic():
        made = Endpoint.objects.create(
            name=name, url=url, secret=secrets.token_hex(16), events=list(events), is_full=is_full,
            told=AuditEvent.objects.aggregate(last=Max("number"))["last"] or 0, created_at=clock(), created_by=by,
        )  # fmt: skip
        _note("add", made, by, clock, events=list(events), full=is_full)
    return made


def named(name: str) -> Endpoint:
    """The endpoint of that name.

    Raises:
        UsageError: There is none.
    """
    found = Endpoint.objects.filter(name=name).first()
    if found is None:
        raise UsageError(f"there is no endpoint `{name}`", mend="`tenure webhook list` names them")
    return found


def rotate(*, name: str, by: str, clock: Clock = system_clock) -> Endpoint:
    """Give an endpoint a new secret; the old one signs beside it for a day."""
    with transaction.atomic():
        one = named(name)
        one.old_secret, one.old_until, one.secret = one.secret, clock() + ROTATION, secrets.token_hex(16)
        one.save(update_fields=["old_secret", "old_until", "secret"])
        _note("rotate", one, by, clock)
    return one


def disable(*, endpoint: Endpoint, why: str, by: str, clock: Clock = system_clock) -> None:
    """Tell an endpoint nothing more; what is on its way waits for a replay."""
    with transaction.atomic():
        endpoint.disabled_at, endpoint.disabled_why = clock(), why[:200]
        Endpoint.objects.filter(pk=endpoint.pk).update(disabled_at=endpoint.disabled_at, disabled_why=why[:200])
        _note("disable", endpoint, by, clock, why=why[:200])


def remove(*, name: str, by: str, clock: Clock = system_clock) -> None:
    """Forget an endpoint, and what was on its way to it, as when the other side unsubscribes.

    Raises:
        UsageError: There is none of that name.
    """
    with transaction.atomic():
        one = named(name)
        waiting = one.messages.filter(state=State.PENDING).count()
        one.messages.all().delete()
        one.delete()
        _note("remove", one, by, clock, waiting=waiting)


def replay(*, name: str, by: str, clock: Clock = system_clock) -> int:
    """Tell an endpoint again, and begin anew with what was not taken; gives how many messages that is."""
    with transaction.atomic():
        one = named(name)
        one.disabled_at, one.disabled_why = None, ""
        one.save(update_fields=["disabled_at", "disabled_why"])
        waiting = EndpointMessage.objects.filter(endpoint=one).exclude(state=State.DONE)
        count = waiting.update(state=State.PENDING, attempts=0, next_at=clock(), ended_at=None, last_error="")
        _note("replay", one, by, clock, messages=count)
    return count


def keys_of(endpoint: Endpoint, now: dt.datetime) -> list[str]:
    """For what purposes of the association's key the secrets stand that sign now, the newest first."""
    words = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_until is not None and endpoint.old_until > now:
        words.append(endpoint.old_secret)
    return [f"webhook:{endpoint.name}:{word}" for word in words]


def listening(event: str | None = None) -> list[Endpoint]:
    """Endpoints that are not disabled; those that want to hear of *event*, where one is named."""
    found = Endpoint.objects.filter(disabled_at=None).order_by("id")
    return [one for one in found if event is None or not one.events or event in one.events]


def queue(
    *, endpoint: Endpoint, message_id: str, event: str, body: dict[str, Any], member: int | None, clock: Clock
) -> bool:
    """Put one message on its way; whether it was new."""
    now = clock()
    _, new = EndpointMessage.objects.get_or_create(
        endpoint=endpoint,
        message_id=message_id,
        defaults={"event": event, "body": body, "member": member, "next_at": now, "created_at": now},
    )
    return new


def happened(endpoint: Endpoint, acts: Iterable[str], limit: int = 500) -> list[AuditEvent]:
    """What the audit log says, beyond what *endpoint* was told, of these acts; oldest first."""
    return list(AuditEvent.objects.filter(number__gt=endpoint.told, act__in=tuple(acts)).order_by("number")[:limit])


def told(*, endpoint: Endpoint, number: int) -> None:
    """Note that *endpoint* was told of everything up to row *number* of the log."""
    Endpoint.objects.filter(pk=endpoint.pk, told__lt=number).update(told=number)
    endpoint.told = max(endpoint.told, number)


def due(now: dt.datetime, limit: int = 50) -> list[EndpointMessage]:
    """Messages to be sent now, longest due first, to endpoints that are not disabled."""
    rows = EndpointMessage.objects.filter(state=State.PENDING, next_at__lte=now, endpoint__disabled_at=None)
    return list(rows.select_related("endpoint").order_by("next_at", "id")[:limit])


def taken(*, message: EndpointMessage, status: int, clock: Clock = system_clock) -> None:
    """Note that the receiver took a message."""
    done = {"state": State.DONE, "last_status": status, "last_error": "", "ended_at": clock()}
    _settle(message, done)


def failed(
    *, message: EndpointMessage, status: int | None, why: str, again: dt.timedelta | None, clock: Clock = system_clock
) -> None:
    """Note a failed attempt; without *again* the message is given up."""
    now = clock()
    found: dict[str, Any] = {"last_status": status, "last_error": why[:200], "next_at": now + (again or dt.timedelta())}
    if again is None:
        found |= {"state": State.GIVEN_UP, "ended_at": now}
    _settle(message, found)


def _settle(message: EndpointMessage, found: dict[str, Any]) -> None:
    """Note what became of an attempt; of a message whose endpoint was removed meanwhile nothing is kept."""
    found["attempts"] = message.attempts + 1
    for name, value in found.items():
        setattr(message, name, value)
    EndpointMessage.objects.filter(pk=message.pk).update(**found)


def forget(*, before: dt.datetime) -> int:
    """Remove messages that were taken before then; gives how many."""
    return int(EndpointMessage.objects.filter(state=State.DONE, ended_at__lt=before).delete()[0])


def counts() -> list[dict[str, Any]]:
    """Every endpoint with how many of its messages stand in each state."""
    found = []
    for one in Endpoint.objects.order_by("name"):
        states = {state.value: one.messages.filter(state=state).count() for state in State}
        last = one.messages.exclude(last_error="").order_by("-id").values_list("last_error", flat=True).first()
        found.append(
            {
                "name": one.name, "url": one.url, "events": one.events, "full": one.is_full,
                "disabled": one.disabled_why if one.disabled_at else None, "trouble": last or "", **states,
            }
        )  # fmt: skip
    return found


def _note(verb: str, endpoint: Endpoint, by: str, clock: Clock, **details: Any) -> None:
    audit.record(f"webhook:endpoint:{verb}", by=by, subject=endpoint.name, clock=clock, **details)
