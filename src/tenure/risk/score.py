"""Scoring: every active member on one day, with interval, lapse date and reasons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import polars as pl

from tenure.base.settings import Bands, Settings
from tenure.features import REASONS, FeatureMatrix, build
from tenure.features.facts import known_person
from tenure.lake import Lake
from tenure.membership import later_terms, standing
from tenure.risk.causes import part_of
from tenure.risk.learners import Columns, Floats
from tenure.risk.reasons import Reasons, explain
from tenure.risk.registry import Model
from tenure.risk.timing import EARLY, HORIZONS, Curve, curve, dates

SCHEMA: dict[str, pl.DataType] = {
    "member": pl.Int64(), "as_of": pl.Date(), "renewal_due_on": pl.Date(), "p_lapse_30": pl.Float64(),
    "p_lapse_60": pl.Float64(), "p_lapse_90": pl.Float64(), "p_lapse_renewal": pl.Float64(), "p_low": pl.Float64(),
    "p_high": pl.Float64(), "risk_score": pl.Int64(), "risk_rank": pl.Float64(), "band": pl.String(),
    "predicted_lapse_on": pl.Date(), "lapse_earliest_on": pl.Date(), "lapse_latest_on": pl.Date(),
    "reason_1": pl.String(), "reason_2": pl.String(), "reason_3": pl.String(), "reason_1_points": pl.Float64(),
    "reason_2_points": pl.Float64(), "reason_3_points": pl.Float64(), "model_version": pl.String(),
    "record_type": pl.String(), "member_type": pl.String(), "chapter_id": pl.String(), "dues": pl.Float64(),
    "in_grace": pl.Boolean(), "standing": pl.String(), "against": pl.String(), "usual": pl.Float64(),
    "reason_sure": pl.Boolean(), "reason_kinds": pl.String(), "p_payment": pl.Float64(),
    "p_otherwise": pl.Float64(),
}  # fmt: skip
"""Columns of a night's scores: the contract's, by pseudonym, and what pages show beside them. Among these: what of
`p_lapse_renewal` is a failed payment (`p_payment`), and apart from it the chance of death, merger or transfer before
the renewal (`p_otherwise`); null where too few are known to tell."""


def score(
    lake: Lake,
    settings: Settings,
    as_of: dt.date,
    model: Model,
    *,
    progress: Callable[[float], None] | None = None,
    keep: Callable[[FeatureMatrix], None] | None = None,
) -> pl.DataFrame:
    """Score every member who is active on *as_of*, from what was known at its start.

    Args:
        lake: What was known when.
        settings: The association's own.
        as_of: The day.
        model: Which model.
        progress: Told the share done.
        keep: Handed the features that the model is given, when anybody is at risk.

    Returns:
        One row per active payer, sorted by member, columns of `SCHEMA`. Lifetime and complimentary members have
        probability 0, interval [0, 0], band `low` and no dates.
    """
    tell = progress or (lambda share: None)
    terms, members = lake.terms(), lake.members()
    everyone = terms.select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(as_of))
    here = pl.col("active") & ~pl.col("member").is_in(lake.departed(as_of))
    stood = standing(terms, members, everyone, settings.membership).filter(here)
    fixed = pl.col("lifetime") | pl.col("complimentary")
    at_risk, free = stood.filter(~fixed), stood.filter(fixed)
    tell(0.1)
    scored = [_free(free, model)]
    if len(at_risk):
        scored.append(_at_risk(lake, at_risk, model, settings, tell, keep))
    together = pl.concat([part for part in scored if len(part)], how="vertical") if len(stood) else _empty()
    ranked = together.with_columns(risk_rank=_share_below(pl.col("p_lapse_renewal")))
    chapters = known_person(members, stood).select("member", "chapter_id")
    answer = ranked.drop("chapter_id").join(chapters, on="member", how="left").sort("member")
    tell(1.0)
    return answer.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _share_below(p: pl.Expr) -> pl.Expr:
    """Share of scored members with a lower risk."""
    return (p.rank("min") - 1) / pl.len()


def _at_risk(
    lake: Lake,
    stood: pl.DataFrame,
    model: Model,
    settings: Settings,
    tell: Callable[[float], None],
    keep: Callable[[FeatureMatrix], None] | None,
) -> pl.DataFrame:
    matrix = build(lake, stood, settings.membership, progress=lambda share: tell(0.1 + 0.3 * share))
    if keep:
        keep(matrix)
    x = model.encoding.encode(matrix)
    p = model.probability(x)
    low, high = model.interval(x)
    tell(0.6)
    organizations = (stood["record_type"] == "organization").to_numpy()
    reasons = explain(
        model.encoding, x, stood["member_type"], model, model.halves, step=model.reason_step,
        organizations=organizations,
    )  # fmt: skip
    tell(0.9)
    terms = later_terms(stood)
    left_by = _left_by(model, x, stood)
    lapse = curve(model.timing, p, stood, left_by, terms["days"].to_numpy(), terms["months"].to_numpy())
    as_of = stood["as_of"][0]
    in_grace = stood["in_grace"].to_numpy()
    # In grace there is one question left, so the horizons all give its answer.
    horizons = {f"p_lapse_{h}": np.where(in_grace, p, lapse.by(h)) for h in HORIZONS}
    quantiles = {
        name: dates(as_of, lapse.quantile(share))
        for name, share in (("lapse_earliest_on", 0.1), ("predicted_lapse_on", 0.5), ("lapse_latest_on", 0.9))
    }
    usual = pl.DataFrame({"member_type": stood["member_type"], "p": p})
    frame = _base(stood, model).with_columns(
        **{name: pl.Series(values) for name, values in horizons.items()},
        **{name: pl.Series(values, dtype=pl.Date) for name, values in quantiles.items()},
        p_lapse_renewal=pl.Series(p),
        p_low=pl.Series(np.minimum(low, p)),
        p_high=pl.Series(np.maximum(high, p)),
        risk_score=pl.Series(np.rint(100 * p).astype(np.int64)),
        band=pl.Series(_bands(stood, p, settings.bands)),
        usual=usual.select(pl.col("p").mean().over("member_type")).to_series(),
        standing=pl.when(_new(stood, settings.bands)).then(pl.lit("new")).otherwise(pl.lit("annual")),
        **_said(reasons),
        **_by_cause(model, matrix, p, lapse),
    )
    return frame.select(list(SCHEMA))


def _left_by(model: Model, x: Columns, stood: pl.DataFrame) -> Floats | None:
    if model.hazard is None:
        return None
    ahead = (stood["ends"] - stood["as_of"]).dt.total_days().cast(pl.Float64).to_numpy()
    return model.hazard.left_by(x, ahead, ahead, EARLY)


def _by_cause(model: Model, matrix: FeatureMatrix, p: Floats, lapse: Curve) -> dict[str, pl.Series]:
    """What of *p* is a failed payment, and the chance of an end that is no lapse; null where too few are known."""
    stood, nothing = matrix.rows, np.full(p.size, np.nan)
    ahead = (stood["ends"] - stood["as_of"]).dt.total_days().to_numpy()
    causes = model.causes
    part = otherwise = nothing
    if causes is not None:
        if causes.split is not None:
            part = part_of(causes.split.share(matrix), p, lapse.before(ahead))
        otherwise = causes.ends_otherwise(stood["member_type"].to_list(), ahead.astype(np.float64))
    return {name: pl.Series(each).fill_nan(None) for name, each in (("p_payment", part), ("p_otherwise", otherwise))}


def _said(reasons: Reasons) -> dict[str, pl.Series]:
    said = {f"reason_{i + 1}": pl.Series(reasons.words[:, i].tolist(), dtype=pl.String) for i in range(3)}
    said |= {f"reason_{i + 1}_points": pl.Series(reasons.points[:, i]) for i in range(3)}
    return said | {
        "against": pl.Series(reasons.against, dtype=pl.String),
        "reason_sure": pl.Series(reasons.sure, dtype=pl.Boolean),
        "reason_kinds": pl.Series(
            [",".join(_KIND.get(name, "") for name in row) for row in reasons.names], dtype=pl.String
        ),
    }


_KIND = {reason.name: "actionable" if reason.actionable else "context" for reason in REASONS}


def _new(stood: pl.DataFrame, bands: Bands) -> pl.Series:
    young = (stood["as_of"] - stood["first_term_on"]).dt.total_days() < bands.new_member_days
    return young & (stood["terms_in_spell"] == 1) & (stood["spells"] == 1)


def _bands(stood: pl.DataFrame, p: Floats, bands: Bands) -> list[str]:
    raw = np.where(p >= bands.high, "high", np.where(p >= bands.medium, "medium", "low"))
    return [str(band) for band in np.where(_new(stood, bands).to_numpy(), "new", raw)]


def _base(stood: pl.DataFrame, model: Model) -> pl.DataFrame:
    """What the scores say of a member apart from the risk; the columns of `SCHEMA`, the rest empty."""
    known = stood.select("member", "as_of", "renewal_due_on", "record_type", "member_type", "dues", "in_grace")
    empty = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in known.columns]
    return known.with_columns(empty).with_columns(model_version=pl.lit(model.version)).select(list(SCHEMA))


def _free(stood: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Members with no renewal to predict."""
    lifetime = stood["lifetime"]
    words = pl.when(lifetime).then(pl.lit("Lifetime member: no renewal to predict"))
    nothing = {name: pl.lit(0.0) for name in SCHEMA if name.startswith("p_") or name.endswith("_points")}
    return (
        _base(stood, model)
        .with_columns(
            **nothing,
            risk_score=pl.lit(0, pl.Int64),
            band=pl.lit("low"),
            reason_1=words.otherwise(pl.lit("Complimentary member: no dues to renew")),
            reason_2=pl.lit(""),
            reason_3=pl.lit(""),
            against=pl.lit(""),
            usual=pl.lit(0.0),
            standing=pl.when(lifetime).then(pl.lit("lifetime")).otherwise(pl.lit("complimentary")),
            renewal_due_on=pl.lit(None, pl.Date),
            in_grace=pl.lit(value=False),
            reason_sure=pl.lit(value=True),
            reason_kinds=pl.lit(""),
        )
        .select(list(SCHEMA))
    )


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMA)
