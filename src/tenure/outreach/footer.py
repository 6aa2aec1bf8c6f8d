"""What stands below a message, and the headers of one-click unsubscribing (RFC 8058)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenure.base.settings import Settings
from tenure.outreach.law import Law
from tenure.outreach.values import clean, one_line

_WHY = {
    "win_back": "You receive this because you were a member of {association}.",
    "event": "You receive this because you registered for an event of {association}.",
}
_MEMBER = "You receive this because you are a member of {association}."
_REQUIRED = "This notice about your membership of {association} goes to every member whom it concerns."


@dataclass(frozen=True)
class Footing:
    """The text below a message and the headers that go with it."""

    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def footing(*, purpose: str, commercial: bool, mandatory: bool, law: Law, settings: Settings, way_out: str) -> Footing:
    """What goes with an email to a member.

    Args:
        purpose: Of the message, such as `renewal`.
        commercial: Whether it counts as commercial.
        mandatory: A notice that reaches everyone it concerns; there is no way out of it.
        law: What holds for the member.
        settings: The association's.
        way_out: The member's own link to unsubscribe; empty where there is none.

    Raises:
        BadInput: Address, name or link could forge a header.
    """
    association = clean(settings.association.name)
    why = _REQUIRED if mandatory else _WHY.get(purpose, _MEMBER)
    lines = [why.format(association=association)]
    if commercial or law.footer_for_all or mandatory:
        lines.append(f"{association}, {clean(settings.mail.postal_address)}" if settings.mail.postal_address else "")
    is_offered = bool(way_out) and not mandatory
    if is_offered:
        lines.append(f"To receive no more messages of this kind: {one_line(way_out, 'the link to unsubscribe')}")
    text = "\n".join(line for line in lines if line)
    return Footing(f"--\n{text}", _headers(way_out) if is_offered else {})


def _headers(way_out: str) -> dict[str, str]:
    return {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def lacking(*, commercial: bool, law: Law, settings: Settings) -> str:
    """What an email has to carry and the settings do not give; empty where nothing is lacking."""
    if not (commercial or law.footer_for_all):
        return ""
    if not settings.mail.postal_address.strip():
        return "no postal address is set (`mail.postal_address`)"
    if not settings.outreach.public_url:
        return "no address for links to unsubscribe is set (`outreach.public_url`)"
    return ""
