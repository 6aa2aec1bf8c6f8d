"""The situation of a day, put together: terms, scores, features and insights, one row per member.

Everything in it is as it was known at the start of the day, so a playbook that is tried on a past day selects whom it
would have selected then. Scores are the one thing that is not made anew: where a past day has none, its members have
no band.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.app.house import House
from tenure.app.models import model_for
from tenure.app.told import Told, told
from tenure.base.settings import Membership, Settings
from tenure.features import FEATURES, build
from tenure.features.facts import known_person
from tenure.insights import happenings
from tenure.insights.benefits import benefits_lost
from tenure.insights.chapters import chapters_of
from tenure.insights.displacement import displacement_of
from tenure.insights.hardship import hardship_of
from tenure.insights.leaving import predicted_reason, says_retired
from tenure.insights.price import weighs
from tenure.insights.value import lifetime_value, most_valuable
from tenure.insights.winback import winback_of
from tenure.lake import Lake
from tenure.membership import later_terms, standing
from tenure.outreach.situation import COLUMNS, empty
from tenure.risk.reasons import group_points

if TYPE_CHECKING:
    from tenure.features import FeatureMatrix
    from tenure.risk import Model

Lookup = Callable[[], pl.DataFrame]
"""Gives the situation of a night: put together when it is first asked for, and kept."""

_FREE = pl.col("lifetime") | pl.col("complimentary")
_NEVER_SINCE = 999
_LONGEST_SLIP = 31
"""Days between joining and the first term on record that still are one and the same beginning."""

_WITHOUT_MODEL = ("login_since", "active_weeks_90")
"""Features that are told of a member whether or not there is a model."""


def situation_of(
    house: House, as_of: dt.date, *, scores: pl.DataFrame | None = None, people_told: Told | None = None
) -> pl.DataFrame:
    """One row per member whom a playbook may select, columns of `tenure.outreach.situation.COLUMNS`.

    Active payers, and those who have lapsed and whom no other member pays for now. Left out are the deceased, merged
    and transferred, those who object to profiling, and those whom the source no longer has.

    Args:
        house: The association's.
        as_of: The day: only what was recorded before its start is used.
        scores: Those of the night (`tenure.risk.score`); by default those that the lake keeps for that day. Without
            any, members are without band.
        people_told: What members and staff told Tenure before that day (`tenure.app.told`); by default nothing.
    """
    known = Known.on(house.lake, house.settings, as_of)
    if known.stood.is_empty():
        return empty()
    model, found = model_for(house, as_of), house.lake.scores(as_of) if scores is None else scores
    heard = people_told or Told.nothing()
    columns = [
        known.stood,
        known.about(),
        _scored(found),
        _announced(house.lake, as_of),
        known.done(model, heard),
        _happened(house.lake, known, as_of),
        *_guessed(house.lake, house.settings, known, heard, as_of),
    ]
    frame = columns[0]
    for more in columns[1:]:
        frame = frame.join(more, on="member", how="left", maintain_order="left")
    return _typed(_valued(frame, model))


def lookup(house: House, as_of: dt.date, scores: pl.DataFrame) -> Lookup:
    """The situation of a night for all of its steps that ask; arguments as for `situation_of`."""
    return cache(lambda: situation_of(house, as_of, scores=scores, people_told=told(house, as_of)))


@dataclass(frozen=True)
class Known:
    """Whom the situation is about, and what their terms and records said on the day."""

    lake: Lake
    stood: pl.DataFrame
    person: pl.DataFrame
    as_of: dt.date
    rules: Membership

    @classmethod
    def on(cls, lake: Lake, settings: Settings, as_of: dt.date) -> Known:
        terms, members = lake.terms(), lake.members()
        rows = terms.select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(as_of))
        everyone = standing(terms, members, rows, settings.membership).filter(
            ~pl.col("gone") & ~pl.col("list_billed") & ~pl.col("member").is_in(lake.departed(as_of))
        )
        payers = everyone.filter("active")["member"].implode()
        paid_for = pl.col("organization").is_in(payers).fill_null(value=False)
        stood = everyone.filter(pl.col("active") | (~_FREE & ~paid_for)).with_columns(
            _stage(settings.outreach.dormant_days).alias("stage")
        )
        return cls(lake, stood, known_person(members, stood), as_of, settings.membership)

    @property
    def active(self) -> pl.Series:
        return self.stood["active"]

    def about(self) -> pl.DataFrame:
        """Who they are."""
        return self.person.select("member", "chapter_id", "region", "country", "join_date")

    def done(self, model: Model | None, heard: Told) -> pl.DataFrame:
        """What active members do, and what that says of their reason for leaving."""
        stood, person = self.stood.filter("active"), self.person.filter(self.active)
        chosen = None if model else tuple(one for one in FEATURES if one.name in _WITHOUT_MODEL)
        matrix = build(self.lake, stood, self.rules, features=chosen or FEATURES)
        since, weeks = (pl.Series(matrix.column(name)).fill_nan(None) for name in _WITHOUT_MODEL)
        return pl.DataFrame(
            {
                "member": stood["member"],
                "last_login_days": since.set(since >= _NEVER_SINCE, None),
                "active_weeks_90": weeks,
                "reason": _reasons(matrix, person, model, self._changes(heard), heard),
            }
        )

    def _changes(self, heard: Told) -> pl.DataFrame:
        """Entries of the change ledger that were known: the source's from the day after their own."""
        listed = self.lake.program_changes().filter(pl.col("changed_on") < self.as_of)
        return pl.concat([listed.select(heard.changes.columns), heard.changes])


def _stage(dormant_days: int) -> pl.Expr:
    past = (pl.col("as_of") - pl.col("ends")).dt.total_days()
    gone = pl.when(past <= dormant_days).then(pl.lit("lapsed")).otherwise(pl.lit("dormant"))
    here = pl.when("in_grace").then(pl.lit("grace")).otherwise(pl.lit("before"))
    return pl.when("active").then(here).otherwise(gone)


def _reasons(
    matrix: FeatureMatrix, person: pl.DataFrame, model: Model | None, changes: pl.DataFrame, heard: Told
) -> pl.Series:
    """Why each active member may leave; null where there is nothing to renew or no model to ask."""
    if model is None or not len(matrix.rows):
        return pl.Series([None] * len(matrix.rows), dtype=pl.String)
    points = group_points(model.encoding, model.encoding.encode(matrix), matrix.rows["member_type"], model)
    facts = {name: matrix.column(name) for name in matrix.names}
    stood = matrix.rows
    leaving = predicted_reason(
        facts,
        points,
        says_retired(person["job_title"]),
        priced=weighs(stood, changes, heard.said, heard.in_parts),
        said=_said_in_this_term(stood, heard.latest),
    )
    reasons = pl.Series(leaving.reason.tolist(), dtype=pl.String)
    return reasons.set(matrix.rows.select(_FREE).to_series(), None)


def _said_in_this_term(stood: pl.DataFrame, latest: pl.DataFrame) -> NDArray[np.object_]:
    """The reason that each member gave last, where that was in the term that holds the day; None elsewhere."""
    joined = stood.select("member", "cycle_began").join(latest, on="member", how="left", maintain_order="left")
    own = joined.select(pl.when(pl.col("on") >= pl.col("cycle_began")).then("reason")).to_series()
    return np.array([*own.to_list(), None], object)[:-1]


def _scored(scores: pl.DataFrame | None) -> pl.DataFrame:
    names = {"band": pl.String, "risk_score": pl.Int64, "risk_rank": pl.Float64, "p_lapse_renewal": pl.Float64}
    if scores is None:
        return pl.DataFrame(schema={"member": pl.Int64, **names})
    return scores.select("member", *names)


def _announced(lake: Lake, as_of: dt.date) -> pl.DataFrame:
    """The bands of the night before."""
    before = max((day for day in lake.score_dates() if day < as_of), default=None)
    found = None if before is None else lake.scores(before)
    if found is None:
        return pl.DataFrame(schema={"member": pl.Int64, "band_before": pl.String})
    return found.select("member", band_before="band")


def _happened(lake: Lake, known: Known, as_of: dt.date) -> pl.DataFrame:
    """Missed events, failed payments, expiring cards, first acts; in days before *as_of*."""
    stood = known.stood.join(known.about(), on="member", how="left", maintain_order="left")
    new = stood.filter(_is_new()).select("member", joined_on=_joined_on())
    found = stood.join(happenings.lately(lake, as_of), on="member", how="left").join(
        happenings.first_acts(lake, new, as_of).rename({"days": "days_since_join_act"}), on="member", how="left"
    )
    return found.select(
        "member",
        "no_show",
        "days_since_join_act",
        payment_failed_days=_days_since("failed_on", as_of),
        card_expires_days=_days_since("card_on", as_of),
    )


def _guessed(lake: Lake, settings: Settings, known: Known, heard: Told, as_of: dt.date) -> list[pl.DataFrame]:
    """Of active members, who drifts from the chapter, is short of money, or has gone to a competitor; of those who
    lapsed, what went before."""
    here, gone = known.stood.filter("active"), known.stood.filter(~pl.col("active"))
    chapters = chapters_of(lake, known.person.filter(known.active), as_of).members
    return [
        chapters.select("member", chapter_drift="drifts"),
        hardship_of(lake, settings, here, as_of).select("member", "hardship"),
        displacement_of(lake, settings, here["member"], as_of).select("member", "displaced"),
        winback_of(lake, gone, benefits_lost(lake, settings, as_of), as_of, heard.latest).select("member", "driver"),
    ]


def _days_since(name: str, as_of: dt.date) -> pl.Expr:
    """Days since a trouble that no term paid since then has put right."""
    open_still = pl.col(name) > pl.col("paid")
    return pl.when(open_still).then((pl.lit(as_of) - pl.col(name)).dt.total_days())


def _is_new() -> pl.Expr:
    """In the first of all terms; who joined long before the first term on record has renewed, only not on record."""
    first = pl.col("active") & ~_FREE & (pl.col("terms_in_spell") == 1) & (pl.col("spells") == 1)
    slip = pl.col("first_term_on") - pl.col("join_date")
    return first & (slip.dt.total_days() <= _LONGEST_SLIP).fill_null(value=True)


def _joined_on() -> pl.Expr:
    """The day of joining: that of the record, or the first term where the record's is later or unknown."""
    return pl.min_horizontal("join_date", "first_term_on")


def _valued(frame: pl.DataFrame, model: Model | None) -> pl.DataFrame:
    """Add lifetime value and the top by it, of active members with a renewal to come and a score."""
    worth = frame["active"] & ~frame.select(_FREE).to_series() & frame["p_lapse_renewal"].is_not_null()
    value = np.full(len(frame), np.nan)
    if model is not None and worth.any():
        some = frame.filter(worth)
        to_come = later_terms(some)
        rates = model.timing.later_rates(some["member_type"].to_list(), some["terms_in_spell"].to_numpy() - 1)
        value[worth.to_numpy()] = lifetime_value(
            some["p_lapse_renewal"].to_numpy(),
            rates,
            (some["ends"] - some["as_of"]).dt.total_days().cast(pl.Float64).to_numpy(),
            to_come["days"].cast(pl.Float64).to_numpy(),
            to_come["dues"].fill_null(np.nan).to_numpy(),
            beyond=rates[:, -1],
        )
    return frame.with_columns(lifetime_value=pl.Series(value).fill_nan(None), top_value=pl.Series(most_valuable(value)))


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of a situation, in order."""
    day = pl.col("as_of")
    # A granted term ends too, but nobody is asked to pay for the next.
    due = frame.with_columns(renewal_due_on=pl.when(~(pl.col("active") & _FREE)).then("renewal_due_on"))
    made = due.with_columns(
        is_new=_is_new(),
        tenure_days=(day - _joined_on()).dt.total_days(),
        term_days=(day - pl.col("spell_began")).dt.total_days(),
        days_to_renewal=(pl.col("renewal_due_on") - day).dt.total_days(),
    )
    none = {name: pl.lit(value=False) if kind == pl.Boolean() else pl.lit(None) for name, (kind, _) in COLUMNS.items()}
    here = [pl.col(name) if name in made.columns else none[name].alias(name) for name in COLUMNS]
    return made.select(expr.cast(COLUMNS[name][0]) for name, expr in zip(COLUMNS, here, strict=True)).with_columns(
        pl.col(name).fill_null(value=False) for name, (kind, _) in COLUMNS.items() if kind == pl.Boolean()
    )
