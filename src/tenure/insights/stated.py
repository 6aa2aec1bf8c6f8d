"""Why members leave as they say it themselves, or as the source notes it: words read as a reason that the rule knows.

Words name a reason where they hold what people call it by; the surer before the vaguer, so that «my employer no longer
pays the dues» is the employer, not the price. To speak of the dues is not to blame them: «the dues are fine, I just
moved» names nothing, and neither does what is denied. What is said rules for the rest of a term, so rather too little
is read than too much: «my work changed» may be either of two. English is what is read; an association that asks in
another language is not misread, but unread.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tenure.insights import stated_words as phrases
from tenure.insights.leaving import DISENGAGED, EMPLOYER, FORGOT, PAYMENT, PRICE, RETIRED
from tenure.membership.contract import UNPAID


def stated_reason(words: pl.Series) -> pl.Series:
    """Which of `tenure.insights.REASONS` each answer of a member names; null where it names none that is known.

    Args:
        words: Answers to questions about leaving, shape (n,).
    """
    return _named(_plain(words), (*phrases.TOO_DEAR, *phrases.BLAMED))


def noted_reason(codes: pl.Series) -> pl.Series:
    """Which of `tenure.insights.REASONS` the source names where it notes the end of a term; null where it names none.

    That dues were not paid, or a term lapsed, is no reason: it is what is to be explained. That a payment *failed* is.

    Args:
        codes: As `terms.ended_by` has them, in words (`too expensive`) or as codes (`card_expired`), shape (n,).
    """
    noted = codes.cast(pl.String)
    apart = noted.str.replace_all("([a-z])([A-Z])", "$1 $2").str.replace_all("[_-]+", " ")
    named = _named(_plain(apart), (*phrases.TOO_DEAR, *phrases.CODES_OF_PRICE))
    return named.set((noted == UNPAID).fill_null(value=False), PAYMENT)


def is_about_leaving(questions: pl.Series) -> pl.Series:
    """Whether each question asks why a membership ended, or may: an answer to another is no reason for leaving.

    Args:
        questions: As members read them, shape (n,); null asks nothing.
    """
    frame = pl.DataFrame({"asked": questions.cast(pl.String).str.to_lowercase().str.replace_all("’", "'")})
    about = _holds("asked", phrases.ASKS_WHY) & ~_holds("asked", phrases.ASKS_ELSE)
    return frame.select(about=about.fill_null(value=False))["about"]


def _plain(words: pl.Series) -> pl.Series:
    """In small letters, with apostrophes of one kind, and without what denies a reason or is none."""
    small = words.cast(pl.String).fill_null("").str.to_lowercase().str.replace_all("[’`´]", "'")
    whole = small.str.replace_all(r"\b(do|does|did|is|was|are|were|has|have|had|wo|would|could|ca)nt\b", "${1}n't")
    return _without(whole.str.replace_all(r"\s+", " ").str.strip_chars(), (*phrases.DENIED, *phrases.BESIDE))


def _named(said: pl.Series, priced: phrases.Patterns) -> pl.Series:
    """The first reason that *said* names, the surer before the vaguer; *priced* is what names the price."""
    frame = pl.DataFrame({"said": said, "rest": _without(said, phrases.UNPAID_DUES)})
    read = (
        (EMPLOYER, "said", phrases.NO_MORE_PAID_FOR),
        (PAYMENT, "rest", phrases.PAYMENT_FAILED),
        (RETIRED, "said", phrases.HAS_RETIRED),
        (FORGOT, "said", phrases.HAS_FORGOTTEN),
        (PRICE, "rest", priced),
        (DISENGAGED, "rest", phrases.NO_USE),
    )
    first = pl.coalesce(pl.when(_holds(column, how)).then(pl.lit(name)) for name, column, how in read)
    return frame.select(reason=first)["reason"]


def _holds(column: str, patterns: phrases.Patterns) -> pl.Expr:
    return pl.col(column).str.contains("|".join(f"(?:{one})" for one in patterns))


def _without(said: pl.Series, patterns: Iterable[str]) -> pl.Series:
    """*said* with three dots for what fits one of *patterns*, so that what stood around it stays apart."""
    for pattern in patterns:
        said = said.str.replace_all(pattern, "…")
    return said
