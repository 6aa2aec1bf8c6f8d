"""Permissions for messages to leave by themselves, held against what the playbook is and says of itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tenure.app import playbooks
from tenure.app.house import House
from tenure.base.errors import UsageError

if TYPE_CHECKING:
    from tenure.ledger.models import AutoSend
    from tenure.outreach.playbook import StepPlan

_TEMPLATE = re.compile(r"(?P<name>[a-z][a-z0-9-]+)@(?P<number>\d{1,6})#(?P<position>\d)")


def allow(
    house: House, template: str, bands: Sequence[str], *, daily_cap: int, until: dt.date, by: str, why: str
) -> dict[str, Any]:
    """Let *template* leave by itself; see `tenure.ledger.rollout.allow_auto_send`.

    Raises:
        UsageError: There is no such template, its playbook makes an offer or rules it out, or the limits cannot be.
        NotAllowed: *by* is no administrator.
    """
    step = _step(house, template)
    from tenure.ledger import rollout

    row = rollout.allow_auto_send(
        template=template, kind=step.kind, bands=bands, daily_cap=daily_cap, until=until, by=by, why=why,
        clock=house.clock,
    )  # fmt: skip
    return _body(row, house.today)


def _step(house: House, template: str) -> StepPlan:
    found = _TEMPLATE.fullmatch(template)
    if found is None:
        raise UsageError(f"`{template}` is no template", mend="write PLAYBOOK@VERSION#STEP, as personal-reminder@1#1")
    playbooks.opened(house)
    from tenure.ledger import playbooks as kept

    playbook = playbooks.read(kept.version(found["name"], int(found["number"])))
    if playbook.makes_offer or playbook.approval.auto_send == "never":
        why = "makes an offer" if playbook.makes_offer else "rules it out by `auto_send`"
        raise UsageError(
            f"`{playbook.name}` {why}, so nothing of it leaves by itself", mend="approve its proposals one by one"
        )
    place = int(found["position"])
    if not 1 <= place <= len(playbook.steps):
        raise UsageError(f"`{playbook.name}` has {len(playbook.steps)} steps", mend="name one of them after `#`")
    return playbook.steps[place - 1]


def listed(house: House) -> list[dict[str, Any]]:
    """Every permission, the newest last."""
    house.open_ledger()
    from tenure.ledger import rollout

    return [_body(row, house.today) for row in rollout.auto_sends()]


def _body(row: AutoSend, today: dt.date) -> dict[str, Any]:
    return {
        "permission": row.pk, "template": row.template, "bands": row.bands, "daily_cap": row.daily_cap,
        "until": row.until.isoformat(), "by": row.by, "why": row.why,
        "stands": row.ended_at is None and row.until >= today,
    }  # fmt: skip
