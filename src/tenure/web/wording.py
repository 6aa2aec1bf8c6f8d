"""The words of a step on the pages: what an edit keeps of its facts, what is wrong with it, how it would leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tenure.ledger.models import OutreachStep

LONGEST_BODY = 20_000


def placed(body: str, claims: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """*claims* whose clause is still in *body*, each where it stands now; the others are gone with their words."""
    kept, taken = [], 0
    for claim in sorted(claims, key=lambda claim: claim.get("start", 0)):
        text = str(claim.get("text", ""))
        at = body.find(text, taken) if text else -1
        at = body.find(text) if text and at < 0 else at
        if at >= 0:
            kept.append({**claim, "start": at, "end": at + len(text)})
            taken = at + len(text)
    return kept


def problems(step: OutreachStep, subject: str, body: str, claims: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What is wrong with an edit, in sentences; nothing where it can be kept."""
    found = []
    if not body.strip():
        found.append("The message is empty.")
    if step.first_subject and not subject.strip():
        found.append("The subject is empty.")
    return tuple(found)


def as_sent(step: OutreachStep) -> dict[str, Any]:
    """*step* as it would leave."""
    return {"text": step.body, "footer": ""}
