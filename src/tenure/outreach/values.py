"""Values from records, made fit to stand in a message: one line, no hidden characters, nothing that is markup."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from tenure.base.errors import BadInput

_BREAKS = re.compile(r"[\s\u0085\u2028\u2029]+")
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u3164\uffa0]")
_LINK = re.compile(r"(?i)(?:\b[a-z][a-z0-9+.-]{1,15}:(?://|\S+@)|\bwww\.|\b(?:javascript|data|mailto|tel):)")
_HOST = re.compile(r"(?i)\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,24}(?:[/:?#]\S*|\b)")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_MARKS = re.compile(r"[<>{}|\\`^\[\]=;$%#*_~]|\d")
LONGEST_NAME = 60


class Lines(str):
    """Text of several lines, for staff."""

    __slots__ = ()


@dataclass(frozen=True)
class Spoken:
    """A fact: as a sentence says it, and the value that filters work on."""

    words: str
    value: str | int | float | dt.date


def as_said(value: str | int | float | dt.date | Spoken) -> str:
    """*value* as a sentence says it: text on one line without control or hidden characters; ISO for a bare date."""
    if isinstance(value, Spoken):
        return clean(value.words)
    if isinstance(value, Lines):
        return "\n".join(filter(None, (clean(line) for line in value.splitlines())))
    if isinstance(value, str):
        return clean(value)
    return value.isoformat() if isinstance(value, dt.date) else f"{value:,}"


def clean(text: str) -> str:
    """*text* on one line, in Unicode's composed form, without control, direction, tag or invisible characters."""
    composed = unicodedata.normalize("NFC", text)
    one_line = _BREAKS.sub(" ", _SELECTORS.sub("", composed))
    kept = (c for i, c in enumerate(one_line) if _is_seen(c) or _joins(one_line, i))
    return _BREAKS.sub(" ", "".join(kept)).strip()


def has_hidden(text: str) -> bool:
    """Whether *text* holds characters that nobody sees: direction marks, tags, zero widths, controls."""
    return clean(text) != _BREAKS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def one_line(text: str, what: str) -> str:
    """*text* itself, if it can stand in a header.

    Raises:
        BadInput: It holds a line break or another control character; *what* names it, never its content.
    """
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text):
        raise BadInput(
            f"{what} holds a line break or a control character",
            mend="correct it where it is kept; it can not be sent like that",
        )
    return text


def personal_name(text: str) -> str:
    """*text* if it reads as a person's name; empty where it is a link, an address, a code or too long to be one."""
    name = clean(text)
    unlike = len(name) > LONGEST_NAME or has_hidden(text) or _MARKS.search(name) or holds_link(name)
    return "" if unlike or ":" in name else name


def holds_link(text: str) -> bool:
    """Whether *text* holds a web or mail address in any form that a mail program would make a link of."""
    plain = unicodedata.normalize("NFKC", text)
    return bool(_LINK.search(plain) or _HOST.search(plain) or _ADDRESS.search(plain))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _joins(text: str, at: int) -> bool:
    """Zero-width joiners between letters belong to the spelling of Persian and Indic names."""
    if text[at] not in _JOINERS or at == 0 or at + 1 >= len(text):
        return False
    before, after = text[at - 1], text[at + 1]
    return all(ord(c) > 0x590 and unicodedata.category(c)[0] in "LM" for c in (before, after))
