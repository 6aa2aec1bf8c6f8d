"""`/_sandbox/…`: time, truth, faults and usage; no part of iMIS, and open to whoever reaches the port."""

from __future__ import annotations

from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.accounts import Account
from imis_sandbox.rest.happenings import Mark
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
    if name == "accounts":
        return 200, accounts(site, method, body)
    if name == "clients":
        return 200, clients(site, method, body)
    if name == "notifications":
        return 200, notifications(site, method, parts[1:], params)
    if name == "mail":
        return 200, mail(site, method, params)
    if name in ("", "status"):
        return 200, status(site)
    raise wire.not_found("There are accounts, advance, clients, faults, mail, notifications, status, truth and usage.")


def status(site: Site) -> wire.Json:
    """What the world is."""
    state, config = site.association.state, site.association.config
    rows = {family: len(log) for family, log in state.logs.items()}
    return {
        "today": date_of(state.today).isoformat(), "members": config.members, "seed": config.seed,
        "years": config.years, "time_zone": config.time_zone, "people": len(state.people), "rows": rows,
        "term_versions": len(state.versions), "changes": len(state.changes),
        "mail_port": site.mail.port, "panels": {panel.name: len(panel.rows) for panel in site.panels.values()},
    }  # fmt: skip


def advance(site: Site, body: wire.Json) -> wire.Json:
    """Live `days` more days (1 by default, at most a year at once)."""
    try:
        days = int(body.get("days", 1))
    except (TypeError, ValueError):
        raise wire.Refusal(400, "days must be a whole number") from None
    if not 0 <= days <= _LONGEST:
        raise wire.Refusal(400, f"days must be between 0 and {_LONGEST}")
    mark = Mark(site.records) if site.notices.watched else None
    site.association.advance(days)
    if mark is not None:
        site.notices.tell(mark.since())
    return status(site)


def accounts(site: Site, method: str, body: wire.Json) -> wire.Json:
    """Add an account of staff (POST: `name`, and if wanted `password`, `administrator`), or unlock all (DELETE)."""
    if method == "POST":
        name = str(body.get("name") or "")
        if not name:
            raise wire.Refusal(400, "An account needs a name.")
        password = str(body.get("password") or "sandbox")
        site.accounts.accounts[name.lower()] = Account(name, password, master=bool(body.get("administrator")))
    elif method == "DELETE":
        site.accounts.unlock()
    known = site.accounts.accounts.values()
    return {"accounts": [{"name": a.name, "administrator": a.master, "locked": a.locked} for a in known]}


def clients(site: Site, method: str, body: wire.Json) -> wire.Json:
    """Register a client application for single sign-on (POST), or void every refresh token (DELETE)."""
    if method == "POST":
        return site.sign_on.register(body)
    if method == "DELETE":
        site.sign_on.forget()
    return site.sign_on.report()


def notifications(site: Site, method: str, parts: list[str], params: dict[str, str]) -> wire.Json:
    """What became of each webhook (GET), its `validationUrl` (GET with an id), or drop all (DELETE)."""
    if parts:
        return site.notices.validate(parts[0], params.get("code", ""))
    if method == "DELETE":
        site.notices.unsubscribe()
    return site.notices.report()


def mail(site: Site, method: str, params: dict[str, str]) -> wire.Json:
    """What arrived in the mailboxes (GET, with `since` the messages from that number on), or empty them (DELETE)."""
    if method == "DELETE":
        site.mail.messages.clear()
    since = params.get("since", "0")
    return site.mail.report(int(since) if since.isdigit() else 0)


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
