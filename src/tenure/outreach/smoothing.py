"""What a language model is told of a message, and what of its answer may be used.

Its words are held against two lists: those of the template, and a plain vocabulary of everyday English in which there
is no word of money, gift or promise, of risk or of any other language. What is on neither is not used, so that a model
that was led astray by a text among the facts has nothing to say it with.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tenure.insights.facts import Fact
from tenure.outreach.claims import ungrounded
from tenure.outreach.placeholders import Clause, Placeholder, Template, Value, read_template
from tenure.outreach.plain_words import refused
from tenure.outreach.unfit import why_unfit
from tenure.outreach.values import Spoken, clean, has_hidden
from tenure.outreach.wording import Call, Plan, Words, call_for

CALL = "{call_to_action}"
_LONGEST_TOLD = 120
_MOST_PARAGRAPHS = 12
_IN_BRACES = re.compile(r"\{[^{}\n]*\}")
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_MAY = r"(?:will|shall|can|would|could|may)(?: also| even)?"
_PROMISES = re.compile(
    r"(?i)\b(?:no need to|need not|without renewing|for life|for ever|forever|nothing to (?:do|give)|"
    r"(?:do|does|will|would) not (?:need|have) to|don[’']t (?:need|have) to|"
    r"will (?:stay|remain|keep|be) (?:open|active|yours)|"
    rf"we {_MAY} (?:give|send|take care|arrange|keep)|we[’']ll (?:give|send|keep)|"
    rf"you {_MAY} (?:get|receive|have|keep)|you[’']ll (?:get|receive|have|keep))\b"
)


class NotConforming(Exception):
    """An answer that cannot be used."""


@dataclass(frozen=True)
class Answer:
    """What a model gave, in the one form that is taken."""

    subject: str
    paragraphs: tuple[str, ...]
    call_to_action: str

    @classmethod
    def read(cls, content: str) -> Answer:
        """The answer in *content*.

        Raises:
            NotConforming: It is not JSON of exactly that form.
        """
        try:
            given = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise NotConforming("not JSON") from error
        if not isinstance(given, dict) or set(given) != {"subject", "paragraphs", "call_to_action"}:
            raise NotConforming("not of the form")
        paragraphs = given["paragraphs"]
        texts = [given["subject"], given["call_to_action"], *(paragraphs if isinstance(paragraphs, list) else [None])]
        if not all(isinstance(text, str) for text in texts) or not 1 <= len(paragraphs) <= _MOST_PARAGRAPHS:
            raise NotConforming("not of the form")
        return cls(given["subject"], tuple(paragraphs), given["call_to_action"])


@dataclass(frozen=True)
class Task:
    """One message that is to be smoothed.

    Args:
        told: All that the model is told.
        subject, body: The template's own, with its call to action as a placeholder.
        call: The call to action that goes in its place.
        allowed: Placeholders that an answer may use, as they are written.
        needed: Those of them that it may not leave out.
    """

    told: Mapping[str, Any]
    subject: str
    body: str
    call: Call | None
    allowed: frozenset[str]
    needed: frozenset[str]


def task_of(plan: Plan, reason: str, facts: Mapping[str, Fact], values: Mapping[str, Value]) -> Task:
    """What a model is told to smooth *plan* for *reason*.

    Args:
        plan: A step that reaches a member.
        reason: Chooses the words, and is not told.
        facts: Those that may be told, fit to be said.
        values: What the placeholders stand for; optional clauses without their values are left out beforehand.
    """
    subject, body = (_settled(_of(words, reason), values) for words in (plan.subject, plan.body))
    call = call_for(plan, reason)
    written_so = frozenset(_IN_BRACES.findall(subject + body)) - {CALL}
    told_facts = {key: clean(fact.words) for key, fact in facts.items() if _may_be_told(fact)}
    told = {
        "subject": subject,
        "paragraphs": [part for part in re.split(r"\n{2,}", body) if part.strip()],
        "call_to_action": call.id if call else "none",
        "facts": {key: words for key, words in told_facts.items() if any(_name(one) == key for one in written_so)},
    }
    return Task(told, subject, body, call, written_so, _must_stay(plan, reason, written_so))


def accepted(answer: Answer, task: Task) -> tuple[str, str]:
    """Subject and body of *answer* as templates, with the template's own call to action in its place.

    Raises:
        NotConforming: It uses what it may not, leaves out what it may not, or is much longer.
    """
    body = "\n\n".join(paragraph.strip() for paragraph in answer.paragraphs)
    if answer.call_to_action != (task.call.id if task.call else "none"):
        raise NotConforming("another call to action")
    if body.count(CALL) != (1 if task.call else 0) or CALL in answer.subject:
        raise NotConforming("the call to action is not in its place")
    if len(body) > 1.5 * len(task.body) + 200 or len(answer.subject) > 120 or not answer.subject.strip():
        raise NotConforming("much longer or empty")
    used = set(_IN_BRACES.findall(answer.subject + body)) - {CALL}
    if not used <= task.allowed or not task.needed <= used:
        raise NotConforming("other placeholders")
    for text in (answer.subject, body):
        _require_plain(text, f"{task.subject}\n{task.body}")
    return answer.subject, body.replace(CALL, task.call.text if task.call else "")


def _require_plain(text: str, template: str) -> None:
    """Raise unless the words between the placeholders of *text* are the template's or everyday ones."""
    bare, own = (_IN_BRACES.sub(" ", one) for one in (text, template))
    if has_hidden(text.replace("\n", " ")) or any(sign in bare for sign in "{}[]<>|`\\@#*_=~^"):
        raise NotConforming("signs of a program or hidden characters")
    if not bare.replace("’", "'").isascii() and any(
        unicodedata.category(c) not in ("Pd", "Po", "Pi", "Pf", "Zs", "Cc") for c in bare if ord(c) > 127
    ):
        raise NotConforming("letters of another alphabet")
    mine = {word.lower() for word in _WORD.findall(own)}
    strange = [word for word in _WORD.findall(bare) if not _is_known(word.lower().replace("’", "'"), mine)]
    if strange or refused(bare) or ungrounded(bare, (), {}, template=own):
        raise NotConforming("words, figures or names of its own")
    if any(found[0].lower() not in own.lower() for found in _PROMISES.finditer(bare)):
        raise NotConforming("a promise")


def _is_known(word: str, template: set[str]) -> bool:
    parts = word.split("'")
    if len(parts) > 2 or (len(parts) == 2 and parts[1] not in ("s", "d", "ll", "re", "ve", "m", "t")):
        return False
    stem = parts[0].removesuffix("n") if parts[1:] == ["t"] else parts[0]
    known = template | vocabulary()
    return bool({stem, parts[0], *_stems(stem)} & known)


def _stems(word: str) -> set[str]:
    found = set()
    for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "est"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            bare = word.removesuffix(ending)
            found |= {bare, bare + "e"}
            if bare[-1] == bare[-2]:
                found.add(bare[:-1])
            if bare.endswith("i"):
                found.add(bare[:-1] + "y")
    return found


@cache
def vocabulary() -> frozenset[str]:
    """Everyday words that any message may use."""
    text = files("tenure.outreach").joinpath("plain_vocabulary.txt").read_text(encoding="ascii")
    return frozenset(text.split())


def _may_be_told(fact: Fact) -> bool:
    words = clean(fact.words)
    return len(words) <= _LONGEST_TOLD and not why_unfit(words)


def _must_stay(plan: Plan, reason: str, written_so: frozenset[str]) -> frozenset[str]:
    """Placeholders that stand outside of optional clauses and have no words instead: they must not be lost."""
    text = f"{_of(plan.subject, reason)}\n{_of(plan.body, reason)}".replace(CALL, "")
    outside = _IN_BRACES.findall(re.sub(r"\[\[.*?\]\]", "", text, flags=re.DOTALL))
    return written_so & {one for one in outside if "|or:" not in one}


def _settled(text: str, values: Mapping[str, Value]) -> str:
    """*text* with its optional clauses either in it or left out, and its placeholders still in braces."""
    template = read_template(text, names={_name(one) for one in _IN_BRACES.findall(text)})
    spelled: dict[str, Value] = {}

    def named(part: str | Placeholder, *, optional: bool) -> str | Placeholder:
        """*part*, whose value is from now on how it is written itself."""
        if isinstance(part, str):
            return part
        name = f"place_{len(spelled)}"
        is_said = not optional or part.said(values.get(part.name)) is not None
        spelled[name] = Spoken(str(part) if is_said else "", "")
        return Placeholder(name)

    parts = [
        Clause(tuple(named(one, optional=True) for one in part.parts))
        if isinstance(part, Clause)
        else named(part, optional=False)
        for part in template.parts
    ]
    return Template(tuple(parts)).fill(spelled).text


def _name(placeholder: str) -> str:
    return placeholder.strip("{}").partition("|")[0]


def _of(words: Words | None, reason: str) -> str:
    return words.of(reason).strip() if words is not None else ""
