"""Lists whose rows move while somebody turns their pages, since others insert and delete meanwhile."""

from __future__ import annotations

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import window
from imis_sandbox.rest.faults import Faults

Params = list[tuple[str, str]]


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
