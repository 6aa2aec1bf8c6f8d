"""The term ledger of one member: every term, gap and lapse in order, each with what became of it and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions
from tenure.membership.standing import chains
from tenure.membership.terms import FOREVER, known_terms, terms_of

_LONGEST_SLIP = 31
"""Days between joining and the first term on record that still are one and the same beginning."""


@dataclass(frozen=True)
class Stretch:
    """One line of a member's term ledger.

    Args:
        kind: `term`; `gap` (between two terms of one spell); `lapsed` (between two spells); or `unknown` (a member by
            the join date, but no term on record).
        starts_on: Its first day.
        ends_on: Its last day; None for a lifetime term.
        spell: Which spell it belongs to, 0 for the first; for what lies between two, the one before.
        reason: Why it is read so, in words.
        term_id: Of a term, else empty.
        member_type: Likewise.
        dues: Likewise, where known.
        paid_on: The day of payment, or of the first record where no payment is dated.
        extended: Days given for free, included in `ends_on`.
        grace_until: Last day on which a payment still renews it; None for what is not decided.
        outcome: Of a term that came due or will: renewed, lapsed, pending, deceased, transferred, merged; else empty.
    """

    kind: Literal["term", "gap", "lapsed", "unknown"]
    starts_on: dt.date
    ends_on: dt.date | None
    spell: int
    reason: str
    term_id: str = ""
    member_type: str = ""
    dues: float | None = None
    paid_on: dt.date | None = None
    extended: int = 0
    grace_until: dt.date | None = None
    outcome: str = ""


def ledger_of(
    member: int, terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, *, as_of: dt.date
) -> list[Stretch]:
    """The ledger of *member* from what was recorded before *as_of*, oldest first.

    Args:
        member: The payer.
        terms: All versions of all terms.
        members: All versions of all members.
        rules: The association's own.
        as_of: The day, at its start.
    """
    person = members.filter(pl.col("member") == member)
    rows = pl.DataFrame({"row": [0], "member": [member], "as_of": [as_of]}, schema_overrides={"member": pl.Int64})
    own = terms_of(terms, rows)
    walked = chains(known_terms(own, rows, rules), rules).to_dicts()
    decided = {row["term_id"]: row for row in decisions(own, person, rules, as_of=as_of).to_dicts()}
    told = [_term(row, decided.get(row["term_id"]), rules) for row in walked]
    between = [gap for before, after in pairwise(told) if (gap := _between(before, after))]
    return sorted([*_before(person, told, as_of), *told, *between], key=lambda stretch: stretch.starts_on)


def _term(row: dict[str, Any], decision: dict[str, Any] | None, rules: Membership) -> Stretch:
    grace = dt.timedelta(days=row["grace"])
    return Stretch(
        kind="term",
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        spell=row["spell"],
        reason=_why_decided(decision, row["ends_on"] + grace) if decision else _why_not_decided(row, rules),
        term_id=row["term_id"],
        member_type=row["member_type"],
        dues=row["dues"],
        paid_on=row["paid"],
        extended=row["extended"],
        grace_until=row["ends_on"] + grace if decision else None,
        outcome=decision["outcome"] if decision else "",
    )


def _why_decided(decision: dict[str, Any], grace_until: dt.date) -> str:
    outcome, ends = decision["outcome"], decision["ends_on"]
    if outcome == RENEWED:
        late = (decision["renewed_on"] - ends).days
        when = "on its last day" if late == 0 else f"{_days(abs(late))} {'after' if late > 0 else 'before'} its end"
        return f"next term paid on {decision['renewed_on']}, {when}"
    if outcome == PENDING:
        return f"may be renewed until {grace_until}"
    if outcome == LAPSED:
        ended = "resigned, and " if decision["resigned"] else ""
        return f"{ended}no next term paid by {grace_until}"
    return f"ended as {outcome}, which is no lapse"


def _why_not_decided(row: dict[str, Any], rules: Membership) -> str:
    if row["ends"] == FOREVER or row["member_type"] in rules.lifetime_types:
        return "lifetime: nothing to renew"
    if row["dues"] == 0 or row["member_type"] in rules.complimentary_types:
        return "complimentary: nothing to pay"
    return "billed to the organization that pays for the person, which decides"


def _between(before: Stretch, after: Stretch) -> Stretch | None:
    """What lies between two terms, if any day does."""
    if before.ends_on is None or after.starts_on <= before.ends_on + dt.timedelta(days=1):
        return None
    first, last = before.ends_on + dt.timedelta(days=1), after.starts_on - dt.timedelta(days=1)
    if after.spell == before.spell:
        return Stretch("gap", first, last, before.spell, "paid in time, but no term covers these days: unknown")
    return Stretch("lapsed", first, last, before.spell, f"no member, until a payment on {after.paid_on}")


def _before(person: pl.DataFrame, told: list[Stretch], as_of: dt.date) -> list[Stretch]:
    """The time since joining of which no term is on record."""
    if not told or "join_date" not in person.columns:
        return []
    known = person.filter(pl.col("valid_from") < pl.lit(as_of).cast(pl.Datetime("us"))).sort("valid_from")
    joined = known["join_date"].drop_nulls().tail(1).to_list()
    first = told[0].starts_on
    if not joined or joined[0] >= first - dt.timedelta(days=_LONGEST_SLIP):
        return []
    last = first - dt.timedelta(days=1)
    return [Stretch("unknown", joined[0], last, 0, f"member since {joined[0]}, but no term on record: unknown")]


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
