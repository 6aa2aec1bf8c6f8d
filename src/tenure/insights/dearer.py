"""Whether an entry of the change ledger tells that membership became dearer.

An entry has a day, a scope and words, and no field that says what it is about; so its words are read, clause by clause.
English is what is read, and rather too little than too much: a clause that denies a rise, takes one back or speaks of
another price than that of membership tells nothing.
"""

from __future__ import annotations

import re

_PRICE = r"(?:fees?|rates?|prices?|costs?|subscriptions?)"
_DUES = (
    rf"(?:\bdues\b|\bmember(?:s|ship)?'?s? (?:\w+ )?{_PRICE}\b|\b(?:annual|yearly) subscriptions?\b"
    rf"|\b{_PRICE} (?:of|for) (?:\w+ )?(?:\w+ )?members(?:hip)?\b)"
)
"""A fee, a price or a subscription is dues where members or membership stand beside it."""

_RISEN = (
    r"\b(?:rais(?:e[ds]?|ing)|rise[sn]?|rose|rising|increas\w*|hiked?|doubled|higher|dearer|went up|go(?:es|ing)? up)\b"
)
_RISES = (
    rf"{_DUES}.*(?:{_RISEN}|\bup\b|\+ ?\d)",
    rf"{_RISEN}.*{_DUES}",
    rf"\b{_PRICE} (?:increase|rise|hike)s? (?:of|for) (?:\w+ )?(?:\w+ )?members(?:hip)?\b",
)
_NO_RISE = (
    r"\b(?:no|not|never|zero|hardly|none|neither|nor|without|cannot|\w+n't)\b",
    r"\b(?:un-?(?:changed|altered|raised)|frozen|freez\w*|same|stable|remain\w*|stay\w*)\b",
    r"\b(?:lower(?:ed|ing)|reduc\w*|decreas\w*|cut)\b",
    r"\b(?:propos\w*|reject\w*|postpon\w*|delay\w*|put off|cancel\w*)\b",
    r"\b(?:withdr\w*|revers\w*|revok\w*|avoid\w*|avert\w*|ruled out|instead)\b",
    # What may be said of dues beside their height.
    r"\b(?:questions?|discuss\w*|concerns?|doubts?|complaints?|number|paying|invoices?|share|income|revenues?)\b",
)

_DISCOUNT_ENDS = (
    r"\bdiscounts?\b.*\b(?:end(?:s|ed|ing)?|stop(?:s|ped)?|withdrawn|abolished|removed|dropped|cut|gone)\b",
    r"\bdiscounts?\b.*\b(?:expire[sd]?|discontinued|phased out|reduced|halved|no longer|no more)\b",
    r"\b(?:end of|no more|no longer|abolish\w*|withdr[ae]w\w*|remov\w*|dropp\w*)\b.*\bdiscounts?\b",
)
_DISCOUNT_STANDS = (
    r"\b(?:not|never|\w+n't)\b",
    r"\b(?:exten\w*|prolong\w*|continu(?:e[sd]?|ing)|introduc\w*|increas\w*|rais\w*|new|again)\b",
)

_OTHER_PRICE = (
    r"\b(?:registration|late(?: payment)? fees?|exam\w*|congress\w*|conferences?|conventions?|events?|gala|courses?)\b",
    r"\b(?:workshops?|webinars?|seminars?|training|hotels?|travel\w*|parking|tickets?|booking|journals?)\b",
    r"\b(?:newsletters?|magazines?|publications?|books?|shop|store|insurance|certifi\w*|accredit\w*)\b",
    r"\b(?:application|admission|entrance|joining|initiation|processing|reinstatement)\b",
    r"\b(?:exhibit\w*|sponsor\w*|advertis\w*|postage)\b",
    r"\bearly[- ]bird\b(?!.*\bdues\b)",
)
_IDIOMS = (
    r"\b(?:set|sign\w*|follow\w*|mak\w*|made|look\w*|back\w*|start\w*|catch\w*|split)[ -]up\b",
    r"\bup[ -](?:to|front|until)\b|\bup for (?:a |the )?(?:re\w+|dis\w+|votes?|debate|approval|decision)\b",
    r"\b(?:until|till|through|to|by|before|at) (?:the )?end\b|\b(?:year|month|quarter)(?:'s)?[- ]end\b",
    r"\bhigher education\b",
)
"""Words that look like a rise or an end, and are none: «dues up to date», «until the end of June»."""

_CLAUSES = r"[;!?(]|[,.] | [–—-] |\b(?:but|while|whereas|although|though)\b"
"""A colon parts none: «dues: up 8 %» is one, and so is «dues frozen: no increase»."""


def is_dearer(words: str) -> bool:
    """Whether *words* tell that dues rose, or that a discount on them ended."""
    plain = " ".join(words.lower().replace("’", "'").split())
    for idiom in _IDIOMS:
        plain = re.sub(idiom, "…", plain)
    return any(_tells_it(clause) for clause in re.split(_CLAUSES, plain))


def _tells_it(clause: str) -> bool:
    rises = _any(_RISES, clause) and not _any(_NO_RISE, clause)
    ends = _any(_DISCOUNT_ENDS, clause) and not _any(_DISCOUNT_STANDS, clause)
    return (rises or ends) and not _any(_OTHER_PRICE, clause)


def _any(patterns: tuple[str, ...], clause: str) -> bool:
    return any(re.search(pattern, clause) for pattern in patterns)
