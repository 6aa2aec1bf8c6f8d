"""The language of message templates: placeholders, a few filters, optional clauses, and nothing that computes.

    Dear {first_name|or:"colleague"},

    [[You have been with us {joined}. ]]Your membership runs to {paid_through|date}.

`{name}` stands for a value, `{name|filter}` for the value said in a certain way, and `{name|or:"words"}` for the
words where there is no value. `[[…]]` is an optional clause: it is left out as a whole unless every placeholder in it
has a value. Names and filters come from lists; there are no expressions and no attributes. A template is read once,
and values are put in afterwards, so that braces within a value are characters like any other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tenure.base.errors import BadInput
from tenure.outreach.values import Spoken, as_said

Value = str | int | float | dt.date | Spoken


class BadTemplate(BadInput):
    """A template that cannot be read; `line` and `column` count from 1."""

    def __init__(self, words: str, line: int, column: int, *, mend: str) -> None:
        super().__init__(f"line {line}, column {column}: {words}", mend=mend)
        self.words, self.line, self.column = words, line, column


@dataclass(frozen=True)
class Placeholder:
    """One `{…}`: the name, its filters in order, and the words to use where there is no value (None: no such words)."""

    name: str
    filters: tuple[str, ...] = ()
    instead: str | None = None

    def __str__(self) -> str:
        """As it is written in a template."""
        filters = "".join(f"|{name}" for name in self.filters)
        return f"{{{self.name}{filters}{'' if self.instead is None else f'|or:{chr(34)}{self.instead}{chr(34)}'}}}"

    def said(self, value: Value | None, currency: str = "$") -> str | None:
        """*value* through the filters; None where there is neither a value nor words to stand for it.

        Raises:
            ValueError: A filter cannot say a value of that type.
        """
        if value is None or value == "" or (isinstance(value, Spoken) and not value.words):
            return self.instead
        for name in self.filters:
            value = FILTERS[name](value.value if isinstance(value, Spoken) else value)
            value = f"{currency}{value}" if name == "money" else value
        return as_said(value) or self.instead


@dataclass(frozen=True)
class Clause:
    """A part between `[[` and `]]`."""

    parts: tuple[str | Placeholder, ...]


@dataclass(frozen=True)
class Said:
    """Where a placeholder's words stand in the finished text; `by_default` when they are those of `or`."""

    name: str
    text: str
    start: int
    end: int
    by_default: bool = False


@dataclass(frozen=True)
class Filled:
    """A finished text.

    Args:
        text: What it reads.
        said: The placeholders that were filled, in order of their places.
        missing: Names without a value or words instead, outside of optional clauses.
        unsayable: What a filter could not say, in words without the value.
    """

    text: str
    said: tuple[Said, ...]
    missing: tuple[str, ...] = ()
    unsayable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Template:
    """A template that was read without a fault."""

    parts: tuple[str | Placeholder | Clause, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name in it."""
        return frozenset(part.name for part in self.placeholders)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Every placeholder in it, in order."""
        return tuple(part for part in self._flat() if isinstance(part, Placeholder))

    @property
    def literal(self) -> str:
        """The template's own words, placeholders left out; words of `or` stand on lines of their own."""
        flat = list(self._flat())
        own = "".join(part if isinstance(part, str) else " " for part in flat)
        return "\n".join([own, *(part.instead for part in flat if isinstance(part, Placeholder) and part.instead)])

    def fill(self, values: Mapping[str, Value], *, currency: str = "$") -> Filled:
        """The text with *values* put in; what *values* does not hold has no value."""
        writer = _Writer(values, currency)
        for part in self.parts:
            writer.write(part)
        return writer.done()

    def _flat(self) -> Iterator[str | Placeholder]:
        for part in self.parts:
            yield from part.parts if isinstance(part, Clause) else (part,)


@dataclass
class _Writer:
    values: Mapping[str, Value]
    currency: str
    text: str = ""
    said: list[Said] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsayable: list[str] = field(default_factory=list)
    _left_out: bool = False

    def write(self, part: str | Placeholder | Clause) -> None:
        if isinstance(part, str):
            literal = self._joined(part)
            self.text += literal
        elif isinstance(part, Placeholder):
            self._put(part)
        elif all(self._said(inner) for inner in part.parts if isinstance(inner, Placeholder)):
            for inner in part.parts:
                self.write(inner)
        else:
            self._left_out = True

    def done(self) -> Filled:
        return Filled(self.text, tuple(self.said), tuple(self.missing), tuple(self.unsayable))

    def _joined(self, literal: str) -> str:
        """What follows a clause that was left out must not leave two spaces or an empty paragraph behind."""
        if self._left_out:
            if self.text == "" or self.text.endswith("\n"):
                literal = literal.lstrip("\n" if self.text == "" or self.text.endswith("\n\n") else "")
                literal = literal.lstrip(" ")
            elif self.text.endswith(" ") and literal[:1] in (" ", "\n", ""):
                self.text = self.text.rstrip(" ")
        self._left_out = self._left_out and not literal
        return literal

    def _put(self, part: Placeholder) -> None:
        words = self._said(part)
        if words is None:
            self.missing.append(part.name)
            return
        by_default = self.values.get(part.name) in (None, "")
        self.said.append(Said(part.name, words, len(self.text), len(self.text) + len(words), by_default))
        self.text += words
        self._left_out = False

    def _said(self, part: Placeholder) -> str | None:
        try:
            return part.said(self.values.get(part.name), self.currency)
        except ValueError as error:
            self.unsayable.append(f"`{part.name}` {error}")
            return None


def read_template(text: str, *, names: Collection[str]) -> Template:
    """Read *text*; only *names* may stand in its placeholders.

    Raises:
        BadTemplate: An unknown name or filter, a stray brace, a clause in a clause or one that does not end.
    """
    return Template(tuple(_Reader(text, names).parts()))


_PIECES = re.compile(r"\[\[|\]\]|\{|\}")
_INSIDE = re.compile(r'(?P<name>[a-z][a-z0-9_]*)(?P<filters>(?:\|[a-z_]+(?::"[^"{}\n]*")?)*)\}')
_FILTER = re.compile(r'\|(?P<name>[a-z_]+)(?P<words>:"[^"]*")?')
_SHAPE = 'write {first_name}, {paid_through|date} or {first_name|or:"colleague"}: no spaces, straight quotes'


class _Reader:
    def __init__(self, text: str, names: Collection[str]) -> None:
        self._text, self._names, self._at = text, names, 0

    def parts(self) -> Iterator[str | Placeholder | Clause]:
        while self._at < len(self._text):
            sign = self._sign()
            if sign == "[[":
                yield self._clause()
            elif sign == "]]":
                raise self._fault("`]]` ends a clause that did not begin", "put `[[` where the optional clause begins")
            else:
                yield from self._plain()

    def _sign(self) -> str:
        found = _PIECES.match(self._text, self._at)
        return found[0] if found else ""

    def _clause(self) -> Clause:
        begun, inner = self._at, list[str | Placeholder]()
        self._at += 2
        while (sign := self._sign()) != "]]":
            if sign == "[[":
                raise self._fault("a clause begins within a clause", "end the first with `]]` before the second begins")
            if self._at >= len(self._text):
                raise self._fault("the clause that begins here does not end", "put `]]` where it ends", at=begun)
            inner.extend(self._plain())
        self._at += 2
        if not any(isinstance(part, Placeholder) for part in inner):
            raise self._fault(
                "a clause without a placeholder is never left out", "take away `[[` and `]]`, or name what it needs",
                at=begun,
            )  # fmt: skip
        return Clause(tuple(inner))

    def _plain(self) -> Iterator[str | Placeholder]:
        """The words up to the next sign, or the placeholder that stands here."""
        sign = self._sign()
        if sign == "}":
            raise self._fault("`}` ends a placeholder that did not begin", _SHAPE)
        if sign == "{":
            yield self._placeholder()
            return
        found = _PIECES.search(self._text, self._at)
        end = found.start() if found else len(self._text)
        yield self._text[self._at : end]
        self._at = end

    def _placeholder(self) -> Placeholder:
        found = _INSIDE.match(self._text, self._at + 1)
        if not found:
            raise self._fault("this is no placeholder", _SHAPE)
        if self._text[max(0, self._at - 1) : self._at] in ("$", "#", "%"):
            raise self._fault(
                "a sign of another template language stands before `{`", "leave it out; money is {dues|money}"
            )
        if found["name"] not in self._names:
            known = ", ".join(sorted(self._names))
            raise self._fault(f"there is no `{found['name']}`", f"one of: {known}")
        placeholder = self._filtered(found["name"], found["filters"])
        self._at = found.end()
        return placeholder

    def _filtered(self, name: str, filters: str) -> Placeholder:
        chosen, instead = list[str](), None
        for found in _FILTER.finditer(filters):
            if instead is not None:
                raise self._fault("`or` comes last", f'{{{name}|date|or:"soon"}}')
            if (found["name"] == "or") != (found["words"] is not None):
                raise self._fault(f"`{found['name']}` is not written so", 'only `or` takes words: |or:"colleague"')
            if found["name"] == "or":
                instead = found["words"][2:-1]
            elif found["name"] not in FILTERS:
                raise self._fault(f"there is no filter `{found['name']}`", f"one of: {', '.join([*FILTERS, 'or'])}")
            else:
                chosen.append(found["name"])
        if len(chosen) > 1:
            raise self._fault("a placeholder takes one filter, and `or`", "leave one of them out")
        return Placeholder(name, tuple(chosen), instead)

    def _fault(self, words: str, mend: str, *, at: int | None = None) -> BadTemplate:
        before = self._text[: self._at if at is None else at]
        return BadTemplate(words, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, mend=mend)


def _day(value: Value) -> str:
    day = _date(value)
    return f"{day:%B} {day.day}, {day.year}"


def _day_of_year(value: Value) -> str:
    day = _date(value)
    return f"{day:%B} {day.day}"


def _month(value: Value) -> str:
    return f"{_date(value):%B %Y}"


def _year(value: Value) -> str:
    return str(_date(value).year)


def _money(value: Value) -> str:
    amount = _number(value)
    return f"{amount:,.0f}" if amount == round(amount) else f"{amount:,.2f}"


def _count(value: Value) -> str:
    return f"{_number(value):,.0f}"


def _date(value: Value) -> dt.date:
    if isinstance(value, dt.date):
        return value
    raise ValueError("is not a date")


def _number(value: Value) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    raise ValueError("is not a number")


FILTERS: dict[str, Callable[[Value], str]] = {
    "date": _day,
    "day": _day_of_year,
    "month": _month,
    "year": _year,
    "money": _money,
    "number": _count,
}
"""By name: `date` March 4, 2026; `day` March 4; `month` March 2026; `year` 2026; `money` $320, with the
association's currency before it; `number` 1,200."""
