"""What a message states as fact, tied to the record, and what in it no record, template or setting bears out.

A *claim* is a stretch of the text that says a fact in the fact's own words. Everything else in the text may state no
figure, date, title or address of its own, unless the template or a setting says it too: a draft that does cannot enter
the queue, and a member of staff who edits one is told which words stand nowhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tenure.insights.facts import Fact
from tenure.outreach.placeholders import FILTERS
from tenure.outreach.stated import Stated, statements
from tenure.outreach.values import clean, has_hidden

CURRENCIES = "$€£¥ ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Signs and codes that may stand before an amount."""


@dataclass(frozen=True)
class Claim:
    """A stretch of a message that states a fact.

    Args:
        text: What it reads.
        fact_key: Which fact.
        shown: What staff see beside it.
        table: Where the fact comes from.
        records: Ids of up to five rows behind it.
        start: Where it begins, in characters of the body (or subject, see `where`).
        end: Where it ends, not included.
        where: `body` or `subject`.
    """

    text: str
    fact_key: str
    shown: str
    table: str
    records: tuple[str, ...]
    start: int
    end: int
    where: str = "body"

    def as_dict(self) -> dict[str, Any]:
        """For the ledger."""
        return {**asdict(self), "records": list(self.records)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Claim:
        """From the ledger."""
        return cls(**{**kept, "records": tuple(kept["records"])})


def claim(fact: Fact, text: str, start: int, *, where: str = "body") -> Claim:
    """The claim that *text*, from *start* on, states *fact*."""
    return Claim(text, fact.key, fact.shown, fact.table, tuple(fact.records), start, start + len(text), where)


def ways_to_say(fact: Fact) -> frozenset[str]:
    """Every wording in which a template can state *fact*."""
    said = {clean(fact.words)}
    for way in FILTERS.values():
        try:
            said.add(way(fact.value))
        except ValueError:
            continue
    return frozenset(said - {""})


def anchored(text: str, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """*claims* where they stand in an edited *text*; those whose words are gone are left out."""
    kept, after = list[Claim](), 0
    for one in claims:
        start = text.find(one.text, after)
        if start < 0:
            continue
        after = start + len(one.text)
        kept.append(replace(one, start=start, end=after))
    return tuple(kept)


def untrue(text: str, claims: Iterable[Claim], facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """What is wrong with *claims*: words not where they should be, facts that are gone or now say otherwise."""
    problems = []
    for one in claims:
        fact = facts.get(one.fact_key)
        if text[one.start : one.end] != one.text:
            problems.append(f"the claim `{one.fact_key}` does not stand where it should")
        elif fact is None or not fact.sayable:
            problems.append(f"“{one.text}” rests on the fact `{one.fact_key}`, which is not on record")
        elif one.text not in ways_to_say(fact) and one.text.lstrip(CURRENCIES) not in ways_to_say(fact):
            problems.append(f"“{one.text}” is not what the record says of `{one.fact_key}`: {fact.shown}")
    return tuple(problems)


def ungrounded(
    text: str, claims: Sequence[Claim], facts: Mapping[str, Fact], *, template: str = "", known: Iterable[str] = ()
) -> tuple[str, ...]:
    """What *text* states that stands in no claim, fact, template or setting.

    Args:
        text: A subject or a body.
        claims: Its claims, where they stand.
        facts: What is on record of the member.
        template: The template's own words.
        known: Values of settings and of the contact: names, addresses, links.
    """
    grounds = [template, *known, *(way for fact in facts.values() if fact.sayable for way in _grounds(fact))]
    borne_out = [one for ground in grounds for one in statements(ground)]
    spared = [(one.start, one.end) for one in claims]
    found = [one for one in statements(text) if not any(a <= one.start and one.end <= b for a, b in spared)]
    names = _words_of(grounds)
    wrong = [one for one in found if not _is_borne_out(one, borne_out, grounds, names)]
    problems = [f"“{one.text}” is {one.what} that stands in no fact, template or setting" for one in wrong]
    if has_hidden("".join(c for c in text if c not in "\n\t")):
        problems.append("the text holds characters that nobody sees")
    return tuple(dict.fromkeys(problems))


def _grounds(fact: Fact) -> list[str]:
    # A bare number would bear out any count of anything, so numbers count only beside their noun or sign.
    words = clean(fact.words)
    if isinstance(fact.value, dt.date):
        return [words, clean(fact.shown), *ways_to_say(fact)]
    is_amount = words.replace(",", "").replace(".", "").isdigit()
    return [*(f"{sign}{words}" for sign in "$€£" if is_amount), *([] if is_amount else [words]), clean(fact.shown)]


def _words_of(grounds: Iterable[str]) -> frozenset[str]:
    return frozenset(_bare(word) for ground in grounds for word in ground.split())


def _bare(word: str) -> str:
    return word.strip(".,;:!?'’\"“”()").removesuffix("’s")


def _is_borne_out(one: Stated, borne_out: Sequence[Stated], grounds: Sequence[str], names: frozenset[str]) -> bool:
    if one.kind == "name":
        return any(one.value in ground for ground in grounds) or all(_bare(word) in names for word in one.value.split())
    return any(one.agrees_with(other) for other in borne_out)
