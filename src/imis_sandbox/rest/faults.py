"""Faults on demand: what goes wrong with real servers, switched on by name, seed and rate.

A fault acts in one of four places: *before* the request is understood, *around* a write, on the *answer*, or on the
list that is read (`imis_sandbox.rest.moving`). Those of a TLS `HANDSHAKE` come before there is any request to strike,
and are therefore chosen when the sandbox is started, for all connections.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from imis_sandbox.rest import wire

BEFORE = {
    "unauthorized_once": "401 on a good token; the same request succeeds next time",
    "unavailable": "503, with Retry-After when `retry_after` is given",
    "throttled": "429 with Retry-After (its shape is a guess)",
    "server_error": "500 in plain text, nothing saved",
    "forbidden": "403",
    "metadata_missing": "501 for api/metadata",
    "query_off": "404 for a query, as if switched off for REST",
    "redirect": "302 to itself, endlessly",
    "slow": "waits `seconds` before answering",
    "token_expired": "forgets every token, then 401",
}
WRITES = {
    "saved_500": "the write is carried out and answered with 500",
    "lost_reply": "the request is carried out and the connection dropped",
    "late_commit": "500 now; the write is carried out `seconds` later, or at a random moment of the next `up_to`",
    "refused": "400 validation, for the same records every time (by seed)",
    "duplicate": "409",
    "ordinal_zero": "a new multi-instance row reports ordinal 0",
}
ANSWERS = {
    "unordered": "rows of a page in random order",
    "repeated_page": "the rows of the previous page again at the head of this one",
    "missing_rows": "`share` of the rows left out, counts and all (a bad night)",
    "stale_lists": "lists do not know what was written to panel sources and contacts in the last `seconds`",
    "html": "an HTML page with status 200",
    "truncated": "half of the JSON",
    "wrong_charset": "bytes that are not UTF-8",
    "drip": "the body byte by byte",
    "huge": "a body of `megabytes`",
    "gzip_bomb": "a small gzip body of `megabytes`",
    "empty_has_next": "an empty page that claims to have a next one",
    "new_column": "a column that was not there",
    "lost_column": "`column` missing",
    "renamed_column": "`column` under another name",
    "type_change": "`column` as text instead of a number, or the reverse",
    "null_flood": "`column` null in every row",
    "new_value": "`column` with a value never seen before",
    "nested": "`column` as an object",
    "duplicate_keys": "every row twice",
    "clock_skew": "a Date header `seconds` off",
}
READS = {
    "moved_rows": "before a later page of a list, `rows` rows before it are deleted, or inserted where negative",
    "late_rows": "a query does not tell yet a `share` of the rows that were entered within its last `seconds`",
}
SITE = {"committee_wipe": "POST into a committee removes the contact's other seats"}
HANDSHAKE = {
    "expired": "the certificate ended yesterday",
    "wrong-host": "the certificate is for another host",
    "unknown-authority": "the certificate is signed by itself, and not by the authority of --tls-ca",
    "stalled": "connections are taken and never answered",
}
KNOWN = {**BEFORE, **WRITES, **ANSWERS, **READS, **SITE}


@dataclass
class Fault:
    """One fault that is switched on.

    Args:
        name: One of `KNOWN`.
        rate: Share of the requests it strikes.
        match: Text that the address must contain, in any case.
        times: How often it strikes at most; None is without end.
        more: What else it needs (`seconds`, `column`, `share`, …).
    """

    name: str
    rate: float = 1.0
    match: str = ""
    times: int | None = None
    more: dict[str, Any] = field(default_factory=dict)
    struck: int = 0


class Faults:
    """The faults of a site, drawn from one seeded source."""

    def __init__(self) -> None:
        self._random = random.Random(1)  # noqa: S311 - chance, not secrets
        self._seed = 1
        self.on: list[Fault] = []
        self.waiting = 0
        """Writes that are still to be carried out late, also by faults that are off by now."""

    def configure(self, data: wire.Json) -> wire.Json:
        """Replace what is switched on by `{"seed": 1, "faults": {name: rate or {...}}}`; 400 on an unknown name."""
        chosen = []
        for name, given in dict(data.get("faults", {})).items():
            if name in HANDSHAKE:
                raise wire.Refusal(400, f"A handshake comes before any request: start with --tls --tls-fault {name}.")
            if name not in KNOWN:
                raise wire.Refusal(400, f"There is no fault {name}; there are {', '.join(sorted(KNOWN))}.")
            options: dict[str, Any] = dict(given) if isinstance(given, dict) else {"rate": float(given)}
            known: dict[str, Any] = {key: options.pop(key) for key in ("rate", "match", "times") if key in options}
            chosen.append(Fault(name, more=options, **known))
        self._seed = int(data.get("seed", 1))
        self._random = random.Random(self._seed)  # noqa: S311 - chance, not secrets
        self.on = chosen
        return self.report()

    def report(self) -> wire.Json:
        """What is on, how often each struck, how many writes are still to be carried out late, and what there is."""
        on = [{"name": f.name, "rate": f.rate, "match": f.match, "times": f.times, "struck": f.struck} for f in self.on]
        return {"seed": self._seed, "on": on, "waiting": self.waiting, "known": KNOWN, "at_start": HANDSHAKE}

    def strikes(self, name: str, address: str) -> Fault | None:
        """The fault of that name if it strikes this request."""
        for fault in self.on:
            if fault.name == name and fault.match.lower() in address.lower() and self._falls(fault):
                fault.struck += 1
                return fault
        return None

    def first(self, names: dict[str, str], address: str) -> Fault | None:
        """The first fault of a group that strikes."""
        for name in names:
            fault = self.strikes(name, address)
            if fault is not None:
                return fault
        return None

    def always(self, name: str, address: str, record: str) -> bool:
        """Whether a fault strikes a record, the same ones every time."""
        for fault in self.on:
            chance = random.Random(f"{self._seed}/{record}").random()  # noqa: S311 - chance, not secrets
            if fault.name == name and fault.match.lower() in address.lower() and chance < fault.rate:
                fault.struck += 1
                return True
        return False

    def _falls(self, fault: Fault) -> bool:
        if fault.times is not None and fault.struck >= fault.times:
            return False
        return self._random.random() < fault.rate

    def delay(self, fault: Fault) -> float:
        """Seconds after which a late write is carried out."""
        if "up_to" in fault.more:
            return self._random.uniform(0, float(fault.more["up_to"]))
        return float(fault.more.get("seconds", 1))

    def shuffle(self, rows: list[Any]) -> None:
        """Put rows out of order."""
        self._random.shuffle(rows)

    def sample(self, rows: list[Any], share: float) -> list[Any]:
        """Leave a share of the rows out."""
        return [row for row in rows if self._random.random() >= share]


def spoil(fault: Fault, page: wire.Json, faults: Faults, previous: list[Any]) -> wire.Json:
    """A page of rows as a fault would have it."""
    items = page["Items"]
    rows = list(items["$values"])
    if fault.name == "unordered":
        faults.shuffle(rows)
    elif fault.name == "repeated_page":
        rows = previous[: max(0, len(rows) // 2)] + rows[: len(rows) - len(previous[: max(0, len(rows) // 2)])]
    elif fault.name == "missing_rows":
        share = float(fault.more.get("share", 0.6))
        rows = faults.sample(rows, share)
        alone = not page["Offset"] and not page["HasNext"]
        total = len(rows) if alone else round(page["TotalCount"] * (1 - share))
        return _counted({**page, "TotalCount": total}, rows)
    elif fault.name == "empty_has_next":
        empty = {**page, "HasNext": True, "NextOffset": page["Offset"] + max(1, page["Limit"])}
        return {**empty, "Count": 0, "Items": {**items, "$values": []}}
    elif fault.name == "duplicate_keys":
        rows = [row for row in rows for _ in range(2)]
        return _counted(page, rows)
    else:
        rows = [_bent(fault, row) for row in rows]
    return {**page, "Items": {**items, "$values": rows}}


def _counted(page: wire.Json, rows: list[Any]) -> wire.Json:
    return {**page, "Count": len(rows), "Items": {**page["Items"], "$values": rows}}


def _bent(fault: Fault, row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    if "Properties" in row:
        entries = [bent for entry in row["Properties"]["$values"] for bent in _bent_entry(fault, entry)]
        if fault.name == "new_column":
            entries.append(wire.prop("Surprise", "new"))
        return {**row, "Properties": {**row["Properties"], "$values": entries}}
    flat: wire.Json = {}
    for name, value in row.items():
        for entry in _bent_entry(fault, {"Name": name, "Value": value}):
            flat[entry["Name"]] = entry.get("Value")
    return {**flat, "Surprise": "new"} if fault.name == "new_column" else flat


def _bent_entry(fault: Fault, entry: wire.Json) -> list[wire.Json]:
    if entry["Name"].lower() != str(fault.more.get("column", "")).lower():
        return [entry]
    value = wire.unboxed(entry.get("Value"))
    if fault.name == "lost_column":
        return []
    if fault.name == "renamed_column":
        return [{**entry, "Name": f"{entry['Name']}1"}]
    if fault.name == "null_flood":
        return [{**entry, "Value": None}]
    if fault.name == "new_value":
        return [{**entry, "Value": "ZZNEW"}]
    if fault.name == "nested":
        return [{**entry, "Value": {"Inner": value}}]
    if fault.name == "type_change":
        return [{**entry, "Value": 7 if isinstance(value, str) else f"about {value}"}]
    return [entry]
