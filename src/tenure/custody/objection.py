"""A member's objection to being profiled: honoured everywhere, also after a restore or when a lake is rebuilt."""

from __future__ import annotations

import polars as pl

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.tombstones import Tombstones
from tenure.custody.keeping import BACKUPS
from tenure.custody.seals import require_unbroken, seal
from tenure.lake import Lake

_RULE = "objects"
_OPEN = ("open", "held_back", "snoozed", "approved")


def take_down(home: Home, member_id: str, *, by: str, clock: Clock = system_clock) -> int:
    """The member objects: from now on not scored, not on lists, not learnt from. The ledger must be open.

    What is proposed about them is withdrawn, and nothing that was approved leaves.

    Args:
        home: The home.
        member_id: The source's id, to the letter.
        by: Who takes it down.
        clock: Gives the present instant.

    Returns:
        How many proposals were withdrawn.

    Raises:
        UsageError: There is no such member.
        HeldBack: A night is under way.
    """
    from tenure.ledger import lease, witness

    member = _known(home, member_id)
    witness.require_whole(home)
    require_unbroken(home)
    with lease.take("night", clock=clock):
        Tombstones(home).add("objects", [member], clock().date())
        Tombstones(home).copy_to(home.root / BACKUPS)
        withdrawn = _honour(home, member, by, clock)
        seal(home)
        witness.note(home)
    return withdrawn


def lift(home: Home, member_id: str, *, by: str, clock: Clock = system_clock) -> None:
    """The member no longer objects; arguments and errors as for `take_down`.

    Raises:
        UsageError: There is no such member, or no objection that was taken down here.
    """
    from django.db import transaction

    from tenure.ledger import audit, lease
    from tenure.ledger.models import Objection

    member = _known(home, member_id)
    row = Objection.objects.filter(member=member).first()
    if row is None:
        raise UsageError("no objection of that member was taken down here", mend="one made in iMIS is lifted in iMIS")
    require_unbroken(home)
    with lease.take("night", clock=clock):
        Tombstones(home).lift("objects", member)
        Tombstones(home).copy_to(home.root / BACKUPS)
        if not row.source_objects:
            Lake.open(home.lake).set_objection(member, objects=None, at=clock())
        with transaction.atomic():
            row.delete()
            audit.record("member:profiling:allow", by=by, member=member, clock=clock)
        seal(home)


def honour_again(home: Home, *, by: str, clock: Clock = system_clock) -> int:
    """Honour the objections that stores which were restored do not know yet; how many. The ledger must be open."""
    from tenure.ledger import identities
    from tenure.ledger.models import Objection

    known = set(identities.ids_of())
    forgotten = Tombstones(home).objecting(known) - set(Objection.objects.values_list("member", flat=True))
    for member in forgotten:
        _honour(home, member, by, clock)
    if forgotten:
        seal(home)
    return len(forgotten)


def _honour(home: Home, member: int, by: str, clock: Clock) -> int:
    from django.db import transaction

    from tenure.ledger import audit, proposals
    from tenure.ledger.models import CurrentScore, Objection, Proposal

    lake = Lake.open(home.lake)
    said = lake.members().filter(pl.col("member") == member).sort("valid_from")["objects_to_profiling"]
    known = Objection.objects.filter(member=member).first()
    source_objects = known.source_objects if known else bool(len(said) and said[-1])
    lake.set_objection(member, objects=True, at=clock())
    with transaction.atomic():
        CurrentScore.objects.filter(member=member).delete()
        open_ones = Proposal.objects.filter(member=member, state__in=_OPEN).values_list("pk", flat=True)
        told = [proposals.withdraw(proposal=pk, rule=_RULE, why="", by=by, clock=clock) for pk in list(open_ones)]
        Objection.objects.get_or_create(
            member=member, defaults={"at": clock(), "by": by, "source_objects": source_objects}
        )
        audit.record("member:profiling:object", by=by, member=member, clock=clock, withdrawn=sum(told))
    return sum(told)


def _known(home: Home, member_id: str) -> int:
    from tenure.ledger import identities

    member = Pseudonyms.of(home).one(member_id)
    if not identities.ids_of(members=[member]):
        raise UsageError("there is no such member", mend="give the id to the letter, with its leading zeros")
    return member
