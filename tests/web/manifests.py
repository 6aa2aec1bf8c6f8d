"""A model's manifest, as the risk package writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer

MODEL = "2025-03-01-3f2a91"
FORMER = "2025-01-01-77ab01"
MONTHS = [{"from_days": 0, "months": 30, "shared": 0.15}, {"from_days": 76, "months": 24, "shared": 0.4}]
"""How far whole months were off in the back-test, near and far ahead."""


def write_manifest(models: Path, version: str = MODEL, **changes: Any) -> None:
    """A model's manifest, as the risk package writes it."""
    folder = models / version
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps({**manifest(version), **changes}).encode()
    (folder / "manifest.json").write_bytes(data)
    signer = Signer(Pseudonyms.of(Home(models.parent)).secret("models"))
    (folder / "manifest.sig").write_text(signer.sign(version, data))


def write_card(models: Path, version: str = MODEL) -> None:
    """The card beside a model, in both forms."""
    folder = models / version
    (folder / "card.json").write_text(json.dumps({"version": version, "fairness": audit()}))
    (folder / "card.html").write_text("<!doctype html><title>Model card</title>")


def audit() -> dict[str, Any]:
    """Four groups: alike, different, scored too low as the others are, and too few to tell."""
    alike = {"calibration_in_the_large": -0.012, "calibration_in_the_large_low": -0.04,
             "calibration_in_the_large_high": 0.011}  # fmt: skip
    return {
        "threshold": 0.4,
        "decisions": 2914,
        "not_recorded": ["gender"],
        "groups": [
            {"by": "age_band", "value": "under 30", "decisions": 604, "lapses": 121, "lapse_rate": 0.2, **alike,
             "verdict": "no difference found"},
            {"by": "chapter_id", "value": "Gulf", "decisions": 880, "lapses": 140, "lapse_rate": 0.16, **alike,
             "verdict": "more of them lapsed than was said"},
            {"by": "region", "value": "South", "decisions": 910, "lapses": 190, "lapse_rate": 0.21, **_gentle(),
             "verdict": "no difference found"},
            {"by": "chapter_id", "value": "Caribbean", "decisions": 46, "lapses": 9, "lapse_rate": 0.196,
             "verdict": "too few to tell"},
        ],
    }  # fmt: skip


def _gentle() -> dict[str, Any]:
    """The numbers of a group of which more lapsed than was said, as of all others; as cards of before have them."""
    none = {"difference": 0.002, "low": -0.02, "high": 0.024}
    return {"calibration_in_the_large": 0.031, "calibration_in_the_large_low": 0.008,
            "calibration_in_the_large_high": 0.054, "auc": 0.78, "differs": [],
            "against_others": {"calibration_in_the_large": none}}  # fmt: skip


def drift_found(night: str = "2025-03-01", *, is_quiet: bool = False) -> dict[str, Any]:
    """What a watch found: one signal beyond its threshold; of a quiet night, none."""

    def moved(title: str, shift: float, alarm: bool) -> dict[str, Any]:
        return {"group": title.lower(), "title": title, "shift": shift, "usual": 0.05, "threshold": 0.2, "alarm": alarm}

    return {
        "model": MODEL,
        "as_of": night,
        "members": 240,
        "inputs": [moved("Logins", 0.04, False), moved("Email", 0.12 if is_quiet else 0.31, not is_quiet)],
        "scores": moved("Scores", 0.02, False),
        "alarms": [] if is_quiet else ["email moved by 0.31, where 0.20 is much"],
        "matured": {"decisions": 120, "said": 0.17, "lapsed": 0.15, "alarm": False},
    }


def manifest(version: str = MODEL) -> dict[str, Any]:
    """The content of a manifest."""

    def measures(auc: float, loss: float) -> dict[str, float]:
        return {
            "auc": auc,
            "log_loss": loss,
            "brier": loss / 3.4,
            "precision_at_10": auc * 0.62,
            "recall_at_10": auc * 0.45,
            "recall_at_calls": 0.21,
            "calibration_slope": 0.97,
            "calibration_in_the_large": 0.004,
            "calibration_in_the_large_low": -0.008,
            "calibration_in_the_large_high": 0.016,
            "calibration_error": 0.021 * loss / 0.35,
            "auc_low": auc - 0.02,
            "auc_high": auc + 0.02,
            "log_loss_low": loss - 0.01,
            "log_loss_high": loss + 0.01,
        }

    bins = [
        (0.02, 0.02),
        (0.04, 0.05),
        (0.06, 0.06),
        (0.08, 0.07),
        (0.1, 0.11),
        (0.13, 0.12),
        (0.17, 0.18),
        (0.24, 0.25),
        (0.36, 0.34),
        (0.63, 0.6),
    ]
    shares = [round(i / 20, 2) for i in range(1, 21)]
    groups = [
        ("logins", "Logins", 0.24),
        ("events", "Events", 0.2),
        ("payments", "Payments", 0.19),
        ("email", "Email", 0.12),
        ("tenure", "Years as a member", 0.11),
        ("community", "Community", 0.08),
        ("support", "Support", 0.06),
    ]
    return {
        "version": version,
        "trained_at": "2025-03-01T02:14:07Z",
        "as_of": "2025-03-01",
        "learner": "gradient boosting",
        "why_learner": "It came closest to what happened in 6 of 6 periods.",
        "grade": {
            "letter": "B",
            "sentence": "Good: rank by it and quote it, but read scores above 60 as a little high.",
        },
        "data": {
            "first_term_on": "2020-01-14",
            "last_decision_on": "2025-01-29",
            "members": 3112,
            "decisions": 9021,
            "lapses": 1504,
            "renewals": 7517,
            "activity_rows": 902311,
            "notes": ["Chapter and region are known as of today only, and may stand for the past"],
        },
        "features": [
            {"name": f"{name}_{i}", "group": name, "sentence": f"{title} in the last {days} days"}
            for name, title, _ in groups
            for i, days in enumerate((30, 90, 365))
        ],
        "backtest": {
            "folds": [
                {
                    "from": f"202{y}-0{m}-01",
                    "to": f"202{y}-0{m + 3}-28",
                    "decisions": 1400 + 31 * m,
                    "lapses": 240 + m,
                    "auc": 0.82 + m / 200,
                    "log_loss": 0.36 - m / 300,
                }
                for y in (2, 3, 4)
                for m in (1, 5)
            ],
            "models": {
                "tenure": measures(0.84, 0.351),
                "base_rate": measures(0.5, 0.452),
                "life_table": measures(0.66, 0.43),
                "points_score": measures(0.72, 0.418),
            },
            "months": MONTHS,
            "calibration": [
                {"predicted": p, "observed": o, "low": max(0, o - 0.02 - o / 12), "high": o + 0.02 + o / 12, "n": 902}
                for p, o in bins
            ],
            "gains": [
                {
                    "share": s,
                    "caught": 1 - (1 - s) ** 3.4,
                    "points_caught": 1 - (1 - s) ** 2,
                    "ideal": min(1, s / 0.167),
                }
                for s in shares
            ],
            "segments": [
                {
                    "by": "member_type",
                    "value": "Professional",
                    "decisions": 7400,
                    "lapses": 1210,
                    **measures(0.83, 0.36),
                },
                {"by": "member_type", "value": "Student", "decisions": 31, "lapses": 9, "verdict": "too few to tell"},
            ],
            "capacity": {"share": 0.1, "calls_per_month": 150, "calls_share": 0.06},
            "lapse_rate": 0.167,
            "decisions": 9021,
            "members": 3112,
        },
        "groups": [{"name": name, "title": title, "importance": weight} for name, title, weight in groups],
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
