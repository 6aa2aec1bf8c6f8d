"""From rows as iMIS has them to rows as the contract has them: the SQL that a mapping amounts to."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import duckdb

from tenure.intake._mapping import From, Shape
from tenure.intake._source import Given
from tenure.membership.contract import TABLES


def given(db: duckdb.DuckDBPyConnection, table: str, selects: list[str], label: str, *, first: bool) -> Given:
    """What a source gives for *table*: all rows that *selects* yield.

    Args:
        db: The scratch database.
        table: Its name in the contract.
        selects: As `select` makes them.
        label: What messages call the source.
        first: Nothing was read before, so that this is all there is.
    """
    union = " UNION ALL BY NAME ".join(selects)
    db.execute(f'CREATE TEMP TABLE given_{table} AS SELECT *, row_number() OVER () AS "row" FROM ({union})')
    described = db.execute(f"DESCRIBE given_{table}").fetchall()
    columns = {row[0]: row[1] for row in described if row[0] != "row"}
    # Versions of members are only ever added to: what Tenure saw on its nights, the source no longer knows.
    whole = table != "members" and (first or table == "program_changes")
    return Given(table, f"given_{table}", columns, f"{label} {table.replace('_', ' ')}", whole=whole, paged=True)


def select(table: str, name: str, feed: Shape, relation: str, zone: ZoneInfo) -> str:
    """SQL that gives the contract's columns from a relation that has iMIS's, all text.

    Args:
        table: The table of the contract.
        name: The feed's, such as `activity.web`.
        feed: How columns become columns.
        relation: What to select from.
        zone: In which the source states times without an offset.
    """
    columns = [f'{_column(table, column, source, zone)} AS "{column}"' for column, source in feed.columns.items()]
    if table == "activity":
        # Keys are counted per query in iMIS, so that they need the query's name to tell rows apart.
        key = _raw(feed.columns["activity_id"])
        columns += [f"{_rule(feed, columns)} AS recorded_at"] if feed.recorded_after else []
        columns[list(feed.columns).index("activity_id")] = f"{_literal(name + ':')} || {key} AS activity_id"
    return f"SELECT {', '.join(columns)} FROM {relation} WHERE {taken(feed)}"


def unknown_codes(db: duckdb.DuckDBPyConnection, relation: str, feed: Shape) -> list[str]:
    """Which codes of `kind` the mapping doesn't know, in words; empty when it knows all."""
    kind = feed.columns.get("kind")
    if kind is None or not kind.values:
        return []
    found = db.execute(
        f'SELECT "{kind.column}", count(*) FROM {relation} WHERE NOT list_contains(?, "{kind.column}") '
        "GROUP BY ALL ORDER BY 2 DESC, 1",
        [[*kind.values, *feed.ignore]],
    ).fetchall()
    if not found:
        return []
    listed = ", ".join(f"{code} ({count:,})" for code, count in found[:8])
    rows = sum(count for _, count in found)
    return [f"{feed.place}: {rows:,} rows have codes that the mapping does not name: {listed}"]


def _rule(feed: Shape, columns: list[str]) -> str:
    """SQL for the instant at which a thing becomes known, by the mapping's rule for its kind."""
    kind, occurred = (
        columns[list(feed.columns).index(name)].removesuffix(f' AS "{name}"') for name in ("kind", "occurred_at")
    )
    days = {name: after for name, after in feed.recorded_after.items() if name != "default"}
    cases = " ".join(f"WHEN {_literal(name)} THEN {after}" for name, after in days.items())
    wait = feed.recorded_after.get("default", 0.0)
    after = f"CASE ({kind}) {cases} ELSE {wait} END" if cases else str(wait)
    return f"(TRY_CAST(({occurred}) AS TIMESTAMP) + to_seconds(({after}) * 86400))::VARCHAR"


def taken(feed: Shape) -> str:
    """SQL for the rows of a feed that are taken: those of a known code, and not left out by another column."""
    conditions = [f'"{column}" IS DISTINCT FROM {_literal(value)}' for column, value in feed.leave_out.items()]
    kind = feed.columns.get("kind")
    if kind is not None and kind.values:
        conditions.append(f'"{kind.column}" IN ({", ".join(map(_literal, kind.values))})')
    return " AND ".join(conditions) or "true"


def _column(table: str, name: str, source: From, zone: ZoneInfo) -> str:
    """SQL for a column of the contract, with what stands in for it."""
    value = _converted(table, name, source, zone)
    if source.if_later:
        first, second = (f'TRY_CAST("{column}" AS TIMESTAMP)' for column in source.if_later)
        value = f"CASE WHEN {first} > {second} THEN {value} END"
    if source.otherwise is None:
        return value
    return f"coalesce(nullif(trim({value}), ''), {_column(table, name, source.otherwise, zone)})"


def _converted(table: str, name: str, source: From, zone: ZoneInfo) -> str:
    column = _raw(source)
    if source.values:
        cases = " ".join(f"WHEN {_literal(code)} THEN {_literal(word)}" for code, word in source.values.items())
        return f"CASE {column} {cases} END"
    if source.take == "year":
        return f"left({column}, 4)"
    if source.take == "absolute":
        return f"ltrim({column}, '-')"
    if source.minus_months:
        months = f'to_months(TRY_CAST("{source.minus_months}" AS DOUBLE)::INTEGER)'
        return f"(TRY_CAST({column} AS DATE) + INTERVAL 1 DAY - {months})::DATE::VARCHAR"
    if source.column and TABLES[table].column(name).type == "timestamp":
        return _in_utc(column, str(zone))
    return column


def _raw(source: From) -> str:
    if source.parts:
        return " || '|' || ".join(f'"{part}"' for part in source.parts)
    return f'"{source.column}"' if source.column else _literal(source.value)


def _in_utc(column: str, zone: str) -> str:
    """SQL that turns a text in the server's own time into one in UTC; what is no time stays as it is."""
    if zone == "UTC":
        return column
    local = f"TRY_CAST({column} AS TIMESTAMP)"
    moved = f"make_timestamp(epoch_us({local} AT TIME ZONE {_literal(zone)}))"
    return f"CASE WHEN {local} IS NULL OR {column} LIKE '1970-01-01%' THEN {column} ELSE {moved}::VARCHAR END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
