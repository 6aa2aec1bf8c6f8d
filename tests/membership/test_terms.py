"""Terms, spells, grace and outcomes, each by the contract's own words."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tenure.base.settings import FreeExtension, Membership
from tenure.membership import decisions, ledger_of, standing

RULES = Membership()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def term(term_id: str, starts: str, ends: str | None, **given: object) -> dict[str, object]:
    recorded = str(given.pop("recorded", given.get("paid", starts)))
    return {
        "term_id": term_id,
        "member": given.pop("member", 1),
        "member_type": given.pop("member_type", "REG"),
        "starts_on": day(starts),
        "ends_on": day(ends) if ends else None,
        "dues": given.pop("dues", 100.0),
        "billed_on": None,
        "due_on": None,
        "paid_on": day(str(given["paid"])) if "paid" in given else None,
        "auto_renew": False,
        "installments": False,
        "ended_by": given.pop("ended_by", None),
        "recorded_at": dt.datetime.fromisoformat(recorded),
    }


SCHEMA = {
    "term_id": pl.String, "member": pl.Int64, "member_type": pl.String, "starts_on": pl.Date, "ends_on": pl.Date,
    "dues": pl.Float64, "billed_on": pl.Date, "due_on": pl.Date, "paid_on": pl.Date, "auto_renew": pl.Boolean,
    "installments": pl.Boolean, "ended_by": pl.String, "recorded_at": pl.Datetime("us"),
}  # fmt: skip


def terms(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def people(**given: object) -> pl.DataFrame:
    return pl.DataFrame(
        [{
            "member": 1, "valid_from": dt.datetime(2010, 1, 1), "record_type": "individual",
            "objects_to_profiling": given.get("objects"), "deceased_on": given.get("deceased_on"),
        }],
        schema={
            "member": pl.Int64, "valid_from": pl.Datetime("us"), "record_type": pl.String,
            "objects_to_profiling": pl.Boolean, "deceased_on": pl.Date,
        },
    )  # fmt: skip


def stand(
    table: pl.DataFrame, on: str, rules: Membership = RULES, members: pl.DataFrame | None = None
) -> dict[str, object]:
    rows = pl.DataFrame({"row": [0], "member": [1], "as_of": [day(on)]})
    return standing(table, people() if members is None else members, rows, rules).row(0, named=True)


def outcome(table: pl.DataFrame, on: str, rules: Membership = RULES, members: pl.DataFrame | None = None) -> list[str]:
    return decisions(table, people() if members is None else members, rules, as_of=day(on))["outcome"].to_list()


YEAR_1 = term("a", "2023-01-01", "2023-12-31")


@pytest.mark.parametrize(
    ("on", "active", "in_grace"),
    [("2023-12-31", True, False), ("2024-01-01", True, True), ("2024-01-30", True, True), ("2024-01-31", False, False)],
)
def test_grace_runs_from_the_day_after_the_end_to_its_last_day(on: str, active: bool, in_grace: bool):
    """In grace when `ends_on` < T ≤ `ends_on` + 30 days, and active no longer."""
    found = stand(terms(YEAR_1), on)

    assert (found["active"], found["in_grace"]) == (active, in_grace)


def test_payment_on_the_last_day_of_grace_renews():
    """2024-01-30 is the thirtieth day after the end: a renewal, not a lapse."""
    table = terms(YEAR_1, term("b", "2024-01-01", "2024-12-31", paid="2024-01-30"))

    assert outcome(table, "2024-06-01") == ["renewed", "pending"]


def test_payment_a_day_after_grace_is_a_lapse_and_a_new_spell():
    """A reinstatement begins a new spell, though its term starts where the last one ended."""
    table = terms(YEAR_1, term("b", "2024-01-01", "2024-12-31", paid="2024-01-31"))

    assert outcome(table, "2024-06-01") == ["lapsed", "pending"]
    assert (stand(table, "2024-06-01")["spells"], stand(table, "2024-06-01")["terms_in_spell"]) == (2, 1)


def test_a_term_in_grace_is_not_labelled():
    """On the last day of grace nothing is known yet; a day later it is a lapse."""
    assert outcome(terms(YEAR_1), "2024-01-30") == ["pending"]
    assert outcome(terms(YEAR_1), "2024-01-31") == ["lapsed"]


def test_an_early_renewal_is_not_labelled_before_its_class():
    """Early payers alone would make a young class look loyal."""
    table = terms(YEAR_1, term("b", "2024-01-01", "2024-12-31", paid="2023-11-01"))

    assert outcome(table, "2023-12-01") == ["pending", "pending"]
    assert outcome(table, "2024-02-01") == ["renewed", "pending"]


def test_an_early_renewal_moves_the_due_date_on_once_it_is_recorded():
    """The running term is the last of the unbroken chain known that day."""
    table = terms(YEAR_1, term("b", "2024-01-01", "2024-12-31", paid="2023-11-01"))

    assert stand(table, "2023-11-01")["renewal_due_on"] == day("2023-12-31")
    assert stand(table, "2023-11-02")["renewal_due_on"] == day("2024-12-31")


def test_grace_follows_the_type_of_the_term():
    """A type with 60 days of grace is judged by them."""
    rules = Membership(grace_days={"default": 30, "STU": 60})
    table = terms(
        term("a", "2023-01-01", "2023-12-31", member_type="STU"),
        term("b", "2024-01-01", "2024-12-31", paid="2024-02-20"),
    )

    assert outcome(table, "2024-06-01", rules) == ["renewed", "pending"]
    assert outcome(table, "2024-06-01") == ["lapsed", "pending"]


@pytest.mark.parametrize("end", ["deceased", "transferred", "merged"])
def test_an_outcome_of_its_own_is_not_churn(end: str):
    """Death, transfer and merger take a member out of the scores and out of the labels."""
    table = terms(term("a", "2023-01-01", "2023-08-01", ended_by=end))

    assert outcome(table, "2024-06-01") == [end]
    assert stand(table, "2023-07-01")["active"] is False


def test_a_death_known_from_the_record_is_not_churn_either():
    """`deceased_on` counts though the term does not say so."""
    dead = people(deceased_on=day("2023-11-02"))

    assert outcome(terms(YEAR_1), "2024-06-01", members=dead) == ["deceased"]
    assert stand(terms(YEAR_1), "2023-12-01", members=dead)["active"] is False
    assert stand(terms(YEAR_1), "2023-11-02", members=dead)["active"] is True


def test_a_resignation_shortens_the_term_from_the_day_it_was_recorded():
    """A back-dated resignation cannot reach into the past."""
    table = terms(YEAR_1, term("a", "2023-01-01", "2023-06-30", ended_by="resigned", recorded="2023-08-15"))

    assert stand(table, "2023-08-15")["renewal_due_on"] == day("2023-12-31")
    assert stand(table, "2023-07-20")["resigned"] is False
    assert decisions(table, people(), RULES, as_of=day("2024-06-01"))["ends_on"].to_list() == [day("2023-06-30")]


def test_lifetime_and_complimentary_terms_have_no_renewal_to_predict():
    """Neither becomes a decision; both stay active."""
    lifetime = terms(term("a", "2020-01-01", None))
    free = terms(term("a", "2023-01-01", "2023-12-31", dues=0.0))

    assert (outcome(lifetime, "2024-06-01"), outcome(free, "2024-06-01")) == ([], [])
    assert stand(lifetime, "2024-06-01")["lifetime"] is True
    assert stand(free, "2023-06-01")["complimentary"] is True


def test_an_objection_to_profiling_takes_the_member_out():
    """It holds from the next day's start on."""
    assert stand(terms(YEAR_1), "2023-06-01", members=people(objects=True))["active"] is False


def test_where_paid_on_is_missing_the_first_recording_stands_for_it():
    """A later version of the same term does not make its payment late."""
    again = term("b", "2024-01-01", "2024-12-31", recorded="2024-01-10")
    resigned = term("b", "2024-01-01", "2024-08-31", recorded="2024-07-01", ended_by="resigned")

    assert outcome(terms(YEAR_1, again, resigned), "2024-12-01") == ["renewed", "lapsed"]


def test_a_term_that_went_to_another_record_is_that_ones_from_then_on():
    """Two records of one person are put together: until then the term was the one's, as it would have been told then;
    since then the other's from the day it was paid, so that neither of the two renewed late or lapsed."""
    table = terms(
        term("a", "2022-01-01", "2022-12-31", member=2),
        term("b", "2023-01-01", "2023-12-31", member=1, recorded="2022-12-20"),
        term("b", "2023-01-01", "2023-12-31", member=2, recorded="2023-06-01"),
    )
    rows = pl.DataFrame(
        {"row": range(4), "member": [1, 2, 1, 2], "as_of": [day("2023-05-01")] * 2 + [day("2023-07-01")] * 2}
    )

    stood = standing(table, people(), rows, RULES)
    assert stood.select("row", "term_id", "active").rows() == [(0, "b", True), (1, "a", False), (3, "b", True)]
    before, after = (decisions(table, people(), RULES, as_of=day(on)) for on in ("2023-05-01", "2024-03-01"))
    assert before.select("member", "term_id", "outcome").rows() == [(1, "b", "pending"), (2, "a", "lapsed")]
    assert after.select("member", "term_id", "outcome").rows() == [(2, "a", "renewed"), (2, "b", "lapsed")]
    assert after["renewed_on"].to_list() == [day("2022-12-20"), None]
    told = [stretch.term_id for stretch in ledger_of(2, table, people(), RULES, as_of=day("2023-07-01"))]
    assert told == ["a", "b"]
    assert not ledger_of(1, table, people(), RULES, as_of=day("2023-07-01"))


def test_a_term_that_came_back_is_again_whose_it_was():
    """Records were put together by mistake, and taken apart again."""
    table = terms(
        term("a", "2023-01-01", "2023-12-31", recorded="2023-01-01"),
        term("a", "2023-01-01", "2023-12-31", member=2, recorded="2023-06-01"),
        term("a", "2023-01-01", "2023-12-31", recorded="2023-06-10"),
    )
    days = ["2023-06-01", "2023-06-02", "2023-06-10", "2023-06-11"]
    rows = pl.DataFrame({"row": range(8), "member": [1, 2] * 4, "as_of": [day(on) for on in days for _ in range(2)]})

    stood = standing(table, people(), rows, RULES)

    assert [(str(on), member) for on, member in stood.select("as_of", "member").rows()] == list(
        zip(days, [1, 2, 2, 1], strict=True)
    )


def test_where_billing_comes_first_a_billed_term_is_no_renewal_until_it_is_paid():
    """Accrual: paid-through moved in November, the payment came in January, or never."""
    accrual = Membership(accrual=True)
    billed = term("b", "2024-01-01", "2024-12-31", recorded="2023-11-01")
    settled = term("b", "2024-01-01", "2024-12-31", recorded="2024-01-11", paid="2024-01-10")
    first = term("a", "2023-01-01", "2023-12-31", paid="2023-01-01")

    assert outcome(terms(first, billed), "2024-06-01", accrual) == ["lapsed"]
    assert outcome(terms(first, billed), "2024-06-01") == ["renewed", "pending"]
    assert outcome(terms(first, billed, settled), "2024-06-01", accrual) == ["renewed", "pending"]
    known = decisions(terms(first, billed, settled), people(), accrual, as_of=day("2024-06-01"))
    assert known["renewal_known_at"][0] == dt.datetime(2024, 1, 11)
    assert stand(terms(first, billed), "2023-12-01", accrual)["renewal_due_on"] == day("2023-12-31")


@pytest.mark.parametrize("recorded", ["ends_moved", "granted_term", "not_recorded"])
def test_a_free_extension_is_a_later_end_and_no_renewal(recorded: str):
    """Ninety days from the end of March: paying in June renews, not paying lapses at the end of June."""
    extension = FreeExtension(since=day("2020-03-01"), until=day("2020-04-30"), days=90, recorded=recorded)
    rules = Membership(free_extensions=(extension,))
    first = term("a", "2019-04-01", "2020-03-31")
    shown = {
        "ends_moved": [term("a", "2019-04-01", "2020-06-29", recorded="2020-03-20")],
        "granted_term": [term("x", "2020-04-01", "2020-06-29", dues=0.0, recorded="2020-03-20")],
        "not_recorded": [],
    }[recorded]
    paid = term("b", "2020-06-30", "2021-06-29", paid="2020-06-20")

    left = decisions(terms(first, *shown), people(), rules, as_of=day("2021-01-01"))
    stayed = decisions(terms(first, *shown, paid), people(), rules, as_of=day("2021-01-01"))

    assert left.select("ends_on", "extended", "outcome").rows() == [(day("2020-06-29"), 90, "lapsed")]
    assert stayed["outcome"].to_list() == ["renewed", "pending"]
    assert stand(terms(first, *shown), "2020-05-15", rules)["in_grace"] is False
    assert stand(terms(first, *shown), "2020-02-15", rules)["renewal_due_on"] == day("2020-03-31")


def test_the_exit_of_one_organization_is_one_lapse():
    """Forty people with terms billed to the organization that pays for them are not forty decisions."""
    rules = Membership(list_billed_types=("STAFF",))
    members = pl.concat([
        people().with_columns(member=pl.lit(n, pl.Int64), organization=pl.lit(99 if n != 99 else None, pl.Int64))
        for n in (*range(1, 41), 99)
    ])  # fmt: skip
    staff = [term(f"s{n}", "2023-01-01", "2023-12-31", member=n, member_type="STAFF") for n in range(1, 41)]
    payer = term("o", "2023-01-01", "2023-12-31", member=99, member_type="ORG")

    found = decisions(terms(*staff, payer), members, rules, as_of=day("2024-06-01"))

    assert found.select("member", "outcome").rows() == [(99, "lapsed")]
    assert stand(terms(*staff, payer), "2023-06-01", rules, members)["active"] is False


def test_the_ledger_says_why_each_term_ended_as_it_did():
    """One member's stretches, in order, with what lies before, between and after them."""
    table = terms(
        term("a", "2021-01-01", "2021-12-31"),
        term("b", "2022-02-01", "2023-01-31", paid="2022-01-20"),
        term("c", "2023-06-01", "2024-05-31", paid="2023-06-01"),
    )
    members = people().with_columns(join_date=day("2015-03-01"))

    told = ledger_of(1, table, members, RULES, as_of=day("2024-05-01"))

    assert [(s.kind, s.spell, s.outcome, s.reason) for s in told] == [
        ("unknown", 0, "", "member since 2015-03-01, but no term on record: unknown"),
        ("term", 0, "renewed", "next term paid on 2022-01-20, 20 days after its end"),
        ("gap", 0, "", "paid in time, but no term covers these days: unknown"),
        ("term", 0, "lapsed", "no next term paid by 2023-03-02"),
        ("lapsed", 0, "", "no member, until a payment on 2023-06-01"),
        ("term", 1, "pending", "may be renewed until 2024-06-30"),
    ]


def away(since: str, until: str | None = None) -> pl.DataFrame:
    """Somebody whom the source did not have for a time."""
    return people().with_columns(
        away_from=pl.lit(dt.datetime.fromisoformat(since)),
        away_until=pl.lit(dt.datetime.fromisoformat(until) if until else None, dtype=pl.Datetime("us")),
    )


@pytest.mark.parametrize(
    ("members", "as_of", "outcome"),
    [
        (people(), "2024-06-01", "lapsed"),
        (away("2024-01-05T02:00:00"), "2024-06-01", "pending"),
        (away("2024-01-30T02:00:00"), "2024-06-01", "pending"),
        (away("2024-02-01T02:00:00"), "2024-06-01", "lapsed"),
        (away("2024-06-01T00:00:00"), "2024-06-01", "lapsed"),
        (away("2024-01-05T02:00:00", "2024-04-01T02:00:00"), "2024-06-01", "lapsed"),
        (away("2024-01-05T02:00:00", "2024-06-01T02:00:00"), "2024-06-01", "pending"),
    ],
    ids=["there", "gone in grace", "on its last day", "after it", "nobody knew yet", "back", "back, but not yet then"],
)
def test_the_open_term_of_a_member_who_vanished_is_no_lapse(members: pl.DataFrame, as_of: str, outcome: str):
    """Merged or deleted, nobody knows whether they renewed; and only what was known on the day counts."""
    found = decisions(terms(term("a", "2023-01-01", "2023-12-31", paid="2023-01-01")), members, RULES, as_of=day(as_of))
    assert found["outcome"].to_list() == [outcome]
