"""Why a member's risk is what it is, as the contract counts it: by how many points it would fall if one group of
signals were as is usual for members of the same type.

The answer is faithful by construction, since the model itself is asked again; signals that move together are changed
together, and make one reason. It says what goes with lapsing, not what causes it.

The first reason is chosen no finer than the model can tell points apart: in steps that are as coarse as it takes for
models of either half of the members to name the same one. Among reasons of the same step the order of the catalogue
rules. Where none comes to a step, nothing stands out.

A reason has to have something to say: a signal that differs from what is usual as told, not only as counted, and that
does not read the other way. One of which every signal sounds good, or like that of others, is left out: that a gift was
made is no reason for leaving that anybody could follow, whatever it went with in past members.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import FEATURES, GROUPS, REASONS, SENSES, Feature
from tenure.membership.contract import NOTHING, NOTHING_ELSE
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
        points: Shape (n, 3): by how many points the score would fall, in whole points; of the others no more than of
            the first, and 0 where nothing is a reason.
        names: Shape (n, 3): which of `tenure.features.REASONS` each is; empty where nothing is.
        sure: Whether models of either half of the members name the same first reason, or none, shape (n,).
        against: The signal that lowers the risk most, in words; empty where none does.
    """

    words: NDArray[np.object_]
    points: Floats
    names: NDArray[np.object_]
    sure: NDArray[np.bool_]
    against: list[str]


@dataclass(frozen=True)
class _Usual:
    """The usual value of each column for each member's type, and which are known."""

    table: Columns
    kind: NDArray[np.int64]


_Parts = dict[str, list[list[int]]]
"""Places of the columns of each reason, subject by subject."""


def explain(
    encoding: Encoding,
    x: Columns,
    member_types: pl.Series,
    model: Asked,
    halves: tuple[Asked, ...] = (),
    *,
    step: int = 1,
    organizations: NDArray[np.bool_] | None = None,
) -> Reasons:
    """Ask the model again with each reason's signals as is usual for the type.

    Args:
        encoding: The columns of *x*.
        x: One row per member, shape (n, n_columns).
        member_types: Of each member.
        model: What gives the risk.
        halves: Models of halves of the members; where their first reasons differ from the model's, it is not sure.
        step: Points that the model can tell apart when it chooses the first reason, as `finest_step` finds them.
        organizations: Which of them are organizations, of whom is told what their people did; none by default.
    """
    usual, parts = _usual(x, member_types), _columns_of_reasons(encoding)
    of_people = np.zeros(len(x), bool) if organizations is None else organizations
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, len(x), _BLOCK)]
    found = [
        _explained(encoding, x[b], _Usual(usual.table, usual.kind[b]), parts, model, halves, step, of_people[b])
        for b in blocks
    ]
    if not found:
        empty = np.empty((0, 3), object)
        return Reasons(empty, np.zeros((0, 3)), empty, np.zeros(0, bool), [])
    return Reasons(
        words=np.concatenate([one.words for one in found]),
        points=np.concatenate([one.points for one in found]),
        names=np.concatenate([one.names for one in found]),
        sure=np.concatenate([one.sure for one in found]),
        against=[words for one in found for words in one.against],
    )


def group_points(encoding: Encoding, x: Columns, member_types: pl.Series, model: Asked) -> dict[str, Floats]:
    """By how many points the risk of each member would fall with each subject's signals as is usual for the type.

    Returns:
        For each name in `tenure.features.GROUPS` of which the model has a signal, shape (n,).
    """
    groups = _columns_of_groups(encoding)
    points = _points(model, x, _usual(x, member_types), list(groups.values()))
    return {name: points[:, place] for place, name in enumerate(groups)}


_STEPS = (1, 2, 3, 4, 5, 6, 8)
"""Coarser ones would make reasons stable by naming none: of 700 members whose signals say little, steps of twelve left
three in four of those at risk without any, steps of eight one in three."""
_ENOUGH, _NEAR = 0.85, 0.01
"""Share of the members whose first reason is to be sure: four in five, and some more for nights that differ (some
differ by more). Where no step brings it about, the finest that comes near the best of them serves."""


def finest_step(
    encoding: Encoding, x: Columns, member_types: pl.Series, model: Asked, halves: Sequence[Asked]
) -> tuple[int, float]:
    """How many points the model can tell apart.

    Returns:
        The fewest points in steps of which models of either half of the members name the same first reason as *model*
        for enough members, and for what share of them they then do.
    """
    usual, parts = _usual(x, member_types), _columns_of_reasons(encoding)
    columns, speaker = _whole(parts), _Speaker(encoding.columns, x, usual, parts, model, np.zeros(len(x), bool))
    silent, mute = speaker.silent(), speaker.mute()
    ours, *theirs = (np.where(mute, -np.inf, _points(asked, x, usual, columns)) for asked in (model, *halves))

    def alike(step: int) -> float:
        first = _first(ours, step, silent)
        return float(np.mean(np.all([_first(one, step, silent) == first for one in theirs], axis=0)))

    shares = {step: alike(step) for step in _STEPS}
    enough = min(_ENOUGH, max(shares.values()) - _NEAR)
    return next((step, share) for step, share in shares.items() if share >= enough)


def _whole(parts: _Parts) -> list[list[int]]:
    """Places of all columns of each reason."""
    return [[place for columns in subjects for place in columns] for subjects in parts.values()]


def _first(points: Floats, step: int, silent: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Place of the strongest reason, by whole steps; of equal ones those that have something to say, as they stand. −1
    where none comes to a step."""
    steps = np.floor(points / step)
    place = np.argmin(silent - 2 * steps, axis=1)
    return np.where(steps[np.arange(len(steps)), place] > 0, place, -1)


def _ranked(points: Floats, first: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], Floats]:
    """Places of the *most* strongest reasons, the *first* as `_first` says; and the points that are told of each."""
    rows = np.flatnonzero(first >= 0)
    ahead = points.copy()
    ahead[rows, first[rows]] = np.inf
    order = np.argsort(-ahead, axis=1, kind="stable")[:, :most]
    told = np.maximum(np.rint(np.take_along_axis(points, order, axis=1)), 0.0)
    # The second may exceed the first by less than a step, which the model cannot tell apart.
    return order, np.where(first[:, None] >= 0, np.minimum(told, told[:, :1]), 0.0)


def _explained(
    encoding: Encoding,
    x: Columns,
    usual: _Usual,
    parts: _Parts,
    model: Asked,
    halves: tuple[Asked, ...],
    step: int,
    of_people: NDArray[np.bool_],
) -> Reasons:
    columns = _whole(parts)
    points = _points(model, x, usual, columns)
    speaker = _Speaker(encoding.columns, x, usual, parts, model, of_people)
    silent, mute = speaker.silent(), speaker.mute()
    tellable = np.where(mute, -np.inf, points)
    most, first, sure = min(3, len(parts)), _first(tellable, step, silent), np.ones(len(x), bool)
    order, told = _ranked(tellable, first, most)
    for half in halves:
        sure &= _first(np.where(mute, -np.inf, _points(half, x, usual, columns)), step, silent) == first
    words, names = np.full((len(x), 3), "", object), np.full((len(x), 3), "", object)
    words[:, :most], words[:, 0] = NOTHING_ELSE, NOTHING
    for rank in range(most):
        for place, name in enumerate(parts):
            here = np.flatnonzero((order[:, rank] == place) & (told[:, rank] > 0))
            words[here, rank] = speaker.say(name, here, upward=np.ones(here.size, bool))
            names[here, rank] = name
    return Reasons(
        words=words,
        points=np.pad(told, ((0, 0), (0, 3 - most))),
        names=names,
        sure=sure,
        against=_against(speaker, list(parts), points),
    )


def _points(model: Asked, x: Columns, usual: _Usual, columns: list[list[int]]) -> Floats:
    """By how many points the risk would fall with each set of columns as is usual, shape (n_rows, n_sets)."""
    return 100 * (model.probability(x)[:, None] - model.grouped(x, usual.table, usual.kind, columns))


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


def _columns_of_reasons(encoding: Encoding) -> _Parts:
    """The same by reason, in the order of the catalogue of reasons."""
    groups = _columns_of_groups(encoding)
    parts = {reason.name: [groups[name] for name in reason.groups if name in groups] for reason in REASONS}
    return {name: subjects for name, subjects in parts.items() if subjects}


@dataclass(frozen=True)
class _Speaker:
    """Finds, within a reason, the signal that speaks for it, and puts it in words."""

    names: tuple[str, ...]
    x: Columns
    usual: _Usual
    parts: _Parts
    model: Asked
    of_people: NDArray[np.bool_]

    @cached_property
    def now(self) -> Floats:
        """What the model says of each member."""
        return self.model.probability(self.x)

    def silent(self) -> NDArray[np.bool_]:
        """Who has no signal of a reason that could raise the risk, whatever a model says; shape (n, n_reasons)."""
        return np.column_stack([self._least(numbers, upward=True) > _SPEAKS for numbers in self._all_numbers()])

    def mute(self) -> NDArray[np.bool_]:
        """Of whom a reason cannot be told: all its signals read the other way, or like those of others; shape
        (n, n_reasons). A place can always be named, where it is not the usual one."""
        told = []
        for numbers, subjects in zip(self._all_numbers(), self.parts.values(), strict=True):
            places = [place for place in chain(*subjects) if place not in numbers]
            elsewhere = (self.x[:, places] != self.usual.table[self.usual.kind][:, places]).any(axis=1)
            told.append((self._least(numbers, upward=True) == _NOTHING_TO_SAY) & ~elsewhere)
        return np.column_stack(told)

    def _all_numbers(self) -> list[list[int]]:
        """Columns of each reason that can be told as a number."""
        return [self._numbers([*chain(*subjects)]) for subjects in self.parts.values()]

    def _least(self, columns: list[int], *, upward: bool) -> NDArray[np.int64]:
        """What the most telling of *columns* has to say, shape (n,)."""
        rows = np.arange(len(self.x))
        if not columns:
            return np.full(rows.size, _NOTHING_TO_SAY)
        return np.asarray(self._silence(rows, columns, np.full(rows.size, upward)).min(axis=1))

    def say(self, reason: str, rows: NDArray[np.int64], *, upward: NDArray[np.bool_]) -> list[str]:
        """Words of *reason* for *rows*: of the subject that alone moves the risk most in the reason's direction, those
        of the signal that does; of the industry or place, where that raises the risk more than all numbers of it do.
        Where each of them alone moves it the other way, its title; nothing, where it is to speak for staying."""
        if not rows.size:
            return []
        subjects = [told for columns in self.parts[reason] if (told := self._numbers(columns))]
        fields = self._fields([*chain(*self.parts[reason])])
        words = np.where(upward, f"{_TITLES[reason]} as a whole", "").astype(object)
        mute = np.ones(rows.size, bool)
        if subjects:
            silence = np.column_stack([self._silence(rows, columns, upward).min(axis=1) for columns in subjects])
            mute = silence.min(axis=1) == _NOTHING_TO_SAY
            chosen, _ = self._loudest(rows, subjects, silence, upward)
            for place, columns in enumerate(subjects):
                here = np.flatnonzero((chosen == place) & ~mute)
                if here.size:
                    silence = self._silence(rows[here], columns, upward[here])
                    lead, moves = self._loudest(rows[here], [[column] for column in columns], silence, upward[here])
                    words[here] = np.where(moves, self._words(rows[here], np.array(columns)[lead]), words[here])
        if fields:
            here = np.flatnonzero(
                upward & (mute | self._by_place(rows, [*chain(*subjects)], [*chain(*fields.values())]))
            )
            words[here] = self._where(rows[here], fields, upward[here], words[here])
        return [str(said) for said in words]

    def in_favor(self, reason: str) -> NDArray[np.bool_]:
        """Members of whom *reason* has anything to say that could speak for staying, shape (n,)."""
        if reason in _NO_EVIDENCE:
            return np.zeros(len(self.x), bool)
        least = self._least(self._numbers([*chain(*self.parts[reason])]), upward=False)
        return np.asarray(least == _SPEAKS)

    def _numbers(self, columns: list[int]) -> list[int]:
        """Those of *columns* that can be told as a number."""
        return [place for place in columns if "=" not in self.names[place]]

    def _fields(self, columns: list[int]) -> dict[str, list[int]]:
        """Those of *columns* that are levels, by the field that they are of."""
        found: dict[str, list[int]] = {}
        for place in columns:
            field, is_level, _ = self.names[place].partition("=")
            if is_level:
                found.setdefault(field, []).append(place)
        return found

    def _by_place(self, rows: NDArray[np.int64], numbers: list[int], levels: list[int]) -> NDArray[np.bool_]:
        """Whose *levels* raise the risk more than their *numbers* do: «An individual» would not say why."""
        kind = self.usual.kind[rows]
        asked = self.model.grouped(self.x[rows], self.usual.table, kind, [numbers, levels])
        by_numbers, by_levels = (self.now[rows][:, None] - asked).T
        return np.asarray(by_levels > np.maximum(by_numbers, 0))

    def _where(
        self,
        rows: NDArray[np.int64],
        fields: dict[str, list[int]],
        upward: NDArray[np.bool_],
        else_: NDArray[np.object_],
    ) -> NDArray[np.object_]:
        """The place whose level moves the risk most in the direction asked for, in words; *else_* where none does."""
        if not rows.size:
            return else_
        levels = [*chain(*fields.values())]
        usual = self.usual.table[self.usual.kind[rows]][:, levels]
        elsewhere = np.where(self.x[rows][:, levels] != usual, _SPEAKS, _NOTHING_TO_SAY)
        places = [[levels.index(column) for column in columns] for columns in fields.values()]
        silence = np.column_stack([elsewhere[:, own].min(axis=1) for own in places])
        field, moves = self._loudest(rows, list(fields.values()), silence, upward)
        words = else_.copy()
        for number, (name, columns) in enumerate(fields.items()):
            for row in np.flatnonzero((field == number) & moves & (silence[:, number] == _SPEAKS)):
                words[row] = self._place(name, columns, int(rows[row]))
        return words

    def _place(self, field: str, columns: list[int], row: int) -> str:
        """One member's place by its name, or that it is not the usual one, where it has none that the model knows."""
        own = [place for place in columns if self.x[row, place] > 0]
        usual = [place for place in columns if self.usual.table[self.usual.kind[row], place] > 0]
        if own:
            return f"{_WHERE[field]}: {self.names[own[0]].partition('=')[2]}"
        return f"{_WHERE[field]} is not {self.names[usual[0]].partition('=')[2]}, which is the usual one"

    def _loudest(
        self, rows: NDArray[np.int64], sets: list[list[int]], silence: NDArray[np.int64], upward: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Which of *sets* moves the risk most in the direction asked for, of those that have most to say; and whether
        it does not move it the other way."""
        kind = self.usual.kind[rows]
        alone = self.now[rows][:, None] - self.model.grouped(self.x[rows], self.usual.table, kind, sets)
        asked = np.where(upward[:, None], alone, -alone)
        asked = np.where(silence > silence.min(axis=1, keepdims=True), -np.inf, asked)
        return np.asarray(asked.argmax(axis=1)), np.asarray(asked.max(axis=1) > -_HARDLY)

    def _silence(self, rows: NDArray[np.int64], columns: list[int], upward: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How little each signal has to say; shape (n_rows, n_columns). One that is not known is told while no other
        speaks; one that is told like the usual one, or reads the other way, never is."""
        sense = np.array([SENSES[self.names[place]] for place in columns])
        own, usual = self.x[rows][:, columns], self.usual.table[self.usual.kind[rows]][:, columns]
        backward = sense * np.sign(np.nan_to_num(own - usual)) * np.where(upward, 1, -1)[:, None] < 0
        answer = np.where(backward | np.isnan(usual) | self._told_alike[rows][:, columns], _NOTHING_TO_SAY, _SPEAKS)
        return np.where(np.isnan(own) & ~np.isnan(usual), _NOT_KNOWN, answer)

    @cached_property
    def _told_alike(self) -> NDArray[np.bool_]:
        """Where a signal is told in the same words as the usual one: «3 logins» are no reason where 3 are usual, though
        a fraction of one lies between them; shape (n, n_columns), False for places."""
        alike = np.zeros(self.x.shape, bool)
        for place in self._numbers([*range(len(self.names))]):
            say, column = _FEATURES[self.names[place]].say, self.usual.table[:, place]
            own = np.unique(self.x[:, place])  # those that are not known come last
            for usual in np.unique(column[~np.isnan(column)]).tolist():
                low, high = _as_told(own[: own.size - np.isnan(own).sum()], usual, say)
                rows = np.flatnonzero((column == usual)[self.usual.kind])
                alike[rows, place] = (self.x[rows, place] >= low) & (self.x[rows, place] <= high)
        return alike

    def _words(self, rows: NDArray[np.int64], places: NDArray[np.int64]) -> list[str]:
        """Each row's value of its column in words; the same value is put in words once."""
        own = self.x[rows, places].tolist()
        usual = self.usual.table[self.usual.kind[rows], places].tolist()
        said: dict[tuple[int, float, float, bool], str] = {}
        answer = []
        for key in zip(places.tolist(), own, usual, self.of_people[rows].tolist(), strict=True):
            if key not in said:
                place, value, typical, by_people = key
                known = None if typical != typical else typical
                said[key] = _FEATURES[self.names[place]].words(value, known, organization=by_people)
            answer.append(said[key])
        return answer


def _as_told(
    values: NDArray[np.float32], usual: float, say: Callable[[float, float | None], str]
) -> tuple[float, float]:
    """Between which of *values*, ascending, all are told in the words of *usual*.

    What is told alike lies side by side, so that few have to be put in words to find its ends.
    """
    words = say(usual, None)
    at = int(np.searchsorted(values, usual))
    below, above = values[:at][::-1], values[at:]
    first = bisect_left(below, 1, key=lambda value: int(say(float(value), None) != words))
    last = bisect_left(above, 1, key=lambda value: int(say(float(value), None) != words))
    return float(below[first - 1]) if first else usual, float(above[last - 1]) if last else usual


_SPEAKS, _NOT_KNOWN, _NOTHING_TO_SAY = range(3)
"""How little a signal has to say of a member."""

_HARDLY = 1e-9
"""A change of a probability that is none."""

_TITLES = {reason.name: reason.title for reason in REASONS}

_NO_EVIDENCE = frozenset({"type", "timing"})
"""Reasons that say nothing in a member's favor, whatever they do to the number."""

_WHERE = {
    "chapter_id": "The member's chapter",
    "industry": "The member's industry",
    "region": "The member's region",
    "country": "The member's country",
}


def _against(speaker: _Speaker, names: list[str], points: Floats) -> list[str]:
    answer = [""] * len(points)
    if not names:
        return answer
    told = np.column_stack([speaker.in_favor(reason) for reason in names])
    last = np.where(told, points, np.inf).argmin(axis=1)
    for place, reason in enumerate(names):
        here = np.flatnonzero((last == place) & told[:, place] & (points[:, place] < -0.05))
        for row, words in zip(here, speaker.say(reason, here, upward=np.zeros(here.size, bool)), strict=True):
            answer[int(row)] = words
    return answer
