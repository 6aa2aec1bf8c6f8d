"""The work list: the rows that answer an address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tenure.base.errors import DamagedStore
from tenure.charts import strip
from tenure.ledger import contacts, identities
from tenure.ledger.models import (
    Assignment,
    CurrentScore,
    DoNotWake,
    Identity,
    OutreachStep,
    Proposal,
    ScoreSet,
)
from tenure.ledger.workload import CONTACTS
from tenure.web import place, words
from tenure.web.asked import BANDS, SILENT, Asked

PAGE_SIZE = 20
CALL_NOW = 0.90
_ODD = 30
ORDERS: dict[str, tuple[Any, ...]] = {
    "worth": (F("worth").desc(nulls_last=True), "-p_lapse_renewal", "member"),
    "rank": ("-p_lapse_renewal", "member"),
    "date": (F("renewal_due_on").asc(nulls_last=True), "-p_lapse_renewal", "member"),
    "dues": (F("dues").desc(nulls_last=True), "-p_lapse_renewal", "member"),
    "rise": (F("rise").desc(nulls_last=True), "-p_lapse_renewal", "member"),
    "days": (F("engaged_days").desc(nulls_last=True), "member"),
}
"""By the name of an order in the address: what a list is sorted by."""


def matching(asked: Asked, score_set: ScoreSet) -> QuerySet[CurrentScore]:
    """The scores of *score_set* that *asked* asks for, in its order."""
    found: QuerySet[CurrentScore] = CurrentScore.objects.annotate(rise=F("risk_score") - F("previous_risk_score"))
    found = found.filter(conditions(asked, score_set))
    if asked.words:
        found = found.filter(_named(asked.words))
    return found.order_by(*ORDERS[asked.sort])


def conditions(asked: Asked, score_set: ScoreSet) -> Q:
    """Whom of *score_set* an address asks for, words in names aside."""
    today = score_set.as_of
    exact = {"band": asked.band, "member_type": asked.kind, "chapter_id": asked.chapter}
    wanted = Q(**{name: value for name, value in exact.items() if value})
    if asked.grace:
        wanted &= Q(in_grace=True)
    if asked.call:
        wanted &= call_now()
    if asked.now:
        wanted &= to_call(score_set)
    if asked.payment:
        wanted &= payment_to_fix()
    if asked.silent is not None:
        wanted &= first_year(asked.silent, today, acts_since(score_set)) & Q(first_act_days=None)
    if asked.quiet:
        wanted &= fell_silent()
    if asked.engaged:
        wanted &= takes_part_most()
    if asked.due is not None:
        wanted &= due_within(asked.due, today)
    if asked.change:
        wanted &= changed(asked.change)
    return wanted


def some_of(found: QuerySet[CurrentScore], first: int, size: int) -> list[CurrentScore]:
    """*size* of *found* from *first* on (from 0), in its order; of those before them nothing but the order is read."""
    return in_order(whom(found, first, size))


def whom(found: QuerySet[CurrentScore], first: int, size: int) -> list[int]:
    """The members of *size* of *found* from *first* on (from 0), in its order."""
    return list(found.values_list("pk", flat=True)[first : first + size])


def in_order(members: Sequence[int]) -> list[CurrentScore]:
    """The scores of *members*, in their order."""
    shown = CurrentScore.objects.in_bulk(list(members))
    return [shown[member] for member in members if member in shown]


def call_now() -> Q:
    """The top 10 % by rank, of those whose renewal can still be won."""
    return Q(risk_rank__gte=CALL_NOW) & Q(renewal_due_on__isnull=False)


def to_call(score_set: ScoreSet) -> Q:
    """Those to be called now.

    They are of the top 10 % by rank, in grace or within the days in which playbooks begin. Left alone are those who
    renew by themselves, the do-not-wake list, and the control groups that are being measured: a call would wake the
    ones, and make the others no control any more.
    """
    today = score_set.as_of
    alone = DoNotWake.objects.filter(Q(until=None) | Q(until__gte=today), member=OuterRef("member"))
    names = score_set.day.get("experiments", [])
    control = Assignment.objects.filter(experiment__in=names, arm="control", member=OuterRef("member"))
    soon = Q(in_grace=True) | due_within(place.settings().outreach.start_days, today)
    return call_now() & soon & ~Q(Exists(alone)) & ~Q(Exists(control)) & Q(auto_renew=False)


def payment_to_fix() -> Q:
    """Members with a payment to put right."""
    return ~Q(payment_trouble="")


def fell_silent() -> Q:
    """Members who had been active and have done nothing of their own accord for long."""
    return Q(fell_silent_on__isnull=False)


def takes_part_most() -> Q:
    """Members who did something of their own accord on most days of the last year, of their type."""
    return Q(engaged_days__isnull=False)


def acts_since(score_set: ScoreSet) -> dt.date:
    """The first joining day of which it is known who has done nothing since; the last of all days where of nobody.

    A night that did not look takes what is not on record for not done, as it did then.
    """
    said = score_set.day.get("acts_since", "")
    return dt.date.max if said is None else dt.date.fromisoformat(said) if said else dt.date.min


def first_year(days: int, today: dt.date, since: dt.date) -> Q:
    """Members in their first term who joined *days* ago (of `SILENT`, up to the next of them), not before *since*."""
    until = next((one for one in SILENT if one > days), None)
    joined = Q(joined_on__lte=today - dt.timedelta(days=days), joined_on__gte=since)
    return joined if until is None else joined & Q(joined_on__gt=today - dt.timedelta(days=until))


def due_within(days: int, today: dt.date) -> Q:
    """Terms that end from *today* on, within so many *days*."""
    return Q(renewal_due_on__gte=today, renewal_due_on__lte=today + dt.timedelta(days=days))


def changed(change: str) -> Q:
    """What became of members since the scores before; a key of `tenure.web.asked.CHANGES`."""
    was_high = Q(previous_band="high")
    if change == "high":
        return Q(band="high") & ~was_high & ~Q(previous_band="")
    if change == "renewed":
        return Q(renewal_due_on__gt=F("previous_due_on"))
    if change == "odd":
        return Q(risk_score__gte=F("previous_risk_score") + _ODD) | Q(risk_score__lte=F("previous_risk_score") - _ODD)
    return was_high & ~Q(band="high")


def _named(text: str) -> Q:
    """Whose name has every word of *text*, or whose id begins with it."""
    by_name = Q()
    for word in dict.fromkeys(contacts.folded(text).split()):
        by_name &= Q(search__contains=word)
    by_id = Identity.objects.filter(member_id__istartswith=text).values("member")
    return by_name | Q(member__in=by_id) if by_name else Q(member__in=by_id)


@dataclass(frozen=True)
class Row:
    """One member in the list, in words."""

    member_id: str
    name: str
    about: str
    work: str
    band: str
    band_word: str
    call: bool
    chance: str
    span: str
    strip: str
    reasons: tuple[tuple[str, str], ...]
    but: str
    renewal: str
    renewal_day: str
    dues: str
    since: str
    payment: str
    engaged: str
    contacted: str
    act: Act


@dataclass(frozen=True)
class Act:
    """The next step: what it is called, the proposal that holds it, what an hour of calls keeps, and whose it is."""

    label: str = ""
    proposal: int | None = None
    worth: str = ""
    whose: str = ""


def rows_of(scores: Iterable[CurrentScore], today: dt.date) -> list[Row]:
    """*scores* in words, with as many look-ups for names and next steps, however many there are."""
    scores = list(scores)
    members = [score.member for score in scores]
    ids, names, steps = identities.ids_of(members=members), contacts.names_of(members=members), _steps(members)
    work = _employers(members)
    return [
        _at_work(
            _row(score, ids.get(score.member, ""), names.get(score.member, ""), steps.get(score.member, []), today),
            work.get(score.member, ""),
        )
        for score in scores
    ]


def rows_by_member(members: Iterable[int], today: dt.date) -> dict[int, Row]:
    """The scores of *members* in words, of those who have one: for two lists of a page that are looked up as one."""
    scores = CurrentScore.objects.in_bulk(set(members))
    return dict(zip(scores, rows_of(scores.values(), today), strict=True))


def _at_work(row: Row, employer: str) -> Row:
    """With where the member works; an organization is not said to work for itself."""
    return row if employer.casefold() == row.name.casefold() else replace(row, work=employer)


def _employers(members: list[int]) -> dict[int, str]:
    """Where each of *members* works, as the source has it now; who names no employer is left out."""
    if not members:
        return {}
    try:
        return place.lake().employers_of(members)
    except (DamagedStore, OSError, pl.exceptions.PolarsError):
        # Whom to call stands in the ledger: a damaged lake, which the night and the doctor name, takes no list away.
        return {}


# Texts, facts and claims of a step are most of what is kept of it, and no row of a list tells them.
_OF_A_STEP = ("kind", "done_at", "proposal__state", "proposal__member", "proposal__assignee")


def _steps(members: list[int]) -> dict[int, list[OutreachStep]]:
    """What waits for each of *members*, of the proposals that are most worth an hour first, and what reached them."""
    waits = Q(proposal__state=Proposal.State.OPEN)
    done = Q(state=OutreachStep.State.DONE, kind__in=CONTACTS, done_at__isnull=False)
    rows = (
        OutreachStep.objects.filter(waits | done, proposal__member__in=members)
        .select_related("proposal")
        .only(*_OF_A_STEP)
    )
    found: dict[int, list[OutreachStep]] = {}
    for step in rows.order_by(F("proposal__worth").desc(nulls_last=True), "proposal", "position"):
        found.setdefault(step.proposal.member, []).append(step)
    return found


def last_contacts(members: list[int], today: dt.date) -> dict[int, str]:
    """What reached each of *members* last, in words; who was never contacted from here is left out."""
    found = {member: _last_contact(steps, today) for member, steps in _steps(members).items()}
    return {member: said for member, said in found.items() if said}


def _last_contact(steps: Iterable[OutreachStep], today: dt.date) -> str:
    """What reached the member last: by Tenure, or by staff who logged a call."""
    reached = [(step.done_at, step.pk, step) for step in steps if step.done_at and step.kind in CONTACTS]
    if not reached:
        return ""
    at, _, step = max(reached)
    return f"{step.get_kind_display()}, {words.day(at.date(), near=today)}"


_LABELS = {
    "callback": "Call", "task": "Task", "email": "Write", "sms": "Write", "in_app": "Write", "offer": "Payment plan",
    "survey": "Ask", "alert": "Read the alert",
}  # fmt: skip


def _act(score: CurrentScore, steps: Iterable[OutreachStep]) -> Act:
    worth = f"{words.kept(score.worth)} an hour" if score.worth else ""
    waiting = [step for step in steps if step.proposal.state == Proposal.State.OPEN]
    if not waiting:
        label = "Fix payment" if score.payment_trouble else "Call" if is_call(score) else ""
        return Act(label, None, worth)
    proposal = waiting[0].proposal
    kinds = [step.kind for step in waiting if step.proposal_id == proposal.pk]
    label = next((_LABELS[kind] for kind in kinds if kind in _LABELS), "Open the draft")
    return Act(label, proposal.pk, worth, proposal.assignee)


def is_call(score: CurrentScore) -> bool:
    """Whether the member is marked to be called now."""
    return score.risk_rank >= CALL_NOW and score.renewal_due_on is not None


CONTEXT = "context"


def reason_kinds(score: CurrentScore) -> tuple[str, str, str]:
    """Of each of the three reasons, `actionable` or `context`; empty for scores from before that was kept."""
    first, second, third, *_ = [*score.reason_kinds.split(","), "", "", ""]
    return first, second, third


def _reasons(score: CurrentScore) -> tuple[tuple[str, str], ...]:
    """The reasons that there are, each with what is to be known about it."""
    unsure = ("" if score.reason_sure else "less certain", "", "")
    context = ("context" if kind == CONTEXT else "" for kind in reason_kinds(score))
    notes = (", ".join(filter(None, pair)) for pair in zip(unsure, context, strict=True))
    return tuple(zip(score.reasons, notes, strict=False))


def since_of(score: CurrentScore, today: dt.date) -> str:
    """How far the score moved since the one before, when that is worth a word."""
    if score.previous_risk_score is None or score.previous_as_of is None:
        return ""
    moved = score.risk_score - score.previous_risk_score
    if abs(moved) < 3:
        return ""
    return f"{'up' if moved > 0 else 'down'} {abs(moved)} since {words.day(score.previous_as_of, near=today)}"


def _row(score: CurrentScore, member_id: str, name: str, steps: list[OutreachStep], today: dt.date) -> Row:
    about = [score.member_type, f"chapter {score.chapter_id}" if score.chapter_id else ""]
    if score.record_type == "organization" and score.member_type.casefold() != "organization":
        about.insert(0, "Organization")
    return Row(
        member_id=member_id,
        name=name or f"Member {member_id}",
        about=" · ".join(part for part in about if part),
        work="",
        band=score.band,
        band_word=BANDS.get(score.band, score.band.capitalize()),
        call=is_call(score),
        chance=words.in_hundred(score.p_lapse_renewal),
        span=words.span(score.p_low, score.p_high),
        strip=strip(score.p_lapse_renewal, score.p_low, score.p_high, band=score.band, usual=score.usual),
        reasons=_reasons(score),
        but=words.but(score.against),
        renewal=words.renewal(score.renewal_due_on, in_grace=score.in_grace, standing=score.standing, today=today),
        renewal_day=words.day(score.renewal_due_on, near=today) if score.renewal_due_on else "",
        dues=words.money(score.dues) if score.dues else "",
        since=since_of(score, today),
        payment=payment_words(score, today),
        engaged=engaged_words(score),
        contacted=_last_contact(steps, today),
        act=_act(score, steps),
    )


def payment_words(score: CurrentScore, today: dt.date) -> str:
    """What is to be put right about a payment; empty for nothing."""
    since = words.day(score.payment_trouble_on, near=today)
    said = {"declined": f"Payment failed on {since}, none since", "card": f"Card runs out; noticed on {since}"}
    return said.get(score.payment_trouble, "")


def engaged_words(score: CurrentScore) -> str:
    """On how many days a member who takes part most did something, and in what; empty for all others."""
    if score.engaged_days is None:
        return ""
    said = f"Took part on {words.plural(score.engaged_days, 'day')} of the last year"
    if not score.engaged_in:
        return said
    return f"{said}; used most: {score.engaged_in}, on {words.plural(score.engaged_in_days or 0, 'day')}"


COLUMNS = (
    "member_id",
    "name",
    "member_type",
    "chapter_id",
    "renewal_due_on",
    "in_grace",
    "dues",
    "worth",
    "payment_trouble",
    "band",
    "risk_score",
    "p_lapse_renewal",
    "p_low",
    "p_high",
    "risk_rank",
    "p_lapse_30",
    "p_lapse_60",
    "p_lapse_90",
    "reason_1",
    "reason_2",
    "reason_3",
    "against",
    "engaged_days",
    "engaged_in",
    "predicted_lapse_on",
    "as_of",
    "model_version",
)


def records(scores: QuerySet[CurrentScore]) -> Iterator[dict[str, Any]]:
    """*scores* with names and ids, for files; read in parts so that fifty thousand fit anywhere."""
    some: list[CurrentScore] = []
    for score in scores.iterator(chunk_size=800):
        some.append(score)
        if len(some) == 800:
            yield from records_of(some)
            some = []
    yield from records_of(some)


def records_of(scores: list[CurrentScore]) -> Iterator[dict[str, Any]]:
    """*scores* with names and ids, looked up for all of them at once."""
    members = [score.member for score in scores]
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    for score in scores:
        known = {"member_id": ids.get(score.member, ""), "name": names.get(score.member, "")}
        yield {name: known[name] if name in known else getattr(score, name) for name in COLUMNS}
