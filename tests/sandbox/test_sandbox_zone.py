"""The site's time: local, without an offset, through both changes of the clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imis_sandbox.rest.zone import Zone, seconds_of, text_of

NEW_YORK = Zone("America/New_York")
seconds = st.integers(min_value=1_500_000_000, max_value=1_900_000_000)


@given(seconds)
def test_local_time_is_that_of_the_tz_database(second: int) -> None:
    local = dt.datetime.fromtimestamp(second, ZoneInfo("America/New_York")).replace(tzinfo=None)
    assert text_of(NEW_YORK.local(np.array([second]))) == [local.isoformat(timespec="seconds")]


@given(seconds)
def test_local_time_goes_back_to_the_same_moment_or_its_twin(second: int) -> None:
    there = int(NEW_YORK.local(np.array([second]))[0])
    assert NEW_YORK.utc(there) in (second, second - 3600)


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T00:00:00", "'2026-03-01'", "03/01/2026"])
def test_customary_spellings_are_read(text: str) -> None:
    assert seconds_of(text) == dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()


def test_other_spellings_are_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        seconds_of("soon")
