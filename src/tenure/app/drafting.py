"""From a playbook's choice to a proposal: what each step would say to this member, to this address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tenure.app.house import House
from tenure.app.smoothing import smoother_of
from tenure.app.walk import Teller
from tenure.base.pseudonym import Pseudonyms
from tenure.outreach.capacity import Candidate
from tenure.outreach.drafts import Unused
from tenure.outreach.language_model import Smoother
from tenure.outreach.talking import talking_points
from tenure.outreach.tokens import Ticket, Tokens, Use, link

if TYPE_CHECKING:
    from tenure.insights.facts import Fact
    from tenure.ledger.models import Contact, CurrentScore, Staff
    from tenure.ledger.proposals import NewProposal, NewStep
    from tenure.outreach.playbook import Playbook, StepPlan

_AT_ONCE = 500
_QUOTED = 300
_TAKEN_OVER = ("risk_score", "p_lapse_renewal", "renewal_due_on", "dues", "lifetime_value")
_ADDRESS = {"email": "email", "offer": "email", "survey": "email", "sms": "phone", "callback": "phone"}
_TOLD_BY_MAIL = "alert"


@dataclass
class Drafter:
    """Writes the proposals of one night.

    Args:
        house: The association's.
        playbooks: Those that are on, by name.
        as_of: The night.
        tell: Its step.
    """

    house: House
    playbooks: Mapping[str, Playbook]
    as_of: dt.date
    tell: Teller

    @cached_property
    def tokens(self) -> Tokens:
        """What makes links that only their recipient has."""
        return Tokens(Pseudonyms.of(self.house.home))

    @cached_property
    def smoother(self) -> Smoother:
        """What drafts; in a template's own words where no language model is set."""
        return smoother_of(self.house)

    def proposals(self, listed: Sequence[Candidate]) -> Iterator[NewProposal]:
        """A proposal for each candidate; one whose words lack a ground or an address is held back and says why."""
        from tenure.insights.facts import facts_of
        from tenure.ledger.models import Contact, CurrentScore, Staff

        staff = list(Staff.objects.filter(is_active=True).order_by("username"))
        for start in range(0, len(listed), _AT_ONCE):
            part = listed[start : start + _AT_ONCE]
            self.tell("drafting", start, len(listed))
            members = list({one.member for one in part})
            facts = facts_of(self.house.lake, self.house.settings, members, self.as_of)
            contacts = Contact.objects.in_bulk(members)
            scores = CurrentScore.objects.in_bulk(members)
            for one in part:
                member = one.member
                yield self._proposal(one, facts.get(member, {}), contacts.get(member), scores.get(member), staff)

    def _proposal(
        self,
        one: Candidate,
        facts: Mapping[str, Fact],
        contact: Contact | None,
        score: CurrentScore | None,
        staff: Sequence[Staff],
    ) -> NewProposal:
        from tenure.insights.facts import card_of
        from tenure.ledger.proposals import NewProposal

        playbook, row, card = one.playbook, one.row, card_of(facts)
        known = _words(one, facts, card, contact, score)
        chapter = row["chapter_id"] or ""
        made = [
            self._step(
                plan, one, facts, {**known, **self._page(plan, one, place)}, _recipient(plan, contact, chapter, staff)
            )
            for place, plan in enumerate(one.steps, 1)
        ]
        made[0].step.details["talking_points"] = talking_points(facts)
        aside = dict.fromkeys(unused for written in made for unused in written.set_aside)
        days = playbook.open_days or self.house.settings.outreach.open_days
        return NewProposal(
            member=one.member,
            playbook=playbook.name,
            playbook_version=playbook.version,
            occasion=one.occasion,
            cause=one.cause,
            as_of=self.as_of,
            stage=row["stage"],
            steps=tuple(written.step for written in made),
            band=row["band"] or "",
            reason=_reason(row),
            member_type=row["member_type"] or "",
            chapter_id=chapter,
            region=row["region"] or "",
            record_type=row["record_type"] or "",
            is_top_value=bool(row["top_value"]),
            is_exploration=one.is_exploration,
            minutes=one.minutes,
            worth=one.worth,
            context=[
                *map(list, card),
                *_set_aside(aside, facts),
                *_saved(one),
                *(["By", words] for words in one.by),
            ],
            expires_on=self.as_of + dt.timedelta(days=days),
            assignee=_username(_person(one.steps[0].assignee, chapter, staff)),
            **{name: row[name] for name in _TAKEN_OVER},
            **_held_by([problem for written in made for problem in written.problems]),
        )

    def _page(self, plan: StepPlan, one: Candidate, place: int) -> dict[str, str]:
        """The link to the member's own page that comes with a step; none where members cannot reach this server."""
        if plan.kind not in _PAGES:
            return {}
        from tenure.ledger.proposals import reference_of

        name, use = _PAGES[plan.kind]
        reference = reference_of(one.member, one.playbook.name, one.occasion, place)
        token = self.tokens.make(use, Ticket(one.member, reference, self.as_of))
        return {name: link(self.house.settings.outreach.public_url, use, token)}

    def _step(
        self,
        plan: StepPlan,
        one: Candidate,
        facts: Mapping[str, Fact],
        known: Mapping[str, str],
        recipient: str,
    ) -> _Written:
        from tenure.ledger.proposals import NewStep

        made = self.smoother.draft(plan, facts, known, _reason(one.row), self.house.settings)
        problems = list(made.problems)
        if plan.reaches_member and plan.kind in _ADDRESS and not recipient:
            problems.append(f"no {_ADDRESS[plan.kind]} of the member is known")
        details: dict[str, Any] = {"purpose": plan.purpose, "commercial": plan.commercial, "mandatory": plan.mandatory}
        details |= {"experiment": one.playbook.experiment} if one.playbook.experiment else {}
        # Pages show below a message what the law of the member's country asks for.
        details |= {"country": one.row["country"]} if plan.reaches_member and one.row["country"] else {}
        step = NewStep(
            kind=plan.kind,
            template=plan.template,
            wait_days=plan.wait_days,
            recipient=recipient,
            subject=made.subject,
            body=made.body,
            details={**plan.details, **details, "assignee": plan.assignee},
            claims=[claim.as_dict() for claim in made.claims],
        )
        return _Written(step, tuple(problems), made.set_aside)


class _Written(NamedTuple):
    """A step in its words, what keeps it out of the queue, and which facts were set aside."""

    step: NewStep
    problems: tuple[str, ...]
    set_aside: tuple[Unused, ...]


_PAGES: dict[str, tuple[str, Use]] = {"survey": ("answer_link", "answer"), "offer": ("offer_link", "offer")}


def _set_aside(aside: Iterable[Unused], facts: Mapping[str, Fact]) -> list[list[str]]:
    """What is not said and why, for the page, with the text itself: staff shall see what somebody typed in."""
    return [["Set aside", str(one), facts[one.key].words[:_QUOTED] if one.key in facts else ""] for one in aside]


def _saved(one: Candidate) -> list[list[str]]:
    """What was left out of the playbook, for the context card."""
    kinds = ", ".join(_KINDS.get(step.kind, step.kind) for step in one.left_out)
    return [["Left out", f"{kinds}: more staff hours than it is expected to be worth"]] if kinds else []


_KINDS = {"callback": "call", "in_app": "in-app message", "sms": "text message"}


def _reason(row: Mapping[str, Any]) -> str:
    """The predicted reason for leaving, or for lapsed members what went before."""
    return row["driver"] or row["reason"] or ""


def _recipient(plan: StepPlan, contact: Contact | None, chapter: str, staff: Sequence[Staff]) -> str:
    if plan.kind == _TOLD_BY_MAIL:
        person = _person(plan.assignee, chapter, staff)
        return person.email if person else ""
    name = _ADDRESS.get(plan.kind)
    return str(getattr(contact, name)) if name and contact else ""


def _words(
    one: Candidate,
    facts: Mapping[str, Fact],
    card: Sequence[tuple[str, str]],
    contact: Contact | None,
    score: CurrentScore | None,
) -> dict[str, str]:
    """What templates may say of the contact, and to staff of the score."""
    row = one.row
    named = {} if contact is None else {"first_name": contact.first_name, "last_name": contact.last_name}
    reached = {} if contact is None else {"member_name": contact.name, "email": contact.email, "phone": contact.phone}
    reasons = () if score is None else score.reasons
    told = {
        "cause": one.cause,
        "standing": "" if row["band"] is None else f"{row['band']} risk, {row['risk_score']} in 100",
        "reasons": "\n".join(f"- {reason}" for reason in reasons),
        "against": "" if score is None else score.against,
        "leaving": _reason(row),
        "context": "\n".join(f"{name}: {value}" for name, value in card),
        "talking_points": "\n".join(f"- {line}" for line in talking_points(facts)),
    }
    return {name: text for name, text in {**named, **reached, **told}.items() if text}


def _person(who: str, chapter: str, staff: Sequence[Staff]) -> Staff | None:
    """The only one who is meant by *who*, a role or a name; None where it is not clear."""
    found = [one for one in staff if one.role == who and (who != "liaison" or one.chapter_id == chapter)]
    found = found or [one for one in staff if one.username == who]
    return found[0] if len(found) == 1 else None


def _username(person: Staff | None) -> str:
    return person.username if person else ""


def _held_by(problems: list[str]) -> dict[str, Any]:
    if not problems:
        return {}
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return {"state": "held_back", "rule": "draft", "why": f"{problems[0]}{more}"[:400]}
