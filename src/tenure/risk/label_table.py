"""The labels that an association's rules make, as a table that a director can sign, and what speaks against them.

Everything a model says rests on what counts as a lapse. So the rules are shown by what they do: how many renewals of
each member type and year were renewed, lapsed or neither, how the lapse rate would move with grace, and where the
record itself contradicts the rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from tenure.base.settings import Membership
from tenure.membership import LAPSED, PENDING, RENEWED, decisions, require_absences
from tenure.risk.first_years import FirstYears, unlike_the_rest

GRACES = (0, 15, 30, 60, 90, 120)
"""Days of grace for which the lapse rate is shown."""

_LOOK_AHEAD = 365
_FEW = 50
"""Decided renewals below which nothing is said of a type."""


@dataclass(frozen=True)
class Finding:
    """Something that speaks against the labels.

    Args:
        code: Its name, for signing in spite of it.
        hard: Whether training refuses.
        words: What is found, in counts.
        mend: What to do.
    """

    code: str
    hard: bool
    words: str
    mend: str


@dataclass(frozen=True)
class Labels:
    """The labels of one day.

    Args:
        table: One line per member type and year in which terms ended: `member_type`, `year`, `due` (all renewals),
            `renewed`, `undated` (of them, without a date of payment), `lapsed`, `returned` (of them, back within a year
            after grace), `in_grace`, `to_come`, `competing`, `removed` (the source no longer had the member before
            grace was over, and nothing else is on record), `lapse_rate` (of those decided; null without any).
        by_grace: Lapse rate by days of grace, of renewals of which 120 days have passed: `grace`, `decisions`,
            `lapsed`, `lapse_rate`.
        findings: What speaks against them, hard ones first.
    """

    table: pl.DataFrame
    by_grace: list[dict[str, Any]]
    findings: tuple[Finding, ...]

    @property
    def hard(self) -> tuple[Finding, ...]:
        """What training refuses for."""
        return tuple(finding for finding in self.findings if finding.hard)


def label(terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, *, as_of: dt.date) -> Labels:
    """Make the labels of *as_of* by *rules* and look for what speaks against them.

    Args:
        terms: All versions of all terms.
        members: All versions of all members, with their absences: as `Lake.members_and_absences` returns.
        rules: The association's own.
        as_of: What was recorded before its start is known.

    Raises:
        ValueError: *members* do not tell of absences.
    """
    require_absences(members)
    known = terms.filter(pl.col("recorded_at") < pl.lit(as_of).cast(pl.Datetime("us")))
    found = _with_payment(known, members, rules, as_of)
    findings = [
        *_odd_rules(rules, found),
        *_odd_labels(found, known, as_of),
        *_odd_payments(found),
        *_odd_terms(known, rules),
    ]
    return Labels(_table(found, as_of), _by_grace(found, as_of), tuple(sorted(findings, key=lambda one: not one.hard)))


def rules_in_words(rules: Membership) -> list[str]:
    """What counts as a lapse, sentence by sentence."""
    special = {kind: days for kind, days in sorted(rules.grace_days.items()) if kind != "default"}
    but = "; ".join(f"{kind}: {days}" for kind, days in special.items())
    said = [
        f"A term is renewed when a next one is paid within {rules.grace_of('default')} days after its end"
        + (f" ({but})." if but else "."),
        "It has lapsed when none is and those days are over; the lapse is dated by the end of the term.",
        "Until then it is neither, whichever way it seems to go.",
        "Death, merger and transfer are neither; nor is who the source no longer had before those days were over.",
        "A return after those days is a reinstatement, not a renewal.",
    ]
    for title, kinds in (("Lifetime", rules.lifetime_types), ("Complimentary", rules.complimentary_types)):
        if kinds:
            said.append(f"{title} types, which have no renewal: {', '.join(kinds)}.")
    if rules.list_billed_types:
        said.append(f"Billed to the organization, whose exit is one lapse: {', '.join(rules.list_billed_types)}.")
    if rules.accrual:
        said.append("Billing moves the end of a term before it is paid, so only a date of payment shows a payment.")
    for one in rules.free_extensions:
        whom = f" ({', '.join(one.types)})" if one.types else ""
        said.append(f"Terms that ended from {one.since} to {one.until}{whom} were given {one.days} days for free.")
    return said


def _with_payment(terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, as_of: dt.date) -> pl.DataFrame:
    """Every renewal with its outcome, and after how many days the next payment came, whatever grace says."""
    patient = rules.model_copy(update={"grace_days": {"default": _LOOK_AHEAD}})
    paid = decisions(terms, members, patient, as_of=as_of).select(
        "term_id", days=(pl.col("renewed_on") - pl.col("ends_on")).dt.total_days()
    )
    dated = terms.sort("recorded_at").group_by("member", "starts_on").agg(pl.col("paid_on").last())
    due = decisions(terms, members, rules, as_of=as_of).join(paid, on="term_id", how="left")
    following = dated.sort("member", "starts_on").rename({"starts_on": "next_start", "paid_on": "next_paid"})
    return due.sort("ends_on").join_asof(
        following.sort("next_start"), left_on="ends_on", right_on="next_start", by="member", strategy="forward",
        check_sortedness=False,
    )  # fmt: skip


def _table(found: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    outcome, lapsed = pl.col("outcome"), pl.col("outcome") == LAPSED
    pending = outcome == PENDING
    # What is open when grace is over is so for good: nobody can tell what became of whom the source no longer has.
    removed = pending & (pl.col("ends_on") + pl.duration(days=pl.col("grace")) < as_of)
    counted = found.group_by("member_type", pl.col("ends_on").dt.year().alias("year")).agg(
        pl.len().alias("due"),
        (outcome == RENEWED).sum().alias("renewed"),
        ((outcome == RENEWED) & pl.col("next_paid").is_null()).sum().alias("undated"),
        lapsed.sum().alias("lapsed"),
        (lapsed & pl.col("days").is_not_null()).sum().alias("returned"),
        (pending & ~removed & (pl.col("ends_on") < as_of)).sum().alias("in_grace"),
        (pending & (pl.col("ends_on") >= as_of)).sum().alias("to_come"),
        (~outcome.is_in([RENEWED, LAPSED, PENDING])).sum().alias("competing"),
        removed.sum().alias("removed"),
    )
    decided = pl.col("renewed") + pl.col("lapsed")
    rate = pl.when(decided > 0).then(pl.col("lapsed") / decided)
    return counted.with_columns(lapse_rate=rate).sort("member_type", "year")


def _by_grace(found: pl.DataFrame, as_of: dt.date) -> list[dict[str, Any]]:
    """The same renewals under each grace, so that only grace differs between the lines."""
    fair = found.filter(
        pl.col("outcome").is_in([RENEWED, LAPSED]) & (pl.col("ends_on") < as_of - dt.timedelta(days=max(GRACES)))
    )
    answer = []
    for grace in GRACES:
        lapsed = int((fair["days"].is_null() | (fair["days"] > grace)).sum())
        rate = lapsed / len(fair) if len(fair) else None
        answer.append({"grace": grace, "decisions": len(fair), "lapsed": lapsed, "lapse_rate": rate})
    return answer


def _decided(found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(pl.col("outcome").is_in([RENEWED, LAPSED]))


def _odd_rules(rules: Membership, found: pl.DataFrame) -> Iterator[Finding]:
    """Rules that cannot all hold."""
    both = sorted({*rules.lifetime_types} & {*rules.complimentary_types})
    if both:
        words = f"{', '.join(both)} are named both as lifetime and as complimentary types"
        yield Finding("type-named-twice", False, words, "name each under one heading")
    lengths = found.with_columns(length=(pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1)
    for kind, length, grace, n in (
        lengths.group_by("member_type")
        .agg(pl.col("length").median(), pl.col("grace").first(), pl.len())
        .sort("member_type")
        .iter_rows()
    ):
        if n >= 20 and grace >= length:
            words = f"grace of {grace} days for {kind} is as long as its terms, of {length:.0f} days"
            yield Finding("grace-outlasts-term", True, words, "shorten it in [membership.grace_days]")


def _odd_labels(found: pl.DataFrame, terms: pl.DataFrame, as_of: dt.date) -> Iterator[Finding]:
    """Outcomes that no membership has."""
    decided = _decided(found)
    lapses = int((decided["outcome"] == LAPSED).sum())
    if len(decided) >= 4 * _FEW and lapses >= 0.95 * len(decided):
        words = f"{lapses:,} of {len(decided):,} decided renewals lapsed"
        mend = "see whether next terms carry another member id, or were left out of the export"
        yield Finding("nearly-all-lapse", True, words, mend)
    per_type = decided.group_by("member_type").agg(pl.len(), (pl.col("outcome") == LAPSED).sum().alias("lapsed"))
    for kind, n, lapsed in per_type.sort("member_type").iter_rows():
        if n >= _FEW and lapsed == 0:
            mend = "if it never renews, name it in lifetime_types or complimentary_types"
            yield Finding("type-never-lapses", False, f"none of {n:,} renewals of type {kind} lapsed", mend)
        if n >= _FEW and lapsed >= 0.95 * n:
            mend = "see whether these members go on under another type or id"
            yield Finding("type-always-lapses", False, f"{lapsed:,} of {n:,} renewals of type {kind} lapsed", mend)
    first = unlike_the_rest(decided, terms, as_of)
    if first is not None:
        yield _first_years(first)
        decided = decided.filter(pl.col("ends_on").dt.year() > first.until)
    yield from _odd_years(decided)


def _first_years(found: FirstYears) -> Finding:
    """Years of which the source keeps one kind of member: nobody else could renew then, or lapse."""
    rate = f"{_in_100(found.rate)} in 100" if found.rate else "none"
    lapsed = f"{'only ' if found.rate else ''}{rate} lapsed for good" if found.is_few else f"{rate} lapsed"
    words = (
        f"of {found.decisions:,} renewals due {found.stretch}, {lapsed}, against {_in_100(found.later)} in 100 since"
    )
    if found.is_few:
        mend = "see whether, for those years, the source keeps only present members, or terms were extended"
        code = "first-years-lapse-too-few"
    else:
        mend = "see whether, for those years, the source keeps only members who have since left"
        code = "first-years-lapse-too-many"
    return Finding(code, False, words, f"{mend}; bring in the terms of all members of those years, or of none")


def _in_100(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < share < 0.05 else f"{100 * share:.0f}"


def _odd_years(decided: pl.DataFrame) -> Iterator[Finding]:
    """Years in which hardly anybody could lapse, as when terms were extended for free."""
    years = decided.group_by(pl.col("ends_on").dt.year().alias("year")).agg(
        pl.len(), (pl.col("outcome") == LAPSED).mean().alias("rate")
    )
    enough = years.filter(pl.col("len") >= 2 * _FEW).sort("year")
    usual = enough["rate"].median()
    if len(enough) < 3 or not isinstance(usual, float):
        return
    for year, n, rate in enough.iter_rows():
        if rate < usual / 3:
            words = (
                f"of {n:,} renewals in {year} only {100 * rate:.1f} in 100 lapsed, against {100 * usual:.0f} usually"
            )
            mend = "if terms were extended then, or fees waived, its labels tell nothing about members"
            yield Finding("year-without-lapses", False, words, mend)


def _odd_payments(found: pl.DataFrame) -> Iterator[Finding]:
    """Payments that ignore where grace ends: it is not what this association lives by."""
    decided = _decided(found).with_columns(after=pl.col("days") - pl.col("grace"))
    yield from _just_after(decided)
    for (kind,), part in sorted(decided.partition_by("member_type", as_dict=True).items()):
        grace = int(part["grace"][0])
        if grace < 7:
            continue
        before = int(part["after"].is_between(-6, 0).sum())
        beyond = int(part["after"].is_between(1, 7).sum())
        if beyond >= 20 and beyond > 0.5 * before:
            words = (
                f"{kind}: {before} paid in the last week of the {grace} days of grace and {beyond} in the week after it"
            )
            mend = "grace cuts through the payments; set the days after which this type is dropped"
            yield Finding("grace-cuts-payments", False, words, mend)


def _just_after(decided: pl.DataFrame) -> Iterator[Finding]:
    lapsed = decided.filter(pl.col("outcome") == LAPSED)
    late = int(lapsed["after"].is_between(1, 30).sum())
    if len(lapsed) >= _FEW and late >= 0.25 * len(lapsed):
        hard = late >= 0.60 * len(lapsed)
        words = f"{late:,} of {len(lapsed):,} lapses paid within 30 days after grace"
        mend = "lengthen grace in [membership.grace_days] to what is lived by"
        yield Finding("paid-after-grace", hard, words, mend)


def _declared(rules: Membership) -> pl.Expr:
    """Whether a term that was made longer is one of the free extensions that the rules name."""
    named = pl.lit(value=False)
    for one in rules.free_extensions:
        kind = pl.col("member_type").is_in(list(one.types)) if one.types else pl.lit(value=True)
        named = named | (pl.col("before").is_between(one.since, one.until) & kind)
    return named


def _odd_terms(terms: pl.DataFrame, rules: Membership) -> Iterator[Finding]:
    """Terms that were extended in one sweep that the rules do not name, and terms that overlap."""
    versions = terms.sort("term_id", "recorded_at").with_columns(
        before=pl.col("ends_on").shift(1).over("term_id"), paid_before=pl.col("paid_on").shift(1).over("term_id")
    )
    longer = (pl.col("ends_on") - pl.col("before")).dt.total_days() >= 14
    unpaid = pl.col("paid_on").eq_missing(pl.col("paid_before"))
    swept = (
        versions.filter(longer & unpaid & ~_declared(rules))
        .group_by(pl.col("recorded_at").dt.date().alias("day"))
        .agg(pl.len(), (pl.col("ends_on") - pl.col("before")).dt.total_days().median().alias("days"))
        .filter((pl.col("len") >= 20) & (pl.col("len") >= 0.005 * terms["term_id"].n_unique()))
    )
    for day, n, days in swept.sort("day").iter_rows():
        words = f"{n:,} terms were made longer on {day}, by {days:.0f} days as a rule, without a payment"
        mend = "if they were given for free, name the stretch under [[membership.free_extensions]]"
        yield Finding("free-extension", False, words, mend)
    latest = terms.sort("recorded_at").unique("term_id", keep="last").sort("member", "starts_on")
    overlap = latest.filter(
        (pl.col("starts_on") <= pl.col("ends_on").shift(1).over("member") - pl.duration(days=31)).fill_null(value=False)
    ).height
    if overlap >= 20 and overlap >= 0.05 * len(latest):
        words = (
            f"{overlap:,} of {len(latest):,} terms begin more than a month before the last one of the same payer ends"
        )
        yield Finding("terms-overlap", False, words, "see whether renewals and other dues share one product")
