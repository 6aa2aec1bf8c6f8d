"""The card of a model, with what the ledger knows of who let it serve and who signed its labels."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from tenure.app import fairness, labels
from tenure.app.house import House
from tenure.app.models import rules_of, version_named
from tenure.base.errors import UsageError
from tenure.base.home import write_atomically
from tenure.base.settings import Membership

FORMATS = (".html", ".json")


def card(house: House, version: str | None) -> dict[str, Any]:
    """The card of *version*, or of the model that serves.

    Raises:
        TenureError: There is no such model.
        DamagedStore: A file of it is missing or was changed.
    """
    from tenure.risk.card import card_of

    manifest = version_named(house, version)
    found = str(manifest["version"])
    house.registry.load(found)
    audit = fairness.audited(house, found, None)
    return card_of(
        manifest,
        association=house.settings.association.name,
        labels=_labels(house, found),
        approvals=_approvals(house, found),
        feeds=_feeds(house, dt.date.fromisoformat(manifest["as_of"])),
        fairness=audit,
    )


def write(body: dict[str, Any], path: Path) -> None:
    """Put a card at *path*, as HTML or JSON by its ending.

    Raises:
        UsageError: The ending is another, or the folder is not there.
    """
    from tenure.risk.card import page_of

    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"`{path}` ends neither in .html nor in .json", mend="choose one of the two")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder `{path.parent}`", mend="create it, or choose another")
    text = page_of(body) if path.suffix.lower() == ".html" else json.dumps(body, indent=1, default=str)
    write_atomically(path, text.encode())


def keep(house: House, version: str) -> None:
    """Write the card of *version* beside the model, in both forms."""
    body = card(house, version)
    for ending in FORMATS:
        write(body, house.home.models / version / f"card{ending}")


def _labels(house: House, version: str) -> dict[str, Any]:
    """By which rules the model's labels were made, and who had signed them."""
    from tenure.risk.label_table import rules_in_words

    learnt = rules_of(house, version)
    rules = Membership.model_validate(learnt) if learnt else house.settings.membership
    signature = labels.signature(house)
    if signature and rules != house.settings.membership:
        signature = {**signature, "valid": False}
    return {"rules": rules_in_words(rules), "signature": signature}


def _approvals(house: House, version: str) -> list[dict[str, Any]]:
    house.open_ledger()
    from tenure.ledger import promotions

    return [
        {"serves_from": row.effective_on.isoformat(), "by": row.by, "how": row.get_how_display(), "why": row.why,
         "at": row.at.isoformat(timespec="seconds"), "replaced": row.replaced}
        for row in promotions.until()
        if row.version == version
    ]  # fmt: skip


def _feeds(house: House, as_of: dt.date) -> list[dict[str, Any]]:
    """Each kind of activity with the first day on which any of it was known, by *as_of*."""
    from tenure.membership.contract import KINDS

    with house.lake.connect() as con:
        rows = con.execute(
            "SELECT kind, min(greatest(occurred_at, recorded_at))::DATE, count(*) FROM activity "
            "WHERE recorded_at < $1 GROUP BY kind",
            [as_of],
        ).fetchall()
    known = {kind: (str(day), int(n)) for kind, day, n in rows}
    kinds = [*KINDS, *sorted(set(known) - set(KINDS))]
    return [
        {"kind": kind, "since": known.get(kind, (None, 0))[0], "rows": known.get(kind, (None, 0))[1]} for kind in kinds
    ]
