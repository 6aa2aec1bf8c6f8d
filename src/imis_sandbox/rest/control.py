"""`/_sandbox/…`: time, truth, faults and usage; no part of iMIS, and open to whoever reaches the port."""

from __future__ import annotations

from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.site import Site
from imis_sandbox.truth import past_decisions, pending_decisions
from imis_sandbox.world.config import date_of

_LONGEST = 366


def answer(site: Site, method: str, parts: list[str], params: dict[str, str], body: wire.Json) -> tuple[int, Any]:
    """Answer one control request."""
    name = parts[0].lower() if parts else ""
    if name == "advance" and method == "POST":
        return 200, advance(site, body)
    if name == "truth" and method == "GET":
        return 200, truth(site, params.get("decisions", "pending"))
    if name == "faults":
        return 200, faults(site, method, body)
    if name == "usage":
        if method == "DELETE":
            site.usage.reset()
        return 200, site.usage.report()
    if name == "accounts" and method == "DELETE":
        site.accounts.unlock()
        return 200, {"unlocked": True}
    if name in ("", "status"):
        return 200, status(site)
    raise wire.not_found("There are accounts, advance, faults, status, truth and usage.")


def status(site: Site) -> wire.Json:
    """What the world is."""
    state, config = site.association.state, site.association.config
    rows = {family: len(log) for family, log in state.logs.items()}
    return {
        "today": date_of(state.today).isoformat(), "members": config.members, "seed": config.seed,
        "years": config.years, "time_zone": config.time_zone, "people": len(state.people), "rows": rows,
        "term_versions": len(state.versions), "changes": len(state.changes),
        "panels": {panel.name: len(panel.rows) for panel in site.panels.values()},
    }  # fmt: skip


def advance(site: Site, body: wire.Json) -> wire.Json:
    """Live `days` more days (1 by default, at most a year at once)."""
    try:
        days = int(body.get("days", 1))
    except (TypeError, ValueError):
        raise wire.Refusal(400, "days must be a whole number") from None
    if not 0 <= days <= _LONGEST:
        raise wire.Refusal(400, f"days must be between 0 and {_LONGEST}")
    site.association.advance(days)
    return status(site)


def truth(site: Site, which: str) -> wire.Json:
    """The truth by columns: pending decisions, or with `?decisions=made` those that were made."""
    frame = past_decisions(site.records) if which == "made" else pending_decisions(site.records)
    columns = {column: frame[column].to_list() for column in frame.columns}
    return {"today": date_of(site.association.state.today).isoformat(), "count": len(frame), "columns": columns}


def faults(site: Site, method: str, body: wire.Json) -> wire.Json:
    """Switch faults on (POST), off (DELETE), or say what is on (GET)."""
    if method == "POST":
        site.faults.configure(body)
    elif method == "DELETE":
        site.faults.configure({})
    site.groups.wipes = any(fault.name == "committee_wipe" for fault in site.faults.on)
    return site.faults.report()
