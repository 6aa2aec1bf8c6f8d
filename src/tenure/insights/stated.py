"""Why members say that they leave: their own words, read as one of the reasons that the rule knows.

Words name a reason where they hold what people call it by; the surer before the vaguer, so that «my employer no longer
pays the dues» is the employer, not the price. Where they hold nothing of the kind, they say nothing: «my work changed»
may be either of two. English is what is read; an association that asks in another language is not misread, but unread.
"""

from __future__ import annotations

import polars as pl

from tenure.insights.leaving import DISENGAGED, EMPLOYER, FORGOT, PAYMENT, PRICE, RETIRED

_OTHERS = r"\b(?:employer|company|firm|boss|workplace|department)\b"
_NO_MORE = r"\b(?:no longer|not|never|stopp?\w*|cut|ended|won'?t|does ?n[o']t|did ?n[o']t|refus\w*)\b"
_READ: tuple[tuple[str, str], ...] = (
    (EMPLOYER, rf"{_OTHERS}.{{0,40}}{_NO_MORE}.{{0,30}}\b(?:pay\w*|paid|cover\w*|fund\w*|reimburs\w*)"),
    (PAYMENT, r"\b(?:card|payment|direct debit)\b.{0,20}\b(?:fail\w*|declined|expired|refused|bounced|ran out)\b"),
    (
        RETIRED,
        r"\b(?:retir(?:ed|ing|ement|e)|left (?:the|this|my) (?:field|profession|industry|trade)"
        r"|(?:changed|switched) (?:careers?|professions?|fields?))\b",
    ),
    (FORGOT, r"\b(?:forg[eo]t\w*|slipped my mind|overlooked|missed the (?:notice|reminder|deadline|date))\b"),
    (
        PRICE,
        r"\b(?:dues|price[sd]?|prici(?:er|est|ng)|pric[e]?y|costs?|costly|expensive|fees?|afford\w*|unaffordable|budget"
        r"|cheaper|money|discounts?)\b",
    ),
    (
        DISENGAGED,
        r"\b(?:not|never|no|hardly|barely|rarely|seldom|little|too few|did ?n[o']t|does ?n[o']t|don'?t)\b.{0,20}"
        r"\b(?:us(?:e|ed|ing)|time|attend\w*|value|benefits?|interest\w*|relevant)\b|\btoo busy\b",
    ),
)
_DENIED = (
    r"\b(?:not|never|isn'?t|wasn'?t|nothing) (?:about |because of |due to |to do with |for |a matter of )?"
    r"(?:the |my |your )?(?:dues|price|costs?|fees?|money)\b"
)
_ABOUT_LEAVING = r"(?i)\b(?:end(?:ed|s)?|leav\w*|left|lapse\w*|renew\w*|stay\w*|stopp?\w*|cancel\w*|resign\w*)\b"


def stated_reason(words: pl.Series) -> pl.Series:
    """Which of `tenure.insights.REASONS` each of *words* names; null where they name none that is known."""
    said = words.cast(pl.String).fill_null("").str.to_lowercase().str.replace_all("’", "'").str.replace_all(_DENIED, "")
    frame = said.alias("said").to_frame()
    found = pl.coalesce(pl.when(pl.col("said").str.contains(how)).then(pl.lit(name)) for name, how in _READ)
    return frame.select(reason=found)["reason"]


def is_about_leaving(questions: pl.Series) -> pl.Series:
    """Whether each question asks why a membership ended, or may: an answer to another is no reason for leaving."""
    return questions.cast(pl.String).str.contains(_ABOUT_LEAVING).fill_null(value=False)
