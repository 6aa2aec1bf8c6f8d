"""Growing columns, and logs ordered by the moment of recording."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Spec = dict[str, tuple[Any, Any]]


class Columns:
    """Equally long numpy columns that grow at the end.

    Args:
        spec: Name to (dtype, value of a cell that nobody set).
    """

    def __init__(self, spec: Spec, capacity: int = 1024) -> None:
        self.spec = spec
        self.count = 0
        self._data = {name: np.full(capacity, fill, dtype) for name, (dtype, fill) in spec.items()}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, name: str) -> Array:
        """The column as a view that may be written through; it goes stale when the columns grow."""
        return self._data[name][: self.count]

    def append(self, rows: int, **values: Any) -> Array:
        """Add *rows* rows and return their numbers."""
        self._reserve(self.count + rows)
        start, self.count = self.count, self.count + rows
        for name, value in values.items():
            self._data[name][start : self.count] = value
        return np.arange(start, self.count)

    def _reserve(self, needed: int) -> None:
        capacity = len(next(iter(self._data.values())))
        if needed <= capacity:
            return
        larger = max(needed, capacity + capacity // 2)
        for name, (dtype, fill) in self.spec.items():
            grown = np.full(larger, fill, dtype)
            grown[: self.count] = self._data[name][: self.count]
            self._data[name] = grown


class Log(Columns):
    """Rows in the order in which the office recorded them; `recorded` is their second since 1970.

    Rows may be put with a moment still to come: they wait until `flush` reaches it.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__({"recorded": (np.uint32, 0), **spec})
        self._waiting: list[dict[str, Array]] = []

    def put(self, recorded: Array, **values: Any) -> None:
        """Hand in rows, in any order; a scalar stands for the whole column."""
        if len(recorded) == 0:
            return
        chunk = {"recorded": np.asarray(recorded).astype(np.uint32)}
        for name, (dtype, fill) in self.spec.items():
            if name != "recorded":
                chunk[name] = np.broadcast_to(np.asarray(values.get(name, fill)), len(recorded)).astype(dtype)
        self._waiting.append(chunk)

    def flush(self, until: int, since: int = 0) -> None:
        """Record what falls before the second *until*; what falls before *since* is forgotten."""
        if not self._waiting:
            return
        rows = {name: np.concatenate([chunk[name] for chunk in self._waiting]) for name in self.spec}
        due = rows["recorded"] < until
        self._waiting = [] if due.all() else [{name: column[~due] for name, column in rows.items()}]
        due &= rows["recorded"] >= since
        order = np.flatnonzero(due)
        order = order[np.argsort(rows["recorded"][order], kind="stable")]
        self.append(len(order), **{name: column[order] for name, column in rows.items()})

    def since(self, second: float) -> int:
        """The number of the first row recorded at *second* or later."""
        return int(np.searchsorted(self["recorded"], second, side="left"))
