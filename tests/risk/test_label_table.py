"""The labels that rules make: counted, moved by grace, and contradicted by a record that knows better."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tenure.base.settings import FreeExtension, Membership
from tenure.risk.label_table import Finding, Labels, label, rules_in_words

AS_OF = dt.date(2025, 1, 1)
NOBODY = pl.DataFrame(
    schema={
        "member": pl.Int64(),
        "valid_from": pl.Datetime("us"),
        "deceased_on": pl.Date(),
        "organization": pl.Int64(),
        "away_from": pl.Datetime("us"),
        "away_until": pl.Datetime("us"),
    }
)


def terms(*groups: tuple[str, int, int | None], year: int = 2022) -> pl.DataFrame:
    """For each group: a type, how many members with a term of *year*, and how many days after its end they paid the
    next one, which has no end; None for never."""
    rows = []
    for kind, n, days in groups:
        for _ in range(n):
            member = len(rows) + 1 + 100_000 * year
            first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
            rows.append((f"{member}-0", member, kind, first, last, first))
            if days is not None:
                start, paid = dt.date(year + 1, 1, 1), last + dt.timedelta(days=days)
                rows.append((f"{member}-1", member, kind, start, None, paid))
    names = ["term_id", "member", "member_type", "starts_on", "ends_on", "paid_on"]
    return _whole(pl.DataFrame(rows, schema=names, orient="row"))


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        dues=pl.lit(100.0), billed_on=pl.lit(None, pl.Date), due_on=pl.lit(None, pl.Date),
        auto_renew=pl.lit(None, pl.Boolean), installments=pl.lit(None, pl.Boolean), ended_by=pl.lit(None, pl.String),
        recorded_at=pl.col("paid_on").cast(pl.Datetime("us")),
    )  # fmt: skip


def made(frame: pl.DataFrame, **grace: int) -> Labels:
    return label(frame, NOBODY, Membership(grace_days={"default": 30, **grace}), as_of=AS_OF)


def codes(labels: Labels) -> dict[str, bool]:
    """Code of each finding → whether it is hard."""
    return {finding.code: finding.hard for finding in labels.findings}


def test_the_table_counts_every_renewal_once():
    """Renewed, lapsed, back after grace, in grace, to come, dead."""
    frame = terms(("REG", 60, 10), ("REG", 15, None), ("REG", 5, 90), ("STU", 4, 0))
    dead = frame.with_columns(
        ended_by=pl.when((pl.col("member") % 100_000 == 121) & (pl.col("term_id").str.ends_with("-0"))).then(
            pl.lit("deceased")
        )
    )
    rows = {(row["member_type"], row["year"]): row for row in made(dead).table.to_dicts()}
    first = rows["REG", 2022]

    assert (first["due"], first["renewed"], first["lapsed"], first["returned"]) == (80, 60, 19, 5)
    assert first["competing"] == 1
    assert first["lapse_rate"] == pytest.approx(19 / 79)
    assert rows["STU", 2022]["renewed"] == 4


def test_who_is_in_grace_is_told_apart_from_who_has_time():
    """On New Year's Day terms of the old year are in grace, those of the new one to come."""
    ahead = terms(("REG", 3, None), year=2025).with_columns(recorded_at=pl.lit(dt.datetime(2024, 12, 1)))
    old, new = made(pl.concat([terms(("REG", 7, None), year=2024), ahead])).table.to_dicts()

    assert (old["in_grace"], old["to_come"], old["lapse_rate"]) == (7, 0, None)
    assert (new["in_grace"], new["to_come"], new["lapse_rate"]) == (0, 3, None)


def test_who_was_removed_at_the_source_is_neither_renewed_nor_lapsed():
    """Of 200 members 140 renew, 20 do not, and the source is without 40 before grace is over; one whose grace still
    runs is in grace, there or not."""
    frame = pl.concat([terms(("REG", 140, -10), ("REG", 60, None)), terms(("REG", 1, None), year=2024)])
    never = frame.filter(pl.len().over("member") == 1).sort("member")
    at = pl.col("ends_on").cast(pl.Datetime("us")) + dt.timedelta(hours=3)
    away = never.tail(41).select(
        "member", valid_from=dt.datetime(2022, 1, 1), deceased_on=pl.lit(None, pl.Date),
        organization=pl.lit(None, pl.Int64), away_from=at, away_until=pl.lit(None, pl.Datetime("us")),
    )  # fmt: skip
    labels = label(frame, away, Membership(grace_days={"default": 30}), as_of=AS_OF)
    old, new = labels.table.to_dicts()

    assert (old["due"], old["renewed"], old["lapsed"], old["removed"], old["in_grace"]) == (200, 140, 20, 40, 0)
    assert old["lapse_rate"] == pytest.approx(0.125)
    assert (new["removed"], new["in_grace"]) == (0, 1)
    assert {row["decisions"] for row in labels.by_grace} == {160}


def test_members_without_their_absences_are_refused():
    """Else whoever the source no longer has would count as lapsed, and nobody would notice."""
    with pytest.raises(ValueError, match="members_and_absences"):
        label(terms(("REG", 1, None)), NOBODY.drop("away_from", "away_until"), Membership(), as_of=AS_OF)


def test_the_lapse_rate_falls_as_grace_grows():
    """The same renewals under each grace: 100, of whom 50 pay on time, 30 after 20 days, 10 after 50, 10 never."""
    labels = made(terms(("REG", 50, 0), ("REG", 30, 20), ("REG", 10, 50), ("REG", 10, None)))
    rates = {row["grace"]: row["lapse_rate"] for row in labels.by_grace}

    assert rates == pytest.approx({0: 0.5, 15: 0.5, 30: 0.2, 60: 0.1, 90: 0.1, 120: 0.1})
    assert {row["decisions"] for row in labels.by_grace} == {100}


def test_an_ordinary_association_has_nothing_against_it():
    """Some pay late, some leave."""
    assert (
        codes(made(terms(("REG", 300, -10), ("REG", 40, 25), ("REG", 60, None), ("STU", 80, 0), ("STU", 40, None))))
        == {}
    )


def test_lapses_that_pay_the_week_after_grace_are_refused():
    """Then grace is not what is written down; a third of them is a reason to look."""
    assert codes(made(terms(("REG", 300, 0), ("REG", 60, 37), ("REG", 20, None))))["paid-after-grace"]
    assert codes(made(terms(("REG", 300, 0), ("REG", 30, 37), ("REG", 60, None))))["paid-after-grace"] is False
    assert "paid-after-grace" not in codes(made(terms(("REG", 300, 0), ("REG", 60, 37), ("REG", 20, None)), REG=45))


def test_grace_that_cuts_through_payments_is_named_by_type():
    """As many pay in the week after as in the last week of it."""
    found = made(terms(("REG", 300, 0), ("REG", 90, None), ("STU", 40, 28), ("STU", 40, 33), ("STU", 60, None)))

    (cut,) = [finding for finding in found.findings if finding.code == "grace-cuts-payments"]
    assert cut.words.startswith("STU: 40 paid")


def test_a_type_that_never_or_always_lapses_is_named():
    """And a record in which nearly everybody lapses is refused: the next terms are missing."""
    found = codes(made(terms(("LIF", 60, 0), ("TMP", 60, None), ("REG", 200, 0), ("REG", 50, None))))
    assert found == {"type-never-lapses": False, "type-always-lapses": False}

    assert codes(made(terms(("REG", 10, 0), ("REG", 390, None))))["nearly-all-lapse"]


def test_grace_as_long_as_a_term_is_refused():
    """Nobody could ever lapse."""
    assert codes(made(terms(("REG", 60, 0), ("REG", 20, None)), REG=365))["grace-outlasts-term"]


def test_a_sweep_of_free_extensions_is_found_with_its_day():
    """Fifty terms made 90 days longer on one day, nothing paid."""
    frame = terms(("REG", 200, 0), ("REG", 60, None))
    swept = frame.filter(pl.col("term_id").str.ends_with("-0")).head(50).with_columns(
        ends_on=pl.col("ends_on") + pl.duration(days=90), recorded_at=pl.lit(dt.datetime(2022, 4, 1, 9))
    )  # fmt: skip
    found = made(pl.concat([frame, swept]))

    (extension,) = [finding for finding in found.findings if finding.code == "free-extension"]
    assert "50 terms were made longer on 2022-04-01, by 90 days" in extension.words
    assert not extension.hard

    named = FreeExtension(since=dt.date(2022, 12, 1), until=dt.date(2023, 1, 31), days=90)
    rules = Membership(free_extensions=(named,))
    assert "free-extension" not in codes(label(pl.concat([frame, swept]), NOBODY, rules, as_of=AS_OF))
    assert "were given 90 days for free" in " ".join(rules_in_words(rules))


def test_a_year_in_which_hardly_anybody_could_lapse_is_named():
    """Its labels tell nothing about members."""
    years = [terms(("REG", 150, 0), ("REG", 0 if year == 2021 else 40, None), year=year) for year in (2019, 2021, 2023)]
    found = [one for one in made(pl.concat(years)).findings if one.code == "year-without-lapses"]

    assert ["2021" in one.words for one in found] == [True]


def first_years(labels: Labels) -> list[Finding]:
    return [finding for finding in labels.findings if finding.code.startswith("first-years")]


def test_first_years_of_which_only_who_left_is_kept_are_named():
    """An export of former members reaches three years further back than that of all; small associations have it too."""
    for scale in (1, 10):
        old = [terms(("REG", 12 * scale, None), year=year) for year in (2016, 2017, 2018)]
        rest = [terms(("REG", 40 * scale, 0), ("REG", 8 * scale, None), year=year) for year in (2019, 2020, 2021)]
        (found,) = first_years(made(pl.concat([*old, *rest])))

        assert found.code == "first-years-lapse-too-many"
        assert not found.hard
        due = 36 * scale
        assert found.words == f"of {due} renewals due from 2016 to 2018, 100 in 100 lapsed, against 17 in 100 since"
        assert (
            "for those years, the source keeps only members who have since left; bring in the terms of all"
            in found.mend
        )


def test_first_years_far_above_the_rest_are_named_and_no_year_alone():
    """Some of those who stayed are kept too; one hard year in between is no beginning."""
    years = {2017: (20, 80), 2018: (20, 80), 2019: (150, 30), 2020: (150, 30), 2021: (150, 30)}
    mixed = [terms(("REG", stay, 0), ("REG", leave, None), year=year) for year, (stay, leave) in years.items()]
    (found,) = first_years(made(pl.concat(mixed)))
    assert "due from 2017 to 2018, 80 in 100 lapsed, against 17" in found.words

    hard = {2017: (150, 30), 2018: (20, 80), 2019: (150, 30), 2020: (150, 30)}
    frames = [terms(("REG", stay, 0), ("REG", leave, None), year=year) for year, (stay, leave) in hard.items()]
    assert first_years(made(pl.concat(frames))) == []


def test_first_years_of_which_only_who_stayed_is_kept_are_named():
    """Also where they are most years on record, and where some lapsed and came back; and they are told of once."""
    old = [terms(("REG", 90, 0), ("REG", 8, 200), year=year) for year in (2016, 2017, 2018, 2019)]
    rest = [terms(("REG", 100, 0), ("REG", 30, None), year=year) for year in (2020, 2021)]
    labels = made(pl.concat([*old, *rest]))
    (found,) = first_years(labels)

    assert found.code == "first-years-lapse-too-few"
    assert found.words == "of 392 renewals due from 2016 to 2019, none lapsed for good, against 23 in 100 since"
    assert "the source keeps only present members" in found.mend
    assert "year-without-lapses" not in codes(labels)


def test_members_who_resign_within_the_first_year_are_no_finding():
    """Of annual terms that begin with the record none is decided in its first year but by who leaves."""
    year = terms(("REG", 300, 0), ("REG", 50, None), year=2020)
    first = pl.col("term_id").str.ends_with("-0")
    begun = year.with_columns(  # from July to June
        starts_on=pl.when(first).then(pl.lit(dt.date(2019, 7, 1))).otherwise(pl.lit(dt.date(2020, 7, 1))),
        ends_on=pl.when(first).then(pl.lit(dt.date(2020, 6, 30))),
        recorded_at=pl.when(first).then(pl.lit(dt.datetime(2019, 7, 1))).otherwise(pl.lit(dt.datetime(2020, 7, 1))),
    )
    known = pl.lit(dt.datetime(2019, 10, 20))
    left = (
        begun.filter(first)
        .tail(40)
        .with_columns(ends_on=pl.lit(dt.date(2019, 10, 31)), ended_by=pl.lit("resigned"), recorded_at=known)
    )
    by_year = dict(made(pl.concat([begun, left])).table.select("year", "lapse_rate").iter_rows())
    assert by_year[2019] == 1.0
    assert first_years(made(pl.concat([begun, left]))) == []

    # As in an export without earlier versions: the end is the day of leaving from the first.
    plain = pl.concat([begun.join(left, on="term_id", how="anti"), left])
    assert first_years(made(plain)) == []


def test_a_young_association_of_newcomers_has_nothing_against_it():
    """Two in three leave after their first term, in its first year as later; who stays on does so for good."""
    rows = []
    for year, joined in ((2018, 900), (2019, 300), (2020, 300), (2021, 300), (2022, 300)):
        for n in range(joined):
            member = 10_000 * year + n
            for own in range(year, year + 1 if n % 3 else 2025):
                first, last = dt.date(own, 1, 1), dt.date(own, 12, 31)
                rows.append((f"{member}-{own}", member, "REG", first, last, first))
    names = ["term_id", "member", "member_type", "starts_on", "ends_on", "paid_on"]
    labels = made(_whole(pl.DataFrame(rows, schema=names, orient="row")))
    rates = dict(labels.table.select("year", "lapse_rate").iter_rows())
    assert rates[2018] == pytest.approx(2 / 3)
    assert rates[2022] < 0.25
    assert first_years(labels) == []


def test_a_record_that_stopped_says_nothing_of_its_first_years():
    """All of the last year seem to have left, since nothing was recorded of it."""
    years = [terms(("REG", 150, 0), ("REG", 6, None), year=year) for year in (2018, 2019, 2020)]
    assert first_years(made(pl.concat([*years, terms(("REG", 150, None), year=2021)]))) == []


def test_a_handful_of_odd_first_terms_is_no_finding():
    """A record often begins with some; so few teach nothing."""
    old = terms(("REG", 12, None), year=2017)
    rest = [terms(("REG", 500, 0), ("REG", 120, None), year=year) for year in (2018, 2019, 2020)]
    assert first_years(made(pl.concat([old, *rest]))) == []
    assert first_years(made(pl.concat([terms(("REG", 60, None), year=2017), *rest])))


def test_labels_know_nothing_of_what_was_recorded_later():
    """A payment that is recorded tomorrow has renewed nothing today."""
    late = terms(("REG", 60, 0), ("REG", 20, None)).with_columns(
        recorded_at=pl.when(pl.col("term_id").str.ends_with("-1"))
        .then(pl.lit(dt.datetime(2025, 1, 1)))
        .otherwise("recorded_at")
    )

    assert made(late).table["lapsed"].sum() == 80


def test_rules_are_said_in_words():
    """With what differs by type."""
    said = " ".join(rules_in_words(Membership(grace_days={"default": 30, "STU": 60}, lifetime_types=("LIF",))))

    assert "within 30 days after its end (STU: 60)" in said
    assert "Lifetime types, which have no renewal: LIF." in said
