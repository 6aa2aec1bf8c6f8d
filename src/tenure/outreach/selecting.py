"""Applying a playbook to a situation: whom it would choose, for which occasion, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from tenure.base.settings import Bands
from tenure.outreach.playbook import DERIVED, Playbook, Trigger, columns_in
from tenure.outreach.situation import COLUMNS

_DAYS_SINCE = {"payment_failed_on": "payment_failed_days", "card_noted_on": "card_expires_days",
               "joined_on": "tenure_days"}  # fmt: skip
_DATED = {"payment_failed": "payment_failed_days", "card_expires": "card_expires_days", "joined": "tenure_days"}


def select(
    playbook: Playbook,
    situation: pl.DataFrame,
    *,
    bands: Bands | None = None,
    lists: Mapping[str, Collection[int]] | None = None,
) -> pl.DataFrame:
    """The members whom *playbook* chooses out of *situation*, sorted; each with the occasion and the cause.

    Args:
        playbook: The rule.
        situation: One row per member, columns of `tenure.outreach.situation.COLUMNS`.
        bands: Where bands begin, for a trigger with a margin; the usual ones when none are given.
        lists: Members of each list that a trigger may name, by pseudonym.
    """
    chosen = triggered(playbook.trigger, bands or Bands(), lists or {}) & playbook.who.holds()
    days = [_day(name) for name in DERIVED]
    found = situation.select(*COLUMNS).with_columns(days).filter(chosen)
    return found.select(
        "member",
        _filled(playbook.is_about).alias("occasion"),
        _filled(playbook.cause).alias("cause"),
    ).sort("member")


def triggered(trigger: Trigger, bands: Bands, lists: Mapping[str, Collection[int]]) -> pl.Expr:
    """Whether a row of a situation sets *trigger* off; never null."""
    if trigger.kind == "band":
        return _stands(trigger, bands)
    if trigger.kind == "renewal":
        assert trigger.days is not None
        return trigger.days.holds(pl.col("days_to_renewal"))
    if trigger.kind == "list":
        return pl.col("member").is_in(list(lists.get(trigger.list_name, ())))
    return _happened(trigger)


def _stands(trigger: Trigger, bands: Bands) -> pl.Expr:
    """In one of the bands, far enough beyond its lower edge; and come from another, where that is asked for.

    Who stays there goes on being chosen. An occasion is proposed once, so nothing is said twice, while a night that
    was missed or a member whom there was no time for is made up for.
    """
    here = pl.col("band").is_in(list(trigger.to)).fill_null(value=False)
    if trigger.margin:
        edges = {"high": bands.high, "medium": bands.medium}
        edge = min(edges.get(band, 0.0) for band in trigger.to)
        here &= (pl.col("p_lapse_renewal") >= edge + trigger.margin / 100).fill_null(value=False)
    if trigger.crossed_from:
        here &= pl.col("band_before").is_in(list(trigger.crossed_from)).fill_null(value=False)
    return here


def _happened(trigger: Trigger) -> pl.Expr:
    event = str(trigger.event)
    if event == "no_show":
        return pl.col("no_show").is_not_null()
    if event not in _DATED:
        return pl.col(event).fill_null(value=False)
    lately = pl.col(_DATED[event]).is_between(0, trigger.within).fill_null(value=False)
    return lately & pl.col("is_new").fill_null(value=False) if event == "joined" else lately


def _day(name: str) -> pl.Expr:
    """The day that so many days ago was."""
    return (pl.col("as_of") - pl.duration(days=pl.col(_DAYS_SINCE[name]))).cast(pl.Date).alias(name)


def _filled(pattern: str) -> pl.Expr:
    """*pattern* with the value of each column in the place of its name; `unknown` where there is none."""
    names = columns_in(pattern)
    if not names:
        return pl.lit(pattern)
    plain = pattern
    for name in names:
        plain = plain.replace("{" + name + "}", "{}", 1)
    return pl.format(plain, *(_shown(name) for name in names))


def _shown(name: str) -> pl.Expr:
    kind = COLUMNS[name][0] if name in COLUMNS else pl.Date()
    value = pl.col(name).round(2) if kind == pl.Float64 else pl.col(name)
    return value.cast(pl.String).fill_null("unknown")
