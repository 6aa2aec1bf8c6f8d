"""The catalogue of features, its page and its words keep up with one another."""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path

import numpy as np
import pytest
from histories import RULES, features_of, person, term, write, years

from tenure.base.settings import Membership
from tenure.features import FEATURES, Feature
from tenure.features.page import page
from tenure.features.plain import in_words
from tenure.features.signals import SIGNALS


def test_the_page_of_features_is_the_one_that_the_catalogue_makes():
    assert (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8") == page()


def test_every_feature_stands_for_a_signal_and_every_signal_has_one():
    named = {name for _, names in SIGNALS for name in names}

    assert named == {feature.name for feature in FEATURES}


def test_what_each_feature_is_computed_from_can_be_said_without_names_of_code():
    for feature in FEATURES:
        said = in_words(feature.definition)
        assert "_" not in said, feature.name
        assert not re.search(r"[A-Z]\w+\(", said), feature.name
    assert in_words("Count(community_post, community_comment; 90)") == (
        "how often in 90 days: community post or community comment"
    )
    assert in_words("Odd(login; 90)") == "Odd(login; 90)"


def test_the_catalogue_stays_lean():
    """Training time goes with the columns, and near-duplicates make reasons unstable."""
    assert len(FEATURES) <= 150


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_words_read_well_for_any_number(feature: Feature):
    """No «1 logins», no «nan», whatever the member's own value and the usual one."""
    signed = ("_trend", "_change", "early", "late", "to_renewal")
    values = [math.nan, 0.0, 0.3, 1.0, 2.0, 17.5, 94.0, 999.0]
    values += [-1.0, -0.4, -12.0] if any(part in feature.name.replace("changes", "") for part in signed) else []
    for value in values:
        for usual in (None, math.nan, 0.0, 0.4, 1.0, 12.0, 999.0):
            words = feature.say(value, usual)
            assert words == words.strip()
            assert words[0].isupper() or words[0].isdigit(), words
            assert not re.search(
                r"\bnan\b|None|  |\b1 (logins|days|weeks|events|years|\w+ed \w+s|open tickets)\b", words
            ), words


@pytest.mark.parametrize(
    ("name", "value", "usual", "said"),
    [
        ("logins_90", 3.0, 9.0, "Its people: 3 logins in the last 90 days; members like this, 9"),
        ("login_since", 94.0, 12.0, "Its people: no login for 94 days; members like this, 12 days"),
        ("logins_trend", -1.0, None, "Its people: logins stopped, with none in 90 days, after some in the year before"),
        (
            "decayed_days",
            0.3,
            4.6,
            "Its people: seldom active of late, on 0.3 days, older ones counting less; members like this, 4.6",
        ),
        ("emails_sent_90", 9.0, None, "To its people: 9 messages sent in the last 90 days"),
        (
            "emails_bounced_180",
            2.0,
            0.0,
            "To its people: 2 bounced messages in the last half year; members like this, none",
        ),
        ("events_invited_365", 0.0, None, "To its people: no event invitation in the last year"),
        ("assigned_365", 1.0, None, "To its people: 1 volunteer assignment in the last year"),
        ("address_changes_180", 2.0, None, "It and its people: 2 address changes in the last half year"),
        ("profile_updates_365", 0.0, None, "It and its people: no profile update in the last year"),
        ("silence_ratio", 3.0, 1.0, "Its people: quiet for 3 times their own usual gap"),
        ("session_minutes_180", 12.0, None, "Its people: stay signed in for 12 minutes on average"),
        ("gap_variation", 0.5, None, "Its people: take part at regular intervals"),
        ("chapter_events_730", 0.0, None, "Its people: no chapter event attended in the last two years"),
        ("has_chapter", 1.0, None, "Belongs to a chapter"),
        ("invoices_90", 3.0, None, "3 invoices in the last 90 days"),
        ("people_active_90", 3.0, None, "3 active people in the last 90 days"),
    ],
)
def test_what_an_organizations_people_did_is_not_told_as_its_own(
    name: str, value: float, usual: float | None, said: str
):
    """An organization does not sign in. What is on its own record, or billed to it, is told of itself."""
    (feature,) = (one for one in FEATURES if one.name == name)

    assert feature.words(value, usual, organization=True) == said
    assert "its people" not in feature.words(value, usual, organization=False).lower()


def test_what_is_said_of_several_has_one_colon():
    """Whatever the number and the usual one; and what is told of one person is not blamed on one of several."""
    for feature in FEATURES:
        for value in (math.nan, -1.0, -0.4, 0.0, 0.3, 1.0, 17.5, 999.0) if feature.say_of_people else ():
            for usual in (None, 0.0, 12.0):
                said = feature.words(value, usual, organization=True)
                assert re.fullmatch(r"(Its people|To its people|It and its people): [^A-Z:][^:]*[^: ]", said), said
                assert "the member's" not in said


@pytest.mark.parametrize(
    ("name", "value", "usual", "said"),
    [
        ("decayed_days", 0.3, 4.6, "Seldom active of late: 0.3 days, older ones counting less; members like this, 4.6"),
        ("decayed_days", 9.0, 4.6, "Often active of late: 9 days, older ones counting less; members like this, 4.6"),
        ("decayed_days", 0.02, 4.1, "Not active of late; members like this, on 4.1 days, older ones counting less"),
        ("decayed_days", 0.0, 1.0, "Not active of late; members like this, on 1 day, older ones counting less"),
        ("decayed_days", 0.0, 0.01, "Not active of late; nor are members like this"),
        ("click_since", 999.0, 464.0,
            "No click in a message in two years; the latest of members like this was 464 days ago"),
        ("click_since", 999.0, 1.0,
            "No click in a message in two years; the latest of members like this was in the last two days"),
        ("event_since", 999.0, 368.0,
            "No event attended in two years; the latest of members like this was 368 days ago"),
        ("invoice_since", 999.0, 20.0, "No invoice in two years; the latest of members like this was 20 days ago"),
        ("click_since", 191.0, 12.0, "No click in a message for 191 days; members like this, 12 days"),
        ("click_since", 76.0, 464.0, "Latest click in a message 76 days ago; members like this, 464 days ago"),
        ("click_since", 76.0, 999.0, "Latest click in a message 76 days ago; most members like this have none"),
        ("click_since", 999.0, 999.0, "No click in a message in two years; most members like this have none either"),
        ("years_joined", 0.4, 5.2, "Joined within the last year; members like this, 5.2 years ago"),
        ("years", 3.0, 1.0, "Member for 3 years on record; members like this, 1 year"),
        ("paid_late", 0.2, -3.0, "Last payment on the due date; members like this, 3 days before"),
        ("paid_early", 0.0, -3.0, "Last paid on the last day of the term; members like this, 3 days after"),
        ("notices_90", 2.0, 0.0, "2 renewal notices in the last 90 days; members like this, none"),
        ("login_minutes_90", 0.0, 25.0, "No time online in the last 90 days; members like this, 25"),
        ("logins_trend", 0.0, 0.2, "Logins as often as in the year before; members like this, up by 50 %"),
        ("logins_trend", -0.6, 0.01, "Logins down by 75 % on the year before; members like this, as often"),
        ("logins_trend", 0.2, -1.0, "Logins up by 50 % on the year before; members like this, none of late"),
        ("logins_trend", 0.2, None, "Logins up by 50 % on the year before"),
        ("cycle_trend_90", -0.6, 0.0, "In the last 90 days active on 75 % fewer days than at the same place of the "
            "term before; members like this, as often"),
        ("invoice_change", 1.02, None, "Latest invoice 102 % above the last dues"),
        ("invoice_change", 0.0, None, "Latest invoice like the last dues"),
    ],
)  # fmt: skip
def test_a_reason_says_its_unit_and_what_is_usual(name: str, value: float, usual: float | None, said: str):
    """What a membership director reads beside a chance: no bare figure whose unit has to be guessed."""
    (feature,) = (one for one in FEATURES if one.name == name)

    assert feature.say(value, usual) == said


def test_years_since_joining_outlast_the_record_and_a_moved_date(tmp_path: Path):
    """Joined long before the first term on record; and a date of joining that a return moved behind the day."""
    members = [person(1, join_date=dt.date(2004, 1, 1)), person(2, join_date=dt.date(2024, 2, 1))]
    lake = write(tmp_path, members=members, terms=[*years(1, 2022, 2024), *years(2, 2022, 2024)])

    found = features_of(lake, [(1, dt.date(2024, 1, 1)), (2, dt.date(2024, 1, 1))])

    np.testing.assert_allclose(found.column("years_joined"), [20.0, 2.0], atol=0.01)


def test_what_was_not_recorded_is_unknown_but_to_who_came_later_nothing_is(tmp_path: Path):
    """Logins are recorded from March on. On 1 May a member of old had two months of them that nobody counts as half a
    year; one who joined in April can have done nothing before. A date of joining that a return moved makes none new."""
    members = [person(1), person(2, join_date=dt.date(2024, 4, 1)), person(3, join_date=dt.date(2024, 4, 1))]
    terms = [*years(1, 2022, 2024), term(2, dt.date(2024, 4, 1), dt.date(2025, 3, 31)), *years(3, 2022, 2024)]
    acts = [
        {"member": who, "kind": "login", "occurred_at": at, "recorded_at": at}
        for who, at in ((1, dt.datetime(2024, 3, 1)), (1, dt.datetime(2024, 4, 2)), (2, dt.datetime(2024, 4, 3)))
    ]
    lake = write(tmp_path, members=members, terms=terms, activity=acts)

    found = features_of(lake, [(who, dt.date(2024, 5, 1)) for who in (1, 2, 3)])

    np.testing.assert_array_equal(found.column("logins_180"), [np.nan, 1, np.nan])
    np.testing.assert_array_equal(found.column("logins_90"), [2, 1, 0])


def test_people_of_an_organization_are_those_known_on_the_day(tmp_path: Path):
    """Two people, of whom one takes part and the other moves away in May."""
    moved = person(2, organization=9, valid_from=dt.datetime(2024, 5, 1))
    firm = person(9, record_type="organization")
    members = [person(1, organization=9), person(2, organization=9), moved | {"organization": None}, firm]
    acts = [
        {"member": 1, "kind": "login", "occurred_at": at, "recorded_at": at}
        for at in (dt.datetime(2021, 1, 1), dt.datetime(2024, 2, 1))
    ]
    lake = write(tmp_path, members=members, terms=years(9, 2023, 2024), activity=acts)

    found = features_of(lake, [(9, dt.date(2024, 5, 1)), (9, dt.date(2024, 5, 2))])

    np.testing.assert_array_equal(found.column("people"), [2, 1])
    np.testing.assert_array_equal(found.column("people_share_365"), [0.5, 1.0])


def share_of(folder: Path, *, members: list[dict], rules: Membership = RULES, **tables: list[dict]) -> list[float]:
    """Share of the people of 9 who took part, on the first of May and the day after: 1 did in February."""
    acts = [
        {"member": 1, "kind": "login", "occurred_at": at, "recorded_at": at}
        for at in (dt.datetime(2021, 1, 1), dt.datetime(2024, 2, 1))
    ]
    firm = [person(9, record_type="organization"), person(1, organization=9)]
    terms = years(9, 2023, 2024) + tables.pop("terms", [])
    lake = write(folder, members=firm + members, terms=terms, activity=acts, **tables)
    days = [(9, dt.date(2024, 5, 1)), (9, dt.date(2024, 5, 2))]
    return list(features_of(lake, days, rules=rules).column("people_share_365"))


LATE = dt.datetime(2024, 5, 1, 8)
"""During the first of May: known from the second on."""


def test_who_died_or_was_deleted_counts_among_the_people_until_that_was_known(tmp_path: Path):
    """Though the last version of the record names the organization still, and the death was in January."""
    dead = person(2, organization=9, valid_from=LATE, deceased_on=dt.date(2024, 1, 10))
    gone = [{"member": 2, "known_at": LATE, "gone": True}]
    back = [*gone, {"member": 2, "known_at": LATE + dt.timedelta(hours=1), "gone": False}]

    assert share_of(tmp_path / "a", members=[person(2, organization=9), dead]) == [0.5, 1.0]
    assert share_of(tmp_path / "b", members=[person(2, organization=9)], departures=gone) == [0.5, 1.0]
    assert share_of(tmp_path / "c", members=[person(2, organization=9)], departures=back) == [0.5, 0.5]


def test_whose_place_on_the_bill_is_over_is_none_of_the_people(tmp_path: Path):
    """Three whose terms are billed to the organization, by the type: one's grace ends on the first of May, one was
    taken off the list that day, one has no term for this year and is long over. What somebody pays alone tells nothing
    of it, and a merger all."""
    rules = Membership(list_billed_types=("LIST",))
    listed = {"member_type": "LIST"}
    over = [term(2, dt.date(2023, 4, 2), dt.date(2024, 4, 1), **listed)]
    off = term(3, dt.date(2024, 1, 1), dt.date(2024, 12, 31), **listed)
    off_now = off | {"ends_on": dt.date(2024, 4, 30), "ended_by": "resigned", "recorded_at": LATE}
    alone = [term(2, dt.date(2022, 1, 1), dt.date(2022, 12, 31))]
    merged = [alone[0] | {"ended_by": "merged"}]
    two, three = ([person(who, organization=9)] for who in (2, 3))

    assert share_of(tmp_path / "a", members=two, terms=over, rules=rules) == [0.5, 1.0]
    assert share_of(tmp_path / "b", members=three, terms=[off, off_now], rules=rules) == [0.5, 1.0]
    assert share_of(tmp_path / "c", members=two, terms=alone, rules=rules) == [0.5, 0.5]
    assert share_of(tmp_path / "d", members=two, terms=merged, rules=rules) == [1.0, 1.0]


def test_who_left_no_more_takes_part_for_the_organization(tmp_path: Path):
    """Of two people the one who took part moves away on the first of May: nobody of those who are left did."""
    stays = [person(2, organization=9), person(1, valid_from=LATE)]

    assert share_of(tmp_path, members=stays) == [0.5, 0.0]


def test_who_joined_later_was_not_among_the_people_of_before(tmp_path: Path):
    """A record of unknown age names the organization for all of the past, and a day of joining. Here 2 joined on the
    first of May, and 3 was hired as a member of old."""
    of_old = {"valid_from": dt.datetime(1970, 1, 1), "plain": True, "organization": 9}
    joined = person(2, **of_old, join_date=dt.date(2024, 5, 1))

    assert share_of(tmp_path / "a", members=[joined]) == [1.0, 0.5]
    assert share_of(tmp_path / "b", members=[person(3, **of_old)]) == [0.5, 0.5]


def test_who_carried_an_organization_and_left_is_missed_and_counted_no_more(tmp_path: Path):
    """Of two people the one who did most leaves on the first of May. What the organization's own record does, nobody
    of them does."""
    members = [person(9, record_type="organization"), person(1, organization=9), person(2, organization=9)]
    done = [(9, (2024, 4, 25)), (1, (2023, 12, 1)), (2, (2023, 11, 1)), (2, (2023, 12, 1)), (2, (2024, 4, 20))]
    acts = [
        {"member": who, "kind": "login", "occurred_at": dt.datetime(*on), "recorded_at": dt.datetime(*on)}
        for who, on in [(9, (2021, 1, 1)), *done]
    ]
    moved = person(2, valid_from=LATE)
    lake = write(tmp_path, members=[*members, moved], terms=years(9, 2023, 2024), activity=acts)

    found = features_of(lake, [(9, dt.date(2024, 5, 1)), (9, dt.date(2024, 5, 2))])

    told = {feature.name: found.column(feature.name).tolist() for feature in FEATURES if feature.group == "people"}
    assert told == {
        "people": [2, 1], "people_active_90": [1, 0], "people_active_365": [2, 1], "people_share_365": [1, 1],
        "people_trend": [pytest.approx(5 / 365, abs=1e-6), -1], "key_person_share_365": [0.75, 1],
        "days_per_person_365": [2, 1], "key_person_silent_days": [11, 12],
    }  # fmt: skip


def test_an_organization_that_acts_under_its_own_record_alone_has_nobody_who_does(tmp_path: Path):
    """It counts as its activity, but makes none of its people active."""
    acts = [
        {"member": 9, "kind": "login", "occurred_at": at, "recorded_at": at}
        for at in (dt.datetime(2021, 1, 1), dt.datetime(2024, 2, 1), dt.datetime(2024, 4, 1))
    ]
    lake = write(tmp_path, members=[person(9, record_type="organization")], terms=years(9, 2023, 2024), activity=acts)

    found = features_of(lake, [(9, dt.date(2024, 5, 1))])

    assert found.column("logins_365")[0] == 2
    assert [found.column(name)[0] for name in ("people_active_90", "people_active_365")] == [0, 0]
    assert all(math.isnan(found.column(name)[0]) for name in ("key_person_silent_days", "key_person_share_365"))


def test_how_many_took_part_is_unknown_while_nothing_was_recorded(tmp_path: Path):
    """Of two people nothing can be said in the first weeks in which there are records, not that none took part."""
    act = {"member": 2, "kind": "login", "occurred_at": LATE, "recorded_at": LATE}
    members = [person(9, record_type="organization"), person(1, organization=9), person(2, organization=9)]
    lake = write(tmp_path, members=members, terms=years(9, 2023, 2024), activity=[act])

    found = features_of(lake, [(9, dt.date(2024, 5, 10)), (9, dt.date(2024, 12, 10))])

    np.testing.assert_array_equal(found.column("people_share_365"), [np.nan, 0.5])
    np.testing.assert_array_equal(found.column("people"), [2, 2])


def test_an_event_of_a_chapters_program_is_a_chapter_event(tmp_path: Path):
    """Though the record of the attendance itself names no chapter."""
    programs = [
        {"ref": "DINNER", "kind": "event", "title": "Dinner", "chapter_id": "north"},
        {"ref": "CONGRESS", "kind": "event", "title": "Congress", "chapter_id": None},
    ]
    acts = [
        {"member": 1, "kind": "event_attended", "ref": ref, "occurred_at": at, "recorded_at": at}
        for ref, at in [
            ("DINNER", dt.datetime(2022, 2, 1)), ("CONGRESS", dt.datetime(2023, 9, 1)),
            ("DINNER", dt.datetime(2023, 10, 1)), (None, dt.datetime(2023, 11, 1)),
        ]
    ]  # fmt: skip
    lake = write(tmp_path, members=[person(1)], terms=years(1, 2022, 2024), activity=acts, programs=programs)

    found = features_of(lake, [(1, dt.date(2024, 6, 1))])

    told = {name: found.column(name)[0] for name in ("chapter_events_730", "national_events_730", "in_chapter_365")}
    assert told == {"chapter_events_730": 1, "national_events_730": 2, "in_chapter_365": 1}
