"""No feature sees the future: what is recorded on T or later changes nothing of T, wherever it says it belongs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.base.settings import Membership
from tenure.features import FEATURES, FeatureMatrix, build
from tenure.lake import Lake
from tenure.membership import decisions, standing
from tenure.membership.contract import KINDS

T = dt.date(2024, 6, 1)
START = dt.datetime(2024, 6, 1)
AT = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
RULES = Membership()
MEMBERS = (1, 2, 3)
JOINED = dt.date(2021, 6, 1)

instants = st.datetimes(dt.datetime(2021, 1, 1), dt.datetime(2025, 1, 1))
before_t = st.datetimes(dt.datetime(2021, 1, 1), START - dt.timedelta(microseconds=1))
from_t_on = st.datetimes(START, dt.datetime(2025, 1, 1))
maybe_text = st.sampled_from([None, "a", "b"])


def acts(recorded: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[list[dict[str, object]]]:
    row = st.fixed_dictionaries({
        "member": st.sampled_from(MEMBERS), "kind": st.sampled_from([*KINDS, "podcast_heard"]), "occurred_at": instants,
        "recorded_at": recorded, "value": st.sampled_from([None, 0.5, 30.0]), "chapter_id": maybe_text,
    })  # fmt: skip
    return st.lists(row, max_size=25)


def versions(known: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[list[dict[str, object]]]:
    row = st.fixed_dictionaries({
        "member": st.sampled_from(MEMBERS), "valid_from": known, "plain": st.just(value=False),
        "record_type": st.sampled_from(["individual", "organization"]), "organization": st.sampled_from([None, 1, 2]),
        "member_type": st.sampled_from(["REG", "STU"]), "join_date": st.just(dt.date(2020, 1, 1)),
        "chapter_id": maybe_text, "employer": maybe_text, "job_title": maybe_text, "region": maybe_text,
        "profile_completeness": st.sampled_from([None, 0.2, 0.9]),
        "email_allowed": st.sampled_from([None, True, False]),
        "objects_to_profiling": st.sampled_from([None, True, False]),
        "deceased_on": st.sampled_from([None, None, dt.date(2023, 5, 1), dt.date(2024, 8, 1)]),
    })  # fmt: skip
    return st.lists(row, max_size=8, unique_by=lambda r: (r["member"], r["valid_from"]))


def term_versions(known: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[list[dict[str, object]]]:
    def finish(row: dict[str, object]) -> dict[str, object]:
        year = row.pop("year")
        shorter = row.pop("shorter")
        return row | {
            "term_id": f"{row['member']}-{year}",
            "starts_on": dt.date(year, 1, 1),
            "ends_on": dt.date(year, 12, 31) - dt.timedelta(days=shorter),
        }

    row = st.fixed_dictionaries({
        "member": st.sampled_from(MEMBERS), "year": st.integers(2021, 2024),
        "shorter": st.sampled_from([0, 0, 60, 200]),
        "member_type": st.sampled_from(["REG", "STU"]), "dues": st.sampled_from([None, 100.0, 120.0]),
        "paid_on": st.sampled_from([None, dt.date(2023, 1, 10), dt.date(2024, 1, 20)]),
        "auto_renew": st.sampled_from([None, True]), "ended_by": st.sampled_from([None, None, "resigned", "deceased"]),
        "recorded_at": known,
    }).map(finish)  # fmt: skip
    return st.lists(row, max_size=10, unique_by=lambda r: (r["term_id"], r["recorded_at"]))


def departures(seen: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[list[dict[str, object]]]:
    row = st.fixed_dictionaries({"member": st.sampled_from(MEMBERS), "known_at": seen, "gone": st.booleans()})
    return st.lists(row, max_size=4, unique_by=lambda r: (r["member"], r["known_at"]))


def write(
    root: Path, members: list[dict], terms: list[dict], activity: list[dict], departures: list[dict] | None = None
) -> Lake:
    lake = Lake.open(root)
    numbered = [row | {"activity_key": place} for place, row in enumerate(activity)]
    tables = {"members": members, "terms": terms, "activity": numbered, "departures": departures}
    with lake.batch(source="test", at=AT) as batch:
        for table, rows in tables.items():
            batch.replace(table, pl.DataFrame(rows, infer_schema_length=None) if rows else batch.current(table).clear())
        batch.commit()
    return lake


def features_of(lake: Lake) -> FeatureMatrix:
    rows = pl.DataFrame({"row": [0, 1, 2], "member": list(MEMBERS), "as_of": [T] * 3})
    return build(lake, standing(lake.terms(), lake.members(), rows, RULES), RULES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    past=st.tuples(versions(before_t), term_versions(before_t), acts(before_t), departures(before_t)),
    future=st.tuples(versions(from_t_on), term_versions(from_t_on), acts(from_t_on), departures(from_t_on)),
)
def test_rows_recorded_on_or_after_the_day_change_no_feature_of_it(past: tuple, future: tuple):
    """Late and back-dated activity, overwritten fields, resignations entered later: T stays as it was."""
    with TemporaryDirectory() as folder:
        knew = features_of(write(Path(folder) / "a", *past))
        later = features_of(write(Path(folder) / "b", *(p + f for p, f in zip(past, future, strict=True))))

    np.testing.assert_array_equal(knew.x, later.x)
    assert knew.rows.equals(later.rows)
    assert knew.categories.equals(later.categories)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    past=st.tuples(versions(before_t), term_versions(before_t)),
    future=st.tuples(versions(from_t_on), term_versions(from_t_on)),
)
def test_rows_recorded_on_or_after_the_day_change_no_label_of_it(past: tuple, future: tuple):
    """A label read on T knows nothing of a payment or resignation recorded on T or later."""
    with TemporaryDirectory() as folder:
        knew = write(Path(folder) / "a", *past, [])
        later = write(Path(folder) / "b", *(p + f for p, f in zip(past, future, strict=True)), [])
        before, after = (decisions(lake.terms(), lake.members(), RULES, as_of=T) for lake in (knew, later))

    assert before.equals(after)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(activity=acts(instants))
def test_the_kernel_counts_what_a_plain_filter_counts(activity: list[dict]):
    """On both clocks, for several days in one sweep, every count and recency is what one row at a time would give."""
    days = [dt.date(2022, 3, 1), dt.date(2023, 1, 15), dt.date(2024, 6, 1), dt.date(2024, 7, 1), dt.date(2024, 12, 31)]
    names = [
        "logins_90",
        "events_attended_365",
        "volunteered_730",
        "login_minutes_90",
        "active_weeks_365",
        "login_since",
    ]
    chosen = tuple(f for f in FEATURES if f.name in names)
    term = {
        "term_id": "t", "member": 1, "starts_on": JOINED, "ends_on": dt.date(2026, 12, 31),
        "member_type": "REG", "dues": 1.0, "recorded_at": dt.datetime(2020, 12, 1),
    }  # fmt: skip
    mine = [row | {"member": 1} for row in activity]
    with TemporaryDirectory() as folder:
        lake = write(Path(folder), [], [term], mine)
        rows = pl.DataFrame({"row": range(len(days)), "member": [1] * len(days), "as_of": days})
        found = build(lake, standing(lake.terms(), lake.members(), rows, RULES), RULES, features=chosen)

    for place, day in enumerate(days):
        expected = plainly(mine, day, [f.name for f in chosen])
        np.testing.assert_allclose(found.x[place], expected, rtol=1e-5, err_msg=str(day))


def plainly(activity: list[dict], day: dt.date, names: list[str]) -> list[float]:
    """The reference: one filter a feature, as slowly and clearly as possible."""
    from tenure.features.activity import SENT_OR_BILLED

    known = [a for a in activity if a["occurred_at"].date() < day and a["recorded_at"].date() < day]

    def kinds(*wanted: str) -> list[dict]:
        return [a for a in known if a["kind"] in wanted]

    def within(rows: list[dict], days: int) -> list[dict]:
        return [a for a in rows if a["occurred_at"].date() >= day - dt.timedelta(days=days)]

    def began(rows: list[dict]) -> int:
        days = [max(a["occurred_at"], a["recorded_at"]).date() for a in rows]
        return (day - min(days)).days if days else -(10**6)

    def recorded(rows: list[dict], days: int, value: float) -> float:
        joined_since = 0 <= (day - JOINED).days <= began(rows)
        return value if began(rows) >= days / 2 or joined_since else np.nan

    of = lambda *wanted: [a for a in activity if a["kind"] in wanted]  # noqa: E731
    own = [a for a in known if a["kind"] not in SENT_OR_BILLED]
    weeks = {(a["occurred_at"].date() - dt.date(1970, 1, 1)).days // 7 for a in within(own, 365)}
    login = [a["occurred_at"].date() for a in kinds("login")]
    gap = (day - max(login)).days if login and max(login) >= day - dt.timedelta(days=730) else 999.0
    answers = {
        "logins_90": recorded(of("login"), 90, len(within(kinds("login"), 90))),
        "events_attended_365": recorded(of("event_attended"), 365, len(within(kinds("event_attended"), 365))),
        "volunteered_730": recorded(of("volunteer_completed"), 730, len(within(kinds("volunteer_completed"), 730))),
        "login_minutes_90": recorded(of("login"), 90, sum(a["value"] or 0 for a in within(kinds("login"), 90))),
        "active_weeks_365": recorded(activity, 365, len(weeks)),
        "login_since": gap if began(of("login")) > 0 else np.nan,
    }
    return [answers[name] for name in names]


def test_every_feature_has_a_group_and_a_name_of_its_own():
    """Reasons are made by group, and models are stored by name."""
    from tenure.features import GROUPS

    names = [feature.name for feature in FEATURES]

    assert sorted(set(names)) == sorted(names)
    assert {feature.group for feature in FEATURES} <= {group.name for group in GROUPS}


def test_protected_attributes_are_never_features():
    """Birth year and gender lie where features cannot read them."""
    assert not [feature.name for feature in FEATURES if "birth" in feature.name or "gender" in feature.name]
    with TemporaryDirectory() as folder:
        lake = Lake.open(Path(folder))
        assert {"birth_year", "gender"}.isdisjoint(lake.members().columns)
