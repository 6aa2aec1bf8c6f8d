"""A member's rhythm is what a plain reading of the history gives, whichever days are asked together."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from statistics import mean, pstdev
from tempfile import TemporaryDirectory

import numpy as np
from histories import acts, features_of, person, write, years
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.features import FEATURES
from tenure.features.activity import RESPONSES, SENT_OR_BILLED
from tenure.features.rhythm import COLUMNS

DAYS = [dt.date(2022, 3, 1), dt.date(2023, 1, 15), dt.date(2023, 12, 31), dt.date(2024, 7, 1), dt.date(2024, 12, 1)]
CHOSEN = tuple(feature for feature in FEATURES if feature.name in COLUMNS)


def some(examples: int) -> settings:
    """Each example writes a lake."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@some(30)
@given(activity=acts((1, 2, 3)), organization=st.booleans())
def test_rhythm_is_what_a_plain_reading_gives(activity: list[dict], organization: bool):
    """Active days of this term and the last, gaps, decay, answers and people, one history at a time."""
    kind = "organization" if organization else "individual"
    people = [person(1, record_type=kind), person(2, organization=1), person(3, organization=1)]
    with TemporaryDirectory() as folder:
        lake = write(Path(folder), members=people, terms=years(1, 2021, 2024), activity=activity)
        found = features_of(lake, [(1, day) for day in DAYS], CHOSEN)

    for place, day in enumerate(DAYS):
        expected = plainly(activity, day, organization)
        np.testing.assert_allclose(
            found.x[place], [expected[name] for name in found.names], rtol=1e-4, err_msg=f"{day} {found.names}"
        )


@some(8)
@given(activity=acts((1,)))
def test_a_day_asked_alone_is_as_among_others(activity: list[dict]):
    """Training asks for years of days at once and a night for one; every feature must be the same in both."""
    with TemporaryDirectory() as folder:
        lake = write(Path(folder), members=[person(1)], terms=years(1, 2021, 2024), activity=activity)
        together = features_of(lake, [(1, day) for day in DAYS])
        alone = [features_of(lake, [(1, day)]) for day in DAYS]

    for place, one in enumerate(alone):
        np.testing.assert_array_equal(one.x[0], together.x[place], err_msg=str(DAYS[place]))


def plainly(activity: list[dict], day: dt.date, organization: bool) -> dict[str, float]:
    """The reference, as slowly and clearly as possible."""
    began, before = dt.date(day.year, 1, 1), dt.date(day.year - 1, 1, 1)
    since: dict[str, dt.date] = {}
    for a in activity:
        on = max(a["occurred_at"], a["recorded_at"]).date()
        since[a["kind"]] = min(on, since.get(a["kind"], on))
    known = [
        (a["occurred_at"].date(), a["kind"], a["chapter_id"], a["member"])
        for a in activity
        if a["occurred_at"].date() < day and a["recorded_at"].date() < day
    ]
    initiated = lambda k: k not in SENT_OR_BILLED  # noqa: E731
    back = lambda days: day - dt.timedelta(days=days)  # noqa: E731
    acts_since = min((on for k, on in since.items() if initiated(k)), default=dt.date.max)

    def active(start: dt.date, end: dt.date, told: dt.date, who: int | None = None) -> set[dt.date]:
        return {
            d for d, k, _, m in known if start <= d < end and initiated(k) and since[k] <= told and who in (None, m)
        }

    shift = began - before

    def trend(reach: int) -> float:
        start = back(reach)
        now = len(active(start, day, start - shift))
        then = len(active(start - shift, day - shift, start - shift))
        return (now - then) / (now + then) if reach > 0 and now + then else np.nan

    most = 730 - shift.days
    own = acts_since <= began
    year, far = active(back(365), day, back(182)), active(back(730), day, back(182))
    gaps = [(b - a).days for a, b in pairwise(sorted(year))]
    rhythm = len(year) >= 4
    clicks = {d for d, k, _, _ in known if k in RESPONSES}
    answered = sum(d in clicks or d - dt.timedelta(1) in clicks for d in year)
    attended = [(d, c) for d, k, c, _ in known if k == "event_attended" and d >= back(730)]
    seen = since.get("event_attended", dt.date.max) <= back(365)
    answer = {
        "cycle_active_days": len(active(began, day, day)) if own else np.nan,
        "cycle_trend": trend(min((day - began).days, most)),
        "cycle_trend_90": trend(min(90, most)),
        "transactions_cycle": len({d for d, k, _, _ in known if k in ("payment", "gift") and d >= began}),
        "active_months_365": len({((day - d).days - 1) // 31 for d in year}) if acts_since <= back(182) else np.nan,
        "gap_variation": pstdev(gaps) / mean(gaps) if rhythm else np.nan,
        "silence_ratio": min((day - max(year)).days / mean(gaps), 30) if rhythm else np.nan,
        "decayed_days": sum(0.5 ** ((day - d).days / 60) for d in far) if acts_since <= back(182) else np.nan,
        "prompted_share_365": answered / len(year) if year else np.nan,
        "chapter_events_730": len({d for d, c in attended if c}) if seen else np.nan,
        "national_events_730": len({d for d, c in attended if not c}) if seen else np.nan,
        "key_person_silent_days": np.nan, "key_person_share_365": np.nan, "days_per_person_365": np.nan,
        "people": 2 if organization else np.nan, "people_share_365": np.nan,
    }  # fmt: skip
    return answer | (carried(active, day, back) if organization and acts_since <= back(182) else {})


def carried(active, day: dt.date, back) -> dict[str, float]:
    """Who carries an organization."""
    whole = {m: active(back(365), day, day, m) for m in (2, 3)}  # under 1 acts nobody
    earlier = {m: len({d for d in days if d < back(90)}) for m, days in whole.items()}
    counts = [len(days) for days in whole.values()]
    found: dict[str, float] = {"people_share_365": sum(bool(whole[m]) for m in (2, 3)) / 2}
    if sum(counts):
        found["key_person_share_365"] = max(counts) / sum(counts)
        found["days_per_person_365"] = sum(counts) / sum(n > 0 for n in counts)
    if max(earlier.values()):
        key = max(earlier, key=lambda m: (earlier[m], -m))
        found["key_person_silent_days"] = (day - max(whole[key])).days
    return found
