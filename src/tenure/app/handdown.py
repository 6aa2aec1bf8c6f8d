"""What people entered goes from the ledger down into the lake, before a night or a training reads it."""

from __future__ import annotations

import polars as pl

from tenure.app.house import House


def hand_down(house: House) -> None:
    """Let the lake know the change ledger as it stands; the lake is left alone where it does. The ledger must be open.

    The words of an entry stay in the ledger: they may name somebody, and nothing is counted from them.

    Raises:
        HeldBack: Another process is writing to the lake.
    """
    from tenure.ledger import change_ledger

    known = house.lake.entered_changes()
    rows = [
        {"entry": row.pk, "changed_on": row.changed_on, "scope": row.scope,
         "entered_at": row.entered_at, "withdrawn_at": row.withdrawn_at}
        for row in change_ledger.entries()
    ]  # fmt: skip
    instants = pl.col("entered_at", "withdrawn_at").dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    zoned = {**known.schema, **dict.fromkeys(("entered_at", "withdrawn_at"), pl.Datetime("us", "UTC"))}
    wanted = pl.DataFrame(rows, schema=zoned).with_columns(instants).select(known.columns)
    if wanted.sort("entry").equals(known.sort("entry")):
        return
    with house.lake.batch(source="change ledger", at=house.clock()) as batch:
        batch.replace("entered_changes", wanted)
        batch.commit()
