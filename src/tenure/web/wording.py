"""The words of a step on the pages: what an edit keeps of its facts, what is wrong with it, how it would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tenure.ledger import samples
from tenure.ledger.models import Contact, OutreachStep
from tenure.outreach import drafts, footer, names, tokens
from tenure.outreach.claims import Claim
from tenure.outreach.gate import counts_as_commercial, is_mandatory
from tenure.outreach.law import law_for
from tenure.outreach.playbook import REACHES_MEMBER
from tenure.web import place
from tenure.web.record import country_of

LONGEST_BODY = 20_000
_WAY_OUT = "the member's own link"


@dataclass(frozen=True)
class Edited:
    """An edit: the facts whose clauses are still there, as the ledger keeps them, and what is wrong in sentences."""

    claims: list[dict[str, Any]]
    problems: tuple[str, ...]


def edited(step: OutreachStep, subject: str, body: str) -> Edited:
    """What *step* would be with these words; wrong ones cannot be kept."""
    empty = [f"The {what} is empty." for what, is_empty in (
        ("message", not body.strip()), ("subject", bool(step.first_subject) and not subject.strip()),
    ) if is_empty]  # fmt: skip
    if empty:
        return Edited(step.claims, tuple(empty))
    contact = Contact.objects.filter(member=step.proposal.member).first()
    person = {"first_name": contact.first_name, "last_name": contact.last_name} if contact else {}
    known = [*names.of_settings(place.settings()).values(), *names.of_contact(person).values()]
    found = drafts.check_edit(
        kind=step.kind,
        subject=subject,
        body=body,
        first_subject=step.first_subject,
        first_body=step.first_body,
        claims=[Claim.of(claim) for claim in step.claims],
        known=known,
    )
    problems = found.problems if step.kind in REACHES_MEMBER else ()
    return Edited([claim.as_dict() for claim in found.claims], problems)


def as_sent(step: OutreachStep) -> dict[str, str]:
    """The text of *step* as it would leave but for the tokens of the member's own links, and what stands below it."""
    text = tokens.shown(step.body)
    if step.kind not in samples.KINDS:
        return {"text": text, "footer": ""}
    settings = place.settings()
    below = footer.footing(
        purpose=str(step.details.get("purpose", "renewal")),
        commercial=counts_as_commercial(step.details, step.kind),
        mandatory=is_mandatory(step.details),
        law=law_for(country_of(place.lake(), step.proposal.member), settings),
        settings=settings,
        way_out=_WAY_OUT if settings.outreach.public_url else "",
    )
    return {"text": text, "footer": below.text}
