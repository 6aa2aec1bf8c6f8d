"""Terms, spells, grace and outcomes, each by the contract's own words."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tenure.base.settings import Membership
from tenure.membership import decisions, standing

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
