"""Facts by hand, each with the rows it rests on; what may not be said; and that none can see ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lakes import act, lake_of, person, term
from tenure.base.settings import Settings, Source
from tenure.features import FEATURES
from tenure.insights.evidence import TOLD
from tenure.insights.facts import FOR_STAFF, KEYS, card_of, facts_of
from tenure.lake import Lake

DAY = dt.date(2025, 6, 1)
SETTINGS = Settings(source=Source(kind="files"))

ANN, BOB, CAT, ACME, DAN = 1, 2, 3, 4, 5
PROGRAMS = [
    {"ref": "CONF25", "kind": "event", "title": "Annual Conference"},
    {"ref": "TALK", "kind": "event", "title": "The Harbor Talk"},
    {"ref": "COMMITTEE/ED", "kind": "committee", "title": "Education"},
    {"ref": "STD", "kind": "benefit", "title": "Quay Wall standard"},
    {"ref": "CRS1", "kind": "course", "title": "Piers"},
    {"ref": "BLANK", "kind": "event", "title": " "},
]
MEMBERS = [
    person(ANN, join_date=dt.date(2016, 3, 4), chapter_id="Bay"),
    person(BOB, known="2025-05-01", chapter_id="CH01", join_date=dt.date(2024, 6, 1)),
    person(CAT),
    person(ACME, record_type="organization", chapter_id=None),
    person(DAN, organization=ACME),
]
TERMS = [
    term(ANN, "2023-07-01", "2024-06-30", dues=240.0, paid="2023-06-20"),
    term(ANN, "2024-07-01", "2025-06-30", dues=245.5, paid="2024-07-10", auto_renew=True, installments=True),
    term(BOB, "2024-05-20", "2025-05-19", dues=100.0),
    term(CAT, "2022-02-01", "2023-01-31"),
    term(CAT, "2023-02-01", "2024-01-31"),
    term(ACME, "2025-01-01", "2025-12-31", dues=2800.0),
]
ACTS = [
    *(act(ANN, "resource_download", f"2025-0{month}-02", ref="STD") for month in (1, 3, 4)),
    act(ANN, "resource_download", "2025-05-02", ref="OTHER"),
    act(ANN, "committee_meeting", "2025-02-09", recorded="2025-02-20", ref="COMMITTEE/ED"),
    act(ANN, "committee_meeting", "2025-04-09", recorded="2025-04-20", ref="COMMITTEE/ED"),
    act(ANN, "committee_joined", "2024-01-09", ref="COMMITTEE/ED"),
    act(ANN, "event_registered", "2025-02-01", ref="CONF25"),
    act(ANN, "event_attended", "2025-03-05", recorded="2025-03-12", ref="CONF25"),
    act(ANN, "event_no_show", "2025-05-05", ref="TALK"),
    act(ANN, "learning_started", "2025-01-20", ref="CRS1"),
    act(ANN, "learning_completed", "2025-02-20", ref="CRS1"),
    act(ANN, "community_post", "2025-05-11"),
    act(ANN, "volunteer_completed", "2024-12-01"),
    act(ANN, "career_center_used", "2024-11-01"),
    act(ANN, "gift", "2025-01-02", value=50.0),
    act(ANN, "payment", "2024-07-10", value=245.5),
    act(ANN, "invoice_issued", "2025-05-01", value=250.0),
    act(ANN, "card_expiring", "2025-05-20"),
    act(ANN, "payment_failed", "2025-05-28"),
    act(ANN, "plan_missed", "2025-04-28", value=20.0),
    act(ANN, "ticket_opened", "2025-05-02", ref="T1"),
    act(ANN, "ticket_opened", "2025-05-03", ref="T2"),
    act(ANN, "ticket_closed", "2025-05-04", ref="T2"),
    act(ANN, "email_unsubscribed", "2025-02-02"),
    act(ANN, "login", "2025-05-21"),
    act(ANN, "login", "2025-04-21"),
    act(ANN, "login", "2024-04-21"),
    act(ANN, "email_sent", "2025-05-22"),
    act(ANN, "notice_sent", "2025-05-16"),
    act(BOB, "event_attended", "2025-03-05", ref="BLANK"),
    act(CAT, "community_post", "2024-01-05"),
    act(CAT, "community_post", "2023-11-05"),
    *(act(DAN, "resource_download", f"2025-0{month}-02", ref="STD") for month in (1, 3)),
]  # fmt: skip
LATER = [
    *(act(ANN, kind, "2025-05-31", recorded="2025-06-01", ref="CONF25", value=9.0) for kind in TOLD),
    *(act(ANN, kind, "2025-05-31", recorded="2025-06-02") for kind in ("login", "email_sent")),
    *(act(member, kind, "2025-05-31", recorded="2025-06-02") for member in (BOB, CAT, DAN) for kind in TOLD),
]  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("facts")
    return lake_of(folder / "lake", members=MEMBERS, terms=TERMS, activity=ACTS, programs=PROGRAMS)


def test_each_fact_by_hand(lake: Lake):
    """Ann is asked in June 2025: a member since 2016 whose term ends this month."""
    ann = facts_of(lake, SETTINGS, [ANN], DAY)[ANN]

    assert {key: fact.words for key, fact in ann.items()} == {
        "joined": "since 2016", "years": "9 years", "renewals": "1 renewal", "paid_through": "June 30, 2025",
        "dues": "245.50", "auto_renew": "renews automatically", "installments": "in installments", "tier": "REG",
        "chapter": "Bay", "last_payment": "245.50", "last_payment_on": "July 10, 2024", "invoice_open": "250",
        "invoice_on": "May 1, 2025", "card_expiring": "the card on file", "payment_failed": "May 28, 2025",
        "installments_missed": "1 missed installment",
        "payment_history": "2 terms paid, 1 in grace, 1 failed payment in a year",
        "main_benefit": "the Quay Wall standard", "second_benefit": "the Education committee",
        "third_benefit": "the course Piers", "last_event": "Annual Conference", "last_event_on": "March 5, 2025",
        "missed_event": "The Harbor Talk", "missed_event_on": "May 5, 2025", "events_year": "1 event",
        "rsvps_year": "1 event registration", "committee": "the Education committee",
        "meetings_year": "2 committee meetings", "downloads_year": "4 downloads", "courses_year": "1 course",
        "posts_year": "1 community post", "shifts_year": "1 volunteer shift",
        "career_year": "1 visit to the career center", "gifts_year": "1 gift", "last_gift_on": "January 2, 2025",
        "last_login": "May 21, 2025", "logins_year": "2 logins", "last_contact": "an email",
        "tickets_open": "1 open ticket", "unsubscribed": "February 2, 2025",
    }  # fmt: skip


def test_a_fact_shows_what_it_rests_on(lake: Lake):
    """The stretch of days, the table, at most five rows, and when the newest became known."""
    ann = facts_of(lake, SETTINGS, [ANN], DAY)[ANN]

    downloads, meetings, joined = ann["downloads_year"], ann["meetings_year"], ann["joined"]
    assert downloads.shown == "4 downloads, Jan 2 to May 2, 2025. Activity"
    assert (downloads.value, downloads.records, downloads.recorded_on) == (4, ("3", "2", "1", "0"), dt.date(2025, 5, 2))
    assert meetings.recorded_on == dt.date(2025, 4, 20)
    assert (joined.table, joined.value) == ("members", dt.date(2016, 3, 4))
    assert ann["paid_through"].records == (f"{ANN}/2024-07-01",)
    assert all(fact.records and len(fact.records) <= 5 for fact in ann.values())


def test_grace_and_lapse_are_told_as_what_they_are(lake: Lake):
    """Bob is in grace; Cat was a member until January 2024."""
    found = facts_of(lake, SETTINGS, [BOB, CAT], DAY)

    assert found[BOB]["grace_end"].words == "June 18, 2025"
    assert (found[CAT]["was_member"].words, found[CAT]["benefit_before"].words) == (
        "from 2020 to 2024", "the member community",
    )  # fmt: skip
    assert {"joined", "years", "grace_end", "main_benefit"}.isdisjoint(found[CAT])


def test_what_people_do_is_told_of_their_organization(lake: Lake):
    """Dan has no term; what he downloads is Acme's."""
    acme = facts_of(lake, SETTINGS, [ACME], DAY)[ACME]

    assert (acme["downloads_year"].words, acme["people"].words) == ("2 downloads", "1 person")
    assert acme["main_benefit"].words == "the Quay Wall standard"
    assert acme["downloads_year"].shown.endswith(". Activity of it and its people")
    assert acme["people"].shown == "1 person of the organization. Member record"
    assert dict(card_of(acme))["Last login"] == "none of its own in two years"
    assert "chapter" not in acme


def test_whose_people_are_whose_is_looked_up_of_organizations_alone(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    """Among drafts to persons nobody has people; for Acme the record of Dan is enough."""
    from tenure.insights import evidence

    looked, belonging = [], evidence.belonging

    def noted(members: pl.DataFrame, *rest: Any) -> pl.DataFrame:
        looked.append(sorted(members["member"].unique()))
        return belonging(members, *rest)

    monkeypatch.setattr(evidence, "belonging", noted)
    facts_of(lake, SETTINGS, [ANN, BOB, CAT], DAY)
    facts_of(lake, SETTINGS, [ANN, ACME], DAY)

    assert looked == [[DAN]]


def test_what_is_watched_or_awkward_is_never_said(lake: Lake):
    """Nor is a chapter by its code, nor an event without a name."""
    found = facts_of(lake, SETTINGS, [ANN, BOB], DAY)

    assert {key for key, fact in found[ANN].items() if not fact.sayable} == FOR_STAFF
    assert not found[BOB]["chapter"].sayable
    assert found[ANN]["chapter"].sayable
    assert "last_event" not in found[BOB]
    assert "last_event_on" in found[BOB]
    guesses = ("risk", "score", "band", "hardship", "displac")
    names = [*KEYS, *(feature.name for feature in FEATURES)]
    assert not [name for name in names if any(guess in name for guess in guesses)]


def test_the_card_has_eight_lines_for_everybody(lake: Lake):
    """Also for those of whom nearly nothing is known."""
    found = facts_of(lake, SETTINGS, [ANN, BOB], DAY)

    assert dict(card_of(found[ANN])) == {
        "Last login": "May 21, 2025; 2 logins in a year", "RSVPs": "1 event registration", "Posts": "1 community post",
        "Member": "since 2016, 1 renewal, REG", "Open tickets": "1 open ticket", "Unsubscribed": "February 2, 2025",
        "Payments": "2 terms paid, 1 in grace, 1 failed payment in a year, 1 missed installment",
        "Last contact": "an email, May 22, 2025",
    }  # fmt: skip
    assert [name for name, _ in card_of(found[BOB])] == [name for name, _ in card_of(found[ANN])]
    assert dict(card_of({}))["Last login"] == "none in two years"


def test_many_at_once_are_told_as_one_by_one(lake: Lake):
    """Whoever is not known is left out."""
    everyone = facts_of(lake, SETTINGS, [ANN, BOB, CAT, ACME, DAN, 99], DAY)

    assert set(everyone) == {ANN, BOB, CAT, ACME, DAN}
    for member in everyone:
        assert facts_of(lake, SETTINGS, [member], DAY)[member] == everyone[member]


def test_no_fact_sees_what_was_recorded_later(lake: Lake, tmp_path: Path):
    """Every fact there is, with and without rows of every kind that were recorded on the day or after it."""
    changed = {"chapter_id": "Fen", "member_type": "X", "join_date": dt.date(2001, 1, 1), "organization": CAT}
    members = [person(member, known="2025-06-01", **changed) for member in (ANN, BOB, CAT, DAN)]
    terms = [
        term(ANN, "2024-07-01", "2024-12-31", recorded="2025-06-03", ended_by="resigned"),
        term(ANN, "2022-07-01", "2023-06-30", recorded="2025-06-01"),
        term(BOB, "2025-05-20", "2026-05-19", recorded="2025-06-01"),
        term(CAT, "2024-02-01", "2026-01-31", recorded="2025-06-01"),
    ]
    later = lake_of(
        tmp_path / "lake", members=MEMBERS + members, terms=TERMS + terms, activity=ACTS + LATER, programs=PROGRAMS
    )

    then, now = (facts_of(one, SETTINGS, [ANN, BOB, CAT, ACME], DAY) for one in (lake, later))

    assert {key for facts in then.values() for key in facts} == set(KEYS)
    assert now == then
