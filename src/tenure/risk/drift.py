"""Whether the world still is as the model learnt it: what goes in, what comes out, and what came true.

A night is held against the year before the model was made. How far a quiet month strays from the year before it is
read from the past itself, month by month, and only what strays farther than any of them is an alarm: seasons, growth
and a small membership move the figures too. Members are the same sample each night, chosen by their pseudonym.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.base.settings import Membership
from tenure.features import CATEGORIES, GROUPS, FeatureMatrix
from tenure.lake import Lake
from tenure.membership import LAPSED, RENEWED, decisions, require_absences
from tenure.risk.encoding import by_frequency
from tenure.risk.first_years import record_begins
from tenure.risk.inflow import inflow, words_of
from tenure.risk.landmarks import members_on, scheduled
from tenure.risk.learners import Floats
from tenure.risk.receipts import spoken_again
from tenure.risk.registry import Model
from tenure.risk.report import without_nan

_MONTH = 30
_MOST_MONTHS = 25
_FEWEST_MONTHS = 8
_LEAST_SHIFT = 0.10
"""Population stability index below which no shift matters, however quiet the past was."""

_FARTHER = 4.0
_SLOW = "slow fields"
_SCORES = "scores"
_BINS = 10
_SINGULAR = {group.name for group in GROUPS if group.singular}


@dataclass(frozen=True)
class Reference:
    """What the months before a model looked like, newest first.

    Args:
        as_of: The day of the model.
        days: The months' days.
        edges: For each feature, and the scores, where its bins part; for a slow field none.
        levels: For each slow field, its most frequent levels.
        counts: For each feature, slow field and the scores, how many members fell into each bin in each month; the
            last bin holds those of whom nothing is known.
        expected: For each month, what the scores say of their own worth.
    """

    as_of: str
    days: list[str]
    edges: dict[str, list[float]]
    levels: dict[str, list[str]]
    counts: dict[str, list[list[int]]]
    expected: list[dict[str, float]]

    def as_bytes(self) -> bytes:
        """For a file."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Reference:
        """Back from a file."""
        return cls(**json.loads(data))


def learn_reference(lake: Lake, rules: Membership, model: Model, *, as_of: dt.date | None = None) -> Reference:
    """Look at the months before *model* was made, or before *as_of*.

    Args:
        lake: What was known when.
        rules: The association's own.
        model: Which model.
        as_of: The day to look back from; that of the model where none is given.
    """
    origin = as_of or dt.date.fromisoformat(model.manifest["as_of"])
    terms = lake.terms().filter(pl.col("recorded_at") < pl.lit(origin).cast(pl.Datetime("us")))
    first = record_begins(terms.filter(pl.col("ends_on").is_not_null())["starts_on"])
    days = [origin - dt.timedelta(days=_MONTH * k) for k in range(_MOST_MONTHS)]
    days = [day for day in days if (day - first).days >= 365]
    matrix = members_on(lake, rules, days)
    p = spoken_again(model, matrix)
    values = {name: matrix.column(name) for name in model.encoding.features if name in matrix.names}
    values[_SCORES] = p.astype(np.float32)
    edges = {name: _edges(column) for name, column in values.items()}
    levels = {field: _levels(matrix.categories[field]) for field in CATEGORIES}
    month = matrix.rows["as_of"].to_numpy()
    masks = [month == np.datetime64(day) for day in days]
    counts = {name: [_binned(column[mask], edges[name]) for mask in masks] for name, column in values.items()}
    for field, known in levels.items():
        codes = _codes(matrix.categories[field], known)
        counts[f"={field}"] = [np.bincount(codes[mask], minlength=len(known) + 2).tolist() for mask in masks]
    soon = _soon(matrix)
    expected = [expected_worth(p[mask & soon]) for mask in masks]
    return Reference(origin.isoformat(), [day.isoformat() for day in days], edges, levels, counts, expected)


def watch(reference: Reference, lake: Lake, rules: Membership, model: Model, as_of: dt.date) -> dict[str, Any]:
    """Hold the night *as_of* against the months before the model.

    Returns:
        `inputs`: for each group of signals `group`, `title`, `shift` (mean population stability index of its features),
        `threshold`, `alarm` and `features` (those that moved most); `missing`: likewise, by how much the share of
        members of whom nothing is known has moved; `scores`: likewise, of the scores; `expected`: what the scores of
        those due within 90 days say of their own log loss, Brier score and AUC, with the range of the months before;
        `inflow`: what came in lately, as `tenure.risk.inflow` says it; `alarms`: in words. Where the past is too short
        to tell how much is usual, `too_young` says so.
    """
    came = inflow(lake, as_of)
    of_inflow = [words_of(one) for one in came if one["alarm"]]
    if len(reference.days) < _FEWEST_MONTHS:
        few = f"{len(reference.days)} months are too few to compare with"
        return {"as_of": as_of.isoformat(), "alarms": of_inflow, "inflow": came, "too_young": few}
    matrix = members_on(lake, rules, [as_of])
    p = spoken_again(model, matrix)
    now = _now(reference, matrix, p)
    lag = max(0, (as_of - dt.date.fromisoformat(reference.as_of)).days // _MONTH)
    inputs = [_judged(group, title, names, reference, now, lag, _shift) for group, title, names in _groups(model)]
    missing = [_judged(group, title, names, reference, now, lag, _silence) for group, title, names in _groups(model)]
    scores = _judged(_SCORES, "Scores", [_SCORES], reference, now, lag, _shift)
    worth = expected_worth(p[_soon(matrix)])
    found = {
        "as_of": as_of.isoformat(),
        "reference": [reference.days[-1], reference.days[0]],
        "members": len(matrix.rows),
        "inputs": inputs,
        "missing": missing,
        "scores": scores,
        "expected": {name: _ranged(name, worth, reference) for name in worth},
        "inflow": came,
        "alarms": [*of_inflow, *_alarms(inputs, missing, scores)],
    }
    plain: dict[str, Any] = without_nan(found)
    return plain


_RED = 3


def is_red(found: dict[str, Any]) -> bool:
    """Whether so much has changed that scores made tonight would not be what past nights were judged by: three alarms
    or more, those apart that only say that a new kind of activity came in."""
    new = sum(one["alarm"] and one["new"] for one in found.get("inflow", []))
    return int(len(found["alarms"]) - new) >= _RED


def expected_worth(p: Floats) -> dict[str, float]:
    """What probabilities say of themselves, if they are right: expected log loss, Brier score, AUC and lapse rate.

    Known before a single label is; a model that errs without knowing it is not found out by this.
    """
    if p.size < 2:
        return dict.fromkeys(("log_loss", "brier", "auc", "lapse_rate"), float("nan"))
    q = np.clip(p, 1e-6, 1 - 1e-6)
    ordered = np.sort(q)
    above, below = ordered, np.cumsum(1 - ordered) - (1 - ordered)
    pairs = q.sum() * (1 - q).sum() - (q * (1 - q)).sum()
    return {
        "log_loss": float(-(q * np.log(q) + (1 - q) * np.log(1 - q)).mean()),
        "brier": float((q * (1 - q)).mean()),
        "auc": float((above * below).sum() / pairs) if pairs else float("nan"),
        "lapse_rate": float(q.mean()),
    }


def _soon(matrix: FeatureMatrix) -> NDArray[np.bool_]:
    ahead = (matrix.rows["renewal_due_on"] - matrix.rows["as_of"]).dt.total_days()
    return ahead.is_between(0, 90).fill_null(value=False).to_numpy()


def _edges(column: NDArray[np.float32]) -> list[float]:
    known = column[~np.isnan(column)]
    if not known.size:
        return []
    return [float(edge) for edge in np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))]


def _binned(column: NDArray[np.float32], edges: list[float]) -> list[int]:
    unknown = np.isnan(column)
    place = np.where(unknown, len(edges) + 1, np.searchsorted(np.asarray(edges, np.float32), column))
    counted: list[int] = np.bincount(place, minlength=len(edges) + 2).tolist()
    return counted


def _levels(column: pl.Series) -> list[str]:
    return by_frequency(column)[:_BINS]


def _codes(column: pl.Series, levels: list[str]) -> NDArray[np.int64]:
    """The place of each value among *levels*; one more for any other, and the last for none."""
    places = {level: place for place, level in enumerate(levels)}
    return np.array(
        [len(levels) + 1 if value is None else places.get(value, len(levels)) for value in column.to_list()], np.int64
    )


def _now(reference: Reference, matrix: FeatureMatrix, p: Floats) -> dict[str, list[int]]:
    found = {}
    for name, edges in reference.edges.items():
        if name == _SCORES or name in matrix.names:
            column = p.astype(np.float32) if name == _SCORES else matrix.column(name)
            found[name] = _binned(column, edges)
    for field, known in reference.levels.items():
        codes = _codes(matrix.categories[field], known)
        found[f"={field}"] = np.bincount(codes, minlength=len(known) + 2).tolist()
    return found


def _groups(model: Model) -> list[tuple[str, str, list[str]]]:
    of = {one["name"]: one["group"] for one in model.manifest["features"]}
    groups = [(g.name, g.title, [name for name in model.encoding.features if of.get(name) == g.name]) for g in GROUPS]
    slow = [f"={field}" for field in CATEGORIES]
    return [group for group in groups if group[2]] + [(_SLOW, "Type, chapter, industry, region, country", slow)]


def _shift(now: Floats, before: Floats) -> float:
    """Population stability index of two counts over the same bins, less what chance alone puts there."""
    if not now.sum() or not before.sum():
        return 0.0
    a, b = ((counts + 0.5) / (counts.sum() + 0.5 * counts.size) for counts in (now, before))
    used = int(((now + before) > 0).sum())
    chance = max(0, used - 1) * (1 / now.sum() + 1 / before.sum())
    return float(max(0.0, ((a - b) * np.log(a / b)).sum() - chance))


def _silence(now: Floats, before: Floats) -> float:
    """By how much the share of those of whom nothing is known has moved."""
    if not now.sum() or not before.sum():
        return 0.0
    return float(abs(now[-1] / now.sum() - before[-1] / before.sum()))


def _judged(
    group: str, title: str, names: list[str], reference: Reference, now: dict[str, list[int]], lag: int, how: Any
) -> dict[str, Any]:
    """How far a group of features has moved, against how far it moved in quiet months."""
    counts = {name: np.array(reference.counts[name], np.float64) for name in names if name in now}
    year = min(12, len(reference.days) // 2)
    moved = {name: how(np.array(now[name], np.float64), c[:year].sum(axis=0)) for name, c in counts.items()}
    gap = min(lag, len(reference.days) - year - 4)
    usual = np.array([
        np.mean([how(c[month], c[month + 1 + gap : month + 1 + gap + year].sum(axis=0)) for c in counts.values()])
        for month in range(len(reference.days) - year - gap)
    ]) if counts else np.zeros(1)  # fmt: skip
    shift = float(np.mean(list(moved.values()))) if moved else 0.0
    threshold = max(_LEAST_SHIFT, 1.5 * float(usual.max()), float(usual.mean() + _FARTHER * usual.std()))
    most = sorted(moved, key=lambda name: -moved[name])[:3]
    return {
        "group": group, "title": title, "shift": shift, "usual": float(usual.max()), "threshold": threshold,
        "alarm": shift > threshold, "features": [{"name": name.lstrip("="), "shift": moved[name]} for name in most],
    }  # fmt: skip


def _ranged(name: str, worth: dict[str, float], reference: Reference) -> dict[str, float]:
    past = np.array([month[name] for month in reference.expected], np.float64)
    known = past[np.isfinite(past)]
    low, high = (float(known.min()), float(known.max())) if known.size else (float("nan"), float("nan"))
    return {"now": worth[name], "past_low": low, "past_high": high}


def _alarms(inputs: list[dict[str, Any]], missing: list[dict[str, Any]], scores: dict[str, Any]) -> list[str]:
    words = []
    for one in (*inputs, scores):
        if one["alarm"]:
            named = "" if one["group"] == _SCORES else f" ({', '.join(feature['name'] for feature in one['features'])})"
            words.append(
                f"{one['title']} {_are(one['group'])} not as before the model was made: shift {one['shift']:.2f}, "
                f"at most {one['usual']:.2f} in the months before{named}"
            )
    return words + [of_silence(one) for one in missing if one["alarm"]]


def _are(group: str) -> str:
    return "is" if group in _SINGULAR else "are"


def of_silence(one: dict[str, Any]) -> str:
    """An entry of `missing` in words: how far the share of members of whom nothing is known has moved."""
    return (
        f"{one['title']}: the share of members with nothing on record has moved by {100 * one['shift']:.0f} in 100, at "
        f"most {100 * one['usual']:.0f} in the months before"
    )


def matured(
    nights: list[pl.DataFrame],
    terms: pl.DataFrame,
    members: pl.DataFrame,
    rules: Membership,
    as_of: dt.date,
    *,
    selected: pl.DataFrame | None = None,
) -> dict[str, Any]:
    """What became of those whom past nights scored: lapsed against said, as labels mature.

    Whom a playbook selects may stay for it. That speaks for the outreach and not against what was said, so the holdout
    judges in their place: a lot that was drawn before, each for as many as it stands for. To leave out whom somebody
    reached would not do, since who pays early is never called.

    Args:
        nights: Scores of past nights, as they were kept.
        terms: All versions of all terms.
        members: All versions of all members, with their absences: as `Lake.members_and_absences` returns. Who the
            source no longer had before grace was over did not lapse, here as in training.
        rules: The association's own.
        as_of: The day on which labels are read.
        selected: `member`, `on` (date), `held` (whether the holdout kept them from it) and `share` (of the holdout) of
            each time that a playbook selected somebody. It concerns what comes due at the end of that term. Without a
            holdout all count, whatever was done for them.

    Returns:
        `decisions`, `selected` (how many there are besides, for whom the holdout stands), `said` and `lapsed` (rates
        over all nights of the decisions), `z` (how many standard errors apart),
        `months` (the same by month in which the renewal came due) and `alarm`: at least 5 lapses said or seen, and more
        than 3 standard errors apart once the spread between months is allowed for.

    Raises:
        ValueError: *members* do not tell of absences.
    """
    require_absences(members)
    found = scheduled(decisions(terms, members, rules, as_of=as_of), terms)
    # Who pays early or resigns is known of sooner than the others: all count once the last word could be spoken.
    over = pl.col("scheduled") + pl.duration(days=pl.col("grace")) < as_of
    labelled = found.filter(over & pl.col("outcome").is_in([RENEWED, LAPSED])).select(
        "member", due="scheduled", lapsed=(pl.col("outcome") == LAPSED).cast(pl.Int8), began="starts_on",
        last=pl.col("scheduled") + pl.duration(days=pl.col("grace")),
    )  # fmt: skip
    said = [
        night.filter(~pl.col("in_grace")).select("member", "p_lapse_renewal", due="renewal_due_on") for night in nights
    ]
    if not said or labelled.is_empty():
        return {"decisions": 0, "selected": 0, "alarm": False}
    # All nights of a decision share its outcome. Each night weighs alike, as in calibration.
    nightly = pl.concat(said).join(_with_stand_ins(labelled, selected), on=["member", "due"])
    every = nightly.group_by("member", "due", "stands_for").agg(
        nights=pl.len(), said=pl.col("p_lapse_renewal").sum(), lapsed=pl.col("lapsed").cast(pl.Float64).sum()
    ).with_columns(spread=pl.col("said") * (pl.col("nights") - pl.col("said")))  # fmt: skip
    each = every.filter(pl.col("stands_for") > 0).sort("member", "due")
    left_out = every.height - each.height
    if each.is_empty():
        return {"decisions": 0, "selected": left_out, "alarm": False}
    many = pl.col("stands_for")
    all_nights, all_said, all_lapsed = ((many * pl.col(name)).sum() for name in ("nights", "said", "lapsed"))
    told = {
        "decisions": pl.len(),
        "said": all_said / all_nights,
        "lapsed": all_lapsed / all_nights,
        "z": (all_lapsed - all_said) / (many**2 * pl.col("spread")).sum().sqrt().clip(1e-9),
    }
    months = each.group_by(month=pl.col("due").dt.strftime("%Y-%m")).agg(**told).sort("month")
    over_all = each.select(**told).row(0, named=True)
    wide = max(1.0, float(months["z"].std(ddof=0))) if months.height > 3 else 1.0  # type: ignore[arg-type]
    enough = max(float((each[name] / each["nights"]).sum()) for name in ("said", "lapsed")) >= 5
    alarm = bool(enough and abs(over_all["z"]) > 3 * wide)
    return {**over_all, "selected": left_out, "months": months.to_dicts(), "alarm": alarm}


def _with_stand_ins(labelled: pl.DataFrame, selected: pl.DataFrame | None) -> pl.DataFrame:
    """Decisions with `stands_for`: how many each judges for, 0 for whom the holdout does."""
    if selected is None:
        return labelled.with_columns(stands_for=pl.lit(1.0))
    within = labelled.join(selected, on="member").filter(pl.col("on").is_between("began", "last"))
    chosen = within.group_by("member", "due").agg(pl.col("held").any(), pl.col("share").last())
    many = pl.when("held").then(1 / pl.col("share")).when(pl.col("share") > 0).then(0.0).otherwise(1.0)
    return labelled.join(chosen, on=["member", "due"], how="left").with_columns(stands_for=many)
