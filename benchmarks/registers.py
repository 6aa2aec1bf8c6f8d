"""Real registers of people who left, through the same doors as an association's: how low is the log loss?

    python benchmarks/registers.py --oulad FOLDER --insurance FOLDER

OULAD (Kuzilek, Hlosta, Zdrahal: Open University Learning Analytics Dataset, Scientific Data 4:170171, 2017, CC BY 4.0)
becomes the contract's tables: a registration is a term, a withdrawal a resignation, a day of clicks a login, a missed
assessment a missed installment. `tenure run` learns from the modules of 2013 and scores those of 2014 on their day 60.
Two insurers' books of lapses (CASdatasets) are given to the same learners as plain columns. Beside ours stands always
saying the usual rate, and in the books gradient boosting of the library on the same columns, its trees and their number
chosen on a part of the past that was held out. A life table of such a book is its usual rate: every policy is looked at
once, over the same time. Neither data set is part of this repository.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import xgboost

from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.calibration import fit_calibrator
from tenure.risk.encoding import Encoding
from tenure.risk.fitting import Rows, Workshop
from tenure.risk.learners import BLEND, BOOSTER, LOGISTIC, Floats, sigmoid
from tenure.risk.metrics import auc, log_loss

COMMANDS = Path(sys.executable).parent
STARTS = {"2013B": dt.date(2013, 2, 4), "2013J": dt.date(2013, 10, 7)}
STARTS |= {"2014B": dt.date(2015, 2, 2), "2014J": dt.date(2015, 10, 5)}
"""The register counts days from a module's start and gives no dates; the second year is set a year later, so that
everything of the first is decided when the model is made."""
LEARNT_ON = dt.date(2015, 1, 1)
DAY = 60


def tool(name: str, *words: str) -> None:
    subprocess.run([str(COMMANDS / name), *words], check=True, stdout=subprocess.DEVNULL)


# ---------------------------------------------------------------------------------------------------- OULAD


def registrations(folder: Path) -> pl.DataFrame:
    found = pl.read_parquet(folder / "registrations.parquet")
    start = pl.col("code_presentation").replace_strict(STARTS, return_dtype=pl.Date)
    return found.filter(pl.col("date_registration").is_not_null()).with_columns(
        member_id=pl.format("{}-{}-{}", "id_student", "code_module", "code_presentation"),
        start=start,
        left=pl.col("date_unregistration").cast(pl.Int64),
        joined=pl.col("date_registration").cast(pl.Int64),
        length=pl.col("module_presentation_length").cast(pl.Int64),
    )


def on(day: pl.Expr) -> pl.Expr:
    return pl.col("start") + pl.duration(days=day)


def members(people: pl.DataFrame) -> pl.DataFrame:
    return people.select(
        "member_id", record_type=pl.lit("individual"), member_type="code_module",
        join_date=on(pl.col("joined")), region="region", industry="highest_education", gender="gender",
    )  # fmt: skip


def terms(people: pl.DataFrame) -> pl.DataFrame:
    whole = people.filter(pl.col("left").is_null() | (pl.col("left") > pl.col("joined")))
    common = {
        "member_type": pl.col("code_module"),
        "dues": pl.col("studied_credits").cast(pl.Float64),
        "auto_renew": pl.lit(value=False),
    }
    ends = on(pl.col("length") - 1)
    first = whole.select(
        "member_id", term_id=pl.format("{}-1", "member_id"), starts_on=on(pl.col("joined")), ends_on=ends,
        paid_on=on(pl.col("joined")), ended_by=pl.lit(None, pl.String),
        recorded_at=on(pl.col("joined")).cast(pl.Datetime("us")), **common,
    )  # fmt: skip
    left = whole.filter(pl.col("left").is_not_null()).select(
        "member_id", term_id=pl.format("{}-1", "member_id"), starts_on=on(pl.col("joined")),
        ends_on=on(pl.col("left") + 1), paid_on=on(pl.col("joined")), ended_by=pl.lit("resigned"),
        recorded_at=on(pl.col("left")).cast(pl.Datetime("us")), **common,
    )  # fmt: skip
    stayed = whole.filter(pl.col("left").is_null()).select(
        "member_id", term_id=pl.format("{}-2", "member_id"), starts_on=on(pl.col("length")),
        ends_on=pl.lit(None, pl.Date), paid_on=ends, ended_by=pl.lit(None, pl.String),
        recorded_at=ends.cast(pl.Datetime("us")), **common,
    )  # fmt: skip
    return pl.concat([first, left, stayed]).with_columns(due_on="starts_on", billed_on="starts_on")


def activity(folder: Path, people: pl.DataFrame) -> pl.DataFrame:
    keys = ["code_module", "code_presentation", "id_student"]
    who = people.select(*keys, "member_id", "start")
    clicks = pl.read_parquet(folder / "activity_by_day.parquet").with_columns(pl.col("day").cast(pl.Int64))
    days = clicks.group_by(*keys, "day").agg(value=pl.col("clicks").sum().cast(pl.Float64))
    made = [days.with_columns(kind=pl.lit("login"))]
    for name, kind in (("content", "page_view"), ("community", "community_post"), ("quiz", "learning_started")):
        part = clicks.filter(pl.col("activity") == name)
        made.append(part.select(*keys, "day", value=pl.col("clicks").cast(pl.Float64), kind=pl.lit(kind)))
    handed = pl.read_parquet(folder / "submissions.parquet").with_columns(
        day=pl.col("day_submitted").cast(pl.Int64), value=(pl.col("score").cast(pl.Float64) / 100).clip(0, 1)
    )
    made.append(handed.select(*keys, "day", "value", kind=pl.lit("session_feedback")))
    made.append(handed.select(*keys, "day", value=pl.lit(None, pl.Float64), kind=pl.lit("learning_completed")))
    made.append(missed(folder, people, keys))
    rows = pl.concat(made).join(who, on=keys, how="inner")
    at = (pl.col("start") + pl.duration(days="day")).cast(pl.Datetime("us"))
    return rows.select(
        "member_id", "kind", "value", activity_id=pl.int_range(pl.len()).cast(pl.String), occurred_at=at, recorded_at=at
    )


def missed(folder: Path, people: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Assessments that were due and not handed in by then, told on the day after, while the student was there."""
    due = pl.read_parquet(folder / "assessments.parquet").filter(
        (pl.col("assessment_type") != "Exam") & pl.col("due_day").is_not_null()
    )
    handed = pl.read_parquet(folder / "submissions.parquet").filter(pl.col("day_submitted") <= pl.col("due_day"))
    here = people.select(*keys, "joined", "left").join(
        due.select("code_module", "code_presentation", "id_assessment", "due_day"), on=keys[:2], how="inner"
    )
    here = here.filter(
        (pl.col("joined") <= pl.col("due_day")) & (pl.col("left").is_null() | (pl.col("left") > pl.col("due_day")))
    )
    lacking = here.join(handed, on=["id_assessment", "id_student"], how="anti")
    return lacking.select(
        *keys, day=pl.col("due_day").cast(pl.Int64) + 1, value=pl.lit(None, pl.Float64), kind=pl.lit("plan_missed")
    )


def oulad(folder: Path, homes: int) -> dict[str, float]:
    """The mean over *homes*, since which days a model learns from goes by the key of its home."""
    people = registrations(folder)
    tables = {"members": members(people), "terms": terms(people), "activity": activity(folder, people)}
    found = [_told_by_a_home(people, tables) for _ in range(homes)]
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    for name in ("30", "60", "90", "end"):
        each = sorted(one[f"loss_{name}"] for one in found)
        print(f"{name}: log loss {means[f'loss_{name}']:.4f} on average, {each[0]:.4f} to {each[-1]:.4f}", flush=True)
    return means


def _told_by_a_home(people: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as temporary:
        exports, home = Path(temporary, "exports"), Path(temporary, "home")
        exports.mkdir()
        for name, frame in tables.items():
            frame.write_parquet(exports / f"{name}.parquet")
        tool("tenure", "init", "--home", str(home), "--source", "files", "--path", str(exports), "--grace-days", "0")
        settings = home / "tenure.toml"
        text = settings.read_text()
        settings.write_text(text.replace("[model]", "[model]\ntrain_every_days = 3000", 1))
        tool("tenure", "run", "--home", str(home), "--as-of", str(LEARNT_ON))
        scored = [_scored(home, start, Path(temporary, f"{start}.parquet")) for name, start in STARTS.items()
                  if name.startswith("2014")]  # fmt: skip
    return _report_oulad(people, pl.concat(scored))


def _scored(home: Path, start: dt.date, out: Path) -> pl.DataFrame:
    day = start + dt.timedelta(days=DAY)
    tool("tenure", "run", "--home", str(home), "--as-of", str(day))
    tool("tenure", "export", "scores", "--home", str(home), "--as-of", str(day), "--out", str(out))
    return pl.read_parquet(out).with_columns(start=pl.lit(start))


def _report_oulad(people: pl.DataFrame, scored: pl.DataFrame) -> dict[str, float]:
    test = people.filter(
        pl.col("code_presentation").str.starts_with("2014") & (pl.col("joined") < DAY)
        & (pl.col("left").is_null() | (pl.col("left") >= DAY))
    )  # fmt: skip
    both = test.select("member_id", "left", "start").join(scored, on=["member_id", "start"], how="left")
    print(f"\nOULAD: {len(test):,} students on day {DAY}, {both['p_lapse_30'].null_count()} not scored\n")
    print("| withdraws within | rate | log loss of the rate | ours | AUC | mean said |\n|--|--:|--:|--:|--:|--:|")
    both = both.filter(pl.col("p_lapse_30").is_not_null())
    found = {}
    for name, days in (("p_lapse_30", 30), ("p_lapse_60", 60), ("p_lapse_90", 90), ("p_lapse_renewal", 4000)):
        y = (both["left"].fill_null(9999) < DAY + days).cast(pl.Float64).to_numpy()
        if days == 4000:
            y = both["left"].is_not_null().cast(pl.Float64).to_numpy()
        p = both[name].to_numpy()
        constant = np.full(y.size, y.mean())
        until = "end" if days > 999 else str(days)
        found |= {
            f"loss_{until}": log_loss(p, y),
            f"auc_{until}": auc(p, y),
            f"constant_{until}": log_loss(constant, y),
        }
        print(
            f"| {'the end' if days > 999 else f'{days} days'} | {y.mean():.4f} | {log_loss(constant, y):.4f} | "
            f"{log_loss(p, y):.4f} | {auc(p, y):.4f} | {p.mean():.4f} |",
            flush=True,
        )
    return found


# ------------------------------------------------------------------------------------------------ insurance


def matrix_of(frame: pl.DataFrame, rows: pl.DataFrame) -> FeatureMatrix:
    """Numbers as they are and words as yes-or-no columns, in the form that learners take."""
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    wide = frame.to_dummies(words) if words else frame
    empty = pl.DataFrame({name: pl.Series([None] * len(frame), dtype=pl.String) for name in CATEGORIES})
    return FeatureMatrix(rows, tuple(wide.columns), wide.cast(pl.Float32).to_numpy(), empty)


def judged(matrix: FeatureMatrix, y: Floats, part: np.ndarray, test: np.ndarray, recent: np.ndarray) -> Floats:
    """Probabilities for *test* by the learner that best foretold the parts of the past, calibrated on *recent* ones.

    Args:
        matrix: Everything.
        y: Outcomes.
        part: Number of the fold of each row; a fold is foretold by the others, or by earlier ones where they are dated.
        test: Rows to foretell.
        recent: Rows of the past that calibration looks at.
    """
    workshop = Workshop(1, 0)
    said = {name: np.full(y.size, np.nan) for name in (BOOSTER, LOGISTIC, BLEND)}
    past = ~test
    for number in np.unique(part[past])[1 if recent.sum() < past.sum() else 0 :]:
        here = past & (part == number)
        teach = past & (part < number if recent.sum() < past.sum() else part != number)
        fitted = _fitted(workshop, matrix, y, teach, here)
        for name, margin in said.items():
            margin[here] = fitted[name]
    known = past & recent & ~np.isnan(said[BOOSTER])
    calibrators = {name: fit_calibrator(m[known], y[known], np.ones(int(known.sum()))) for name, m in said.items()}
    loss = {name: log_loss(sigmoid(calibrators[name](m[known])), y[known]) for name, m in said.items()}
    best = min(loss, key=lambda name: loss[name])
    final = _fitted(workshop, matrix, y, past, test)[best]
    print(f"  chosen: {best} ({', '.join(f'{name} {value:.4f}' for name, value in loss.items())})")
    return sigmoid(calibrators[best](final))


def _fitted(
    workshop: Workshop, matrix: FeatureMatrix, y: Floats, teach: np.ndarray, ask: np.ndarray
) -> dict[str, Floats]:
    rows = Rows(matrix.take(teach), y[teach], np.arange(y.size)[teach])
    encoding = Encoding.learn(rows.matrix, rows.y)
    found = workshop.candidates(rows, encoding, int(y[teach].sum()))
    return {name: learner.margin(encoding.encode(matrix.take(ask))) for name, learner in found.items()}


def boosted(matrix: FeatureMatrix, y: Floats, part: np.ndarray, test: np.ndarray) -> Floats:
    """Probabilities for *test* by the library's boosting: trees of several shapes, stopped early, are judged on the
    last part of the past; the best of them is then taught by all of it."""
    held = ~test & (part == part[~test].max())
    teach, judge, past, ask = (
        xgboost.DMatrix(matrix.x[rows], y[rows]) for rows in (~test & ~held, held, ~test, test)
    )  # fmt: skip
    best: tuple[float, int, dict[str, object]] = (np.inf, 0, {})
    for depth, least in itertools.product((2, 3, 4, 6), (1, 10, 50)):
        plan = {
            "objective": "binary:logistic", "eta": 0.03, "max_depth": depth, "min_child_weight": least,
            "subsample": 0.8, "colsample_bytree": 0.8, "seed": 0, "nthread": 1,
        }  # fmt: skip
        found = xgboost.train(plan, teach, 3000, evals=[(judge, "held")], early_stopping_rounds=50, verbose_eval=False)
        best = min(best, (found.best_score, found.best_iteration + 1, plan), key=lambda one: one[0])
    _, rounds, plan = best
    return np.asarray(xgboost.train(plan, past, rounds).predict(ask), float)


def book_of_motor(folder: Path) -> dict[str, float]:
    book = pl.read_csv(gzip.decompress((folder / "eudirectlapse.csv.gz").read_bytes()))
    book = book.with_columns(
        ratio=pl.col("prem_final") / pl.col("prem_last"),
        market=pl.col("prem_final") / pl.col("prem_market"),
        technical=pl.col("prem_final") / pl.col("prem_pure"),
    )
    y = book["lapse"].to_numpy().astype(float)
    row = np.arange(y.size)
    test = row % 10 >= 7
    matrix = matrix_of(book.drop("lapse"), pl.DataFrame({"term_id": row}))
    p = judged(matrix, y, row % 5, test, np.ones(y.size, bool))
    return _tell("motor", "motor, Europe", y, p, boosted(matrix, y, row % 5, test), test)


def book_of_lives(folder: Path) -> dict[str, float]:
    book = pl.read_csv(gzip.decompress((folder / "uslapseagent.csv.gz").read_bytes()), try_parse_dates=True)
    issued = book["issue.date"]
    past, test = issued <= dt.date(1999, 12, 31), (issued >= dt.date(2003, 1, 1)) & (issued <= dt.date(2005, 12, 31))
    book, test = book.filter(past | test), test.filter(past | test).to_numpy()
    y = ((book["surrender"] == 1) & (book["duration"] <= 12)).cast(pl.Float64).to_numpy()
    year = book["issue.date"].dt.year().to_numpy()
    columns = book.select(
        "acc.death.rider", "premium.frequency", "risk.state", "living.place", "gender", "underwriting.age",
        "annual.premium",
    )  # fmt: skip
    matrix = matrix_of(columns, pl.DataFrame({"term_id": np.arange(y.size)}))
    p = judged(matrix, y, year, test, year == 1999)
    return _tell("lives", "lives, United States", y, p, boosted(matrix, y, year, test), test)


def _tell(key: str, name: str, y: Floats, p: Floats, rival: Floats, test: np.ndarray) -> dict[str, float]:
    true = y[test]
    before = np.full(true.size, y[~test].mean())
    print(
        f"| {name} | {true.size:,} | {true.mean():.4f} | {log_loss(before, true):.4f} | "
        f"{log_loss(rival, true):.4f} | {log_loss(p, true):.4f} | {auc(p, true):.4f} | {p.mean():.4f} |",
        flush=True,
    )
    return {
        f"loss_{key}": log_loss(p, true),
        f"boosted_{key}": log_loss(rival, true),
        f"constant_{key}": log_loss(before, true),
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--oulad", type=Path)
    words.add_argument("--insurance", type=Path)
    words.add_argument("--homes", type=int, default=3, help="over how many homes OULAD is told")
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    found: dict[str, float] = {}
    if given.oulad:
        found |= oulad(given.oulad, given.homes)
    if given.insurance:
        print("\n| book | renewals | rate | log loss of the past rate | boosting, tuned | ours | AUC | mean said |")
        print("|--|--:|--:|--:|--:|--:|--:|--:|")
        found |= book_of_motor(given.insurance) | book_of_lives(given.insurance)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
