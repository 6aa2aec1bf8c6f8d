"""What went before a lapse, one member per driver by hand; which benefits lose members; and nothing seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, act, lake_of, person, term
from tenure.base.settings import Membership, Settings, Source
from tenure.insights.benefits import BENEFITS, Lost, benefits_lost
from tenure.insights.winback import DRIVERS, NEVER, winback_of
from tenure.lake import Lake
from tenure.membership import standing

DAY = dt.date(2025, 6, 1)
SETTINGS = Settings(source=Source(kind="files"))
EVENTS = Lost("events", 100, 20, 5, 100, 60, 5, gap=(0.25, 0.5), stopped_gap=(-0.1, 0.1))

PAYMENT, RETIRED, EMPLOYER, RISE, CHAPTER, UNSETTLED, NOTHING, QUIET, LESS, PRICE, UNTOUCHED, UNCLEAR, LONG_AGO = range(
    1, 14
)


def two_terms(member: int, *, dues: float = 100.0, **said: object) -> list[Row]:
    """Two years, the last of which ended on 31 December 2024."""
    return [
        term(member, "2023-01-01", "2023-12-31", dues=100.0),
        term(member, "2024-01-01", "2024-12-31", dues=dues, **said),
    ]


def steadily(member: int, kind: str = "login") -> list[Row]:
    """Something on a day of each month of the last year."""
    return [act(member, kind, f"2024-{month:02}-10") for month in range(1, 13)]


MEMBERS = [
    *(person(member) for member in range(1, 14)),
    person(RETIRED, known="2024-05-01", job_title="Retired"),
    person(EMPLOYER, known="2024-05-01", employer="Elsewhere"),
]
TERMS = [
    *two_terms(PAYMENT, auto_renew=True),
    *two_terms(RISE, dues=112.0),
    term(UNSETTLED, "2024-01-01", "2024-12-31"),
    *(
        row
        for m in (RETIRED, EMPLOYER, CHAPTER, NOTHING, QUIET, LESS, PRICE, UNTOUCHED, UNCLEAR)
        for row in two_terms(m)
    ),
    term(LONG_AGO, "2021-01-01", "2021-12-31"),
]
ACTS = [
    *steadily(PAYMENT),
    act(PAYMENT, "payment_failed", "2025-01-10"),
    *steadily(RETIRED),
    *steadily(EMPLOYER),
    *steadily(RISE),
    act(RISE, "event_attended", "2023-04-01"),
    *steadily(CHAPTER),
    *(act(CHAPTER, "event_attended", day, chapter_id="NORTH") for day in ("2024-02-01", "2024-04-01")),
    act(UNSETTLED, "login", "2024-02-01"),
    act(NOTHING, "email_opened", "2024-10-01"),
    act(NOTHING, "login", "2023-10-01"),
    *(act(QUIET, "login", day) for day in ("2024-02-01", "2024-05-20")),
    *(act(LESS, "login", f"2024-0{month}-10") for month in (1, 2, 3, 4, 5, 6)),
    act(LESS, "login", "2024-11-10"),
    *steadily(PRICE),
    act(PRICE, "invoice_issued", "2024-11-01", value=110.0),
    *steadily(UNTOUCHED),
    *steadily(UNCLEAR),
    act(UNCLEAR, "event_attended", "2024-03-03"),
]  # fmt: skip


def asked(lake: Lake, lost: list[Lost], said: pl.DataFrame | None = None) -> dict[int, dict]:
    rows = lake.terms().select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(DAY))
    lapsed = standing(lake.terms(), lake.members(), rows, Membership()).filter(~pl.col("active"))
    return {row["member"]: row for row in winback_of(lake, lapsed, lost, DAY, said).to_dicts()}


def test_each_driver_by_hand(tmp_path: Path):
    """One member for each, in the order in which they are tried; who left long ago has none."""
    found = asked(lake_of(tmp_path, members=MEMBERS, terms=TERMS, activity=ACTS), [EVENTS])

    names = [f"{NEVER} events" if driver.name == NEVER else driver.name for driver in DRIVERS]
    members = (PAYMENT, RETIRED, EMPLOYER, RISE, CHAPTER, UNSETTLED, NOTHING, QUIET, LESS, PRICE, UNTOUCHED, UNCLEAR)
    assert {member: found[member]["driver"] for member in members} == dict(zip(members, names, strict=True))
    assert LONG_AGO not in found
    assert (found[QUIET]["since"], found[QUIET]["left_on"]) == (dt.date(2024, 5, 20), dt.date(2024, 12, 31))
    assert found[PAYMENT]["offer"] == DRIVERS[0].offer


def test_what_was_said_of_the_end_goes_before_the_record(tmp_path: Path):
    """When asked since the last term began, or as the source notes it; what is no driver leaves the record to speak."""
    said = pl.DataFrame(
        {
            "member": [QUIET, LESS, NOTHING],
            "on": [dt.date(2025, 2, 1), dt.date(2023, 2, 1), dt.date(2025, 2, 1)],
            "reason": ["price", "price", "forgot"],
        }
    )
    noted = [one | {"ended_by": "too expensive"} if one["member"] == UNCLEAR else one for one in TERMS]
    lake = lake_of(tmp_path, members=MEMBERS, terms=noted, activity=ACTS)

    found = asked(lake, [EVENTS], said)

    told = {member: found[member]["driver"] for member in (QUIET, LESS, NOTHING, UNCLEAR)}
    assert told == {QUIET: "price", LESS: "took part less", NOTHING: "used nothing in the last year", UNCLEAR: "price"}
    assert (found[QUIET]["offer"], found[QUIET]["since"]) == (found[PRICE]["offer"], None)


@pytest.mark.parametrize(
    ("code", "driver"),
    [("payment_failed", "payment failure"), ("too_expensive", "price"), ("Nonpayment of dues", "went quiet")],
)
def test_codes_that_the_source_notes_of_an_end(tmp_path: Path, code: str, driver: str):
    """A code that names a reason goes before the record; that dues were not paid leaves it to the record."""
    noted = [one | {"ended_by": code} if one["member"] == QUIET else one for one in TERMS]

    assert asked(lake_of(tmp_path, members=MEMBERS, terms=noted, activity=ACTS), [EVENTS])[QUIET]["driver"] == driver


def test_rules_and_their_page_say_where_words_go_before_the_record():
    """Of the three drivers that can be said, and in the order in which rules are tried."""
    page = (Path(__file__).parents[2] / "docs" / "signals.md").read_text(encoding="utf-8")
    table = page.split("| driver | rule |")[1].split("\n\n")[0].splitlines()[2:]
    listed = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table]

    assert [name.removesuffix(" …") for name, _ in listed] == [driver.name for driver in DRIVERS]
    said = {"payment failure", "left the field or retired", "price"}
    assert {driver.name for driver in DRIVERS if "the source" in driver.rule} == said
    assert {name for name, rule in listed if "the source" in rule} == said
    assert "What was said of\nthe end goes before all" in page


def test_nobody_is_told_never_to_have_used_what_makes_no_difference(tmp_path: Path):
    """The gap between those who renew and those who leave must be more than chance."""
    lake = lake_of(tmp_path, members=MEMBERS, terms=TERMS, activity=ACTS)
    no_gap = Lost("events", 10, 2, 0, 10, 4, 0, gap=(-0.2, 0.5), stopped_gap=(-0.1, 0.1))

    assert asked(lake, [no_gap])[UNTOUCHED]["driver"] == "not clear"
    assert asked(lake, [])[UNTOUCHED]["driver"] == "not clear"


def test_a_driver_knows_nothing_of_what_was_recorded_later(tmp_path: Path):
    """Failed payments, acts, jobs and invoices that are typed in afterwards, back-dated."""
    later = [
        act(member, kind, "2024-12-20", recorded="2025-06-01", value=500.0)
        for member in range(1, 14)
        for kind in ("login", "event_attended", "invoice_issued", "payment_failed", "plan_missed")
    ]
    moved = [person(member, known="2025-06-01", employer="Elsewhere", chapter_id="SOUTH") for member in range(1, 14)]
    then = lake_of(tmp_path / "then", members=MEMBERS, terms=TERMS, activity=ACTS)
    now = lake_of(tmp_path / "now", members=MEMBERS + moved, terms=TERMS, activity=ACTS + later)

    assert asked(then, [EVENTS]) == asked(now, [EVENTS])
    assert benefits_lost(then, SETTINGS, DAY) == benefits_lost(now, SETTINGS, DAY)


def test_benefits_of_those_who_left_are_held_against_those_who_renewed(tmp_path: Path):
    """Thirty left, of whom twenty had stopped coming to events; thirty renewed, and all still came."""
    terms, acts = [], []
    for member in range(60):
        terms.append(term(member, "2024-01-01", "2024-12-31"))
        acts.append(act(member, "event_attended", "2023-06-01"))
        if member < 30:
            acts += [act(member, "event_attended", "2024-06-01")] if member < 10 else []
        else:
            terms.append(term(member, "2025-01-01", "2025-12-31", paid="2024-12-20"))
            acts += [act(member, "event_attended", "2024-06-01"), act(member, "resource_download", "2024-07-01")]
    lake = lake_of(tmp_path, members=[person(member) for member in range(60)], terms=terms, activity=acts)

    first, *rest = benefits_lost(lake, SETTINGS, DAY)

    assert (first.benefit, first.left, first.left_used, first.left_stopped) == ("events", 30, 10, 20)
    assert (first.renewed, first.renewed_used, first.renewed_stopped) == (30, 30, 0)
    assert first.loses
    assert first.stopped_gap[0] < 20 / 30 < first.stopped_gap[1]
    assert not any(one.loses for one in rest)
    library = next(one for one in rest if one.benefit == "the resource library")
    assert library.gap[0] > 0.7
    assert len(rest) + 1 == len(BENEFITS)


@pytest.mark.parametrize("terms", [[], [term(1, "2024-01-01", "2025-12-31")]])
def test_where_nobody_left_there_is_nothing_to_win_back(tmp_path: Path, terms: list[Row]):
    lake = lake_of(tmp_path, members=[person(1)], terms=terms)

    assert {(one.left, one.renewed, one.loses) for one in benefits_lost(lake, SETTINGS, DAY)} == {(0, 0, False)}


def test_nothing_known_is_not_nothing_used(tmp_path: Path):
    """Where nothing that members do is on record, or only from the middle of the last year on."""
    mails = [act(NOTHING, "email_opened", "2023-10-01")]
    late = [*mails, act(PRICE, "event_attended", "2024-06-01")]
    for name, acts in (("none", mails), ("late", late)):
        lake = lake_of(tmp_path / name, members=MEMBERS, terms=TERMS, activity=acts)
        found = asked(lake, [])
        assert found[NOTHING]["driver"] == found[UNSETTLED]["driver"] == "not clear"
        recorded = {one.benefit for one in benefits_lost(lake, SETTINGS, DAY) if one.is_recorded}
        assert recorded == ({"events"} if acts is late else set())
