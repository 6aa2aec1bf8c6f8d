"""What a person should know about a delivery in which nothing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tenure.intake._judge import Verdict
from tenure.intake._staging import Stage
from tenure.intake._values import given
from tenure.membership.contract import ACTIVITY, KINDS

_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,39}")


def notices(stage: Stage, verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """One line each."""
    yield from stage.delivery.notices
    for name, verdict in verdicts.items():
        if verdict.repeated and not stage.delivery.tables[name].paged:
            yield f"{verdict.label}: {verdict.repeated:,} rows are there more than once, word for word; taken once each"
    yield from _members(stage)
    yield from _activity(stage)
    yield from _contacts(stage)


def _members(stage: Stage) -> Iterator[str]:
    table = stage.delivery.tables.get("members")
    if table is not None and "valid_from" not in table.columns:
        yield (
            f"{table.label} has no `valid_from`: it shows today's values, so only chapter, industry, region and "
            "country stand for the past; from this sync on Tenure keeps what changes"
        )
    elif table is not None and (undated := _undated(stage)):
        yield f"{table.label}: {undated:,} rows have no `valid_from`; they are taken for today's values"


def _undated(stage: Stage) -> int:
    return stage.count("SELECT count(*) FROM staged_members WHERE reason IS NULL AND valid_from IS NULL")


def _activity(stage: Stage) -> Iterator[str]:
    table = stage.delivery.tables.get("activity")
    if table is None or (table.whole and not stage.count("SELECT count(*) FROM staged_activity")):
        yield from ["there is no activity: the model learns from terms alone"] if _whole(stage) else []
        return
    stood_in = _without_recorded_at(stage)
    if stood_in:
        yield (
            f"{table.label}: {stood_in:,} rows have no `recorded_at`; `occurred_at` stands in for it, as if they had "
            "been known at once"
        )
    odd = [(kind, count) for kind, count in _kinds(stage) if kind not in KINDS]
    if odd:
        named = ", ".join(kind for kind, _ in odd[:10] if _PLAIN_WORD.fullmatch(kind))
        rows = sum(count for _, count in odd)
        yield f"{table.label}: {rows:,} rows are of kinds outside the vocabulary and were kept: {named}"


def _kinds(stage: Stage) -> list[tuple[str, int]]:
    query = "SELECT kind, count(*) FROM staged_activity WHERE reason IS NULL GROUP BY kind ORDER BY kind"
    return [(str(kind), int(count)) for kind, count in stage.db.execute(query).fetchall()]


def _without_recorded_at(stage: Stage) -> int:
    table = stage.delivery.tables["activity"]
    if "recorded_at" not in table.columns:
        return stage.count("SELECT count(*) FROM staged_activity")
    was = given(ACTIVITY.column("recorded_at"), table.columns["recorded_at"])
    return stage.count(f"SELECT count(*) FROM {table.relation} WHERE NOT ({was})")


def _contacts(stage: Stage) -> Iterator[str]:
    table = stage.delivery.tables.get("contacts")
    if table is not None:
        strangers = stage.count("SELECT count(*) FROM staged_contacts WHERE reason IS NULL AND member IS NULL")
        if strangers:
            yield f"{table.label}: {strangers:,} rows are of people who are not in members; they were left out"


def _whole(stage: Stage) -> bool:
    return all(table.whole for table in stage.delivery.tables.values())
