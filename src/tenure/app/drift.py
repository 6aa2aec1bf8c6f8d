"""Whether iMIS still holds what was written: a sample each night, everything once a week."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.app.walk import Teller
from tenure.base.errors import SourceUnavailable

if TYPE_CHECKING:
    from tenure.imis import ImisClient
    from tenure.ledger.lease import Fence
    from tenure.writeback import ReadBack

_WEEK = dt.timedelta(days=6, hours=12)
_A_NIGHT = dt.timedelta(hours=12)
_NAMED_FIELDS = 5


def look_for_drift(house: House, client: ImisClient, tell: Teller, as_of: dt.date, fence: Fence | None) -> list[str]:
    """Compare what iMIS holds with what it was given, and have written again what differs.

    A neighborhood of rows each night, chosen by its day; all of them when a week has passed, or when the table has
    fewer rows than were written, as after a restore of its database. Once a night is enough.

    Args:
        house: The association's.
        client: Reads.
        tell: The step; drift is a notice, and `read_back` among its figures.
        as_of: The night.
        fence: The right to write; None to look only, and change nothing in the ledger.

    Returns:
        Ids of members whose row has to be written again.
    """
    from tenure.ledger import identities, outbox

    table = house.settings.writeback.table
    away = set(identities.ids_of(members=house.lake.departed()).values())
    written = [row for row in outbox.written(table=table) if row.member_id not in away]
    if not written:
        return []
    fewer = _has_fewer(client, table, len(written))
    last, last_whole = _earlier(house.clock())
    whole = fewer or last_whole is None or last_whole >= _WEEK
    if not whole and last is not None and last < _A_NIGHT:
        return []
    try:
        found = _read(client, table, written, whole=whole, as_of=as_of)
    except SourceUnavailable:
        tell.notice(f"iMIS did not answer when {table} was to be read back; the next night does it")
        return []
    _tell(tell, table, found, whole=whole)
    if found.lost and fence is not None:
        outbox.reopen(table=table, member_ids=found.lost, clock=house.clock, fence=fence)
    return found.lost


def _has_fewer(client: ImisClient, table: str, believed: int) -> bool:
    from tenure.imis import NotFound

    try:
        return (client.count(table) or 0) < believed
    except NotFound:
        return True


def _read(client: ImisClient, table: str, written: list[Any], *, whole: bool, as_of: dt.date) -> ReadBack:
    from tenure import writeback

    first = 0 if whole else random.Random(as_of.toordinal()).randrange(len(written))  # noqa: S311  chance, no secret
    rows = written if whole else written[first : first + writeback.SAMPLE]
    return writeback.read_back(client, table, rows)


def _tell(tell: Teller, table: str, found: ReadBack, *, whole: bool) -> None:
    figures = {"rows": found.looked_at, "missing": len(found.missing), "drifted": len(found.drifted), "whole": whole}
    tell.count(read_back=figures)
    if not found.lost:
        return
    named = ", ".join(name for name, _ in found.fields.most_common(_NAMED_FIELDS))
    differ = f"{len(found.drifted):,} no longer say what Tenure wrote ({named})" if found.drifted else ""
    missing = f"{len(found.missing):,} are gone" if found.missing else ""
    parts = " and ".join(filter(None, (differ, missing)))
    tell.notice(f"of {found.looked_at:,} rows of {table} read back from iMIS {parts}; they are written again")


def _earlier(now: dt.datetime) -> tuple[dt.timedelta | None, dt.timedelta | None]:
    """How long ago rows were last read back, and all of them."""
    from tenure.ledger.models import RunStep

    steps = RunStep.objects.filter(name="write back", started_at__gte=now - 2 * _WEEK).exclude(run__kind="dry run")
    ages = [
        (now - step.started_at, bool(step.counts["read_back"]["whole"])) for step in steps if "read_back" in step.counts
    ]
    last = min((age for age, _ in ages), default=None)
    return last, min((age for age, whole in ages if whole), default=None)
