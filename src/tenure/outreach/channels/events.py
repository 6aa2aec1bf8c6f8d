"""What other systems can hear of, and what they are told: ids and the risk band, unless an endpoint gets everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

EVENTS = {
    "proposal.opened": "A playbook proposes something about a member.",
    "proposal.approved": "A person approved one step of a proposal.",
    "proposal.rejected": "A person rejected a proposal.",
    "step.done": "A step was carried out.",
    "step.dropped": "A step was dropped at the gate.",
    "response.noted": "A member did something after a step, or it bounced.",
    "member.selected": "A playbook's own step for other systems, once it was approved.",
}
"""Event to what it means."""

OF_ACTS = {
    "proposal:member:open": "proposal.opened",
    "proposal:member:approve": "proposal.approved",
    "proposal:member:reject": "proposal.rejected",
    "step:member:deliver": "step.done",
    "step:member:drop": "step.dropped",
    "response:member:note": "response.noted",
}
"""Act of the audit log to the event that it is."""

THIN: dict[str, tuple[str, str]] = {
    "member_id": ("string", "The member's id in iMIS"),
    "band": ("string", "`high`, `medium`, `low`, `new`, or empty"),
    "proposal": ("integer", "Number of the proposal"),
    "step": ("string", "Reference of the step; the header X-Tenure-Reference of its message"),
    "kind": ("string", "Kind of the step, such as `email`, or of the response, such as `renewed`"),
}
"""What every endpoint is told: name to type and meaning."""

FULL: dict[str, tuple[str, str]] = {
    "risk_score": ("integer", "0 to 100"),
    "reason": ("string", "The strongest reason, in words for staff"),
    "name": ("string", "The member's name"),
    "email": ("string", "The member's address"),
}
"""What an endpoint is told besides that was added with full payload."""


def body_of(
    name: str, at: dt.datetime, facts: Mapping[str, Any], full: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of one message: type, time, and data, which holds nothing but what is named above."""
    data = {key: facts[key] for key in THIN if facts.get(key) not in (None, "")}
    if full is not None:
        data |= {key: full[key] for key in FULL if full.get(key) not in (None, "")}
    return {"type": name, "timestamp": at.astimezone(dt.UTC).isoformat(timespec="seconds"), "data": data}
