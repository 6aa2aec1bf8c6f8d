"""What follows from a night's scores for the pages that staff keep open, reckoned once and kept with them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.app import playbooks
from tenure.app.effects import by_playbook, contact_of, decided_by, drawn_for
from tenure.app.house import House
from tenure.app.outages import outages
from tenure.app.staffing import worth_of_a_call
from tenure.app.walk import Walk
from tenure.impact import HOLDOUT
from tenure.insights.first_year import known_since

if TYPE_CHECKING:
    from tenure.app.situation import Lookup
    from tenure.risk import Model

STEP = "day"
_LONG_SILENCE = 90
_PAYMENT_NEWS_DAYS = 30
_PAYMENT_NEAR_DAYS = 60


def look(house: House, walk: Walk, as_of: dt.date, model: Model, frame: pl.DataFrame, situation: Lookup) -> None:
    """Fill what the pages show beside the scores of the night; nothing when it is filled already.

    Args:
        house: The association's.
        walk: The night.
        as_of: Its day: only what was recorded before its start is used.
        model: The model that made the scores.
        frame: The scores.
        situation: Gives the situation of the night.
    """
    from tenure.ledger import runs, scores

    with walk.step(STEP, "Look at the day") as tell:
        current, read_at = scores.current(), runs.last_read()
        if current is None or current.as_of != as_of or _is_fresh(current.day_at, read_at):
            tell.unchanged(f"what follows from the scores of {as_of} is kept")
            return
        decisions = house.registry.decisions(model.version)
        rows, since = _rows(house, as_of, situation(), frame, decisions), known_since(house.lake, as_of)
        tell("what was so in past years")
        figures = {**_figures(house, as_of, decisions), "acts_since": since.isoformat() if since else None}
        scores.keep_day(rows=rows, figures=figures, read_at=read_at, clock=house.clock, fence=walk.run.fence)
        payments = rows.filter(pl.col("payment_trouble") != "").height
        silent = rows.filter(_is_silent(as_of, since)).height
        tell.count(
            payments_to_fix=payments,
            first_year_silent=silent,
            fell_silent=rows["fell_silent_on"].count(),
            most_engaged=rows["engaged_days"].count(),
            stopped_feeds=len(figures["outages"]),
        )
        done = f"{silent:,} first-year members have done nothing in {_LONG_SILENCE} days"
        tell.say(f"{payments:,} payments to fix; {done if since else 'what members do by themselves is not on record'}")


def _is_fresh(kept_at: dt.datetime | None, read_at: dt.datetime | None) -> bool:
    """Records may bring a failed payment, or a first login, that moves no score."""
    return kept_at is not None and (read_at is None or read_at <= kept_at)


def _is_silent(as_of: dt.date, since: dt.date | None) -> pl.Expr:
    """Whether a first-year member has done nothing for long; of who joined before *since* that is not known."""
    if since is None:
        return pl.lit(value=False)
    old = (pl.lit(as_of) - pl.col("joined_on")).dt.total_days() >= _LONG_SILENCE
    return old & (pl.col("joined_on") >= since) & pl.col("first_act_days").is_null()


def _rows(
    house: House, as_of: dt.date, situation: pl.DataFrame, frame: pl.DataFrame, decisions: pl.DataFrame
) -> pl.DataFrame:
    """The columns of `tenure.ledger.scores.NIGHTLY`, a line per scored member."""
    from tenure.insights.engaged import most_engaged
    from tenure.insights.happenings import fell_silent
    from tenure.risk.alike import alike

    told = situation.select(
        "member",
        "lifetime_value",
        "auto_renew",
        pl.col("top_value").alias("is_top_value"),
        pl.col("reason").fill_null("").alias("leaving_reason"),
        *_payments(),
        pl.when("is_new").then(pl.col("as_of") - pl.duration(days=pl.col("tenure_days"))).alias("joined_on"),
        pl.when("is_new").then("days_since_join_act").alias("first_act_days"),
    )
    found = frame.select("member").join(
        worth_of_a_call(house, situation), on="member", how="left", maintain_order="left"
    )
    like = alike(frame["p_lapse_renewal"].to_numpy(), decisions)
    counted = found.with_columns(
        like_decided=pl.Series(like.decided),
        like_lapsed=pl.Series(like.lapsed),
        like_low=pl.Series(like.low).fill_nan(None),
        like_high=pl.Series(like.high).fill_nan(None),
    )
    kinds = frame.select("member").join(situation.select("member", "member_type"), on="member", how="left")
    for more in (told, fell_silent(house.lake, as_of), most_engaged(house.lake, kinds, as_of)):
        counted = counted.join(more, on="member", how="left", maintain_order="left")
    return counted.with_columns(
        pl.col("leaving_reason", "payment_trouble", "engaged_in").fill_null(""),
        pl.col("is_top_value", "auto_renew").fill_null(value=False),
    )


def _payments() -> list[pl.Expr]:
    """What is to be put right about a payment, and since when; a decline goes before a card that runs out.

    It is when it is news, or when the next payment is near; a card that ran out in spring can wait until the term ends.
    """
    near = pl.col("days_to_renewal") <= _PAYMENT_NEAR_DAYS
    declined, card = (
        pl.when((pl.col(name) <= _PAYMENT_NEWS_DAYS) | near).then(pl.col(name))
        for name in ("payment_failed_days", "card_expires_days")
    )
    days = pl.coalesce(declined, card)
    return [
        pl.when(declined.is_not_null())
        .then(pl.lit("declined"))
        .when(card.is_not_null())
        .then(pl.lit("card"))
        .otherwise(pl.lit(""))
        .alias("payment_trouble"),
        (pl.col("as_of") - pl.duration(days=days)).alias("payment_trouble_on"),
    ]


def _figures(house: House, as_of: dt.date, decisions: pl.DataFrame) -> dict[str, Any]:
    from tenure.insights.first_year import silent_in_past_years

    found, _ = playbooks.in_use(house)
    tried = {one.experiment: one.title for one in reversed(found) if one.experiment}
    drawn, decided = drawn_for(tried, as_of), decided_by(house, as_of)
    return {
        "outages": [
            {"feed": one.feed, "since": one.since.isoformat(), "leaning": list(one.leaning)}
            for one in outages(house, as_of)
        ],
        "experiments": sorted({HOLDOUT, *tried}),
        "contact": contact_of(drawn, decided),
        "effects": by_playbook(drawn, tried, decided),
        "first_year": silent_in_past_years(house.lake, decisions, as_of),
        "newest": newest(house, as_of),
    }


def newest(house: House, as_of: dt.date) -> dict[str, str]:
    """The day of the newest record of each table, and of each kind of activity, that was known on *as_of*."""
    query = """
        SELECT 'members', max(valid_from)::DATE FROM members WHERE valid_from < $1
        UNION ALL SELECT 'terms', max(recorded_at)::DATE FROM terms WHERE recorded_at < $1
        UNION ALL SELECT kind, max(recorded_at)::DATE FROM activity WHERE recorded_at < $1 GROUP BY kind
    """
    with house.lake.connect() as connection:
        rows = connection.execute(query, [as_of]).fetchall()
    return {name: day.isoformat() for name, day in rows if day is not None}
