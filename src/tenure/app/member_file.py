"""Everything that is known of one member, for that member: as JSON, and as a page to read. Nothing about others."""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tenure.app.house import House
from tenure.base.errors import UsageError
from tenure.base.home import write_atomically
from tenure.base.pseudonym import Pseudonyms

Record = dict[str, Any]

_ABOUT = """\
Made {made} by Tenure for {association}, about the member {member_id}. `records` came from the membership system;
`scores` and `predictions` are what was made of them; `ledger` holds what was proposed, said, permitted and done;
`audit` is what the record of acts says. Members of staff are named by their role. What was learnt from all members
together, and what the membership system itself holds, are not part of this."""

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>What is known of a member</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:0 0 2rem;font-size:.875rem}caption{text-align:left;font-weight:600}
th,td{border-bottom:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
pre{white-space:pre-wrap;margin:0;font:inherit}</style>"""


def write(house: House, member_id: str, folder: Path, *, by: str) -> tuple[Path, Path]:
    """Write `member.json` and `member.html` about *member_id* into the new *folder*, for its owner alone.

    Raises:
        UsageError: There is no such member, or the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", mend="name a new folder")
    house.open_ledger()
    member = _member(house, member_id)
    from tenure.ledger import audit

    audit.record("member:record:export", by=by, member=member, clock=house.clock)
    told = file_of(house, member, member_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    paths = folder / "member.json", folder / "member.html"
    text = json.dumps(told, indent=1, ensure_ascii=False, default=str)
    write_atomically(paths[0], text.encode(), mode=0o600)
    write_atomically(paths[1], page_of(told).encode(), mode=0o600)
    return paths


def file_of(house: House, member: int, member_id: str) -> Record:
    """All of it, as plain values: `about`, `records`, `scores`, `predictions`, `made_from`, `ledger`, `audit`."""
    clean = _cleaner(member, member_id)
    about = _ABOUT.format(
        made=f"{house.clock():%Y-%m-%d}", association=house.settings.association.name, member_id=member_id
    )
    parts: Record = {
        "about": about,
        "records": _records(house, member),
        "scores": _rows(house.lake.score_history(member)),
        "predictions": _predictions(house, member),
        "made_from": _made_from(house, member),
        "ledger": _ledger(member, member_id),
        "audit": _audit(member),
    }
    return {name: clean(part) for name, part in parts.items()}


def page_of(told: Record) -> str:
    """The same as a page of tables."""
    parts = [_HEAD, f"<h1>What is known of a member</h1><p>{html.escape(told['about'])}</p>"]
    for name, part in told.items():
        if name == "about":
            continue
        parts.append(f"<h2>{html.escape(name.replace('_', ' ').capitalize())}</h2>")
        tables = part if isinstance(part, dict) else {name: part}
        parts += [_table(caption, rows) for caption, rows in tables.items()] or ["<p>Nothing.</p>"]
    return "\n".join(parts) + "\n</html>\n"


def _member(house: House, member_id: str) -> int:
    from tenure.ledger import identities

    member = identities.required(member_id=member_id)
    assert member == Pseudonyms.of(house.home).one(member_id)
    return member


def _records(house: House, member: int) -> Record:
    lake, theirs = house.lake, pl.col("member") == member
    tables = {
        "members": lake.members(),
        "terms": lake.terms(),
        "audit attributes": lake.audit_attributes(),
    }
    found = {name: _rows(frame.filter(theirs)) for name, frame in tables.items()}
    activity = lake.timeline(member, limit=1_000_000).join(lake.programs().select("ref", "title"), on="ref", how="left")
    return {**found, "activity": _rows(activity.drop("activity_key"))}


def _predictions(house: House, member: int) -> list[Record]:
    """What models said of past renewals, to be judged by."""
    versions = house.registry.names()  # a damaged one stops this by name: what it said may not be left out unsaid
    frames = [
        house.registry.decisions(v).filter(pl.col("member") == member).with_columns(model=pl.lit(v)) for v in versions
    ]
    return _rows(pl.concat(frames, how="diagonal_relaxed")) if frames else []


def _made_from(house: House, member: int) -> list[Record]:
    """What the model was given about the member on the nights of which that is kept."""
    from tenure.app import receipts

    nights = ((day, receipts.store(house).read(day, member)) for day in house.lake.score_dates())
    return [
        {"as_of": day, **row}
        for day, given in nights
        if given is not None and given.features is not None
        for row in _rows(given.features)
    ]


def _ledger(member: int, member_id: str) -> Record:
    from tenure.ledger import belonging

    found: Record = {}
    for rows in belonging.rows_of(member=member, member_id=member_id):
        for each in (rows, *belonging.belonging_to(rows)):
            values = list(each.values())
            if values:
                known = found.setdefault(str(each.model._meta.verbose_name), [])
                known += [row for row in values if row not in known]
    return found


def _audit(member: int) -> list[Record]:
    from tenure.ledger import seals
    from tenure.ledger.first import first_of
    from tenure.ledger.models import AuditEvent

    rows = list(AuditEvent.objects.filter(member=first_of(member)).order_by("number"))
    texts = seals.texts_of(numbers=[row.number for row in rows])
    return [
        {"at": row.at, "act": row.act, "by": row.by, "subject": row.subject, "details": row.details,
         "text": texts.get(row.number)} for row in rows
    ]  # fmt: skip


def _cleaner(member: int, member_id: str) -> Callable[[Any], Any]:
    """Says staff by their role, organizations by the source's id, and the member by theirs."""
    from tenure.ledger import identities
    from tenure.ledger.models import Staff

    roles: dict[str, str] = {}
    for person in Staff.objects.all():
        roles |= {name: person.get_role_display() for name in (person.username, person.full_name, person.email) if name}

    def clean(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {name: clean(each, name) for name, each in value.items() if name != "member"}
        if isinstance(value, list | tuple):
            return [clean(each) for each in value]
        if key == "organization" and value is not None:
            return identities.ids_of(members=[value]).get(value)
        if isinstance(value, str):
            return roles.get(value, value)
        return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value

    return clean


def _rows(frame: pl.DataFrame) -> list[Record]:
    return frame.to_dicts()


def _table(caption: str, rows: Iterable[Record]) -> str:
    listed = list(rows)
    if not listed:
        return f"<p>{html.escape(caption)}: nothing.</p>"
    names = list(dict.fromkeys(name for row in listed for name in row))
    head = "".join(f'<th scope="col">{html.escape(name.replace("_", " "))}</th>' for name in names)
    body = "\n".join(f"<tr>{''.join(_cells(row, names))}</tr>" for row in listed)
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(row: Record, names: list[str]) -> Iterator[str]:
    for name in names:
        value = row.get(name)
        text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
        yield f"<td><pre>{html.escape('' if value is None else text)}</pre></td>"
