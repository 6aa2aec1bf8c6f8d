"""The site's time zone: the world lives in UTC, the service speaks local time without an offset."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from zoneinfo import ZoneInfo

import numpy as np

from imis_sandbox.world.store import Array

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the site's own time
_FIRST, _LAST = 946_684_800, 2_524_608_000


class Zone:
    """Conversion between seconds of UTC and of local time.

    Args:
        name: As in the tz database.
    """

    def __init__(self, name: str = "UTC") -> None:
        self._info = ZoneInfo(name)
        self._changes, self._offsets = [_FIRST], [self._offset(_FIRST)]
        for second in range(_FIRST, _LAST, 86_400):
            if self._offset(second + 86_400) != self._offsets[-1]:
                self._changes.append(self._change(second, second + 86_400))
                self._offsets.append(self._offset(second + 86_400))

    def _offset(self, second: int) -> int:
        offset = dt.datetime.fromtimestamp(second, self._info).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def _change(self, low: int, high: int) -> int:
        before = self._offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        return high

    def local(self, seconds: Array) -> Array:
        """UTC to local."""
        moments = np.asarray(seconds).astype(np.int64)
        if len(self._changes) == 1:
            return moments + self._offsets[0]
        place = np.searchsorted(self._changes, moments, side="right") - 1
        return np.asarray(moments + np.asarray(self._offsets)[np.maximum(place, 0)])

    def text(self, second: int) -> str:
        """One second of UTC as local ISO text; for a single one much faster than by arrays."""
        place = bisect_right(self._changes, second) - 1
        return moment_text(second + self._offsets[max(place, 0)])

    def utc(self, second: float) -> float:
        """Local to UTC; of two possible moments the earlier."""
        guess = second - float(self.local(np.array([int(second)]))[0] - int(second))
        shift = float(self.local(np.array([int(guess)]))[0] - int(guess))
        return second - shift


def moment_text(second: int) -> str:
    """One second as ISO text without an offset."""
    return (_EPOCH + dt.timedelta(seconds=second)).isoformat()


def text_of(seconds: Array) -> list[str]:
    """Seconds as ISO text without an offset."""
    return list(np.datetime_as_string(np.asarray(seconds).astype(np.int64).astype("datetime64[s]")).tolist())


def seconds_of(text: str) -> float:
    """ISO text, or a few other customary spellings, as seconds; raises ValueError on anything else."""
    cleaned = text.strip().strip("'\"")
    try:
        moment = dt.datetime.fromisoformat(cleaned)
    except ValueError:
        moment = dt.datetime.strptime(cleaned, "%m/%d/%Y")  # noqa: DTZ007 - the site's own time
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.timestamp()
