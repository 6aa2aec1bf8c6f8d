"""Why a member's risk is what it is, as the contract counts it: by how many points it would fall if one group of
signals were as is usual for members of the same type.

The answer is faithful by construction, since the model itself is asked again; a group is changed as a whole, so that
signals that move together make one reason. It says what goes with lapsing, not what causes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import DIRECTIONS, FEATURES, GROUPS, Feature
from tenure.risk.encoding import Encoding
from tenure.risk.learners import Columns, Floats

_FEATURES: dict[str, Feature] = {feature.name: feature for feature in FEATURES}
_FEWEST_ALIKE = 20
"""Members of a type needed to say what is usual for it; with fewer, all members do."""

Predict = Callable[[Columns], Floats]


@dataclass(frozen=True)
class Reasons:
    """Three reasons and the strongest evidence against, for each member.

    Args:
        words: Shape (n, 3): strongest first.
        points: Shape (n, 3): by how many points the score would fall.
        groups: Shape (n, 3): which group of signals each is.
        against: The signal that lowers the risk most, in words; empty where none does.
        importance: For each group, the mean absolute points over all members.
    """

    words: NDArray[np.object_]
    points: Floats
    groups: NDArray[np.object_]
    against: list[str]
    importance: dict[str, float]


@dataclass(frozen=True)
class _Usual:
    """The usual value of each column for each member's type, and which are known."""

    table: Columns
    kind: NDArray[np.int64]

    def column(self, place: int) -> NDArray[np.float32]:
        return np.asarray(self.table[self.kind, place])


def explain(encoding: Encoding, x: Columns, member_types: pl.Series, predict: Predict) -> Reasons:
    """Ask the model again with each group of signals as is usual for the type.

    Args:
        encoding: The columns of *x*.
        x: One row per member, shape (n, n_columns).
        member_types: Of each member.
        predict: Columns to calibrated probability.
    """
    usual = _usual(x, member_types)
    groups = _columns_of_groups(encoding)
    now = predict(x)
    points = np.zeros((len(x), len(groups)))
    for place, columns in enumerate(groups.values()):
        points[:, place] = 100 * (now - predict(_with_usual(x, usual, columns)))
    order = np.argsort(-points, axis=1, kind="stable")
    most = min(3, len(groups))
    words = np.full((len(x), 3), "", object)
    names = np.array(list(groups), object)
    speaker = _Speaker(encoding, x, usual, now, groups, predict)
    for rank in range(most):
        for place, group in enumerate(groups):
            here = np.flatnonzero(order[:, rank] == place)
            words[here, rank] = speaker.say(group, here, upward=points[here, place] >= 0)
    against = _against(speaker, list(groups), points)
    top = np.take_along_axis(points, order[:, :most], axis=1)
    return Reasons(
        words=words,
        points=np.pad(top, ((0, 0), (0, 3 - most))),
        groups=names[order[:, :3]] if len(x) else np.empty((0, 3), object),
        against=against,
        importance={
            name: float(np.abs(points[:, place]).mean()) if len(x) else 0.0 for place, name in enumerate(groups)
        },
    )


def _usual(x: Columns, member_types: pl.Series) -> _Usual:
    """Median of each column for each type; a type with few members takes that of all."""
    kinds = (
        member_types.fill_null("").rank("dense").to_numpy().astype(np.int64) - 1 if len(x) else np.zeros(0, np.int64)
    )
    table = np.empty((int(kinds.max(initial=-1)) + 1, x.shape[1]), np.float32)
    overall = _medians(x)
    for kind in range(len(table)):
        own = x[kinds == kind]
        table[kind] = _medians(own) if len(own) >= _FEWEST_ALIKE else overall
    return _Usual(table, kinds)


def _medians(x: Columns) -> NDArray[np.float32]:
    """Column medians of what is known; NaN where most is not known, since then not knowing is what is usual."""
    if not len(x):
        return np.full(x.shape[1], np.nan, np.float32)
    unknown = np.isnan(x).mean(axis=0) > 0.5
    filled = np.where(np.isnan(x).all(axis=0), np.float32(0), x)
    return np.where(unknown, np.nan, np.nanmedian(filled, axis=0)).astype(np.float32)


def _columns_of_groups(encoding: Encoding) -> dict[str, list[int]]:
    """Places of the columns of each group that has any, in the order of the catalogue. A member's type is not a
    signal that could be as is usual for the type."""
    found: dict[str, list[int]] = {group.name: [] for group in GROUPS}
    for place, name in enumerate(encoding.columns):
        field, is_level, _ = name.partition("=")
        if not is_level:
            found[_FEATURES[name].group].append(place)
        elif field != "member_type":
            found["chapter" if field == "chapter_id" else "type"].append(place)
    return {name: places for name, places in found.items() if places}


def _with_usual(x: Columns, usual: _Usual, columns: list[int]) -> Columns:
    changed = x.copy()
    for place in columns:
        changed[:, place] = usual.column(place)
    return changed


@dataclass(frozen=True)
class _Speaker:
    """Finds, within a group, the signal that speaks for it, and puts it in words."""

    encoding: Encoding
    x: Columns
    usual: _Usual
    now: Floats
    groups: dict[str, list[int]]
    predict: Predict

    def say(self, group: str, rows: NDArray[np.int64], *, upward: NDArray[np.bool_]) -> list[str]:
        """Words of *group* for *rows*: those of the signal that alone moves the risk most in the group's direction."""
        if not rows.size:
            return []
        columns = [place for place in self.groups[group] if "=" not in self.encoding.columns[place]]
        if not columns:
            return [_WHERE.get(group, "Type and place of the member")] * rows.size
        alone = np.stack([self._alone(rows, place) for place in columns], axis=1)
        # Neither what is not known of a member nor what points the other way is told while anything else can be.
        silent = np.isnan(self.x[rows][:, columns]) | self._contrary(rows, columns, upward)
        up, down = np.where(silent, -np.inf, alone), np.where(silent, np.inf, alone)
        lead = np.where(upward, up.argmax(axis=1), down.argmin(axis=1))
        return [self._words(int(row), columns[int(choice)]) for row, choice in zip(rows, lead, strict=True)]

    def in_favor(self, group: str) -> NDArray[np.bool_]:
        """Members of whom *group* has anything to say that could speak for staying, shape (n,)."""
        columns = [place for place in self.groups[group] if "=" not in self.encoding.columns[place]]
        if group in _NO_EVIDENCE or not columns:
            return np.zeros(len(self.x), bool)
        rows = np.arange(len(self.x))
        silent = np.isnan(self.x[:, columns]) | self._contrary(rows, columns, np.zeros(rows.size, bool))
        return np.asarray(~silent.all(axis=1))

    def _contrary(self, rows: NDArray[np.int64], columns: list[int], upward: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where a signal is as usual, or can only point one way and differs the other; shape (n_rows, n_columns)."""
        sense = np.array([DIRECTIONS[self.encoding.columns[place]] for place in columns])
        usual = np.stack([self.usual.column(place)[rows] for place in columns], axis=1)
        apart = np.nan_to_num(self.x[rows][:, columns] - usual)
        return np.asarray((apart == 0) | (sense * np.sign(apart) * np.where(upward, 1, -1)[:, None] < 0))

    def _alone(self, rows: NDArray[np.int64], place: int) -> Floats:
        usual = self.usual.column(place)[rows]
        own = self.x[rows, place]
        same = (own == usual) | np.isnan(own)
        moved = np.zeros(rows.size)
        ask = ~same
        if ask.any():
            changed = self.x[rows[ask]].copy()
            changed[:, place] = usual[ask]
            moved[ask] = self.now[rows[ask]] - self.predict(changed)
        # A column that is as usual cannot speak for its group while another differs.
        return np.where(same, 0.0, moved)

    def _words(self, row: int, place: int) -> str:
        usual = float(self.usual.column(place)[row])
        feature = _FEATURES[self.encoding.columns[place]]
        return feature.say(float(self.x[row, place]), None if np.isnan(usual) else usual)


_NO_EVIDENCE = frozenset({"type", "timing"})
"""Groups that say nothing in a member's favor, whatever they do to the number."""

_WHERE = {"chapter": "The member's chapter", "type": "Industry, region or country of the member"}


def _against(speaker: _Speaker, names: list[str], points: Floats) -> list[str]:
    answer = [""] * len(points)
    if not names:
        return answer
    told = np.column_stack([speaker.in_favor(group) for group in names])
    last = np.where(told, points, np.inf).argmin(axis=1)
    for place, group in enumerate(names):
        here = np.flatnonzero((last == place) & told[:, place] & (points[:, place] < -0.05))
        for row, words in zip(here, speaker.say(group, here, upward=np.zeros(here.size, bool)), strict=True):
            answer[int(row)] = words
    return answer
