"""Learning from past renewals: landmarks, features, back-test, the model itself, its manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from tenure import __version__
from tenure.base.clock import Clock, system_clock
from tenure.base.errors import BelowDataFloor
from tenure.base.settings import Membership, Settings
from tenure.features import FEATURES, GROUPS, FeatureMatrix, build
from tenure.lake import Lake
from tenure.membership import LAPSED, RENEWED, decisions
from tenure.risk.backtest import BackTest, Landmarks, run_backtest
from tenure.risk.early import learn_early
from tenure.risk.endings import learn_causes
from tenure.risk.first_years import record_begins
from tenure.risk.fitting import FLOOR, FULL_STRENGTH, Growth, Workshop, ask_for_payers, learn_columns
from tenure.risk.grade import graded
from tenure.risk.intervals import learn_spread, revised_by
from tenure.risk.landmarks import (
    JUDGED,
    LANDMARKS,
    fixed_landmarks,
    labels,
    landmark_days,
    members_on,
    objectors,
    recorded_since,
    scheduled,
    stand,
)
from tenure.risk.learners import BLEND, BOOSTER
from tenure.risk.reasons import finest_step, group_points
from tenure.risk.registry import Manifest, Model, Registry
from tenure.risk.report import report
from tenure.risk.scoring_code import libraries
from tenure.risk.timing import learn_timing

_MOST_ROWS = 105_000
"""Landmarks to learn from, about; beyond it more rows cost time and teach little."""

_FIRST_YEARS = 2
"""Past decisions are judged from this many years after the record begins."""

_FEW = 0.1
"""Lapses that judged classes may lack, as a share of those that they have, for rates by day to be those of a class."""

Stage = Literal["labels", "features", "back-test", "model", "intervals"]
Progress = Callable[[Stage, float], None]


def train(
    lake: Lake,
    settings: Settings,
    as_of: dt.date,
    models: Registry,
    *,
    clock: Clock = system_clock,
    progress: Progress | None = None,
) -> Manifest:
    """Learn a model from what was known on *as_of*, judge it on the past, and keep it.

    Args:
        lake: What was known when.
        settings: The association's own.
        as_of: The day; only what was recorded before its start (UTC) is used.
        models: Where it is kept.
        clock: For the time at which it was trained.
        progress: Told the stage and the share of it that is done.

    Returns:
        The manifest of the new model, which is in *models*.

    Raises:
        BelowDataFloor: Under 20 lapses or 20 renewals are known, or all lapses, or all renewals, are of one payer.
    """
    tell = progress or (lambda stage, share: None)
    tell("labels", 0.0)
    start = pl.lit(as_of).cast(pl.Datetime("us"))
    terms = lake.terms().filter(pl.col("recorded_at") < start)
    members = _without(lake.members_and_absences().filter(pl.col("valid_from") < start), as_of)
    terms = terms.filter(
        pl.col("member").is_in(members["member"].unique().to_list()) if len(members) else pl.lit(value=False)
    )
    found = decisions(terms, members, settings.membership, as_of=as_of)
    counts = _counted(found)
    tell("features", 0.0)
    landmarks = _landmarks(lake, terms, members, found, settings, as_of, lambda share: tell("features", share))
    workshop = Workshop(settings.model.seed % 2**31, settings.model.threads)
    tell("back-test", 0.0)
    tested = run_backtest(landmarks, workshop, as_of, progress=lambda share: tell("back-test", share))
    tell("model", 0.0)
    judged = report(
        tested.predicted.filter("fair"), tested.folds, _where(landmarks), members, settings.capacity,
        whole=landmarks.whole,
    )  # fmt: skip
    model = _fit(landmarks, workshop, tested, found, settings, as_of, tell)
    causes = learn_causes(lake, landmarks, found, as_of, seed=workshop.seed)
    manifest = {
        **model.manifest,
        **_about_reasons(model, _lately(lake, settings, landmarks, as_of)),
        "trained_at": clock().isoformat(timespec="seconds"),
        "data": _data(lake, found, members, landmarks, as_of) | counts,
        "causes": causes.told,
        "new_members": tested.newcomers,
        "backtest": judged,
        "grade": graded(judged),
    }
    kept = _exported(tested, found)
    return models.keep(replace(model, manifest=manifest, causes=causes), kept)


def _where(landmarks: Landmarks) -> pl.DataFrame:
    """Where each landmark stood, with the chapter and region that were on record that day."""
    return landmarks.matrix.rows.with_columns(landmarks.matrix.categories.select("chapter_id", "region"))


def _without(members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Those who object to profiling teach nothing."""
    return members.filter(~pl.col("member").is_in(objectors(members, as_of).to_list()))


def _counted(found: pl.DataFrame) -> dict[str, int]:
    """How many decisions are known.

    Raises:
        BelowDataFloor: Too few, or of too few payers.
    """
    lapses = int((found["outcome"] == LAPSED).sum())
    renewals = int((found["outcome"] == RENEWED).sum())
    if lapses < FLOOR or renewals < FLOOR:
        raise BelowDataFloor(
            f"{lapses} lapses and {renewals} renewals are known; at least {FLOOR} of each are needed to score",
            mend="read more years of terms, or wait until more renewals have come due and their grace has run out",
        )
    ask_for_payers(*(found.filter(outcome=kind)["member"].n_unique() for kind in (LAPSED, RENEWED)))
    return {"decisions": lapses + renewals, "lapses": lapses, "renewals": renewals}


def _landmarks(
    lake: Lake,
    terms: pl.DataFrame,
    members: pl.DataFrame,
    found: pl.DataFrame,
    settings: Settings,
    as_of: dt.date,
    progress: Callable[[float], None],
) -> Landmarks:
    """Landmarks to learn from and to be judged on, with their features."""
    found = scheduled(found, terms)
    mature = found.filter(pl.col("outcome").is_in([RENEWED, LAPSED]))
    after, whole = _judged_after(mature)
    learnt = landmark_days(mature, seed=settings.model.seed, most_rows=_MOST_ROWS)
    rules = settings.membership
    stood, judged = _standing(terms, members, learnt, fixed_landmarks(found, after=after), rules, as_of)
    if judged.is_empty():
        # Whoever came due later had paid long before; then all there is has to judge.
        first: dt.date = mature["ends_on"].min()  # type: ignore[assignment]
        everything = fixed_landmarks(found, after=first - dt.timedelta(days=1))
        stood, judged = _standing(terms, members, learnt, everything, rules, as_of)
        whole = False
    if judged.is_empty():
        raise BelowDataFloor(
            "no past renewal was still to be paid for on any day before it came due",
            mend="wait until more renewals have come due, or see whether the dates of payment are right",
        )
    matrix = build(lake, stood, rules, progress=progress)
    drawn = stood.select("member", "as_of").join(learnt, on=["member", "as_of"], how="left", maintain_order="left")
    draws = drawn.drop("member", "as_of").fill_null(value=False).to_numpy()
    # Of who has resigned nothing is left to foretell, and how sure that is says nothing of the others.
    judged = judged.with_columns(fair=_before(pl.col("ends")).is_in(list(JUDGED)) & ~pl.col("resigned"))
    # The farthest days of the first decisions would be foretold from half a year less.
    near = judged.filter(pl.col("fair") & (_before(pl.col("ends_on")) <= max(LANDMARKS)))
    if len(near):
        judged = judged.filter(pl.col("as_of") >= near["as_of"].min())
    judged, since = _judged_alike(judged, found, recorded_since(matrix, as_of))
    return Landmarks(matrix, draws, judged, terms, members, rules, whole, since)


def _standing(
    terms: pl.DataFrame,
    members: pl.DataFrame,
    learnt: pl.DataFrame,
    judged: pl.DataFrame,
    rules: Membership,
    as_of: dt.date,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where members stood on the days *learnt* from and *judged*; and those judged, with their places there.

    A landmark is judged if the member was then heading for that renewal: it was not yet paid for, and not known to
    have ended otherwise.
    """
    days = pl.concat([learnt.select("member", "as_of"), judged.select("member", "as_of")]).unique()
    stood = stand(terms, members, days.filter(pl.col("as_of") < as_of).sort("member", "as_of"), rules)
    places = stood.select("member", "as_of", "term_id", "ends", "resigned").with_row_index("at")
    judged = judged.join(places, on=["member", "as_of", "term_id"], how="inner").sort("as_of", "member", "ends_on")
    return stood, judged


def _judged_alike(
    judged: pl.DataFrame, found: pl.DataFrame, since: dt.date | None
) -> tuple[pl.DataFrame, dt.date | None]:
    """*judged*, `fair` only where all days of a decision lie on *since* or later, if that leaves lapses enough; and
    *since*, where most were foretold before.

    All days of it: of a class that is judged from its middle those who had left by then would be lacking. Where most
    decisions lie later anyway all of them judge, since fewer would tell the learners less well apart.
    """
    if since is None:
        return judged, None
    whole = found.filter(pl.col("scheduled") - pl.duration(days=max(JUDGED)) >= since)["term_id"]
    alike = judged.with_columns(fair=pl.col("fair") & pl.col("term_id").is_in(whole.to_list()))
    there, left = (_lapses(days) for days in (judged, alike))
    if 2 * left >= there:
        return judged, None
    return (alike if left >= max(FLOOR, min(FULL_STRENGTH, there // 4)) else judged), since


def _lapses(judged: pl.DataFrame) -> int:
    return judged.filter(pl.col("fair") & (pl.col("lapsed") == 1))["term_id"].n_unique()


def _before(end: pl.Expr) -> pl.Expr:
    return (end - pl.col("as_of")).dt.total_days()


def _first_years_end(mature: pl.DataFrame) -> dt.date:
    return record_begins(mature["starts_on"]) + dt.timedelta(days=round(_FIRST_YEARS * 365.25))


def _judged_after(mature: pl.DataFrame) -> tuple[dt.date, bool]:
    """The day after whose ends decisions are judged, and whether next to nobody is lacking in what is judged then.

    Two years after the record begins, if few had left on the way of the classes that were running. Otherwise the first
    day of which that can be said and that has a third of the lapses before it and a third after it. If there is none,
    two years after it begins again; in a younger association, when half of its lapses were known.
    """
    lapsed = mature.filter(pl.col("outcome") == LAPSED)
    ends, usual = lapsed["ends_on"].sort(), _first_years_end(mature)
    old_enough = (ends > usual).sum() >= FLOOR
    if old_enough and _lacking(lapsed, [usual])[0] <= _FEW:
        return usual, True
    third = len(ends) // 3
    between = lapsed["scheduled"].is_between(ends[third], ends[-third - 1], closed="left")
    days = lapsed["scheduled"].filter(between).unique().sort().to_list()
    whole = [day for day, share in zip(days, _lacking(lapsed, days), strict=True) if share <= _FEW]
    if whole:
        return whole[0], True
    if old_enough:
        return usual, False
    middle: dt.date = ends[len(ends) // 2]
    # Where everybody's term ends on one day, that day's class is all there is to be judged by.
    return middle if (mature["ends_on"] > middle).any() else middle - dt.timedelta(days=1), False


def _lacking(lapsed: pl.DataFrame, days: list[dt.date]) -> list[float]:
    """For each of *days*, how many had left by then of the classes that end after it, over how many left later; of
    those whom a day of `JUDGED` met."""
    met = lapsed.filter((pl.col("scheduled") - pl.col("ends_on")).dt.total_days() < max(JUDGED))
    asked = pl.Series(days, dtype=pl.Date)
    left, over = (met[name].sort().search_sorted(asked, side="right").to_numpy() for name in ("ends_on", "scheduled"))
    return [float(share) for share in (left - over) / np.maximum(len(met) - left, 1)]


def _fit(
    landmarks: Landmarks,
    workshop: Workshop,
    tested: BackTest,
    found: pl.DataFrame,
    settings: Settings,
    as_of: dt.date,
    tell: Progress,
) -> Model:
    """The model from all that was known on *as_of*."""
    rows, left_on, lapsed = landmarks.known_with_departures(as_of)
    encoding = learn_columns(rows)
    kind = tested.best
    learner = workshop.candidates(rows, encoding, lapsed)[kind]
    growth = Growth(0, 0, 0)
    if kind in (BOOSTER, BLEND):
        # The columns are encoded where they are used: kept for longer, they would lie beside those of every later step.
        growth = workshop.growth(encoding.encode(rows.matrix), rows, encoding)
    tell("intervals", 0.0)
    spread = learn_spread(
        workshop, kind, rows.first_draw(), encoding, learner, refits=settings.model.refits, growth=growth,
        revision=revised_by(tested.predicted.filter("fair"), kind),
        progress=lambda share: tell("intervals", share),
    )  # fmt: skip
    stood = landmarks.matrix.rows
    known = labels(stood, landmarks.terms, landmarks.members, landmarks.rules, as_of=as_of)
    calibrator = tested.calibrators[kind]
    manifest: dict[str, Any] = {
        "as_of": as_of.isoformat(),
        "learner": kind,
        "why_learner": f"{kind[0].upper()}{kind[1:]}: {tested.why}.",
        "rounds": growth.rounds,
        "rows": int(rows.y.size),
        "seed": settings.model.seed,
        "software": _software(),
        "features": [
            {"name": f.name, "group": f.group, "sentence": f.definition}
            for f in FEATURES
            if f.name in encoding.features
        ],
        "calibration": calibrator.as_json(),
        "interval": {
            "multiplier": spread.multiplier,
            "revision": spread.revision,
            "decisions_alike": 1 / max(spread.scarcity, 1e-9),
        },
    }
    hazard = learn_early(rows, left_on, encoding, workshop)
    manifest["early"] = "hazard" if hazard is not None else "counted"
    # Days that are judged are counted back from the end, and after a resignation that is the day of leaving.
    drawn = pl.Series(landmarks.draws.any(axis=1))
    timing = learn_timing(stood.filter(drawn), known.filter(drawn), found)
    return Model(manifest, encoding, learner, calibrator, spread, timing, hazard)


def _lately(lake: Lake, settings: Settings, landmarks: Landmarks, as_of: dt.date) -> FeatureMatrix:
    """Members as four nights of the year before *as_of* would have met them: most are far from a renewal, and where all
    renew on one day, the season decides how far. Past landmarks, where nobody is left."""
    nights = [as_of - dt.timedelta(days=91 * quarter) for quarter in range(4)]
    lately = members_on(lake, settings.membership, nights)
    return lately if len(lately.rows) else landmarks.matrix


def _about_reasons(model: Model, lately: FeatureMatrix) -> dict[str, Any]:
    """What the manifest says of reasons: mean points by which each subject's signals move a score, and in what steps
    points can be told apart."""
    x, types = model.encoding.encode(lately), lately.categories["member_type"]
    points = group_points(model.encoding, x, types, model)
    weights = {name: float(np.abs(own).mean()) for name, own in points.items()}
    listed = [
        {"name": g.name, "title": g.title, "actionable": g.actionable, "importance": weights[g.name]}
        for g in GROUPS
        if g.name in weights
    ]
    step, alike = finest_step(model.encoding, x, types, model, model.halves)
    groups = sorted(listed, key=lambda group: -weights[str(group["name"])])
    return {"groups": groups, "reasons": {"step": step, "alike": alike}}


def _software() -> dict[str, str]:
    return {"tenure": __version__, **libraries()}


def _data(
    lake: Lake, found: pl.DataFrame, members: pl.DataFrame, landmarks: Landmarks, as_of: dt.date
) -> dict[str, Any]:
    mature = found.filter(pl.col("outcome").is_in([RENEWED, LAPSED]))
    with lake.connect() as con:
        rows = con.execute("SELECT count(*) FROM activity WHERE recorded_at < $1", [as_of]).fetchone()[0]
    notes = [] if rows else ["No activity is on record: the model learns from terms alone."]
    plain = members.group_by("member").agg(pl.len()).filter(pl.col("len") > 1).is_empty() and members["plain"].all()
    if plain and len(members):
        notes.append(
            "Members come from a plain export: chapter, industry, region and country of today stand for the past; "
            "employer, job title and profile are not used for it."
        )
    notes += _begun_midway(landmarks)
    return {
        "first_term_on": str(found["starts_on"].min()),
        "last_decision_on": str(mature["ends_on"].max()),
        "members": found["member"].n_unique(),
        "activity_rows": int(rows),
        "notes": notes,
    }


def _begun_midway(landmarks: Landmarks) -> Iterator[str]:
    """What it is judged by, where past models were not told what the newest is."""
    days, since = landmarks.judged["as_of"], landmarks.since
    if since is None or not len(days) or since <= days.min():  # type: ignore[operator]
        return
    begun = f"Most of today's signals are on record since {since:%B %Y} only"
    if landmarks.judged.filter("fair")["as_of"].min() >= since:  # type: ignore[operator]
        yield f"{begun}: it is judged by renewals that came half a year and more after that."
    else:
        yield f"{begun}: it is judged by renewals that were mostly foretold without them, and may do better."


def _exported(tested: BackTest, found: pl.DataFrame) -> pl.DataFrame:
    """The out-of-time predictions of decisions after the first two years."""
    after = _first_years_end(found.filter(pl.col("outcome").is_in([RENEWED, LAPSED])))
    late = (pl.col("ends_on") > after) & _before(pl.col("ends_on")).is_in(list(LANDMARKS))
    return (
        tested.predicted.filter(late & pl.col("foretold"))
        .select("member", "ends_on", "as_of", pl.col("p").alias("p_lapse_renewal"), "lapsed")
        .sort("member", "ends_on", "as_of")
    )
