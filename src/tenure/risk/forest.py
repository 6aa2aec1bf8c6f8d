"""A booster's trees as tables, asked again with whole groups of columns as is usual, in one pass.

What a group is worth to a row is the margin less the margin with the group's columns replaced. Asking the library once
per group compares every column in every tree again for every group. Here each split of a tree is decided once by the
row's own value and once by the usual one, for a block of rows at a time; the decisions of one tree are the bits of one
word, so a mixture of own and usual is three bit operations, and finding its leaf is one shift per level.

The answers are those of the library but for the order of summation: float32 comparisons, missing values to the side
that the booster learnt. Never compile this with `fastmath`: it drops the tests for NaN.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from tenure.base.errors import BadInput

Floats = NDArray[np.float64]
Columns = NDArray[np.float32]

_MEND = "train another model (`tenure train`)"
_WHOLE, _CUT = 5, 4
"""A tree of at most so many levels is taken whole, since its splits fit one word; a deeper one is cut into pieces of
four levels, each with the splits on the way to it."""
_BLOCK = 128
"""Rows taken through all trees at a time: what they need stays in the nearest caches."""
_PART = 64 * _BLOCK
"""Rows that a thread takes at a time."""

_TO_MARGIN: dict[str, Callable[[float], float]] = {
    "binary:logistic": lambda p: math.log(p / (1 - p)),
    "binary:logitraw": lambda p: math.log(p / (1 - p)),
    "reg:logistic": lambda p: math.log(p / (1 - p)),
    "reg:squarederror": lambda value: value,
    "count:poisson": math.log,
}


@dataclass(frozen=True)
class Forest:
    """The trees of one booster, in pieces that have all their leaves at the same depth.

    The splits of a piece lie by levels from place 1 on; those on the way to it follow from place 2 ** levels on. A
    row's word has, at a split's place, whether the row goes right there.

    Args:
        levels: Of every piece.
        column: Which column each split compares, −1 where there is none, shape (n_pieces, n_places).
        threshold: What with; lower goes left.
        missing_left: Whether a missing value goes left.
        way: Bits of the splits on the way to each piece, and those that a row in it has, shape (n_pieces, 2).
        leaf: Shape (n_pieces, 2 ** (levels + 1)), by the leaf's place.
        base: The margin before any tree.
        n_columns: How many columns the booster takes.
    """

    levels: int
    column: NDArray[np.int32]
    threshold: Columns
    missing_left: NDArray[np.bool_]
    way: NDArray[np.uint32]
    leaf: Columns
    base: float
    n_columns: int

    @classmethod
    def from_json(cls, data: bytes) -> Forest:
        """Read what `xgboost.Booster.save_raw("json")` gives of one output with numeric splits and at most twenty
        levels.

        Raises:
            BadInput: It is another kind of booster.
        """
        learner = json.loads(data)["learner"]
        shape, objective = learner["learner_model_param"], learner["objective"]["name"]
        if int(shape["num_class"]) > 1 or int(shape["num_target"]) > 1 or objective not in _TO_MARGIN:
            raise BadInput(
                f"a booster of {objective} with {shape['num_class']} classes cannot be asked by group", mend=_MEND
            )
        base = _TO_MARGIN[objective](float(shape["base_score"].strip("[]")))
        return _cut(_trees_of(learner["gradient_booster"]), base, int(shape["num_feature"]))

    def margin(self, x: Columns, *, threads: int = 1) -> Floats:
        """The log-odds (or other margin) of each row, shape (n_rows,)."""
        return self._ask(x, x[:1], np.zeros(len(x), np.int64), [], threads)[0]

    def grouped(
        self,
        x: Columns,
        usual: Columns,
        groups: list[list[int]],
        *,
        kind: NDArray[np.int64] | None = None,
        threads: int = 1,
    ) -> Floats:
        """Margins of each row when, for each group alone, its columns hold the row's usual values.

        Args:
            x: One row per member, shape (n_rows, n_columns).
            usual: Usual values: shape (n_kinds, n_columns) with *kind*, else one line per row of *x*.
            groups: Places of the columns of each group; no column is in two. Give one group per column to ask of
                every signal alone.
            kind: Which line of *usual* is each row's, shape (n_rows,).
            threads: How many parts of the rows may be worked at side by side.

        Returns:
            Shape (n_rows, n_groups).
        """
        which = np.arange(len(x)) if kind is None else np.asarray(kind, np.int64)
        if which.shape != (len(x),) or (which.size and not 0 <= which.min() <= which.max() < len(usual)):
            raise ValueError("every row needs a line of usual values")
        margin, change = self._ask(x, usual, which, groups, threads)
        return np.asarray(margin[:, None] + change)

    def _ask(
        self, x: Columns, usual: Columns, which: NDArray[np.int64], groups: list[list[int]], threads: int
    ) -> tuple[Floats, Floats]:
        x, usual = self._checked(x), self._checked(usual)
        start, group, splits = self._splits_by_group(groups)
        margin, change = np.empty(len(x)), np.empty((len(x), len(groups)))

        def work(part: slice) -> None:
            _walk(
                x[part], usual, which[part], self.levels, self.column, self.threshold, self.missing_left, self.way,
                self.leaf, start, group, splits, self.base, margin[part], change[part],
            )  # fmt: skip

        parts = [slice(begin, begin + _PART) for begin in range(0, len(x), _PART)]
        with ThreadPoolExecutor(max(1, threads)) as pool:  # the compiled loop lets go of the interpreter's lock
            list(pool.map(work, parts))
        return margin, change

    def _splits_by_group(
        self, groups: list[list[int]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
        """For each piece the groups that it asks, and the bits of their splits."""
        group_of = np.full(self.n_columns + 1, -1)  # the last for splits that are none
        for number, columns in enumerate(groups):
            if (group_of[columns] >= 0).any() or len(set(columns)) < len(columns):
                raise ValueError("a column is in two groups")
            group_of[columns] = number
        of_split = group_of[self.column]
        piece, place = np.nonzero(of_split >= 0)
        keys, inverse = np.unique(piece * (len(groups) + 1) + of_split[piece, place], return_inverse=True)
        bits = np.zeros(keys.size, np.uint32)
        np.bitwise_or.at(bits, inverse, np.uint32(1) << place.astype(np.uint32))
        start = np.searchsorted(keys, np.arange(len(self.column) + 1) * (len(groups) + 1))
        return start, keys % (len(groups) + 1), bits

    def _checked(self, x: Columns) -> Columns:
        if x.ndim != 2 or x.shape[1] != self.n_columns:
            raise ValueError(f"the booster takes {self.n_columns} columns, not {x.shape[1:]}")
        return np.ascontiguousarray(x, np.float32)


@dataclass(frozen=True)
class _Tree:
    """One tree as the booster writes it, node by node; *weight* multiplies its leaves."""

    left: list[int]
    right: list[int]
    column: list[int]
    value: list[float]
    missing_left: list[int]
    weight: float

    def levels(self, node: int = 0) -> int:
        """How many splits lie on the longest way down from *node*."""
        if self.left[node] < 0:
            return 0
        return 1 + max(self.levels(self.left[node]), self.levels(self.right[node]))

    def pieces(self, cut: int, node: int = 0, way: tuple[tuple[int, bool], ...] = ()) -> list[_Piece]:
        """Its parts below level *cut*, and the leaves above it."""
        if len(way) == cut or self.left[node] < 0:
            return [_Piece(self, node, way)]
        both = ((self.left[node], False), (self.right[node], True))
        return [piece for child, right in both for piece in self.pieces(cut, child, (*way, (node, right)))]


@dataclass(frozen=True)
class _Piece:
    """The part of *tree* below *node*, and the way there: which nodes, and whether to the right."""

    tree: _Tree
    node: int
    way: tuple[tuple[int, bool], ...]


def _trees_of(booster: dict[str, Any]) -> list[_Tree]:
    if booster["name"] not in ("gbtree", "dart"):
        raise BadInput(f"a booster of kind {booster['name']} has no trees", mend=_MEND)
    dart = booster["name"] == "dart"
    trees = (booster["gbtree"] if dart else booster)["model"]["trees"]
    if any(any(tree["split_type"]) for tree in trees):
        raise BadInput("a booster with categorical splits cannot be asked by group", mend=_MEND)
    weights = booster["weight_drop"] if dart else [1.0] * len(trees)
    return [
        _Tree(
            tree["left_children"], tree["right_children"], tree["split_indices"], tree["split_conditions"],
            tree["default_left"], weight,
        )
        for tree, weight in zip(trees, weights, strict=True)
    ]  # fmt: skip


def _cut(trees: list[_Tree], base: float, n_columns: int) -> Forest:
    """Lay the trees out as tables."""
    deepest = max((tree.levels() for tree in trees), default=0)
    levels = deepest if deepest <= _WHOLE else _CUT
    if deepest - levels > 32 - 2**_CUT:
        raise BadInput(f"a booster with trees of {deepest} levels cannot be asked by group", mend=_MEND)
    pieces = [piece for tree in trees for piece in tree.pieces(deepest - levels)]
    shape = (len(pieces), 2**levels + deepest - levels)
    forest = Forest(
        levels=levels,
        column=np.full(shape, -1, np.int32),
        threshold=np.zeros(shape, np.float32),
        missing_left=np.zeros(shape, np.bool_),
        way=np.zeros((len(pieces), 2), np.uint32),
        leaf=np.zeros((len(pieces), 2 ** (levels + 1)), np.float32),
        base=base,
        n_columns=n_columns,
    )
    for number, piece in enumerate(pieces):
        for place, (node, right) in enumerate(piece.way, start=2**levels):
            _put_split(forest, number, place, piece.tree, node)
            forest.way[number] |= np.array([1, right], np.uint32) << np.uint32(place)
        _put(forest, number, 1, piece.tree, piece.node)
    return forest


def _put_split(forest: Forest, number: int, place: int, tree: _Tree, node: int) -> None:
    forest.column[number, place] = tree.column[node]
    forest.threshold[number, place] = tree.value[node]
    forest.missing_left[number, place] = tree.missing_left[node]


def _put(forest: Forest, number: int, place: int, tree: _Tree, node: int) -> None:
    """Put *node* and all below it at *place*; an early leaf stands for all the leaves that would be below it."""
    if tree.left[node] >= 0:
        _put_split(forest, number, place, tree, node)
        _put(forest, number, 2 * place, tree, tree.left[node])
        _put(forest, number, 2 * place + 1, tree, tree.right[node])
        return
    width = 2 ** (forest.levels + 1 - place.bit_length())
    forest.leaf[number, place * width : (place + 1) * width] = np.float32(tree.value[node]) * np.float32(tree.weight)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _decide(
    x: Columns, column: NDArray[np.int32], threshold: Columns, missing_left: NDArray[np.bool_], word: NDArray[np.uint32]
) -> None:
    """Each row's word for one piece; *x* has one line per column, shape (n_columns, n_rows)."""
    word[:] = 0
    for place in range(1, column.size):
        if column[place] < 0:
            continue
        value, edge, bit = x[column[place]], threshold[place], np.uint32(1) << np.uint32(place)
        # Two loops, since NaN compares as false either way.
        if missing_left[place]:
            for row in range(word.size):
                word[row] |= bit if value[row] >= edge else np.uint32(0)
        else:
            for row in range(word.size):
                word[row] |= np.uint32(0) if value[row] < edge else bit


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _find(
    word: NDArray[np.uint32],
    levels: int,
    leaf: Columns,
    way: NDArray[np.uint32],
    at: NDArray[np.uint32],
    found: Columns,
) -> None:
    """The leaf of each word into *found*, 0 for a row that does not come to the piece; *at* is scratch."""
    at[:] = 1
    for _ in range(levels):
        for row in range(word.size):
            at[row] = (at[row] << np.uint32(1)) | ((word[row] >> at[row]) & np.uint32(1))
    for row in range(word.size):
        found[row] = leaf[at[row]]
    if way[0]:
        for row in range(word.size):
            found[row] = found[row] if word[row] & way[0] == way[1] else np.float32(0)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _walk(
    x: Columns,
    usual: Columns,
    which: NDArray[np.int64],
    levels: int,
    column: NDArray[np.int32],
    threshold: Columns,
    missing_left: NDArray[np.bool_],
    way: NDArray[np.uint32],
    leaf: Columns,
    start: NDArray[np.int64],
    group: NDArray[np.int64],
    splits: NDArray[np.uint32],
    base: float,
    margin: Floats,
    change: Floats,
) -> None:
    """Fill *margin* (n_rows,) and *change* (n_rows, n_groups): what a group, as is usual, adds to the margin."""
    n_columns, n_groups = x.shape[1], change.shape[1]
    own, other = np.zeros((n_columns, _BLOCK), np.float32), np.zeros((n_columns, _BLOCK), np.float32)
    word, apart, mixed = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32)
    at, now, then = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    total, moved = np.empty(_BLOCK, np.float64), np.empty((n_groups, _BLOCK), np.float32)
    for begin in range(0, len(x), _BLOCK):
        rows = min(_BLOCK, len(x) - begin)
        for row in range(rows):
            own[:, row] = x[begin + row]
            if n_groups:
                other[:, row] = usual[which[begin + row]]
        total[:], moved[:] = base, 0
        for piece in range(len(column)):
            _decide(own, column[piece], threshold[piece], missing_left[piece], word)
            _find(word, levels, leaf[piece], way[piece], at, now)
            for row in range(_BLOCK):
                total[row] += now[row]
            if start[piece] == start[piece + 1]:
                continue
            _decide(other, column[piece], threshold[piece], missing_left[piece], apart)
            for row in range(_BLOCK):
                apart[row] ^= word[row]
            for asked in range(start[piece], start[piece + 1]):
                bits, sums = splits[asked], moved[group[asked]]
                for row in range(_BLOCK):
                    mixed[row] = word[row] ^ (apart[row] & bits)
                _find(mixed, levels, leaf[piece], way[piece], at, then)
                for row in range(_BLOCK):
                    sums[row] += then[row] - now[row]
        margin[begin : begin + rows] = total[:rows]
        for number in range(n_groups):
            change[begin : begin + rows, number] = moved[number, :rows]
