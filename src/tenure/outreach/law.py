"""Whose rules a message falls under, and what they ask for: consent, footer, a way out. The strictest wins.

These profiles are a cautious reading of the rules for associations that write to their own members; they are not legal
advice, and docs/sending.md says what each is taken to ask.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum

from tenure.base.settings import Settings

TEXTED = frozenset({"sms"})


class Basis(IntEnum):
    """What a message needs, each more than the one before it."""

    NOT_REFUSED = 0
    IMPLIED = 1
    EXPRESS = 2


@dataclass(frozen=True)
class Law:
    """What one jurisdiction, or the strictest of several, asks for.

    Args:
        name: Of the jurisdictions, such as `us` or `ca and us`.
        commercial: What commercial email needs.
        relationship: What email about the membership itself needs.
        text: What any text message needs.
        membership_implies: Whether being a member is consent to commercial email about the association's own.
        implied_days: For how long after the end of membership it is; None without an end.
        footer_for_all: Whether postal address and a way out stand below relationship mail too.
    """

    name: str
    commercial: Basis
    relationship: Basis
    text: Basis
    membership_implies: bool
    implied_days: int | None
    footer_for_all: bool

    def needs(self, channel: str, *, commercial: bool) -> Basis:
        """What a message by *channel* needs; a panel that the member opened needs nothing."""
        if channel in TEXTED:
            return self.text
        if channel != "email":
            return Basis.NOT_REFUSED
        return self.commercial if commercial else self.relationship

    def is_implied(self, *, ended_on: dt.date | None, today: dt.date) -> bool:
        """Whether membership itself, which ended on *ended_on* or has not, is consent *today*."""
        return self.membership_implies and self.outlasts(ended_on=ended_on, today=today)

    def outlasts(self, *, ended_on: dt.date | None, today: dt.date) -> bool:
        """Whether what was implied by a membership that ended on *ended_on*, or has not, still is *today*."""
        if ended_on is None or self.implied_days is None:
            return True
        return today <= ended_on + dt.timedelta(days=self.implied_days)


LAWS: dict[str, Law] = {
    "us": Law("us", Basis.NOT_REFUSED, Basis.NOT_REFUSED, Basis.EXPRESS, True, None, False),
    "ca": Law("ca", Basis.IMPLIED, Basis.NOT_REFUSED, Basis.EXPRESS, True, 730, True),
    "uk": Law("uk", Basis.IMPLIED, Basis.NOT_REFUSED, Basis.EXPRESS, False, None, True),
    "eu": Law("eu", Basis.IMPLIED, Basis.NOT_REFUSED, Basis.EXPRESS, False, None, True),
}
"""CAN-SPAM and TCPA; CASL and its two years; PECR and UK GDPR; ePrivacy and GDPR."""

_EU = (
    "austria", "belgium", "bulgaria", "croatia", "cyprus", "czechia", "denmark", "estonia", "finland", "france",
    "germany", "greece", "hungary", "ireland", "italy", "latvia", "lithuania", "luxembourg", "malta", "netherlands",
    "poland", "portugal", "romania", "slovakia", "slovenia", "spain", "sweden", "norway", "iceland", "liechtenstein",
    "at", "be", "bg", "hr", "cy", "cz", "dk", "ee", "fi", "fr", "de", "gr", "hu", "ie", "it", "lv", "lt", "lu", "mt",
    "nl", "pl", "pt", "ro", "sk", "si", "es", "se", "no", "is", "li",
)  # fmt: skip
_COUNTRIES = {
    "canada": "ca", "ca": "ca", "can": "ca",
    "united kingdom": "uk", "great britain": "uk", "gb": "uk", "uk": "uk", "gbr": "uk", "england": "uk",
    "scotland": "uk", "wales": "uk", "northern ireland": "uk",
    "united states": "us", "united states of america": "us", "us": "us", "usa": "us",
    "czech republic": "eu", "slovak republic": "eu", "the netherlands": "eu",
    **dict.fromkeys(_EU, "eu"),
}  # fmt: skip


def law_for(country: str, settings: Settings) -> Law:
    """What holds for a member in *country* (as the source writes it; empty where it is not known).

    The association's own rules always hold too, and the stricter of both wins.
    """
    outreach = settings.outreach
    chosen: set[str] = {outreach.jurisdiction}
    named = country.strip()
    theirs = outreach.jurisdictions.get(named) or _COUNTRIES.get(named.casefold().rstrip("."))
    if theirs:
        chosen.add(theirs)
    return strictest([LAWS[name] for name in sorted(chosen)])


def strictest(laws: list[Law]) -> Law:
    """One law that asks for whatever any of *laws* asks for."""
    days = [law.implied_days for law in laws if law.implied_days is not None]
    return Law(
        " and ".join(law.name for law in laws),
        max(law.commercial for law in laws),
        max(law.relationship for law in laws),
        max(law.text for law in laws),
        all(law.membership_implies for law in laws),
        min(days) if days else None,
        any(law.footer_for_all for law in laws),
    )


def is_commercial(details: dict[str, object]) -> bool:
    """Whether a message counts as commercial: unless its template says that it is not, it does.

    A relationship message is about the membership itself. An offer of money in it, or a purpose of winning back, makes
    it commercial whatever the template says (the primary purpose of a mixed message is unclear, and unclear is not no).
    """
    if details.get("mandatory") is True:
        return False
    mixed = details.get("purpose") == "win_back" or bool(details.get("offer"))
    return mixed or details.get("commercial") is not False
