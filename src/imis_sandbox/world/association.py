"""The association as a whole: founded, lived through its history, living on."""

from __future__ import annotations

import numpy as np

from imis_sandbox.world import billing, engagement, gatherings, lives, people
from imis_sandbox.world.config import DAY, Config
from imis_sandbox.world.state import State, open_state

_STEP = 7
"""Days lived at once while history is made."""


class Association:
    """A living association; see `imis_sandbox.world`.

    Args:
        config: Its recipe.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.state: State = open_state(config)
        people.found(self.state)
        day = self.state.start - people.WARM_UP
        while day < self.state.today0:
            following = min(day + _STEP, self.state.today0)
            self._live(day, following)
            day = following

    @property
    def now(self) -> int:
        """The second that the association has reached: the start of its today."""
        return self.state.today * DAY

    def advance(self, days: int) -> None:
        """Live so many more days, one by one."""
        for _ in range(days):
            self._live(self.state.today, self.state.today + 1)

    def _live(self, first: int, last: int) -> None:
        state = self.state
        state.horizon = last * DAY
        gatherings.live(state, first, last)
        engagement.live(state, first, last)
        lives.live(state, first, last)
        billing.live(state, first, last)
        people.join(state, first, last)
        self._record(last)

    def _record(self, last: int) -> None:
        state = self.state
        entered = len(state.versions)
        state.versions.flush(last * DAY)
        state.people["version"][state.versions["who"][entered:]] = np.arange(entered, len(state.versions))
        noted = len(state.changes)
        state.changes.flush(last * DAY)
        state.learn(noted)
        for log in state.logs.values():
            log.flush(last * DAY, state.history)
        state.today, state.flushed = last, last * DAY
