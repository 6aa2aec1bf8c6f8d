"""Whom the last night selected and did not list, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import PassedOver

_AT_ONCE = 500


@dataclass(frozen=True)
class HeldMember:
    """A member who was held back, as the night tells it; see `PassedOver` for what each field means."""

    member: int
    playbook: str
    playbook_version: int
    occasion: str
    cause: str
    rule: str
    band: str = ""
    chapter_id: str = ""
    worth: float | None = None


def keep(*, members: Iterable[HeldMember], as_of: dt.date, fence: Fence | None = None) -> int:
    """Let *members* be those whom the night *as_of* passed over, and no others; how many they are.

    Raises:
        HeldBack: *fence* says that another process writes by now; those of the night before stay.
    """
    with fenced(fence):
        PassedOver.objects.all().delete()
        rows = [PassedOver(as_of=as_of, **asdict(one)) for one in members]
        PassedOver.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return len(rows)
