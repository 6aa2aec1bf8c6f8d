"""Filters, order and paging as clients write them in the address."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column
from imis_sandbox.world.store import Array

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 500
RESERVED = {"limit", "offset", "orderby", "entityid", "queryname", "querydocumentversionkey", "parameter"}
_SPELLINGS = {
    "eq": "eq", "==": "eq", "equal": "eq", "ne": "ne", "!=": "ne", "notequal": "ne",
    "gt": "gt", ">": "gt", "greaterthan": "gt", "ge": "ge", ">=": "ge", "greaterthanorequal": "ge",
    "lt": "lt", "<": "lt", "lessthan": "lt", "le": "le", "<=": "le", "lessthanorequal": "le",
    "between": "between", "in": "in", "startswith": "startswith", "endswith": "endswith",
    "contains": "contains", "notcontain": "notcontain", "!contain": "notcontain", "notcontains": "notcontain",
    "isempty": "empty", "empty": "empty", "notempty": "notempty", "!empty": "notempty",
    "istrue": "true", "true": "true", "isfalse": "false", "false": "false",
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """One condition on one column; conditions are joined by AND."""

    column: Column
    operator: str
    values: tuple[str, ...]

    def mask(self, rows: Array) -> Array:
        """Which of *rows* meet the condition; raises Refusal on a value that cannot be read."""
        try:
            return self._mask(rows)
        except ValueError:
            raise wire.Refusal(400, f"The value for {self.column.name} could not be read.") from None

    def _mask(self, rows: Array) -> Array:
        column, op = self.column, self.operator
        if op in ("empty", "notempty"):
            return np.asarray(column.empty(rows) == (op == "empty"))
        if op in ("startswith", "endswith", "contains", "notcontain"):
            return _inside(column.texts(rows), op, self.values[0].lower())
        if op in ("true", "false"):
            return np.asarray(column.fetch(rows).astype(bool) == (op == "true"))
        wanted = [column.parse(value) for value in self.values]
        if op == "in" or (op == "eq" and len(wanted) > 1):
            return column.among(rows, wanted)
        if op == "between":
            low, high = (wanted + wanted)[:2]
            return column.compare(rows, operator.ge, low) & column.compare(rows, operator.le, high)
        if op == "ne" and len(wanted) > 1:
            return ~column.among(rows, wanted)
        if op == "ne":
            return ~column.compare(rows, operator.eq, wanted[0])
        return column.compare(rows, _COMPARE[op], wanted[0])


def _inside(texts: list[str], op: str, part: str) -> Array:
    test = {"startswith": str.startswith, "endswith": str.endswith}.get(op, str.__contains__)
    found = np.array([test(text, part) for text in texts], bool)
    return ~found if op == "notcontain" else found


def condition(column: Column, text: str, usual: str = "eq") -> Filter:
    """A filter from what stands after the equals sign; *usual* is the operator when none is named."""
    head, parted, rest = text.partition(":")
    op = _SPELLINGS.get(head.strip().lower()) if parted else None
    if op is None:
        if text.strip().lower() in ("isempty", "notempty", "!empty", "istrue", "isfalse"):
            return Filter(column, _SPELLINGS[text.strip().lower()], ())
        op, rest = usual, text
    return Filter(column, op, tuple(rest.split("|")))


Params = Sequence[tuple[str, str]]


def first(params: Params, name: str) -> str | None:
    """The first value of a parameter, its name in any case."""
    return next((value for key, value in params if key.lower() == name), None)


def window(params: Params) -> tuple[int, int]:
    """Offset and limit: what is not a whole number counts as 0 and so as the default; above 500 is cut (a guess)."""
    offset, limit = (_whole(first(params, name)) for name in ("offset", "limit"))
    return max(0, offset), min(LARGEST_LIMIT, limit if limit > 0 else DEFAULT_LIMIT)


_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,10}\s*")


def _whole(text: str | None) -> int:
    number = int(text) if text and _WHOLE.fullmatch(text) else 0
    return number if -(2**31) <= number < 2**31 else 0


def ordering(params: Params) -> list[tuple[str, bool]]:
    """(name, descending) of each OrderBy, parted by commas or bars."""
    found = []
    for key, value in params:
        if key.lower() == "orderby":
            for part in value.replace("|", ",").split(","):
                name, _, direction = part.strip().partition(":")
                if name:
                    found.append((name, direction.strip().lower().startswith("desc")))
    return found


Rows = range | Array
"""Some rows of a source: a run of them, or their numbers."""


def numbers(rows: Rows) -> Array:
    """The row numbers."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows


def narrow(rows: Rows, filters: Sequence[Filter]) -> Rows:
    """The rows that meet all conditions; a lower bound on an ascending column costs no scan, and text comes last."""
    for condition_ in sorted(filters, key=lambda one: one.column.slow):
        rows = _bound(rows, condition_) if _bounds(rows, condition_) else _scan(rows, condition_)
    return rows


def _bounds(rows: Rows, condition_: Filter) -> bool:
    return isinstance(rows, range) and condition_.column.ascending and condition_.operator in ("ge", "gt")


def _bound(rows: Rows, condition_: Filter) -> Rows:
    assert isinstance(rows, range)
    try:
        least = condition_.column.parse(condition_.values[0])
    except ValueError:
        raise wire.Refusal(400, f"The value for {condition_.column.name} could not be read.") from None
    test = _COMPARE[condition_.operator]
    low, high = rows.start, rows.stop
    while low < high:
        middle = (low + high) // 2
        if bool(test(condition_.column.fetch(np.array([middle]))[0], least)):
            high = middle
        else:
            low = middle + 1
    return range(low, rows.stop)


def _scan(rows: Rows, condition_: Filter) -> Rows:
    chosen = numbers(rows)
    return np.asarray(chosen[condition_.mask(chosen)])


def arrange(rows: Rows, order: Sequence[tuple[Column, bool]]) -> Rows:
    """The rows in order; the last key weighs least."""
    if not order or (len(order) == 1 and order[0][0].ascending and not order[0][1]):
        return rows
    chosen = numbers(rows)
    for column, descending in reversed(order):
        keys = column.keys(chosen)
        if descending:
            keys = -np.unique(keys, return_inverse=True)[1]
        chosen = chosen[np.argsort(keys, kind="stable")]
    return chosen


def cut(rows: Rows, offset: int, limit: int) -> Array:
    """The rows of one page."""
    return numbers(rows[offset : offset + limit])
