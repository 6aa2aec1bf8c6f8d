"""What a text states that can be looked up: figures, dates, names and titles, links and addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30",
    "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12", "dozens": "12", "hundreds": "100",
    "thousands": "1000", "twice": "2", "thrice": "3",
}  # fmt: skip

_SIGNS = "$€£¥"
_UNIT = r"percent|per cent|dollars|euros|pounds|cents|bucks"
_LATELY = "|".join(rf"(?<=\b{word} )" for word in ("in", "since", "until", "by", "of", "last", "next"))

_PATTERNS = (
    ("link", "a link", r"\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.|(?:javascript|data|mailto|tel):)[^\s<>\"“”]+"),
    ("address", "an address", r"[^\s@<>()\[\],;:“”\"]+@[^\s@<>()\[\],;“”\"]+\.[a-z]{2,}"),
    ("link", "a link", r"\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b(?:[/:?#][^\s<>\"“”]*)?"),
    ("link", "a link", r"\b\d{1,3}(?:\.\d{1,3}){3}\b[^\s]*"),
    ("date", "a date", rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?\b"),
    ("date", "a date", rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b\.?(?:,? (\d{{4}})\b)?"),
    ("date", "a date", r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b|\b(\d{1,2})[/.](\d{1,2})[/.](\d{2,4})\b"),
    ("date", "a date", rf"(?:{_LATELY})({_MONTH})\b(?: (\d{{4}})\b)?"),
    ("date", "a date", rf"\b({_MONTH}) (\d{{4}})\b"),
    ("date", "a day", r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:yesterday|tomorrow)\b"),
    ("phone", "a telephone number", r"\+?\(?\d[\d ().\-/]{5,}\d"),
    (
        "figure",
        "a figure",
        r"(?P<sign>(?:US|C|A)?[$€£¥]\s?|\b(?:USD|EUR|GBP|CAD) ?)?"
        rf"(?P<n>\d+(?:[,.\u202f ]\d{{3}})*(?:\.\d+)?)(?P<unit>\s?%|\s(?:{_UNIT})\b)?",
    ),
    ("figure", "a share", r"\b(?:half|third|quarter)s?[- ](?:price|off|of (?:your|the) (?:dues|price|fee|cost))\b"),
    ("figure", "a figure", rf"\b(?P<n>{'|'.join(_NUMBERS)})\b(?P<unit>[- ](?:{_UNIT}|price|off)\b)?"),
    ("name", "a title", r"[“\"]([^“”\"\n]{2,120})[”\"]"),
)
_READ = tuple((kind, what, re.compile(pattern, re.IGNORECASE)) for kind, what, pattern in _PATTERNS)

_NAME = re.compile(
    r"(?:(?<=[a-z0-9,;)’'”\"] )|(?<=[a-z0-9,;(]))"  # not at the start of a sentence
    r"[A-Z][\w’'&.-]*(?: (?:(?:of|the|and|for|in|on|at|to|&|de|la|van|von|der) ){0,2}[A-Z0-9][\w’'&.-]*)*"
)
_START = re.compile(r"(?:^|(?<=[.!?:]\s)|(?<=\n))([A-Z][\w’'-]*)((?: (?:(?:of|the|and|for|&) )?[A-Z][\w’'&.-]*)+)")
_COMMON = frozenset({
    "I", "I’m", "I'm", "I’d", "I'd", "I’ll", "I'll", "I’ve", "I've", "OK", "Ok", "P.S", "PS", "RSVP", "FAQ", "PDF",
    "English", "American", "Mr", "Mrs", "Ms", "Mx", "Dr", "Dear", "Hello", "Hi", "Best", "Warm", "Kind", "Regards",
    "Sincerely", "Yours", "Thanks", "Thank", "Webinar", "The", "You", "Your", "We", "If", "A", "An", "It", "This",
})  # fmt: skip


@dataclass(frozen=True)
class Stated:
    """One thing that a text states: its words, of which kind, in one form for comparison, and the noun behind it."""

    kind: str
    what: str
    text: str
    value: str
    noun: str
    start: int
    end: int

    def agrees_with(self, ground: Stated) -> bool:
        """Whether *ground* says the same; a bare figure must count the same thing too."""
        if self.kind == "date" and ground.kind == "date":
            return _same_day(self.value, ground.value)
        if self.kind == "figure" and ground.kind == "date":
            return self.value.isdigit() and len(self.value) == 4 and self.value in ground.value.split("-")
        if self.kind != ground.kind:
            return False
        return self._counts_as(ground) if self.kind == "figure" else self.value == ground.value

    def _counts_as(self, ground: Stated) -> bool:
        """An amount of money bears out an amount of money, a count of downloads a count of downloads."""
        if self.value != ground.value:
            return not self.noun and self.value == ground.value.lstrip(_SIGNS)
        is_money = self.value[:1] in _SIGNS
        return is_money or not self.noun or not ground.noun or _stem(self.noun) == _stem(ground.noun)


def statements(text: str) -> list[Stated]:
    """What *text* states, in order; each stretch of it once, under the first kind that it fits."""
    found = list[Stated]()
    taken = list[tuple[int, int]]()
    for kind, what, pattern in _READ:
        for match in pattern.finditer(text):
            if match[0].strip() and not any(a < match.end() and match.start() < b for a, b in taken):
                one = _stated(kind, what, match, text)
                if one is not None:
                    found.append(one)
                    taken.append((one.start, one.end))
    found.extend(one for one in _names(text) if not any(a < one.end and one.start < b for a, b in taken))
    return sorted(found, key=lambda one: one.start)


def _stated(kind: str, what: str, match: re.Match[str], text: str) -> Stated | None:
    said = match[0].rstrip(".,;:!?)")
    end = match.start() + len(said)
    value, noun = said, ""
    if kind == "date":
        value = _day(match)
    elif kind == "figure":
        value, noun = _figure(match), _noun(text[match.end() :])
        if noun.startswith("minute"):
            return None
    elif kind == "name":
        value = match[1].strip(" .,;:!?")
    elif kind == "phone":
        value = re.sub(r"\D", "", said)
        if len(value) < 7:
            return None
    elif kind in ("link", "address"):
        value = said.lower() if kind == "address" else said
    return Stated(kind, what, said, value, noun, match.start(), end)


def _figure(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if "n" not in groups:
        return match[0].lower()
    number = _NUMBERS.get(groups["n"].lower(), "")
    if not number:
        number = re.sub(r"[,\u202f ]", "", groups["n"])
        number = re.sub(r"\.0+$", "", number)
    unit = (groups.get("unit") or "").strip(" -").lower().replace("per cent", "%").replace("percent", "%")
    sign = (groups.get("sign") or "").strip()
    if unit in ("dollars", "bucks"):
        sign, unit = "$", ""
    return f"{sign}{number}{unit}"


def _day(match: re.Match[str]) -> str:
    """`YEAR-MONTH-DAY` with `?` where nothing is said; a weekday as itself."""
    groups = [group for group in match.groups() if group]
    if not groups:
        return match[0].lower().rstrip("s")
    month = next((str(_MONTHS[group.lower()]) for group in groups if group.lower() in _MONTHS), "")
    digits = [group for group in groups if group.isdigit()]
    if month:
        year = next((group for group in digits if len(group) == 4), "?")
        day = next((str(int(group)) for group in digits if len(group) < 4), "?")
        return f"{year}-{month}-{day}"
    first, second, third = digits
    if len(first) == 4:
        return f"{first}-{int(second)}-{int(third)}"
    return f"{third if len(third) == 4 else '20' + third}-{int(first)}-{int(second)}"


def _same_day(one: str, other: str) -> bool:
    mine, theirs = one.split("-"), other.split("-")
    if len(mine) != 3 or len(theirs) != 3:
        return one == other
    return all(a in ("?", b) for a, b in zip(mine, theirs, strict=True))


def _noun(rest: str) -> str:
    found = re.match(r"[\s-]+(?:(?:more|other|of|your|our|new|full|the) )*([A-Za-z]{3,})", rest)
    return found[1].lower() if found else ""


def _stem(word: str) -> str:
    return re.sub(r"(?:ies|es|s|ed|ing)$", "", word)[:6]


def _names(text: str) -> Iterator[Stated]:
    plain = unicodedata.normalize("NFC", text)
    if len(plain) != len(text):
        plain = text
    for match in _NAME.finditer(plain):
        yield from _name(match[0], match.start())
    for match in _START.finditer(plain):
        if match[1] not in _COMMON:
            yield from _name(match[0], match.start())
        else:
            yield from _name(match[2].strip(), match.end() - len(match[2].strip()))


def _name(said: str, start: int) -> Iterator[Stated]:
    said = said.rstrip(".,;:!?'’-")
    if all(word in _COMMON for word in said.split()):
        return
    yield Stated(
        "name", "a name or title", said, said.removesuffix("’s").removesuffix("'s"), "", start, start + len(said)
    )
