"""Which pseudonym is which of the source's ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from tenure.base.errors import DamagedStore, UsageError
from tenure.ledger.models import Identity

_AT_ONCE = 5_000
_NAMED_AT_ONCE = 900


def learn(*, pairs: Iterable[tuple[int, str]]) -> int:
    """Remember *pairs* of pseudonym and source id; returns how many were new.

    Raises:
        DamagedStore: A pseudonym is known for another id: the key was changed, or two ids collide.
    """
    with transaction.atomic():
        known = dict(Identity.objects.values_list("member", "member_id"))
        fresh: dict[int, str] = {}
        for member, member_id in pairs:
            if known.get(member, fresh.get(member, member_id)) != member_id:
                raise DamagedStore(
                    "a member's pseudonym is already known for another id",
                    mend="restore secrets/pseudonym.key as it was when this home was initialised",
                )
            if member not in known:
                fresh[member] = member_id
        if not set(fresh.values()).isdisjoint(known.values()):
            raise DamagedStore(
                "a member id that is known came with another pseudonym",
                mend="restore secrets/pseudonym.key as it was when this home was initialised",
            )
        Identity.objects.bulk_create([Identity(member=m, member_id=i) for m, i in fresh.items()], batch_size=_AT_ONCE)
    return len(fresh)


def ids_of(*, members: Iterable[int] | None = None) -> dict[int, str]:
    """The source's id by pseudonym: of *members*, or of everyone; unknown ones are left out."""
    if members is None:
        return dict(Identity.objects.values_list("member", "member_id"))
    found: dict[int, str] = {}
    for part in _batches(list(members)):
        found.update(Identity.objects.filter(member__in=part).values_list("member", "member_id"))
    return found


def member_of(*, member_id: str) -> int | None:
    """The pseudonym of the source's *member_id*, to the letter; None when it was never seen."""
    return Identity.objects.filter(member_id=member_id).values_list("member", flat=True).first()


def required(*, member_id: str) -> int:
    """As `member_of`, for a command that was given an id.

    Raises:
        UsageError: It was never seen.
    """
    member = member_of(member_id=member_id)
    if member is None:
        raise UsageError("there is no such member", mend="give the id to the letter, with its leading zeros")
    return member


def _batches(members: Sequence[int]) -> Iterable[tuple[int, ...]]:
    return (tuple(members[i : i + _NAMED_AT_ONCE]) for i in range(0, len(members), _NAMED_AT_ONCE))
