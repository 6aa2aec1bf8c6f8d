"""The source: whether it answers, with what rights, and whether its tables have the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tenure.app.checks import database
from tenure.app.checks.finding import FAULT, NOTE, OK, Finding
from tenure.app.house import House
from tenure.app.password import VARIABLE, is_known
from tenure.app.source import folder_of, open_client
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    from tenure.imis import ImisClient

_LOCAL = {"127.0.0.1", "localhost", "::1"}


def files(house: House) -> Iterator[Finding]:
    """The folder, its files and their columns; no row is read."""
    from tenure import intake

    folder, now = folder_of(house), house.clock()
    errand = intake.Errand(now, {}, house.settings, house.home.root / "spool")
    with house.lake.batch(source="doctor", at=now) as batch:
        delivery = intake.FilesSource(folder).deliver(batch.connection, errand)
    yield Finding("source", OK, f"{folder} can be read")
    for given in delivery.tables.values():
        yield Finding(given.label, OK, f"{len(given.columns)} columns of the contract")
    for notice in delivery.notices:
        yield Finding("columns", NOTE, notice)
    yield from _age(house, [folder / given.label for given in delivery.tables.values()])


def _age(house: House, paths: list[Path]) -> Iterator[Finding]:
    newest = max((path.stat().st_mtime for path in paths), default=0.0)
    days = (house.clock().timestamp() - newest) / 86_400
    if days > 3:
        words = f"the newest file is {days:,.0f} days old"
        yield Finding("exports", NOTE, words, "see whether the job that makes the exports still runs")
    else:
        yield Finding("exports", OK, "made within three days")


def imis(house: House) -> Iterator[Finding]:
    """The site, the account, the queries and the table."""
    source = house.settings.source
    if not is_known(house.home):
        yield Finding("password", FAULT, "it is not set", f"set the environment variable {VARIABLE}")
        return
    yield Finding("password", OK, "is known")
    parts = urlsplit(source.url)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        yield Finding("address", FAULT, "the password would travel unprotected", "write the address with https://")
    with open_client(house) as client:
        yield Finding("sign-in", OK, f"{source.url} knows the account {client.whoami()}")
        yield from _queries(house, client)
        yield from _table(house, client)
        yield Finding("requests", OK, f"{client.requests_used} requests were needed to look at all this")


def _queries(house: House, client: ImisClient) -> Iterator[Finding]:
    """Every query of the mapping: one page of it, and the columns that are wanted."""
    from tenure.imis import require_columns
    from tenure.intake import read_mapping

    plan = read_mapping(house.settings.source.mapping, house.home)
    yield Finding("mapping", OK, f"`{house.settings.source.mapping}` can be read")
    for table, _, feed in plan.feeds():
        try:
            pages = client.entities(feed.entity) if feed.entity else client.query(feed.place)
            rows = next(iter(pages), [])
            if rows:
                require_columns(feed.place, rows[0].keys(), feed.wanted)
        except TenureError as error:
            yield Finding(feed.place, FAULT, error.message, error.mend)
            continue
        words = f"has the {len(feed.wanted)} columns for {table}" if rows else f"answers, but has no row for {table}"
        yield Finding(feed.place, OK if rows else NOTE, words)
        if feed.query:
            yield from _definition(feed.query, feed.since, client.query_definition(feed.query))


def _definition(path: str, since: str, definition: dict[str, Any] | None) -> Iterator[Finding]:
    """What a query's definition tells beyond its rows; an account that may not read it is none the worse."""
    if definition is None:
        return
    prompts = {str(item.get("PropertyName", "")).lower() for item in definition.get("Parameters") or []}
    if since and since.lower() not in prompts:
        mend = "add the prompt to the query; without it every sync reads all rows"
        yield Finding(path, NOTE, f"has no prompt `{since}`", mend)
    if definition.get("LimitResultsCount"):
        words = f"gives {definition['LimitResultsCount']:,} rows at most"
        yield Finding(path, FAULT, words, "take the limit off the query: rows beyond it are never seen")


def _table(house: House, client) -> Iterator[Finding]:
    from tenure.writeback import RISK_COLUMNS

    rules = house.settings.writeback
    if not rules.enabled:
        yield Finding("write-back", NOTE, "is switched off", "set `writeback.enabled` to true to have scores in iMIS")
        return
    try:
        definition = client.definition(rules.table)
    except TenureError as error:
        mend = "docs/imis.md says which right it takes; scores can be written all the same once the table is there"
        yield Finding("write-back", NOTE, f"the definition of {rules.table} cannot be read: {error.message}", mend)
        return
    if definition is None and rules.install_table:
        yield Finding("write-back", OK, f"{rules.table} is not there yet; the first night makes it")
    elif definition is None:
        mend = "have it made as docs/imis.md says, or set `writeback.install_table` to true"
        yield Finding("write-back", FAULT, f"{rules.table} is not there", mend)
    else:
        yield Finding("write-back", OK, f"{rules.table} is there, for {len(RISK_COLUMNS)} columns")


def look(house: House) -> Iterator[Finding]:
    """The source, of whichever kind."""
    kinds = {"files": files, "imis": imis, "sql": database.look}
    yield from kinds[house.settings.source.kind](house)


CHECKS = (("source", look),)
