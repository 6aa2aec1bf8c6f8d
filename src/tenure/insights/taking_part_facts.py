"""Facts of what a member uses and takes part in; and, for staff, when they last signed in and heard from us."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from tenure.insights.benefits import BENEFITS, Benefit
from tenure.insights.evidence import LONGEST, YEAR, Act, Evidence
from tenure.insights.saying import Fact, counted, day, of_acts, short_day, the

KEYS = {
    "main_benefit": "what was used on most days of the last year; the program itself where half of the use was of one",
    "second_benefit": "what was used on the next most days",
    "third_benefit": "and the next",
    "benefit_before": "of lapsed members: what was used on most days of the year before the term ended",
    "last_event": "title of the last event attended, of two years",
    "last_event_on": "day of it",
    "missed_event": "title of the last event that was registered for and missed, in the last 90 days",
    "missed_event_on": "day of it",
    "events_year": "events attended in the last year",
    "rsvps_year": "events registered for in the last year",
    "committee": "committee served on, in the last two years and not left since",
    "meetings_year": "committee meetings of the last year",
    "downloads_year": "downloads of the last year",
    "courses_year": "courses completed in the last year",
    "posts_year": "community posts and comments of the last year",
    "shifts_year": "volunteer shifts completed in the last year",
    "career_year": "visits to the career center in the last year",
    "gifts_year": "gifts of the last year",
    "last_gift_on": "day of the last gift, of two years",
    "last_login": "day of the last login, of two years; for staff",
    "logins_year": "logins of the last year; for staff",
    "last_contact": "the last message that the source says was sent, of two years; for staff",
    "tickets_open": "support tickets of the last year opened and not closed; for staff",
    "unsubscribed": "day on which messages were last unsubscribed from, of two years; for staff",
}


_COUNTS = (
    ("events_year", ("event_attended",), "event", "events"),
    ("rsvps_year", ("event_registered",), "event registration", "event registrations"),
    ("meetings_year", ("committee_meeting",), "committee meeting", "committee meetings"),
    ("downloads_year", ("resource_download",), "download", "downloads"),
    ("posts_year", ("community_post", "community_comment"), "community post", "community posts"),
    ("shifts_year", ("volunteer_completed",), "volunteer shift", "volunteer shifts"),
    ("career_year", ("career_center_used",), "visit to the career center", "visits to the career center"),
    ("gifts_year", ("gift",), "gift", "gifts"),
)
_MISSED_DAYS = 90
_MESSAGES = {"email_sent": "an email", "sms_sent": "a text message", "notice_sent": "a renewal notice"}


def of_taking_part(evidence: Evidence) -> Iterator[Fact]:
    """Facts of *evidence* that follow from activity."""
    yield from _benefits(evidence)
    yield from _events(evidence)
    for key, kinds, one, many in _COUNTS:
        if acts := evidence.within(YEAR, *kinds):
            yield of_acts(key, counted(len(acts), one, many), len(acts), acts)
    yield from _courses(evidence)
    yield from _committee(evidence)
    if gift := evidence.last("gift"):
        yield of_acts("last_gift_on", day(gift.day), gift.day, [gift], told="Last gift")
    yield from _for_staff(evidence)


def _benefits(evidence: Evidence) -> Iterator[Fact]:
    yield from _ranked(evidence, evidence.as_of, ("main_benefit", "second_benefit", "third_benefit"))
    ended = evidence.stood.get("ends")
    if ended and not evidence.stood["active"]:
        yield from _ranked(evidence, ended, ("benefit_before",))


def _ranked(evidence: Evidence, until: dt.date, keys: tuple[str, ...]) -> Iterator[Fact]:
    """What was used on most days of the year before *until*, and the next, as far as there are *keys*."""
    used = ((benefit, evidence.in_year_before(until, *benefit.kinds)) for benefit in BENEFITS)
    ranked = sorted((pair for pair in used if pair[1]), key=lambda pair: -len({act.day for act in pair[1]}))
    for key, (benefit, acts) in zip(keys, ranked, strict=False):
        words, told = _named(benefit, acts, evidence), counted(len({act.day for act in acts}), "day")
        yield of_acts(key, words, words, acts, told=f"{words}, used on {told}")


def _named(benefit: Benefit, acts: list[Act], evidence: Evidence) -> str:
    """The benefit; or its program, where two uses and more, and half of all, were of the same."""
    titles = Counter(title for act in acts if (title := evidence.title_of(act)))
    title, uses = titles.most_common(1)[0] if titles else ("", 0)
    if uses < 2 or 2 * uses < len(acts):
        return benefit.name
    return benefit.program.format(the=the(title), title=title).replace("ommittee committee", "ommittee")


def _events(evidence: Evidence) -> Iterator[Fact]:
    named = (
        ("last_event", next(iter(evidence.within(LONGEST, "event_attended")), None), "Attended"),
        (
            "missed_event",
            next(iter(evidence.within(_MISSED_DAYS, "event_no_show")), None),
            "Registered and did not come",
        ),
    )
    for key, act, told in named:
        if act is None:
            continue
        if title := evidence.title_of(act):
            yield of_acts(key, title, title, [act], told=f"{told}: {title}")
        yield of_acts(f"{key}_on", day(act.day), act.day, [act], told=told)


def _courses(evidence: Evidence) -> Iterator[Fact]:
    done = evidence.within(YEAR, "learning_completed")
    if done:
        courses = len({act.ref or act.key for act in done})
        yield of_acts(
            "courses_year",
            counted(courses, "course"),
            courses,
            done,
            told=counted(courses, "course completed", "courses completed"),
        )


def _committee(evidence: Evidence) -> Iterator[Fact]:
    for act in evidence.within(LONGEST, "committee_joined", "committee_meeting", "committee_led"):
        left = [one.day for one in evidence.acts.get("committee_left", ()) if one.ref == act.ref]
        title = evidence.title_of(act)
        if title and max(left, default=act.day) <= act.day:
            words = title if "committee" in title.lower() else f"{title} committee"
            yield of_acts("committee", the(words), words, [act], told=f"Serves on {the(words)}")
            return


def _for_staff(evidence: Evidence) -> Iterator[Fact]:
    sums = evidence.sums
    tickets = evidence.within(YEAR, "ticket_opened")
    closed = {act.ref for act in evidence.acts.get("ticket_closed", ())}
    if waiting := [act for act in tickets if act.ref is None or act.ref not in closed]:
        yield of_acts("tickets_open", counted(len(waiting), "open ticket"), len(waiting), waiting)
    if left := evidence.last("email_unsubscribed"):
        yield of_acts("unsubscribed", day(left.day), left.day, [left], told="Unsubscribed")
    if sums.get("login_on"):
        logins, last = sums["logins"], sums["login_on"]
        told = f"{counted(logins, 'login')} in a year, the last {short_day(last)}. Activity"
        seen = (told, "activity", (str(sums["login_key"]),), sums["login_recorded"])
        yield Fact("last_login", day(last), last, *seen)
        yield Fact("logins_year", counted(logins, "login"), logins, *seen)
    if sums.get("message_on"):
        on, words = sums["message_on"], _MESSAGES[sums["message"]]
        seen = (
            f"{words}, {short_day(on)}. Activity",
            "activity",
            (str(sums["message_key"]),),
            sums["message_recorded"],
        )
        yield Fact("last_contact", words, on, *seen)
