"""What goes from intake into the ledger just before the lake changes: who is who, and how to reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence


def hand_up(
    fence: Fence,
    pairs: tuple[tuple[int, str], ...],
    people: pl.DataFrame | None,
    whole: bool,
    departed: tuple[int, ...] = (),
) -> None:
    """Learn *pairs* of pseudonym and id, and keep contacts.

    Args:
        fence: The right to write; the lake does not change either where it is lost.
        pairs: Of pseudonym and the source's id.
        people: `member` and the contract's contact columns; None when none were read.
        whole: *people* are all there are; else those that are new or changed.
        departed: Pseudonyms of members whom the source no longer has: their contacts go.

    Raises:
        HeldBack: Another process writes by now; nothing was kept.
    """
    from tenure.ledger import contacts, identities

    with fence.transaction():
        identities.learn(pairs=pairs)
        if people is not None:
            contacts.replace(frame=people if whole else _with_the_others(people))
        contacts.forget(members=departed)


def _with_the_others(people: pl.DataFrame) -> pl.DataFrame:
    """*people*, and the contacts in the ledger of everybody else."""
    from tenure.ledger.models import Contact

    columns = people.columns
    known = pl.DataFrame(list(Contact.objects.values_list(*columns)), schema=people.schema, orient="row")
    return pl.concat([known.join(people, on="member", how="anti"), people])
