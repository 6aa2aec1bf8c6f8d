"""`AutoPayAccount` and `AutoPayInstruction`: who pays by themselves, and what staff do about it by `_execute`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.entities import Call, Tabled
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Source
from imis_sandbox.world.store import Array

_FINDS = {"getinstructionsforcontact", "getinstructionsforautopayaccount"}


class Automatic(Tabled):
    """Cards on file, or the instructions to charge them; a payer's card and instruction have the payer's id.

    Args:
        source: Its rows and columns.
        item: The `$type` of its lists' items.
        build: Makes the entities of some rows.
        records: Whose.
    """

    def __init__(self, source: Source, item: str, build: Callable[[Array], list[wire.Json]], records: Records) -> None:
        super().__init__(source, item, build)
        self._records = records

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """Cancel, after which the member renews by hand; and for instructions, those of a contact or of a card."""
        name, asked = operation.lower(), str(arguments[0]) if arguments else ""
        if name == "cancel" and asked:
            if not call.master:
                raise wire.forbidden(f"cancel {self.name}")
            self._records.people["auto"][self.row([asked])] = 0
            return True
        if name in _FINDS and self.name == "AutoPayInstruction":
            found = self.source.find([asked])
            items = [] if found is None else [self.one(found)]
            return wire.collection(f"{self.item.split(',')[0]}Collection, Asi.Contracts", items)
        return super().execute(operation, arguments, call)
