"""A step that ended its process again and again is not tried every night for ever: a person is asked."""

from __future__ import annotations

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack
from tenure.ledger import audit
from tenure.ledger.models import AuditEvent, RunStep
from tenure.ledger.models.runs import State

ATTEMPTS = 3
"""How often in a row a step may end its process before it is parked."""

RELEASE = "night:step:release"


def is_parked(step: str) -> bool:
    """Whether the last attempts at *step*, since it was last released, all ended with their process."""
    rows = RunStep.objects.filter(name=step)
    released = AuditEvent.objects.filter(act=RELEASE, subject=step).order_by("-at").first()
    if released is not None:
        rows = rows.filter(started_at__gt=released.at)
    last = list(rows.order_by("-id").values_list("state", flat=True)[:ATTEMPTS])
    return last == [State.INTERRUPTED] * ATTEMPTS


def require_not_parked(step: str) -> None:
    """Let *step* begin.

    Raises:
        HeldBack: It is parked.
    """
    if is_parked(step):
        raise HeldBack(
            f"the step `{step}` is parked: {ATTEMPTS} times in a row its process ended in it, as when memory runs out",
            mend=f"look what ended it (the system's log says so), then `tenure run --release '{step}' --by NAME`",
        )


def parked() -> list[str]:
    """The steps that are parked."""
    names = RunStep.objects.filter(state=State.INTERRUPTED).values_list("name", flat=True).distinct()
    return sorted(name for name in set(names) if is_parked(name))


def release(step: str, *, by: str, clock: Clock = system_clock) -> bool:
    """Let nights try *step* again; says whether it was parked, and writes down who did it only then."""
    if not is_parked(step):
        return False
    audit.record(RELEASE, by=by, subject=step, clock=clock)
    return True
