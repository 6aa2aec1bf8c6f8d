"""A draft: a step's words for one member, each factual clause tied to its record, and what keeps it out of the queue.

What reaches a member is checked: placeholders that nothing fills, claims that are not so, figures, dates, titles and
addresses that stand nowhere, words that no member is to read, and length. A step that only staff read may say more and
is checked for its placeholders and its length alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tenure.base.errors import BadInput
from tenure.base.settings import Settings
from tenure.insights.facts import Fact
from tenure.outreach import names
from tenure.outreach.claims import Claim, anchored, claim, ungrounded, untrue
from tenure.outreach.placeholders import Filled, Template, Value, read_template
from tenure.outreach.plain_words import refused
from tenure.outreach.unfit import why_unfit
from tenure.outreach.values import Spoken, one_line
from tenure.outreach.wording import Plan, too_long


@dataclass(frozen=True)
class Unused:
    """A fact that a template names and that is not said.

    Args:
        key: Which fact.
        why: What is the matter with its text, to follow "its text"; see `tenure.outreach.unfit`.
    """

    key: str
    why: str

    def __str__(self) -> str:
        return f"`{self.key}` is not used: its text {self.why}"


@dataclass(frozen=True)
class Draft:
    """What one step would say.

    Args:
        subject: One line; empty where the kind of step has none.
        body: Plain text.
        claims: Its factual clauses, in order.
        problems: What keeps it out of the queue, for staff to read; none for a draft that may enter.
        set_aside: Facts that the template names and that were not used, since their text is not fit to be said.
        by: `template`, or `language model` for words that were smoothed.
    """

    subject: str
    body: str
    claims: tuple[Claim, ...]
    problems: tuple[str, ...]
    set_aside: tuple[Unused, ...] = ()
    by: str = "template"


@dataclass(frozen=True)
class Material:
    """What one member's messages are made of.

    Args:
        facts: Facts that may be said, by key.
        values: All values by name of placeholder.
        known: Values that are no facts: of settings and of the contact.
        set_aside: Why a fact is not used, to follow "its text", by key.
    """

    facts: Mapping[str, Fact]
    values: Mapping[str, Value]
    known: tuple[str, ...]
    currency: str = "$"
    set_aside: Mapping[str, str] = field(default_factory=dict)


def draft(plan: Plan, facts: Mapping[str, Fact], contact: Mapping[str, str], reason: str, settings: Settings) -> Draft:
    """What *plan* says to one member, for *reason*.

    Args:
        plan: A step of a playbook.
        facts: What is on record of the member, by key.
        contact: `first_name` and `last_name`; pages of the member's own (`answer_link`, `offer_link`); for steps that
            staff read, any of `tenure.outreach.names.STAFF`.
        reason: The predicted reason for leaving, or what went before a lapse; chooses the words.
        settings: The association's.

    Raises:
        BadTemplate: The template cannot be read. A playbook that was read has none of those.
    """
    material = material_of(plan, facts, contact, settings)
    subject_words, body_words = plan.said(reason)
    return written(plan, read(plan, subject_words), read(plan, body_words), material)


def read(plan: Plan, text: str) -> Template:
    """*text* as a template of *plan*, with the names that its reader may be told.

    Raises:
        BadTemplate: It is none.
    """
    return read_template(text, names=names.TO_MEMBERS if plan.reaches_member else names.TO_STAFF)


def written(plan: Plan, subject: Template, body: Template, material: Material, *, by: str = "template") -> Draft:
    """The draft that two templates make of *material*."""
    head, text = (template.fill(material.values, currency=material.currency) for template in (subject, body))
    claims = (*_claims(head, material.facts, "subject"), *_claims(text, material.facts, "body"))
    literal = f"{subject.literal}\n{body.literal}"
    problems = [*_unfilled(head), *_unfilled(text), *_not_one_line(head.text)]
    problems += too_long(plan.kind, head.text, text.text)
    if plan.reaches_member:
        for where, said in (("subject", head.text), ("body", text.text)):
            mine = [one for one in claims if one.where == where]
            problems += check(said, mine, material.facts, template=literal, known=material.known)
    named = subject.names | body.names
    aside = (Unused(key, why) for key, why in material.set_aside.items() if key in named)
    return Draft(head.text, text.text, claims, tuple(dict.fromkeys(problems)), tuple(aside), by)


def check(
    text: str,
    claims: Sequence[Claim],
    facts: Mapping[str, Fact] | None,
    *,
    template: str = "",
    known: Iterable[str] = (),
) -> tuple[str, ...]:
    """What keeps *text* from a member: claims that are not so, what stands nowhere, and refused words.

    Args:
        text: A subject or a body, also one that staff edited.
        claims: Its claims; they are looked for again where the text was edited.
        facts: What is on record of the member; without it, the claims speak for themselves.
        template: The template's own words, or the text as it was drafted.
        known: Values of settings and of the contact.
    """
    here = anchored(text, claims)
    false = () if facts is None else untrue(text, here, facts)
    baseless = ungrounded(text, here, facts or {}, template=template, known=known)
    words = refused(text, within_facts=[(one.start, one.end) for one in here])
    return (*false, *baseless, *dict.fromkeys(str(word) for word in words))


@dataclass(frozen=True)
class Edited:
    """An edit of a draft: its claims where they now stand, and what keeps it from being approved."""

    claims: tuple[Claim, ...]
    problems: tuple[str, ...]


def check_edit(
    *,
    kind: str,
    subject: str,
    body: str,
    first_subject: str,
    first_body: str,
    claims: Sequence[Claim],
    known: Iterable[str] = (),
) -> Edited:
    """What a member of staff made of a draft that reaches a member.

    All that the draft itself said counts as borne out, since it was checked when it was made, and so does what staff
    see beside its claims; what the edit adds has to stand there or in *known*.
    """
    ground = "\n".join([first_subject, first_body, *(one.shown for one in claims)])
    kept, problems = list[Claim](), [*_not_one_line(subject), *too_long(kind, subject, body)]
    for where, text in (("subject", subject), ("body", body)):
        mine = anchored(text, [one for one in claims if one.where == where])
        kept += mine
        problems += check(text, mine, None, template=ground, known=known)
    return Edited(tuple(kept), tuple(dict.fromkeys(problems)))


def material_of(plan: Plan, facts: Mapping[str, Fact], contact: Mapping[str, str], settings: Settings) -> Material:
    """The values that a step of *plan* may use; facts that are not fit to be said are set aside."""
    sayable = {key: fact for key, fact in facts.items() if fact.sayable or not plan.reaches_member}
    unfit = {key: why for key, fact in sayable.items() if plan.reaches_member and (why := why_unfit(fact.words))}
    used = {key: fact for key, fact in sayable.items() if key not in unfit}
    known = {**names.of_settings(settings), **names.of_contact(contact)}
    values: dict[str, Value] = {key: Spoken(fact.words, fact.value) for key, fact in used.items()}
    staff = {} if plan.reaches_member else names.of_staff(contact)
    currency = settings.association.currency
    return Material(used, {**values, **known, **staff}, tuple(known.values()), currency, unfit)


def _claims(filled: Filled, facts: Mapping[str, Fact], where: str) -> list[Claim]:
    said = (one for one in filled.said if one.name in facts and not one.by_default)
    return [claim(facts[one.name], one.text, one.start, where=where) for one in said]


def _unfilled(filled: Filled) -> list[str]:
    missing = [f"`{name}` has no value for this member, and the template no other words" for name in filled.missing]
    return [*missing, *filled.unsayable]


def _not_one_line(subject: str) -> list[str]:
    try:
        one_line(subject, "the subject")
    except BadInput as error:
        return [error.message]
    return []
