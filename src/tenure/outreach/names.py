"""Which names may stand in a template, and where the value of each comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tenure.base.settings import LINKS, Settings
from tenure.insights.facts import FOR_STAFF, KEYS
from tenure.outreach.plain_words import refused
from tenure.outreach.unfit import why_unfit
from tenure.outreach.values import Lines, personal_name

FACTS: dict[str, str] = {key: meaning for key, meaning in KEYS.items() if key not in FOR_STAFF}
CONTACT: dict[str, str] = {"first_name": "first name", "last_name": "last name"}
SETTINGS: dict[str, str] = {
    "association": "name of the association",
    "sender_name": "who messages come from",
    "reply_to": "where replies go",
}
PAGES: dict[str, str] = {
    **{f"{name}_link": f"page of the association, `outreach.links.{name}`" for name in LINKS},
    "answer_link": "the member's own page with one question",
    "offer_link": "the member's own page with a payment plan",
}
FACTS_FOR_STAFF: dict[str, str] = {key: meaning for key, meaning in KEYS.items() if key in FOR_STAFF}
STAFF: dict[str, str] = {
    "member_name": "first and last name",
    "email": "email address",
    "phone": "telephone number",
    "cause": "why the playbook selected the member",
    "standing": "risk in words and figures",
    "reasons": "reasons of the score, one a line",
    "against": "strongest evidence against",
    "leaving": "predicted reason for leaving",
    "context": "context card, one entry a line",
    "talking_points": "what to speak about in a call",
}
"""What only staff may read: of steps of other kinds than those that reach a member."""

_MOST_WORDS = 5
_WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{9,}")
"""Scripts that put no spaces between words, longer than any name in them."""

TO_MEMBERS: dict[str, str] = {**CONTACT, **SETTINGS, **PAGES, **FACTS}
TO_STAFF: dict[str, str] = {**TO_MEMBERS, **FACTS_FOR_STAFF, **STAFF}


def of_contact(contact: Mapping[str, str]) -> dict[str, str]:
    """The values that *contact* gives, those of names only where they read as a person's name."""
    named = {name: _as_name(contact.get(name, "")) for name in CONTACT}
    pages = {name: contact[name] for name in ("answer_link", "offer_link") if contact.get(name)}
    return {**{name: text for name, text in named.items() if text}, **pages}


def _as_name(text: str) -> str:
    """*text* where it reads as a name and as nothing else."""
    name = personal_name(text)
    is_sentence = len(name.split()) > _MOST_WORDS or bool(_WITHOUT_SPACES.search(name))
    return "" if is_sentence or why_unfit(name) or refused(name) else name


def of_staff(contact: Mapping[str, str]) -> dict[str, str]:
    """What staff may read besides, line by line."""
    given = {name: contact[name] for name in STAFF if contact.get(name)}
    return {name: Lines(text) for name, text in given.items()}


def of_settings(settings: Settings) -> dict[str, str]:
    """The values that the association's settings give."""
    mail = settings.mail
    known = {
        "association": settings.association.name,
        "sender_name": mail.sender_name or settings.association.name,
        "reply_to": mail.reply_to or mail.sender,
    }
    return {name: text for name, text in known.items() if text} | {
        f"{name}_link": url for name, url in settings.outreach.links.items()
    }
