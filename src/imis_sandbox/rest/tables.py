"""User-defined tables of the older kind: `Name_Demo`, one row with every contact, and `Name_CEU`, several."""

from __future__ import annotations

from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.entities import Call, SourceEntity
from imis_sandbox.rest.ledger import Subset
from imis_sandbox.rest.panels import Panel
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Source
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world.store import Array

_COLUMNS = (
    ("PartyId", "String"), ("SEQN", "Integer"), ("CEU_Course", "String"), ("CEU_Date_Reported", "Date"),
    ("CEU_Event", "String"), ("CEU_Followup", "Date"), ("CEU_Hours", "Decimal"), ("CEU_Notes", "String"),
    ("CEU_Source", "String"), ("CEU_Type", "String"), ("CEU_Year", "String"),
)  # fmt: skip


def _definition() -> wire.Json:
    entries = [{"Name": name, "PropertyTypeName": kind} for name, kind in _COLUMNS]
    return {"EntityTypeName": "Name_CEU", "ObjectTypeName": "Multi", "Properties": {"$values": entries}}


class Units(Panel):
    """`Name_CEU`: a row for each course completed, and what an administrator adds.

    The identity of one contact alone gives that contact's rows, as the vendor's collection has it.

    Args:
        records: Of people.
        zone: The site's.
    """

    guarded = True

    def __init__(self, records: Records, zone: Zone) -> None:
        self._completed = Subset(records, "activities", ("learning_completed",))
        self._zone, self._seen = zone, 0
        self._last: dict[str, int] = {}
        super().__init__(_definition(), records)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        if len(elements) == 1:
            return self.page(Call(call.user, call.master, [*call.params, ("PartyId", elements[0])]))
        return super().get(elements, call)

    def _learn(self) -> None:
        rows = self._completed()[self._seen :]
        if len(rows) == 0:
            return
        self._seen += len(rows)
        log = self.records.state.logs["activities"]
        dates = text_of(self._zone.local(log["at"][rows]))
        for who, ref, date in zip(log["who"][rows].tolist(), log["ref"][rows].tolist(), dates, strict=True):
            party = self.records.id_of(who)
            course = reference(self.records, "learning_completed", ref)
            self._enter(party, {"CEU_Course": course, "CEU_Date_Reported": date, "CEU_Hours": 1.0, "CEU_Type": "CE"})

    def _enter(self, party: str, row: dict[str, Any]) -> None:
        self._rows[(party, str(self._next_ordinal(party)))] = row

    def _next_ordinal(self, party: str) -> int:
        self._last[party] = self._last.get(party, 0) + 1
        return self._last[party]


class Demographics(SourceEntity):
    """`Name_Demo`: its rows come with their contacts, so that adding one is a duplicate unless it was deleted.

    Args:
        source: Its rows and columns.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source, writable=True)
        self._gone: set[int] = set()
        self._all = source.rows
        source.rows = self._rows

    def _rows(self) -> Any:
        rows = self._all()
        return rows if not self._gone else _without(rows, self._gone)

    def create(self, call: Call) -> wire.Json:
        given = {name.lower(): value for name, value in wire.properties(call.body).items()}
        people = self.source.need("PartyId")
        row = int(people.parse(str(given.get("partyid") or "")))
        if row < 0:
            raise wire.invalid(("PartyId", "The contact does not exist."))
        if row not in self._gone:
            raise wire.Refusal(409, f"{self.name} {given['partyid']} already exists.")
        self._gone.discard(row)
        return self.update([str(given["partyid"])], call)

    def remove(self, elements: list[str], call: Call) -> None:
        row = self.row(elements)
        self._gone.add(row)
        self._edits.pop(row, None)


def _without(rows: range | Array, gone: set[int]) -> Array:
    every = np.asarray(rows)
    return every[~np.isin(every, list(gone))]
