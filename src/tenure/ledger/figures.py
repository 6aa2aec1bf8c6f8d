"""The figures of the Membership page, each part replaced as a whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import MembershipFigures

Part = MembershipFigures.Part
RECORD, SCORES = Part.RECORD, Part.SCORES

FORM = 2
"""Of what a body holds. Raise it when pages come to read a body otherwise: those of another form are not shown, and
the next night makes them anew."""

_AT_ONCE = 200

Whom = TypeVar("Whom", bound=tuple[str, str])


def replace(
    *,
    part: str,
    bodies: Mapping[Whom, Any],
    as_of: dt.date,
    receipt: str = "",
    fence: Fence | None = None,
) -> None:
    """Keep *bodies*, by chapter and member type (empty for all), in place of those that *part* had.

    Args:
        part: `RECORD` or `SCORES`.
        bodies: Plain values.
        as_of: The day of what they follow from.
        receipt: What they follow from, in one word.
        fence: The right to write of the run that made them.

    Raises:
        HeldBack: *fence* says that another process writes by now; what was kept stays.
    """
    rows = [
        MembershipFigures(
            part=part, chapter_id=chapter, member_type=kind, as_of=as_of, receipt=formed(receipt), body=body
        )
        for (chapter, kind), body in bodies.items()
    ]
    with fenced(fence):
        MembershipFigures.objects.filter(part=part).delete()
        MembershipFigures.objects.bulk_create(rows, batch_size=_AT_ONCE)


def kept(*, part: str, chapter: str = "", member_type: str = "") -> MembershipFigures | None:
    """The figures of one scope; None where there are none, or another version of Tenure made them in another form."""
    rows = MembershipFigures.objects.filter(part=part, chapter_id=chapter, member_type=member_type)
    return rows.filter(receipt__startswith=formed("")).first()


def formed(receipt: str) -> str:
    """A receipt as it is kept, with the form before it."""
    return f"{FORM}:{receipt}"
