"""Why a member's risk is what it is, as the contract counts it: by how many points it would fall if one group of
signals were as is usual for members of the same type.

The answer is faithful by construction, since the model itself is asked again; a group is changed as a whole, so that
signals that move together make one reason. It says what goes with lapsing, not what causes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import DIRECTIONS, FEATURES, GROUPS, Feature
from tenure.risk.encoding import Encoding
from tenure.risk.learners import Columns, Floats

_FEATURES: dict[str, Feature] = {feature.name: feature for feature in FEATURES}
_FEWEST_ALIKE = 20
"""Members of a type needed to say what is usual for it; with fewer, all members do."""

_BLOCK = 65_536
"""Members asked about at a time: what they need fits in memory whatever their number."""


class Asked(Protocol):
    """A model that can be asked what it would say if a group of signals were as is usual."""

    def probability(self, x: Columns) -> Floats:
        """Calibrated probability, shape (n_rows,)."""
        ...

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """The same with each group as is usual for the row's kind, shape (n_rows, n_groups)."""
        ...


@dataclass(frozen=True)
class Reasons:
    """Three reasons and the strongest evidence against, for each member.

    Args:
        words: Shape (n, 3): strongest first.
        points: Shape (n, 3): by how many whole points the score would fall.
        groups: Shape (n, 3): which group of signals each is.
        sure: Whether models of either half of the members name the same first reason, shape (n,).
        against: The signal that lowers the risk most, in words; empty where none does.
        importance: For each group, the mean absolute points over all members.
    """

    words: NDArray[np.object_]
    points: Floats
    groups: NDArray[np.object_]
    sure: NDArray[np.bool_]
    against: list[str]
    importance: dict[str, float]


@dataclass(frozen=True)
class _Usual:
    """The usual value of each column for each member's type, and which are known."""

    table: Columns
    kind: NDArray[np.int64]

    def column(self, place: int) -> NDArray[np.float32]:
        return np.asarray(self.table[self.kind, place])


def explain(
    encoding: Encoding, x: Columns, member_types: pl.Series, model: Asked, halves: tuple[Asked, ...] = ()
) -> Reasons:
    """Ask the model again with each group of signals as is usual for the type.

    Reasons that come to the same whole point stand in the order of the catalog: a tenth of a point is chance.

    Args:
        encoding: The columns of *x*.
        x: One row per member, shape (n, n_columns).
        member_types: Of each member.
        model: What gives the risk.
        halves: Models of halves of the members; where their first reasons differ from the model's, it is not sure.
    """
    usual, groups = _usual(x, member_types), _columns_of_groups(encoding)
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, len(x), _BLOCK)]
    parts = [_explained(encoding, x[b], _Usual(usual.table, usual.kind[b]), groups, model, halves) for b in blocks]
    if not parts:
        empty = np.empty((0, 3), object)
        return Reasons(empty, np.zeros((0, 3)), empty, np.zeros(0, bool), [], dict.fromkeys(groups, 0.0))
    sizes = np.array([len(part.points) for part in parts])
    return Reasons(
        words=np.concatenate([part.words for part in parts]),
        points=np.concatenate([part.points for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
        sure=np.concatenate([part.sure for part in parts]),
        against=[words for part in parts for words in part.against],
        importance={
            name: float(np.average([part.importance[name] for part in parts], weights=sizes)) for name in groups
        },
    )


def group_points(encoding: Encoding, x: Columns, member_types: pl.Series, model: Asked) -> dict[str, Floats]:
    """By how many points the risk of each member would fall with each subject's signals as is usual for the type.

    Returns:
        For each name in `tenure.features.GROUPS` of which the model has a signal, shape (n,).
    """
    groups = _columns_of_groups(encoding)
    points = _points(model, model.probability(x), x, _usual(x, member_types), groups)
    return {name: points[:, place] for place, name in enumerate(groups)}


def _explained(
    encoding: Encoding,
    x: Columns,
    usual: _Usual,
    groups: dict[str, list[int]],
    model: Asked,
    halves: tuple[Asked, ...],
) -> Reasons:
    now = model.probability(x)
    points = _points(model, now, x, usual, groups)
    order = np.argsort(-np.rint(points), axis=1, kind="stable")
    sure = np.ones(len(x), bool)
    for half in halves:
        theirs = _points(half, half.probability(x), x, usual, groups)
        sure &= np.argsort(-np.rint(theirs), axis=1, kind="stable")[:, 0] == order[:, 0]
    most = min(3, len(groups))
    words = np.full((len(x), 3), "", object)
    names = np.array(list(groups), object)
    speaker = _Speaker(encoding.columns, x, usual, now, groups, model)
    for rank in range(most):
        for place, group in enumerate(groups):
            here = np.flatnonzero(order[:, rank] == place)
            words[here, rank] = speaker.say(group, here, upward=points[here, place] >= 0)
    top = np.take_along_axis(points, order[:, :most], axis=1)
    return Reasons(
        words=words,
        points=np.pad(np.rint(top) + 0.0, ((0, 0), (0, 3 - most))),
        groups=names[order[:, :3]],
        sure=sure,
        against=_against(speaker, list(groups), points),
        importance={name: float(np.abs(points[:, place]).mean()) for place, name in enumerate(groups)},
    )


def _points(model: Asked, now: Floats, x: Columns, usual: _Usual, groups: dict[str, list[int]]) -> Floats:
    """By how many points the risk would fall with each group as is usual, shape (n_rows, n_groups)."""
    return 100 * (now[:, None] - model.grouped(x, usual.table, usual.kind, list(groups.values())))


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


@dataclass(frozen=True)
class _Speaker:
    """Finds, within a group, the signal that speaks for it, and puts it in words."""

    names: tuple[str, ...]
    x: Columns
    usual: _Usual
    now: Floats
    groups: dict[str, list[int]]
    model: Asked

    def say(self, group: str, rows: NDArray[np.int64], *, upward: NDArray[np.bool_]) -> list[str]:
        """Words of *group* for *rows*: those of the signal that alone moves the risk most in the group's direction."""
        if not rows.size:
            return []
        columns = [place for place in self.groups[group] if "=" not in self.names[place]]
        if not columns:
            return [_WHERE.get(group, "Type and place of the member")] * rows.size
        alone = self._alone(rows, columns)
        # Neither what is not known of a member nor what points the other way is told while anything else can be.
        silent = np.isnan(self.x[rows][:, columns]) | self._contrary(rows, columns, upward)
        up, down = np.where(silent, -np.inf, alone), np.where(silent, np.inf, alone)
        lead = np.where(upward, up.argmax(axis=1), down.argmin(axis=1))
        return self._words(rows, np.array(columns)[lead])

    def in_favor(self, group: str) -> NDArray[np.bool_]:
        """Members of whom *group* has anything to say that could speak for staying, shape (n,)."""
        columns = [place for place in self.groups[group] if "=" not in self.names[place]]
        if group in _NO_EVIDENCE or not columns:
            return np.zeros(len(self.x), bool)
        rows = np.arange(len(self.x))
        silent = np.isnan(self.x[:, columns]) | self._contrary(rows, columns, np.zeros(rows.size, bool))
        return np.asarray(~silent.all(axis=1))

    def _contrary(self, rows: NDArray[np.int64], columns: list[int], upward: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where a signal is as usual, or can only point one way and differs the other; shape (n_rows, n_columns)."""
        sense = np.array([DIRECTIONS[self.names[place]] for place in columns])
        usual = np.stack([self.usual.column(place)[rows] for place in columns], axis=1)
        apart = np.nan_to_num(self.x[rows][:, columns] - usual)
        return np.asarray((apart == 0) | (sense * np.sign(apart) * np.where(upward, 1, -1)[:, None] < 0))

    def _alone(self, rows: NDArray[np.int64], columns: list[int]) -> Floats:
        """By how much each of *columns* alone moves the risk, shape (n_rows, n_columns)."""
        kind = self.usual.kind[rows]
        asked = self.model.grouped(self.x[rows], self.usual.table, kind, [[place] for place in columns])
        own, usual = self.x[rows][:, columns], self.usual.table[kind][:, columns]
        # A column that is as usual cannot speak for its group while another differs.
        return np.where((own == usual) | np.isnan(own), 0.0, self.now[rows][:, None] - asked)

    def _words(self, rows: NDArray[np.int64], places: NDArray[np.int64]) -> list[str]:
        """Each row's value of its column in words; the same value is put in words once."""
        own = self.x[rows, places].tolist()
        usual = self.usual.table[self.usual.kind[rows], places].tolist()
        said: dict[tuple[int, float, float], str] = {}
        answer = []
        for place, value, typical in zip(places.tolist(), own, usual, strict=True):
            key = (place, value, typical)
            if key not in said:
                feature = _FEATURES[self.names[place]]
                said[key] = feature.say(value, None if typical != typical else typical)
            answer.append(said[key])
        return answer


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
