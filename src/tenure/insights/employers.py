"""Whether two employers' names mean the same house: legal forms, accents, case and slips of the keyboard aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz import fuzz

THRESHOLD = 88.0
"""From which likeness, of 100, two names are the same: measured on true and false pairs, see docs/signals.md."""

_LEGAL_FORMS = frozenset((
    "inc", "incorporated", "llc", "llp", "lp", "pllc", "pc", "ltd", "limited", "corp", "corporation", "co", "company",
    "companies", "plc", "gmbh", "ag", "kg", "kgaa", "ohg", "se", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "ab",
    "oy", "oyj", "as", "asa", "aps", "pty", "pte", "pvt", "holding", "holdings", "group", "international", "intl",
    "the", "and",
))  # fmt: skip

_SHORT = 4
"""Letters up to which a name must be written just so: one letter more makes another house of it."""


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """*name* in small letters without accents, punctuation and legal form; with it where nothing else is left."""
    letters = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    joined = re.sub(r"(?<=\b\w)\.(?=\w\b)", "", bare).replace("'", "").replace("’", "")
    words = re.findall(r"\w+", joined)
    return " ".join([word for word in words if word not in _LEGAL_FORMS] or words)


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0 to 100; names of up to four letters are the same or not."""
    a, b = plain(one), plain(other)
    if not a or not b:
        return 0.0
    if a == b or a.replace(" ", "") == b.replace(" ", ""):
        return 100.0
    if min(len(a), len(b)) <= _SHORT:
        return 0.0
    return min(fuzz.token_sort_ratio(a, b), _least_alike(a, b))


def _least_alike(a: str, b: str) -> float:
    """How well the worst word of the shorter name is met by some word of the other; of both where they have as many.

    `Northgate Health` and `Northgate Wealth` are two houses: one slip in a long word is forgiven, another word is not.
    """
    ours, theirs = sorted((a.split(), b.split()), key=len)
    met = [max(fuzz.ratio(word, other) for other in theirs) for word in ours]
    if len(ours) == len(theirs):
        met += [max(fuzz.ratio(word, other) for other in ours) for word in theirs]
    return min(met)


def same(name: str, listed: Sequence[str]) -> str | None:
    """The one of *listed* that *name* means, the most alike; None where none is alike enough."""
    score, best = max(((likeness(name, one), one) for one in listed), default=(0.0, ""))
    return best if score >= THRESHOLD else None


def named_in(text: str, listed: Iterable[str]) -> str | None:
    """The first of *listed* that stands in *text* as whole words, as in a job title `Director, Example Partners`."""
    words = f" {plain(text)} "
    return next((one for one in listed if plain(one) and len(plain(one)) > _SHORT and f" {plain(one)} " in words), None)
