"""What `tenure init` sees of a source, and the mapping file that it proposes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.app.house import House
from tenure.app.source import folder_of, open_client, open_database
from tenure.base.home import write_atomically

if TYPE_CHECKING:
    from tenure.intake.wizard import Proposal

FILE = "mapping.toml"
"""The mapping beside tenure.toml."""


def inspect(house: House, queries: Iterable[str], told: Callable[[str], None]) -> Proposal:
    """Look at the association's source, change nothing, and say what mapping would fit.

    Args:
        house: The association's.
        queries: Of an iMIS: paths of further queries that may hold something.
        told: Told in words what is looked at.

    Raises:
        TenureError: It cannot be looked at.
    """
    from tenure import intake
    from tenure.intake import wizard

    kind, now = house.settings.source.kind, house.clock()
    errand = intake.Errand(now, {}, house.settings, house.home.root / "spool")
    if kind == "files":
        return wizard.survey_files(folder_of(house), errand)
    there = now.astimezone(errand.zone).replace(tzinfo=None)
    if kind == "sql":
        with open_database(house) as database:
            plan = intake.read_sql_mapping("sql", house.home)
            return wizard.survey_database(database, plan, now=there, told=told)
    with open_client(house) as client:
        stock, own = intake.read_mapping("stock", house.home), house.settings.writeback.table
        survey = wizard.survey_imis(client, stock, at=there, own_table=own, queries=queries, told=told)
    return wizard.propose(survey, stock)


def keep(house: House, proposal: Proposal) -> Path:
    """Write the proposed mapping beside the settings; one that is there is kept under another name."""
    path = house.home.root / FILE
    if path.is_file() and path.read_text(encoding="utf-8") != proposal.text:
        path.replace(path.with_name(f"mapping-until-{house.clock().astimezone(dt.UTC):%Y%m%dT%H%M%S}.toml"))
    write_atomically(path, proposal.text.encode())
    return path
