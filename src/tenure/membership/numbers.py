"""Membership numbers as staff define them, each with the formula that stands beneath it.

Renewal rate and retention rate are two different things; so is the renewal rate of those who count rejoiners. All are
given, by name. What has not been decided yet counts in none of them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.contract import COMPETING
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED, decisions
from tenure.membership.spells import RUNNING, spells

EVERYONE = ""
"""The class that holds all members."""


@dataclass(frozen=True)
class Rate:
    """One rate, its two numbers and how they are found.

    Args:
        part: What is counted.
        whole: Out of how many.
        formula: What the two are, in words.
    """

    part: int
    whole: int
    formula: str

    @property
    def value(self) -> float | None:
        """*part* over *whole*; None where there is nothing to divide by."""
        return self.part / self.whole if self.whole else None

    @property
    def worked(self) -> str:
        """The two numbers as they are divided: `812 ÷ 967`."""
        return f"{self.part:,} ÷ {self.whole:,}"


@dataclass(frozen=True)
class Numbers:
    """The numbers of one class of members over one stretch of days.

    Args:
        member_type: The class; empty for everyone.
        since: First day.
        until: The day after the last one.
        at_start: Members at the start of the first day.
        at_end: Members at the start of the day *until*, those in grace included.
        in_grace: Of them, those in grace.
        newly_in_grace: Of those, whose term ended within.
        joined: First spells that began.
        reinstated: Later spells that began.
        dropped: Lapses dated within.
        departed: Deaths, mergers and transfers dated within.
        undecided: Renewals that came due and whose grace is not over, paid or not.
        renewal: Renewals of those eligible.
        first_year: The same for first terms of first spells.
        with_rejoiners: Renewals and reinstatements, out of those and drops.
        retention: Members at the end less those who joined, out of members at the start.
        unbroken: Members at the start who still are, without a lapse, out of members at the start.
    """

    member_type: str
    since: dt.date
    until: dt.date
    at_start: int
    at_end: int
    in_grace: int
    newly_in_grace: int
    joined: int
    reinstated: int
    dropped: int
    departed: int
    undecided: int
    renewal: Rate
    first_year: Rate
    with_rejoiners: Rate
    retention: Rate
    unbroken: Rate

    @property
    def net(self) -> int:
        """Joined and reinstated, less dropped and departed.

        Whoever is in grace is a member still. Those of them who do not renew are dropped on the day their term ended,
        so that the net of the same days falls until grace is over.
        """
        return self.joined + self.reinstated - self.dropped - self.departed

    @property
    def net_at_least(self) -> int:
        """The net if none of those renews whose term ended within and whose grace runs."""
        return self.net - self.newly_in_grace


@dataclass(frozen=True)
class Compared:
    """One class now and at the same place of the year before, each as it was known then."""

    now: Numbers
    before: Numbers


def membership_numbers(
    terms: pl.DataFrame,
    members: pl.DataFrame,
    rules: Membership,
    *,
    since: dt.date,
    as_of: dt.date,
) -> list[Numbers]:
    """The numbers from *since* to before *as_of*, from what was recorded before *as_of*.

    Args:
        terms: All versions of all terms.
        members: All versions of all members.
        rules: The association's own.
        since: First day of the stretch.
        as_of: The day after its last, and the day whose knowledge counts.

    Returns:
        Everyone first, then each member type by name. A member stands in the class of the last term of the spell.
    """
    spans = spells(terms, members, rules, as_of=as_of)
    within = pl.col("ends_on").is_between(since, as_of, closed="left")
    found = decisions(terms, members, rules, as_of=as_of).filter(within)
    parts = [(EVERYONE, pl.lit(value=True))]
    parts += [(kind, pl.col("member_type") == kind) for kind in sorted(spans["member_type"].unique().to_list())]
    return [numbers_of(kind, spans.filter(own), found.filter(own), since, as_of) for kind, own in parts]


def against_last_year(
    terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, *, since: dt.date, as_of: dt.date
) -> list[Compared]:
    """The same, beside the numbers of the year before as they stood on the same day of it.

    What has come in since about last year is left out, since this year does not know it yet either.
    """
    now = membership_numbers(terms, members, rules, since=since, as_of=as_of)
    earlier = membership_numbers(terms, members, rules, since=a_year_before(since), as_of=a_year_before(as_of))
    before = {numbers.member_type: numbers for numbers in earlier}
    nothing = spells(terms, members, rules, as_of=as_of).clear()
    none = decisions(terms.clear(), members, rules, as_of=as_of)
    return [
        Compared(one, before.get(one.member_type) or numbers_of(
            one.member_type, nothing, none, a_year_before(since), a_year_before(as_of)
        ))
        for one in now
    ]  # fmt: skip


def a_year_before(day: dt.date) -> dt.date:
    """The same day of the year before; for February 29, the 28th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def numbers_of(kind: str, spans: pl.DataFrame, found: pl.DataFrame, since: dt.date, until: dt.date) -> Numbers:
    """The numbers of one kind of member from *since* until *until*, from their spells and the decisions *found*."""
    # All counts in one look, since there are many kinds of members and few members in most.
    count = spans.select(_spells_counted(since, until)).row(0, named=True)
    decided = found.select(_decisions_counted()).row(0, named=True)
    renewed, back, at_start, at_end = decided["renewed"], count["reinstated"], count["at_start"], count["at_end"]
    due = renewed + decided["lapsed"]
    first_renewed = decided["first_renewed"]
    first_year = "the same, for first terms of members who never lapsed"
    return Numbers(
        member_type=kind,
        since=since,
        until=until,
        at_start=at_start,
        at_end=at_end,
        in_grace=count["in_grace"],
        newly_in_grace=count["newly_in_grace"],
        joined=count["joined"],
        reinstated=back,
        dropped=count["dropped"],
        departed=count["departed"],
        undecided=decided["undecided"],
        renewal=Rate(renewed, due, "renewals ÷ members whose term ended and whose grace is over"),
        first_year=Rate(first_renewed, first_renewed + decided["first_lapsed"], first_year),
        with_rejoiners=Rate(renewed + back, due + back, "renewals and reinstatements ÷ those and lapses"),
        retention=Rate(at_end - count["new"], at_start, "(members at the end − new members) ÷ members at the start"),
        unbroken=Rate(
            count["stayed"], at_start, "members at the start who stayed without a lapse ÷ members at the start"
        ),
    )


def _spells_counted(since: dt.date, until: dt.date) -> list[pl.Expr]:
    """Counts of spells, which are one row each."""
    first, last, outcome = there(since), there(until), pl.col("outcome")
    began, ended = (pl.col(name).is_between(since, until, closed="left") for name in ("began", "ends"))
    joined = began & (pl.col("spell") == 0)
    counted = {
        "at_start": first,
        "at_end": last,
        "in_grace": last & (pl.col("ends") < pl.lit(until)),
        "newly_in_grace": last & ended,
        "joined": joined,
        "reinstated": began & (pl.col("spell") != 0),
        "dropped": ended & (outcome == LAPSED),
        "departed": ended & outcome.is_in(list(COMPETING)),
        "stayed": first & last,
        "new": joined & last,
    }
    return [which.sum().alias(name) for name, which in counted.items()]


def _decisions_counted() -> list[pl.Expr]:
    outcome, first_term = pl.col("outcome"), (pl.col("terms_in_spell") == 1) & (pl.col("spell") == 0)
    counted = {
        "renewed": outcome == RENEWED,
        "lapsed": outcome == LAPSED,
        "undecided": outcome == PENDING,
        "first_renewed": first_term & (outcome == RENEWED),
        "first_lapsed": first_term & (outcome == LAPSED),
    }
    return [which.sum().alias(name) for name, which in counted.items()]


def there(day: dt.date) -> pl.Expr:
    """Spells that had begun before *day* and reach it; one in grace reaches it unless it is known to have lapsed."""
    grace = pl.when(pl.col("outcome") == RUNNING).then(pl.col("grace")).otherwise(0)
    return (pl.col("began") < day) & (pl.col("ends") + pl.duration(days=grace) >= day)


def paid_by_day(found: pl.DataFrame, *, first: int = -90, last: int = 30) -> pl.DataFrame:
    """Which share of a class had renewed by each day around the end of the term.

    Args:
        found: Decisions that came due together, as `tenure.membership.decisions` returns; undecided ones are left out.
        first: First day, counted from the end of the term.
        last: Last one.

    Returns:
        `day` (*first* to *last*), `renewed` (share of the decided ones paid by then).
    """
    decided = found.filter(pl.col("outcome").is_in([RENEWED, LAPSED]))
    paid = (decided["renewed_on"] - decided["ends_on"]).dt.total_days()
    days = list(range(first, last + 1))
    shares = [float((paid <= day).sum() / len(decided)) if len(decided) else None for day in days]
    return pl.DataFrame({"day": days, "renewed": shares}, schema={"day": pl.Int64, "renewed": pl.Float64})
