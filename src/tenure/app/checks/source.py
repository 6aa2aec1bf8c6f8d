"""The source: whether it answers, with what rights, and whether its tables have the columns that are needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tenure.app.checks import database, imis
from tenure.app.checks.finding import NOTE, OK, Finding
from tenure.app.house import House
from tenure.app.source import folder_of


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
        yield Finding("columns", NOTE, notice, "nothing need be done if it is meant so; docs/files.md has the columns")
    yield from _age(house, [folder / given.label for given in delivery.tables.values()])


def _age(house: House, paths: list[Path]) -> Iterator[Finding]:
    newest = max((path.stat().st_mtime for path in paths), default=0.0)
    days = (house.clock().timestamp() - newest) / 86_400
    if days > 3:
        words = f"the newest file is {days:,.0f} days old"
        yield Finding("exports", NOTE, words, "see whether the job that makes the exports still runs")
    else:
        yield Finding("exports", OK, "made within three days")


def look(house: House) -> Iterator[Finding]:
    """The source, of whichever kind."""
    kinds = {"files": files, "imis": imis.look, "sql": database.look}
    yield from kinds[house.settings.source.kind](house)


CHECKS = (("source", look),)
