"""Names, addresses and numbers of members, as the source gave them last."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import polars as pl
from django.db import transaction

from tenure.ledger.columns import columns_of, run_for_each
from tenure.ledger.models import Contact, CurrentScore

_FIELDS = ("first_name", "last_name", "email", "phone", "time_zone", "language")
_LONGEST = {name: column.max_length for name, column in columns_of(Contact).items() if name in _FIELDS}
_AT_ONCE = 2_000


def replace(*, frame: pl.DataFrame) -> int:
    """Make the contacts those of *frame*; returns how many were added, changed or removed.

    Args:
        frame: `member` (pseudonym) and any of the contract's contact columns; text, null where unknown.
    """
    wanted = {row["member"]: _values(row) for row in frame.iter_rows(named=True)}
    with transaction.atomic():
        present = {row["member"]: row for row in Contact.objects.values("member", *_FIELDS)}
        fresh = [Contact(member=m, **values) for m, values in wanted.items() if m not in present]
        changed = [
            Contact(member=m, **values)
            for m, values in wanted.items()
            if m in present and any(present[m][field] != values[field] for field in _FIELDS)
        ]
        gone = [m for m in present if m not in wanted]
        Contact.objects.bulk_create(fresh, batch_size=_AT_ONCE)
        Contact.objects.bulk_update(changed, [*_FIELDS, "search"], batch_size=200)
        _find_by([(one.search, one.member) for one in (*fresh, *changed)])
        _remove(gone)
    return len(fresh) + len(changed) + len(gone)


def forget(*, members: Iterable[int]) -> int:
    """Remove the contacts of *members* (pseudonyms); returns how many there were."""
    with transaction.atomic():
        return _remove(list(members))


def searches() -> dict[int, str]:
    """By which name in one case each member with a name is found, by pseudonym."""
    return dict(Contact.objects.exclude(search="").values_list("member", "search").iterator())


def _find_by(names: list[tuple[str, int]]) -> None:
    """Let scores be found by new names, where there are any scores."""
    if CurrentScore.objects.exists():
        run_for_each(f"UPDATE {CurrentScore._meta.db_table} SET search = %s WHERE member = %s", names)


def _remove(members: list[int]) -> int:
    removed = 0
    for i in range(0, len(members), 900):
        some = members[i : i + 900]
        removed += Contact.objects.filter(member__in=some).delete()[0]
        CurrentScore.objects.filter(member__in=some).update(search="")
    return removed


def names_of(*, members: Iterable[int]) -> dict[int, str]:
    """Full names by pseudonym; members without a name are left out."""
    contacts = Contact.objects.filter(member__in=list(members)).only("member", "first_name", "last_name")
    return {contact.member: contact.name for contact in contacts if contact.name}


def folded(text: str) -> str:
    """*text* in one case, without accents, single-spaced: "Wiśniewska" is found by "wisniewska"."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l").replace("ø", "o"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _values(row: dict[str, str | None]) -> dict[str, str]:
    values = {field: (row.get(field) or "")[: _LONGEST[field]] for field in _FIELDS}
    return {**values, "search": folded(f"{values['first_name']} {values['last_name']}")}
