"""Proposals for the members of a factory's world, in letters whose clauses stand beside their facts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import factories

PLAYBOOKS = ("renewal-reminder", "no-show-follow-up", "payment-plan", "chapter-drift")
CARD = [
    ["Member", "9 years, Professional"],
    ["Paid through", "Mar 4, in 3 days"],
    ["Dues", "$320, open"],
    ["Payments", "9 of 9 on time before this one"],
    ["Last login", "Dec 6, 85 days ago"],
    ["Events", "0 of 2 this spring, 2 of 2 last"],
    ["Posts", "None since October"],
    ["Downloads", "4 this year, last Nov 21"],
    ["Tickets", "None open"],
    ["Unsubscribed", "Nothing"],
    ["Last contact", "Feb 12, newsletter"],
]
_CLAIMS = {
    "since 2016": "Joined May 9, 2016. Contact record",
    "downloaded the Quay Wall standard and three of its updates": "4 downloads, Apr 2 to Nov 21. Activity",
    "runs to March 4": "Paid through Mar 4, 2025. Invoice 40 118",
    "until April 3": "Grace for Professional: 30 days. Settings",
}


def letter(name: str) -> tuple[str, list[dict[str, Any]]]:
    """A body and its claims."""
    body = (
        f"Dear {name},\n\n"
        "You have been with us since 2016, and this year you downloaded the Quay Wall standard and three of its "
        "updates. I wanted to make sure you keep that access.\n\n"
        "Your membership runs to March 4. Everything stays open for you until April 3, and renewing takes about a "
        "minute.\n\n"
        "If something got in the way, reply to this note: it reaches me, not a mailbox.\n\n"
        "Warm regards,\nMarta Lindqvist"
    )
    claims = []
    for text, shown in _CLAIMS.items():
        start = body.index(text)
        claims.append({"text": text, "fact_key": text.split()[0], "shown": shown, "start": start})
        claims[-1] |= {"end": start + len(text), "table": "activity", "records": ["a1"]}
    return body, claims


def propose(world: factories.World, count: int = 30, **changes: Any) -> list[int]:
    """Open *count* proposals for the members of highest risk; gives their numbers, most worth first."""
    from tenure.ledger import contacts, proposals
    from tenure.ledger.models import Proposal

    scores = world.scores.sort(["p_lapse_renewal", "member"], descending=[True, False]).head(count).to_dicts()
    names = contacts.names_of(members=[row["member"] for row in scores])
    made = [_proposal(i, row, names.get(row["member"], ""), world, changes) for i, row in enumerate(scores)]
    proposals.propose(proposals=made, by="tenure run", clock=lambda: dt.datetime(2025, 3, 1, 2, 12, tzinfo=dt.UTC))
    return list(Proposal.objects.order_by("-worth", "-risk_score", "pk").values_list("pk", flat=True))


def _proposal(i: int, row: dict[str, Any], name: str, world: factories.World, changes: dict[str, Any]) -> Any:
    from tenure.ledger.proposals import NewProposal, NewStep

    playbook = PLAYBOOKS[(0, 0, 0, 1, 2, 3)[i % 6]]
    body, claims = letter(name.split()[0] if name else "colleague")
    step = NewStep(
        kind="offer" if playbook == "payment-plan" else "callback" if playbook == "chapter-drift" else "email",
        template=f"{playbook}@7#1",
        recipient="" if playbook == "chapter-drift" else f"member{world.members[row['member']]}@example.org",
        subject=f"Your standards library access, {name.split()[0] if name else 'colleague'}",
        body=body,
        claims=claims,
        details={"purpose": "renewal"},
    )
    given: dict[str, Any] = {
        "occasion": "renewal:2025-04-15",
        "cause": f"medium risk ({row['risk_score']}), 45 days before the term ends",
        "as_of": factories.DAY,
        "stage": "grace" if row["in_grace"] else "before",
        "band": row["band"],
        "risk_score": row["risk_score"],
        "p_lapse_renewal": row["p_lapse_renewal"],
        "renewal_due_on": row["renewal_due_on"],
        "dues": row["dues"],
        "chapter_id": row["chapter_id"] or "",
        "member_type": row["member_type"],
        "minutes": 3.0,
        "worth": round(1000.0 - i, 1),
        "context": CARD,
        "expires_on": factories.DAY + dt.timedelta(days=21),
        "steps": (step,),
        **changes,
    }
    return NewProposal(member=row["member"], playbook=playbook, playbook_version=7, **given)
