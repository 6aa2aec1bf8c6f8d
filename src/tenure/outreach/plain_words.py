"""Words that no member is to read: of risk, scores, prediction, profiling and of being watched.

A member who reads "you were flagged as at risk" learns what was thought, not what is offered. The list here is English
and knows inflections; ordinary uses of the same words ("risk-free", "log in to renew", "a track record") are let by,
and so is what stands within a fact, such as the title of a webinar on risk management. `words_of_watching.toml` has
those of French, Spanish and German. Words of every language are looked for in every text, since nobody says which
one a template is written in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Refused:
    """A word that may not reach a member, where it stands, and what it is a word of."""

    word: str
    of: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"“{self.word}” is a word of {self.of}, which no member is to read"


_YOUR_USE = r"(?:activity|engagement|involvement|usage|use of|participation|attendance|behaviou?r|logins?|visits?)"
_CHOSEN = r"(?:identified|selected|singled out|classified|categori[sz]ed|labell?ed|picked out|targeted)"
_WE = r"(?:we|i|our (?:team|records|data|systems?|logs)|the (?:system|data|records))"

_WORDS: dict[str, tuple[str, ...]] = {
    "risk": (
        r"at[- ]risk\b",
        r"\brisk(?:s|y|ier|iest|ed|ing)?\b(?![- ]free\b)",
        r"\bchurn(?:s|ed|ing|er|ers)?\b",
        r"\battrition\b",
        r"\bjeopard(?:y|ize|ised|ized|izing|ising)\b",
        r"\b(?:un)?likel(?:y|ier|iest) (?:to|that you will|you will) "
        r"(?:leave|lapse|cancel|quit|drop|churn|renew|stay|not)",
        r"\bflight (?:danger|threat)\b",
        r"\bdisplacement\b",
    ),
    "scores": (
        r"\bscor(?:e|es|ed|ing)\b",
        r"\brank(?:s|ed|ing|ings)? (?:you|your|among|as|in the|of)\b",
        r"\b(?:probabilit(?:y|ies)|propensit(?:y|ies)|percentiles?|likelihoods?)\b",
        r"\b(?:high|medium|low|top)[- ](?:value|band|tier[- ]?risk|priority) (?:member|segment|list)s?\b",
        r"\blifetime value\b",
    ),
    "prediction": (
        r"\bpredict(?:s|ed|ing|ion|ions|ive|ively|or|ors|able|ably)?\b",
        r"\bforecast(?:s|ed|ing)? (?:that )?(?:you|your)\b",
        r"\balgorithm(?:s|ic|ically)?\b",
        r"\bmachine[- ]learning\b",
        r"\b(?:our|the|a) (?:statistical |computer |data )?model(?:s|led|ling)? "
        r"(?:say|show|suggest|think|tell|indicat|flag|that)",
        r"\b(?:we|our [a-z]+) expect(?:s|ed)? (?:you|your|that you)\b",
        r"\b(?:our|the) (?:ai|system|software|data|analytics|analysis) "
        r"(?:say|show|suggest|think|tell|indicat|flag|identif|predict)",
        r"\buplift\b",
    ),
    "profiling": (
        r"\bprofil(?:ed|ing|ings)\b",
        r"\bsegment(?:ed|ation|ations|ing)\b",
        r"\b(?:your|the|a|target(?:ed)?) (?:segment|cohort)s?\b",
        r"\bflag(?:ged|ging)\b",
        r"\bred[- ]flags?\b",
        rf"\b{_CHOSEN} (?:you|your|as)\b",
        rf"\byou (?:have been|were|are being|are) {_CHOSEN}\b",
        r"\bcontrol groups?\b|\bholdouts?\b",
        r"\b(?:member|membership|customer|client) retention\b",
        r"\bretention (?:campaign|team|list|program|programme|playbook)s?\b",
        r"\bwin[- ]?backs?\b|\bplaybooks?\b",
        r"\b(?:financial|economic) (?:hardship|trouble|distress|difficult(?:y|ies))\b|\bhardships?\b",
    ),
    "monitoring": (
        r"\bmonitor(?:s|ed|ing)?\b",
        r"\bsurveil(?:s|led|ling|lance)?\b",
        r"\bwatch[- ]?lists?\b|\bwatch(?:es|ed|ing)? (?:you|your)\b",
        rf"\b{_WE} (?:have |has |had |\'ve )?(?:been )?track(?:s|ed|ing)?\b|\btrack(?:s|ed|ing) (?:of )?(?:you|your)\b",
        rf"\b{_WE}(?: have| has| had|'ve|’ve)?(?: recently| also| just)? "
        r"(?:notic|observ|detect|spot|saw|seen|see that you|record that you|show that you|indicat)(?:e|es|ed|ing)?\b",
        rf"\byour (?:recent |overall |online |own )?{_YOUR_USE}[^.!?\n]{{0,40}}"
        r"\b(?:drop|declin|fall|fell|decreas|slow|low|less|down|dwindl|wan|stop|reduc|has been quiet)[a-z]*",
        r"\b(?:drop|decline|decrease|fall|reduction|dip) in (?:your )?" + _YOUR_USE,
        r"\bdisengag(?:e|es|ed|ing|ement)\b|\binactiv(?:e|ity)\b",
        r"\byou(?:'ve|’ve| have)?(?: not|n't|n’t| haven't| haven’t| never| last| rarely| barely)+ "
        r"(?:been )?(?:log(?:ged|ging)?(?: in| on|in)?|sign(?:ed|ing)? in|(?:open|click|visit)(?:ed|ing)?)\b",
        r"\b(?:last|previous|recent|number of|your) (?:log[- ]?ins?|sign[- ]?ins?)\b(?! (?:details|page|name|id|link))",
        r"\bopen(?:s|ed)? (?:rate|rates|our (?:last |recent )?(?:emails?|messages?|newsletters?))\b",
        r"\bclick(?:s|ed|ing)? (?:rate|rates|behaviou?r)\b|\bengagement (?:levels?|data|metrics?|scores?|pattern)s?\b",
    ),
}  # fmt: skip

_LET_BY = re.compile(
    r"(?i)\b(?:risk[- ]free|(?:no|without(?: any)?|zero) risk|no[- ]risk|"
    r"(?:\w+ )?risk[- ](?:management|managers?|engineering)|"
    r"high[- ]scores?|underscor\w+|score ?(?:board|card|sheet)s?|predictable (?:dues|payments?|costs?))\b"
)
_ELSEWHERE: dict[str, dict[str, list[str]]] = tomllib.loads(
    files(__package__).joinpath("words_of_watching.toml").read_text(encoding="utf-8")
)
LANGUAGES = ("english", *_ELSEWHERE)


def _every() -> Iterator[tuple[str, str]]:
    """What each pattern finds words of, and the pattern, of every language."""
    languages: list[Mapping[str, Sequence[str]]] = [_WORDS, *_ELSEWHERE.values()]
    for words in languages:
        yield from ((of, pattern) for of, group in words.items() if of != "let_by" for pattern in group)


_PATTERNS = tuple((of, re.compile(pattern, re.IGNORECASE)) for of, pattern in _every())
_SPARING = (_LET_BY, *(re.compile("|".join(words["let_by"]), re.IGNORECASE) for words in _ELSEWHERE.values()))


def refused(text: str, *, within_facts: Iterable[tuple[int, int]] = ()) -> tuple[Refused, ...]:
    """The words of *text* that no member is to read, in order.

    Args:
        text: What the member would read.
        within_facts: Ranges (from, to) of *text* that state a fact in its own words, and are let by.
    """
    spared = [*within_facts, *(found.span() for look in _SPARING for found in look.finditer(text))]
    found = {
        (match.start(), match.end()): Refused(match[0], of, match.start(), match.end())
        for of, pattern in _PATTERNS
        for match in pattern.finditer(text)
        if match[0] and not any(start <= match.start() and match.end() <= end for start, end in spared)
    }
    return tuple(_outermost([found[place] for place in sorted(found)]))


def _outermost(words: list[Refused]) -> list[Refused]:
    """*words* without those that stand within another."""
    return [
        word
        for word in words
        if not any(
            other is not word and other.start <= word.start and word.end <= other.end
            and (other.end - other.start) > (word.end - word.start)
            for other in words
        )
    ]  # fmt: skip
