"""Reports to staff: made of what the pages show, and sent once to each who asked for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tenure.app import exports
from tenure.app.house import House
from tenure.app.letters import Mailing
from tenure.base.errors import TenureError, UsageError
from tenure.briefing import Brief, letter, paper
from tenure.outreach.channels.parcel import Enclosure, NotTaken, Parcel, Refused, Unsure

if TYPE_CHECKING:
    from tenure.ledger.lease import Fence
    from tenure.ledger.models import Staff

_WEEKEND = ("saturday", "sunday")
_NO_MORE = "You get this report because your account asked for it. End that on the page Reports of Tenure"


def due(house: House, now: dt.datetime) -> list[str]:
    """The kinds of report that leave on the day of *now*, by the association's clock, once their hour has come."""
    from tenure.ledger import lease

    rules, local = house.settings.reports, now.astimezone(ZoneInfo(house.settings.association.time_zone))
    if local.time() < dt.time.fromisoformat(rules.at) or lease.is_held("night", clock=house.clock):
        return []
    weekday = f"{local:%A}".casefold()
    daily = ["daily"] if rules.weekends or weekday not in _WEEKEND else []
    return [*daily, "weekly"] if weekday == rules.weekly_on else daily


def send_due(house: House, mailing: Mailing, fence: Fence) -> Iterator[str]:
    """Send the reports that are due, one at a time; gives how each ended, for the worker's tally.

    Raises:
        HeldBack: Another worker has taken over.
    """
    from tenure.ledger import briefs

    now = house.clock()
    day = now.astimezone(ZoneInfo(house.settings.association.time_zone)).date()
    for kind in due(house, now):
        for person in briefs.waiting(kind, day):
            reference = briefs.take(person=person, kind=kind, day=day, clock=house.clock, fence=fence)
            if reference:
                yield _send(house, mailing, person, kind, day, reference)


def made(house: House, kind: str, chapter: str | None = None) -> Brief:
    """The report *kind* as it stands now, of one *chapter* where one is given.

    Raises:
        UsageError: There are no scores to tell of yet.
    """
    from tenure.web import configuration
    from tenure.web.briefs import MADE

    configuration.ensure(house.home, house.settings, clock=house.clock)
    brief = MADE[kind](house.lake, house.settings, house.clock(), chapter)
    if brief is None:
        raise UsageError("there are no scores to tell of yet", mend="`tenure run` makes them")
    return brief


def in_words(house: House, brief: Brief) -> str:
    """A report for a terminal."""
    return letter.as_text(brief, house.settings.reports.staff_url)


FORMS = (".pdf", ".html", ".txt")


def check_target(path: Path) -> None:
    """See that a report can be written to *path*.

    Raises:
        UsageError: Its name ends as no form of report does, or its folder is not there.
    """
    if path.suffix not in FORMS:
        raise UsageError(f"`{path}` ends in none of {', '.join(FORMS)}", mend="choose one of them")
    exports.require_folder(path)


def write(house: House, brief: Brief, path: Path) -> None:
    """Write a report as its name's ending says: for print, as the email looks, or in words; and leave an audit row."""
    root = house.settings.reports.staff_url
    if path.suffix == ".pdf":
        content = paper.as_pdf(brief, house.settings.association.name)
    elif path.suffix == ".html":
        content = letter.as_html(brief, root, letter.inlined(brief)).encode()
    else:
        content = letter.as_text(brief, root).encode()
    exports.write_bytes(content, path)
    exports.tell(house, f"the {brief.kind} report", sum(len(part.table.rows) for part in brief.parts if part.table))


def parcel_of(house: House, brief: Brief, reference: str, address: str) -> Parcel:
    """The letter that a report becomes: words, HTML with its charts as pictures, and for a week a PDF."""
    root = house.settings.reports.staff_url
    ending = f"{_NO_MORE}{f': {root}/reports/' if root else '.'}"
    pictures = [Enclosure(figure.key, "png", paper.as_png(figure)) for figure in brief.figures()]
    shown = {picture.name: f"cid:{picture.name}" for picture in pictures}
    pdf = [_pdf(house, brief)] if brief.kind == "weekly" else []
    return Parcel(
        kind="notice",
        reference=reference,
        recipient=address,
        subject=brief.subject,
        body=letter.as_text(brief, root, ending),
        at=house.clock(),
        html=letter.as_html(brief, root, shown, ending),
        enclosures=(*pictures, *pdf),
    )


def _pdf(house: House, brief: Brief) -> Enclosure:
    content = paper.as_pdf(brief, house.settings.association.name)
    return Enclosure(f"tenure-{brief.kind}-{brief.day}.pdf", "pdf", content)


def _send(house: House, mailing: Mailing, person: Staff, kind: str, day: dt.date, reference: str) -> str:
    """It is tried once: a report that is late is worth less than the next."""
    from tenure.ledger import briefs, rights

    try:
        brief = made(house, kind, rights.chapter_of(person))
        mailing.mailer.send(parcel_of(house, brief, reference, person.email), lambda: None)
    except (NotTaken, Refused, Unsure) as error:
        briefs.fail(person=person, kind=kind, day=day, why=error.message)
        return "report failed"
    except TenureError as error:
        briefs.fail(person=person, kind=kind, day=day, why=error.message)
        return "report not made"
    return "report"
