"""One proposal beside the list: its reasons, its steps with the facts beside each clause, what may be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from tenure.ledger import approvals, identities, samples
from tenure.ledger.locking import BEGUN
from tenure.ledger.models import Approval, Contact, CurrentScore, OutreachStep, Proposal, Sample, Staff
from tenure.ledger.rights import Act
from tenure.outreach.gate import WINDOW
from tenure.outreach.known import contacts_of, in_control
from tenure.outreach.playbook import REACHES_MEMBER
from tenure.outreach.tokens import shown
from tenure.web import place, words
from tenure.web.asked import BANDS
from tenure.web.queue_list import names_of, playbook_title, rule_words
from tenure.web.roles import may

State, StepState = Proposal.State, OutreachStep.State

_ASIDE = "Set aside"
"""What entries of a proposal's context bear that tell of a text which is not fit to be said."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a line: plain, or a clause with the number of the fact behind it."""

    text: str
    fact: int = 0


@dataclass(frozen=True)
class Known:
    """A fact beside a clause: its number, what the record says, and which record that is."""

    number: int
    shown: str
    source: str = ""

    @classmethod
    def of(cls, number: int, claim: dict[str, Any]) -> Known:
        """The fact of a *claim*."""
        shown, _, source = str(claim.get("shown", "")).rpartition(". ")
        return cls(number, f"{shown}.", source) if shown else cls(number, source)


@dataclass(frozen=True)
class Line:
    """A paragraph in pieces (a break between rows of it), and its facts."""

    rows: tuple[tuple[Piece, ...], ...]
    facts: tuple[Known, ...]
    aside: str = ""


@dataclass(frozen=True)
class Letter:
    """One step as the page shows it."""

    step: OutreachStep
    title: str
    head: tuple[tuple[str, str, str], ...]
    lines: tuple[Line, ...]
    loose: tuple[Known, ...]
    timing: str
    state: str
    is_editable: bool
    is_for_member: bool
    is_lost: bool
    has_samples: bool = False
    sample: Sample | None = None


def context_of(request: HttpRequest, row: Proposal) -> dict[str, Any]:
    """Everything that the page says about *row*."""
    steps = list(row.steps.all())
    score = CurrentScore.objects.filter(member=row.member).first()
    contact = Contact.objects.filter(member=row.member).first()
    decides = may(request.user, Act.DECIDE, chapter=row.chapter_id)
    waiting = Approval.objects.filter(step__in=steps, ended_at=None, needs_second=True, second_at=None).first()
    mine = samples.newest(steps=[step.pk for step in steps], by=request.user.get_username()) if decides else {}
    letters = _letters(row, steps, contact, mine)
    return {
        "row": row,
        "name": names_of([row.member])[row.member],
        "member_id": identities.ids_of(members=[row.member]).get(row.member, ""),
        "playbook": playbook_title(row.playbook, row.playbook_version),
        **_risk(row, score),
        "reasons": score.reasons if score else (),
        "but": words.but(score.against) if score else "",
        "letters": letters,
        "checked": checked(row, steps),
        "card": [(str(pair[0]), str(pair[1])) for pair in row.context if len(pair) >= 2 and pair[0] != _ASIDE],
        "aside": [_aside(entry) for entry in row.context if len(entry) >= 2 and entry[0] == _ASIDE],
        "talk": talking_points(steps),
        "seen": [(step.pk, step.digest) for step in steps if step.state == StepState.DRAFT],
        "decides": decides,
        "waiting": waiting,
        "needs_second": row.state == State.OPEN
        and not waiting
        and approvals.needs_second(row, steps, place.settings()),
        "may_second": waiting is not None
        and waiting.by != request.user.get_username()
        and may(request.user, Act.SECOND, chapter=row.chapter_id),
        "is_waiting": row.state in (State.OPEN, State.SNOOZED),
        "is_leaving": row.state == State.APPROVED and any(step.state == StepState.APPROVED for step in steps),
        "is_held": row.state == State.HELD_BACK,
        "staff": assignees([row]) if decides else (),
        "ended": _ended(row),
    }


@dataclass(frozen=True)
class Aside:
    """A text of the record that is neither said nor told to a language model: why, the text, and which fact it is."""

    why: str
    text: str
    name: str


def _aside(entry: Sequence[Any]) -> Aside:
    name, _, why = str(entry[1]).partition(" is not used: its text ")
    return Aside(why or str(entry[1]), str(entry[2]) if len(entry) > 2 else "", name.strip("`").replace("_", " "))


def _risk(row: Proposal, score: CurrentScore | None) -> dict[str, str]:
    """The risk as it is, beside the reasons of the same day, while nobody has decided; afterwards as it was drafted."""
    drafted = "" if row.p_lapse_renewal is None else words.in_hundred(row.p_lapse_renewal)
    if score is None or row.state not in (State.OPEN, State.SNOOZED, State.HELD_BACK):
        return {"band": row.band, "band_word": BANDS.get(row.band, row.band.capitalize()), "chance": drafted}
    now = words.in_hundred(score.p_lapse_renewal)
    return {
        "band": score.band,
        "band_word": BANDS.get(score.band, score.band.capitalize()),
        "chance": now,
        "span": words.span(score.p_low, score.p_high),
        "drafted": drafted if drafted != now else "",
    }


def _letters(
    row: Proposal, steps: Sequence[OutreachStep], contact: Contact | None, mine: dict[int, Sample]
) -> list[Letter]:
    letters, count = [], 0
    for step in steps:
        lines, loose, count = lines_of(step, count)
        letters.append(
            Letter(
                step=step,
                title=_title(step, len(steps)),
                head=_head(row, step, contact),
                lines=lines,
                loose=loose,
                timing=_timing(step),
                state="" if step.state == StepState.DRAFT else _state(step),
                is_editable=step.state in (StepState.DRAFT, StepState.APPROVED)
                and row.state in (State.OPEN, State.SNOOZED, State.APPROVED),
                is_for_member=step.kind in REACHES_MEMBER,
                is_lost=step.state == StepState.UNKNOWN,
                has_samples=step.kind in samples.KINDS and step.state in (StepState.DRAFT, StepState.APPROVED),
                sample=mine.get(step.pk),
            )
        )
    return letters


def lines_of(step: OutreachStep, count: int = 0) -> tuple[tuple[Line, ...], tuple[Known, ...], int]:
    """A step's body in paragraphs, each clause with its fact; numbers go on after *count*.

    Returns:
        The paragraphs, the facts whose clause is no longer in the text, and the last number.
    """
    claims = sorted(step.claims, key=lambda claim: claim.get("start", 0))
    of_subject = [claim for claim in claims if claim.get("where") == "subject"]
    claims = [claim for claim in claims if claim not in of_subject]
    lines, loose, at = [], [], 0
    placed = {id(claim): where for claim in claims if (where := _where(step.body, claim)) is not None}
    for paragraph in step.body.split("\n\n"):
        end = at + len(paragraph)
        here = [(placed[id(c)], c) for c in claims if id(c) in placed and at <= placed[id(c)][0] < end]
        if paragraph.strip():
            numbered = [(where, count + i, claim) for i, (where, claim) in enumerate(here, 1)]
            count += len(here)
            lines.append(_line(step.body, at, end, numbered))
        at = end + 2
    for claim in [*of_subject, *claims]:
        if id(claim) not in placed:
            count += 1
            loose.append(Known.of(count, claim))
    return _with_asides(lines, step), tuple(loose), count


def _where(body: str, claim: dict[str, Any]) -> tuple[int, int] | None:
    text, start = str(claim.get("text", "")), claim.get("start", -1)
    if text and isinstance(start, int) and start >= 0 and body[start : start + len(text)] == text:
        return start, start + len(text)
    found = body.find(text) if text else -1
    return None if found < 0 else (found, found + len(text))


def _line(body: str, start: int, end: int, claims: Iterable[tuple[tuple[int, int], int, dict[str, Any]]]) -> Line:
    pieces: list[Piece] = []
    facts, at = [], start
    for (begin, stop), number, claim in claims:
        if begin < at:
            # Two clauses that overlap: the first keeps the words, the second its fact.
            facts.append(Known.of(number, claim))
            continue
        pieces += [Piece(shown(body[at:begin])), Piece(shown(body[begin:stop]), number)]
        facts.append(Known.of(number, claim))
        at = stop
    pieces.append(Piece(shown(body[at:end])))
    return Line(_rows(pieces), tuple(facts))


def _rows(pieces: Iterable[Piece]) -> tuple[tuple[Piece, ...], ...]:
    rows: list[list[Piece]] = [[]]
    for piece in pieces:
        first, *more = piece.text.split("\n")
        rows[-1].append(Piece(first, piece.fact))
        rows += [[Piece(text, piece.fact)] for text in more]
    return tuple(tuple(piece for piece in row if piece.text) for row in rows)


def _with_asides(lines: list[Line], step: OutreachStep) -> tuple[Line, ...]:
    """What stands beside paragraphs that claim nothing: where the facts are from, and what follows the text."""
    last = len(lines) - 1
    told = []
    for i, line in enumerate(lines):
        aside = "" if line.facts else "No fact claimed"
        if i == 0 and not line.facts and step.claims:
            aside = "Facts beside each line"
        if i == last and not line.facts and step.kind in samples.KINDS:
            aside = "The footer follows"
        told.append(Line(line.rows, line.facts, aside))
    return tuple(told)


def _title(step: OutreachStep, total: int) -> str:
    kind = {"email": "Message as the member will see it", "sms": "Text message as the member will see it"}
    said = kind.get(step.kind, step.get_kind_display())
    return said if total == 1 else f"{step.position} of {total}. {said}"


def _head(row: Proposal, step: OutreachStep, contact: Contact | None) -> tuple[tuple[str, str, str], ...]:
    head: list[tuple[str, str, str]] = []
    if step.kind in REACHES_MEMBER:
        name = contact.name if contact else ""
        head.append(("To", ", ".join(part for part in (name, step.recipient) if part) or "nobody", ""))
    elif step.details.get("assignee"):
        head.append(("For", str(step.details["assignee"]), ""))
    if step.subject:
        head.append(("Subject", step.subject, "strong"))
    mail = place.settings().mail
    sender = f"{mail.sender_name} · " if step.kind == "email" and mail.sender_name else ""
    head.append(
        (
            "From" if sender else "Playbook",
            f"{sender}{playbook_title(row.playbook, row.playbook_version)}, version {_version(step)}",
            "",
        )
    )
    if step.edited_by:
        head.append(("Edited", f"by {step.edited_by}", ""))
    return tuple(head)


def _version(step: OutreachStep) -> str:
    return step.template.partition("@")[2].partition("#")[0] or str(step.proposal.playbook_version)


def _timing(step: OutreachStep) -> str:
    if not step.wait_days:
        return ""
    return f"{words.days(step.wait_days)} after approval"


def _state(step: OutreachStep) -> str:
    if step.state == StepState.APPROVED and step.leaves_at:
        return f"Approved, leaves {words.instant(step.leaves_at)}"
    said = step.get_state_display()
    if step.state in BEGUN and step.done_at:
        said = f"{said}, {words.instant(step.done_at)}"
    return f"{said}: {rule_words(step.rule)}" if step.rule else said


def checked(row: Proposal, steps: Sequence[OutreachStep]) -> str:
    """Some of what the gate asks at sending, looked up now as it will be then, in one line."""
    now, claims = place.now(), [(step, claim) for step in steps for claim in step.claims]
    found = sum(_is_said(step, claim) for step, claim in claims)
    facts = f"{found} of {len(claims)} facts found in the text, " if claims else ""
    used = sum(one.at > now - WINDOW for one in contacts_of(row.member))
    most = place.settings().outreach.contacts_per_month
    lot = "in the control group" if any(in_control(step) for step in steps) else "not in the control group"
    return (
        f"Drafted in the night of {words.day(row.as_of, near=now.date())}. Checked {words.instant(now)}: {facts}"
        f"{used} of {most} contacts used in 30 days, {lot}."
    )


def _is_said(step: OutreachStep, claim: dict[str, Any]) -> bool:
    """Whether the clause of *claim* still stands in the words of *step*."""
    text, said = str(claim.get("text", "")), step.subject if claim.get("where") == "subject" else step.body
    return bool(text) and text in said


def talking_points(steps: Sequence[OutreachStep]) -> list[str]:
    """What can be said on the telephone; the night keeps it with the first step."""
    return next((list(points) for step in steps if (points := step.details.get("talking_points"))), [])


def assignees(rows: Iterable[Proposal]) -> list[Staff]:
    """Who may decide about the member of each of *rows*."""
    people, chapters = Staff.objects.filter(is_active=True).order_by("username"), {row.chapter_id for row in rows}
    return [who for who in people if all(may(who, Act.DECIDE, chapter=one) for one in chapters)]


def _ended(row: Proposal) -> str:
    """Who decided, when, and why; empty while it is open."""
    if row.state in (State.OPEN, State.HELD_BACK):
        return ""
    who = f" by {row.decided_by}" if row.decided_by else ""
    when = f" {words.instant(row.decided_at)}" if row.decided_at else ""
    why = f": {row.why}" if row.why else f": {rule_words(row.rule)}" if row.rule else ""
    until = f" until {words.short_day(row.snoozed_until)}" if row.snoozed_until else ""
    return f"{row.get_state_display()}{until}{who}{when}{why}"
