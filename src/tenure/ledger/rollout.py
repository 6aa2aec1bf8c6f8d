"""What the rollout permits, each by a named person's word: phases, who is left alone, what may leave by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit
from tenure.ledger.models import Approval, AutoSend, DoNotWake, Phase
from tenure.ledger.rights import Act, require

BANDS = ("high", "medium", "low", "new")
NEVER = frozenset({"offer", "task", "callback", "alert", "group", "log", "webhook"})
"""Kinds of step that no permission covers: offers of money or grace, and all that is no message."""
LONGEST = dt.timedelta(days=366)


def set_phase(
    *, segment: str, number: int, by: str, why: str, evidence: Mapping[str, Any], clock: Clock = system_clock
) -> Phase:
    """Move *segment* (empty for everyone) to phase *number*; *evidence* is what its gate was shown.

    Raises:
        UsageError: There is no such phase, or no reason is given.
        NotAllowed: *by* may not move phases.
    """
    if number not in (1, 2, 3) or not why.strip():
        raise UsageError("a phase is 1, 2 or 3, and moving to it needs a reason", mend="pass --why WORDS")
    with transaction.atomic():
        require(by, Act.PHASES)
        row = Phase.objects.create(
            segment=segment, number=number, at=clock(), by=by, why=why.strip(), evidence=dict(evidence)
        )
        audit.record(
            "phase:segment:set", by=by, subject=segment or "everyone", clock=clock, number=number, why=row.why,
            evidence=row.evidence,
        )  # fmt: skip
    return row


def phases() -> dict[str, Phase]:
    """The phase that holds for each segment that has one."""
    return {row.segment: row for row in Phase.objects.order_by("id")}


def leave_alone(*, member: int, by: str, why: str, until: dt.date | None = None, clock: Clock = system_clock) -> None:
    """Put *member* on the do-not-wake list, until a day or for good; mandatory notices still go out.

    Raises:
        UsageError: No reason is given.
        NotAllowed: *by* decides about no members.
    """
    if not why.strip():
        raise UsageError("leaving a member alone needs a reason", mend="pass --why WORDS")
    with transaction.atomic():
        require(by, Act.DECIDE)
        values = {"why": why.strip()[:200], "by": by, "at": clock(), "until": until}
        DoNotWake.objects.update_or_create(member=member, defaults=values)
        audit.record(
            "do-not-wake:member:add", by=by, clock=clock, member=member, sealed={"why": why.strip()},
            until=until.isoformat() if until else None,
        )  # fmt: skip


def wake(*, member: int, by: str, clock: Clock = system_clock) -> bool:
    """Take *member* off the do-not-wake list; says whether they were on it.

    Raises:
        NotAllowed: *by* decides about no members.
    """
    with transaction.atomic():
        require(by, Act.DECIDE)
        count, _ = DoNotWake.objects.filter(member=member).delete()
        if count:
            audit.record("do-not-wake:member:lift", by=by, clock=clock, member=member)
    return bool(count)


def left_alone(today: dt.date) -> list[DoNotWake]:
    """The do-not-wake list of *today*, the newest last."""
    return [row for row in DoNotWake.objects.order_by("at") if row.until is None or row.until >= today]


def allow_auto_send(
    *,
    template: str,
    kind: str,
    bands: Sequence[str],
    daily_cap: int,
    until: dt.date,
    by: str,
    why: str,
    clock: Clock = system_clock,
) -> AutoSend:
    """Let one version of one template leave by itself: for *bands*, so many a day, until a day.

    A message to a member of top value never does, whatever is permitted; nor does an offer.

    Args:
        template: `NAME@VERSION#POSITION`.
        kind: What kind of step that is, as the playbook has it.
        bands: Of members.
        daily_cap: Messages of it a day.
        until: The last day.
        by: An administrator's sign-in name.
        why: The reason.
        clock: Gives the present instant.

    Raises:
        UsageError: The reason, the bands, the cap or the end is missing or cannot be, or no permission covers *kind*.
        NotAllowed: *by* is no administrator.
    """
    now = clock()
    _require_scope(kind, bands, daily_cap, until, why, now.date())
    with transaction.atomic():
        require(by, Act.AUTO_SEND)
        if AutoSend.objects.filter(template=template, ended_at=None, until__gte=now.date()).exists():
            raise UsageError(f"{template} has a permission already", mend="end that one first")
        row = AutoSend.objects.create(
            template=template,
            bands=sorted(set(bands)),
            daily_cap=daily_cap,
            until=until,
            at=now,
            by=by,
            why=why.strip(),
        )
        audit.record(
            "auto-send:template:allow", by=by, subject=template, clock=clock, bands=row.bands, daily_cap=daily_cap,
            until=until.isoformat(), why=row.why, permission=row.pk,
        )  # fmt: skip
    return row


def _require_scope(kind: str, bands: Sequence[str], daily_cap: int, until: dt.date, why: str, today: dt.date) -> None:
    wrong = ""
    if kind in NEVER:
        wrong = f"no permission covers a step of kind {kind}"
    elif not why.strip():
        wrong = "a permission needs a written reason"
    elif not bands or any(band not in BANDS for band in bands):
        wrong = f"a permission needs one or more of the bands {', '.join(BANDS)}"
    elif daily_cap < 1:
        wrong = "a permission needs a daily cap of one or more"
    elif not today <= until <= today + LONGEST:
        wrong = "a permission ends on a day from today on, within a year"
    if wrong:
        raise UsageError(wrong, mend="docs/playbooks.md says what a permission may cover")


def end_auto_send(*, permission: int, by: str, clock: Clock = system_clock) -> bool:
    """End a permission now; what was let through by it and has not left stays. Says whether it stood.

    Raises:
        NotAllowed: *by* may not end it.
    """
    with transaction.atomic():
        require(by, Act.PAUSE)
        row = AutoSend.objects.select_for_update().filter(pk=permission, ended_at=None).first()
        if row is None:
            return False
        row.ended_at, row.ended_by = clock(), by
        row.save(update_fields=["ended_at", "ended_by"])
        audit.record("auto-send:template:end", by=by, subject=row.template, clock=clock, permission=row.pk)
    return True


def auto_sends(*, today: dt.date | None = None) -> list[AutoSend]:
    """Every permission, the newest last; with *today*, those that stand."""
    rows = AutoSend.objects.order_by("id")
    return list(rows if today is None else rows.filter(ended_at=None, until__gte=today))


def auto_send_for(*, template: str, band: str, is_top_value: bool, today: dt.date) -> AutoSend | None:
    """The permission by which a message of *template* to a member of *band* may leave today; None for none.

    Ask inside the transaction that lets it through, and name the approval's rule by `auto_send_rule`: that is what the
    daily cap counts.
    """
    if is_top_value:
        return None
    begun = dt.datetime.combine(today, dt.time(), dt.UTC)
    with transaction.atomic():
        rows = AutoSend.objects.select_for_update().filter(template=template, ended_at=None, until__gte=today)
        row = next((row for row in rows.order_by("id") if band in row.bands), None)
        if row is None:
            return None
        passed = Approval.objects.filter(rule=auto_send_rule(row), at__gte=begun, at__lt=begun + dt.timedelta(days=1))
        return row if passed.count() < row.daily_cap else None


def auto_send_rule(row: AutoSend) -> str:
    """What an approval by *row* has as its rule."""
    return f"auto-send:{row.pk}"
