"""What a member did, and what was done to them, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from tenure.ledger.calls import LOGGED, OUTCOMES
from tenure.ledger.models import OutreachStep, Proposal, Response
from tenure.ledger.responses import KINDS
from tenure.web import words
from tenure.web.queue_list import playbook_title
from tenure.web.record import Term

Mark = Literal["did", "not", "renewal", "ours"]


@dataclass(frozen=True)
class Saying:
    """How a kind of activity is told: once, several times on a day, by whom, and what its value counts."""

    group: str
    once: str
    often: str
    mark: Mark = "did"
    value: Literal["", "minutes", "money", "score"] = ""


SAYINGS: dict[str, Saying] = {
    "login": Saying("use", "Logged in", "Logged in {n} times", value="minutes"),
    "page_view": Saying("use", "Viewed a page", "Viewed {n} pages"),
    "resource_download": Saying("use", "Downloaded a resource", "Downloaded {n} resources"),
    "community_post": Saying("use", "Posted in the community", "Posted {n} times in the community"),
    "community_comment": Saying("use", "Commented in the community", "Commented {n} times in the community"),
    "learning_started": Saying("use", "Started a course", "Started {n} courses"),
    "learning_completed": Saying("use", "Completed a course", "Completed {n} courses"),
    "career_center_used": Saying("use", "Used the career center", "Used the career center {n} times"),
    "profile_updated": Saying("use", "Updated the profile", "Updated the profile {n} times"),
    "address_changed": Saying("use", "Changed the address", "Changed the address {n} times"),
    "ticket_opened": Saying("use", "Opened a support ticket", "Opened {n} support tickets"),
    "ticket_closed": Saying("use", "Support ticket closed", "{n} support tickets closed", "ours"),
    "event_invited": Saying("events", "Invited to an event", "Invited to {n} events", "ours"),
    "event_registered": Saying("events", "Registered for an event", "Registered for {n} events"),
    "event_attended": Saying("events", "Attended an event", "Attended {n} events"),
    "session_feedback": Saying("events", "Gave feedback", "Gave feedback {n} times", value="score"),
    "event_declined": Saying("events", "Declined an event", "Declined {n} events", "not"),
    "event_cancelled": Saying("events", "Cancelled a registration", "Cancelled {n} registrations", "not"),
    "event_no_show": Saying("events", "Did not come to an event", "Did not come to {n} events", "not"),
    "committee_joined": Saying("events", "Joined a committee", "Joined {n} committees"),
    "committee_left": Saying("events", "Left a committee", "Left {n} committees", "not"),
    "committee_meeting": Saying("events", "Came to a committee meeting", "Came to {n} committee meetings"),
    "committee_led": Saying("events", "Led a committee", "Led {n} committees"),
    "volunteer_assigned": Saying("events", "Took on a volunteer task", "Took on {n} volunteer tasks"),
    "volunteer_completed": Saying("events", "Completed a volunteer task", "Completed {n} volunteer tasks"),
    "invoice_issued": Saying("money", "Invoice issued", "{n} invoices issued", "ours", "money"),
    "notice_sent": Saying("money", "Renewal notice sent", "{n} renewal notices sent", "ours"),
    "payment": Saying("money", "Paid", "Paid {n} times", value="money"),
    "payment_failed": Saying("money", "Payment failed", "Payment failed {n} times", "not", "money"),
    "card_expiring": Saying("money", "Card on file about to expire", "{n} cards on file about to expire", "not"),
    "plan_missed": Saying("money", "Missed an installment", "Missed {n} installments", "not", "money"),
    "gift": Saying("money", "Gave a gift", "Gave {n} gifts", value="money"),
    "email_sent": Saying("mail", "Email sent", "{n} emails sent", "ours"),
    "email_opened": Saying("mail", "Opened an email", "Opened emails {n} times"),
    "email_clicked": Saying("mail", "Clicked in an email", "Clicked in emails {n} times"),
    "email_bounced": Saying("mail", "Email bounced", "{n} emails bounced", "not"),
    "email_unsubscribed": Saying("mail", "Unsubscribed from email", "Unsubscribed from {n} lists", "not"),
    "sms_sent": Saying("mail", "Text message sent", "{n} text messages sent", "ours"),
    "sms_replied": Saying("mail", "Replied to a text message", "Replied to {n} text messages"),
}

GROUPS = {
    "": "Everything",
    "events": "Events",
    "money": "Money",
    "use": "Use",
    "mail": "Email",
    "ours": "Our contacts",
}
LEGEND: tuple[tuple[Mark, str], ...] = (
    ("did", "the member did"),
    ("not", "did not, or went wrong"),
    ("renewal", "term"),
    ("ours", "we did"),
)
FETCHED = 60


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    on: dt.date
    day: str
    mark: Mark
    text: str
    detail: str = ""


def kinds_in(group: str) -> list[str] | None:
    """The kinds of a group; None for everything."""
    return [kind for kind, saying in SAYINGS.items() if saying.group == group] if group else None


def counts_by_group(kinds: dict[str, int], ours: int = 0) -> dict[str, int]:
    """How many entries each filter shows; *ours* are what Tenure did or proposed."""
    counts = dict.fromkeys(GROUPS, 0) | {"": ours, "ours": ours}
    for kind, number in kinds.items():
        counts[""] += number
        saying = SAYINGS.get(kind)
        if saying is not None:
            counts[saying.group] += number
    return counts


def cut_at_a_day(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dt.date | None]:
    """Keep whole days of *rows* (newest first); returns them and the day before which the next page begins.

    The day is None when nothing is left.
    """
    if len(rows) < FETCHED:
        return rows, None
    last = rows[-1]["occurred_at"].date()
    whole = [row for row in rows if row["occurred_at"].date() > last]
    return (whole, last + dt.timedelta(days=1)) if whole else (rows, last)


def entries(rows: Iterable[dict[str, Any]], titles: dict[str, str], *, by_month: bool = False) -> list[Entry]:
    """Activity in words, newest first; what was done several times on a day is told once.

    Args:
        rows: Of `Lake.timeline`.
        titles: Of events and courses, by `ref`.
        by_month: Tell the small change of a membership (mail, pages, logins) once a month, so that the rest stands out.
    """
    rows = list(rows)
    latest: dict[tuple[str, int, int], dt.date] = {}
    for row in rows:
        on = row["occurred_at"].date()
        key = (row["kind"], on.year, on.month)
        latest[key] = max(on, latest.get(key, on))

    def what(row: dict[str, Any]) -> tuple[dt.date, str, str]:
        on, kind = row["occurred_at"].date(), row["kind"]
        named = titles.get(row["ref"] or "", "") if kind.startswith(_NAMED) else ""
        return latest[kind, on.year, on.month] if by_month and kind in _SMALL else on, kind, named

    told: list[Entry] = []
    for (on, kind, title), same in groupby(sorted(rows, key=what, reverse=True), key=what):
        told.append(_entry(on, kind, title, list(same)))
    return told


def terms_as_entries(terms: Iterable[Term], today: dt.date) -> list[Entry]:
    """Beginnings and ends of terms, newest first."""
    told = []
    terms = sorted(terms, key=lambda term: term.starts_on)
    for i, term in enumerate(terms):
        begun = term.paid_on or term.starts_on
        verb = "Joined" if i == 0 else "Renewed"
        paid = f", paid {words.money(term.dues)}" if term.dues and term.paid_on else ""
        told.append(Entry(begun, words.short_day(begun), "renewal", f"{verb}{paid}", _to(term)))
        followed = i + 1 < len(terms)
        if term.ends_on is not None and term.ends_on < today and (term.ended_by or not followed):
            text = f"Term ended: {term.ended_by}" if term.ended_by else "Term ended"
            told.append(Entry(term.ends_on, words.short_day(term.ends_on), "not", text))
    return sorted(told, key=lambda entry: entry.on, reverse=True)


_DID = {
    "task": "Task", "callback": "Call", "email": "Email", "sms": "Text message", "in_app": "In-app message",
    "offer": "Payment plan", "survey": "Question",
}  # fmt: skip
"""Steps that touch a member, or that somebody does for one."""


def done_as_entries(proposals: Iterable[Proposal], today: dt.date) -> list[Entry]:
    """What left or was done by *today*, each with what came of it, newest first."""
    told = []
    for proposal in proposals:
        title = playbook_title(proposal.playbook, proposal.playbook_version)
        for step in proposal.steps.all():
            if step.kind in _DID and step.state == OutreachStep.State.DONE and step.done_at:
                on = step.done_at.date()
                if step.template == LOGGED:
                    told += [_logged(step, proposal.assignee, on)] if on <= today else []
                    continue
                detail = words.sentence(", ".join(map(_came, step.responses.all())))
                if on <= today:
                    told.append(Entry(on, words.short_day(on), "ours", f"{_DID[step.kind]}, {title}", detail))
    return sorted(told, key=lambda entry: entry.on, reverse=True)


def _came(response: Response) -> str:
    """What came of a step, with the member's own words where there are any."""
    said = KINDS.get(response.kind, response.kind).lower()
    return f"{said}: “{response.value}”" if response.kind == "answered" and response.value else said


def _logged(step: OutreachStep, by: str, on: dt.date) -> Entry:
    """A call that somebody of staff told of."""
    return Entry(on, words.short_day(on), "ours", f"Call, {outcome_of(step)}, {by}", said_of(step))


def outcome_of(step: OutreachStep) -> str:
    """How a logged call ended."""
    return OUTCOMES.get(step.details.get("outcome", ""), "").lower()


def said_of(step: OutreachStep) -> str:
    """What was said in a logged call, what was promised, and what came of it."""
    on = step.details.get("follow_up_on")
    promise = f"To follow up on {words.day(dt.date.fromisoformat(on))}." if on else ""
    # That the member spoke is what the call itself says.
    came = [KINDS.get(one.kind, one.kind).lower() for one in step.responses.all() if one.source != "staff"]
    return " ".join(part for part in (words.sentence(step.body), promise, words.sentence(", ".join(came))) if part)


def waiting_as_entries(proposals: Iterable[Proposal]) -> list[Entry]:
    """What waits for a word."""
    return [
        Entry(
            row.created_at.date(),
            words.short_day(row.created_at.date()),
            "ours",
            f"Draft proposed: {playbook_title(row.playbook, row.playbook_version)}",
            "Waits in the queue",
        )
        for row in proposals
        if row.state == Proposal.State.OPEN
    ]


def between(told: Iterable[Entry], before: dt.date | None, from_day: dt.date | None) -> list[Entry]:
    """Entries on or after *from_day* and before *before*; None sets no bound."""
    return [
        entry for entry in told if (before is None or entry.on < before) and (from_day is None or entry.on >= from_day)
    ]


_SMALL = frozenset({"login", "page_view", "email_sent", "email_opened", "email_clicked"})
_NAMED = ("event_", "learning_", "committee_", "session_", "volunteer_")


def _entry(on: dt.date, kind: str, title: str, rows: list[dict[str, Any]]) -> Entry:
    saying = SAYINGS.get(kind) or Saying("", kind.replace("_", " ").capitalize(), "")
    often = saying.often or f"{saying.once}, {{n}} times"
    text = saying.once if len(rows) == 1 else often.format(n=len(rows))
    values = [row["value"] for row in rows if row["value"] is not None]
    first = min(row["occurred_at"].date() for row in rows)
    detail = title if first == on else f"between {first:%B} {first.day} and {on.day}"
    return Entry(on, words.short_day(on), saying.mark, f"{text}{_amount(saying, values)}", detail)


def _amount(saying: Saying, values: list[float]) -> str:
    if not values or not saying.value:
        return ""
    if saying.value == "minutes":
        return f", {words.plural(round(sum(values)), 'minute')}" if sum(values) >= 1 else ""
    if saying.value == "money":
        return f"{' ' if saying.once == 'Paid' else ', '}{words.money(sum(values))}"
    return f", {round(100 * sum(values) / len(values))} of 100"


def _to(term: Term) -> str:
    until = f"to {words.short_day(term.ends_on)}" if term.ends_on else "for life"
    early = (term.starts_on - term.paid_on).days if term.paid_on else 0
    when = (
        f", {words.days(early)} before it began" if early > 0 else f", {words.days(-early)} late" if early < 0 else ""
    )
    return f"{term.member_type}, {words.short_day(term.starts_on)} {until}{when}"
