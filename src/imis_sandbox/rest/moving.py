"""Lists that others change meanwhile: rows that move while pages are turned, and rows that are committed late."""

from __future__ import annotations

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Moment
from imis_sandbox.rest.dialect import Params, Rows, numbers, window
from imis_sandbox.rest.faults import Fault, Faults


class Moving:
    """The fault `moved_rows`: before a later page is given, rows before it are deleted, or inserted where `rows` < 0.

    They are gone, or there, until the list is begun anew; rows that were inserted bear nothing that is not known.

    Args:
        faults: What is switched on.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults, self._list, self._gone = faults, "", 0

    def shift(self, address: str, params: Params) -> int:
        """How many rows before this page have gone since the list was begun; negative for rows that came."""
        offset, _ = window(params)
        this = f"{address.partition('?')[0]} {[(name, value) for name, value in params if name.lower() != 'offset']}"
        if this != self._list or not offset:
            self._list, self._gone = this, 0
        fault = self._faults.strikes("moved_rows", address) if offset else None
        if fault is not None:
            # No more can go than were there, or the page would be one of another list.
            self._gone = min(self._gone + int(fault.more.get("rows", 3)), offset)
        return self._gone


def moved(params: Params, gone: int) -> Params:
    """Where the rows of the page lie in the list as it was."""
    offset, _ = window(params)
    others = [(name, value) for name, value in params if name.lower() != "offset"]
    return [*others, ("Offset", str(max(0, offset + gone)))]


def told(page: wire.Json, gone: int) -> wire.Json:
    """The page as one of the list as it is now."""
    following = page.get("NextOffset") or 0
    counts = {"Offset": page["Offset"] - gone, "TotalCount": page["TotalCount"] - gone}
    return {**page, **counts, "NextOffset": following - gone if following else following}


def committed(fault: Fault, column: Column, rows: Rows) -> Rows:
    """The fault `late_rows`: without a share of the rows that *column* says were entered within the last seconds.

    They are the same ones as long as the fault is on, and then there with their earlier stamp, as rows of a transaction
    that took long.
    """
    chosen = numbers(rows)
    if not isinstance(column, Moment) or not len(chosen):
        return rows
    stamps = column.fetch(chosen)
    recent = stamps > stamps.max() - float(fault.more.get("seconds", 300))
    drawn = (chosen.astype(np.uint64) * np.uint64(2_654_435_761) % np.uint64(2**32)) / 2**32
    return np.asarray(chosen[~(recent & (drawn < float(fault.more.get("share", 0.5))))])
