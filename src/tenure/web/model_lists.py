"""The tables of the Model page as files: the numbers that stand behind each, not rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.ledger.models import ScoreSet
from tenure.risk.verdict import verdict_of
from tenure.web import model_trust, place, reach
from tenure.web.manifests import card_of, drift_of

Row = Sequence[object]


@dataclass(frozen=True)
class Asked:
    """Which model a file is about, and what else there is to tell.

    Args:
        manifests: Of every version, the newest first.
        chosen: The one of these that the file is about.
        score_set: The scores that are shown; None before the first.
        query: The address, with the places of the sliders.
    """

    manifests: list[dict[str, Any]]
    chosen: dict[str, Any]
    score_set: ScoreSet | None
    query: Mapping[str, str]

    @property
    def backtest(self) -> dict[str, Any]:
        """What the back-test of the chosen one found."""
        return self.chosen.get("backtest") or {}


def as_list(key: str, asked: Asked) -> tuple[tuple[str, ...], list[Row]] | None:
    """The columns and rows of the table *key*; None where the page has no such table."""
    known = _LISTS.get(key)
    return (known[0], list(known[1](asked))) if known else None


def _versions(asked: Asked) -> Iterator[Row]:
    scored_by = asked.score_set.model_version if asked.score_set else ""
    told = model_trust.versions(asked.manifests, scored_by)
    for one, said in zip(asked.manifests, told, strict=True):
        ours = ((one.get("backtest") or {}).get("models") or {}).get("tenure") or {}
        decisions, grade = (one.get("data") or {}).get("decisions"), (one.get("grade") or {}).get("letter")
        dates = one.get("trained_at"), one.get("as_of")
        yield one["version"], said["state"], *dates, decisions, grade, ours.get("auc"), said["by"], said["why"]


def _groups(asked: Asked) -> Iterator[Row]:
    audit = card_of(place.home(), asked.chosen["version"]).get("fairness") or {}
    for one in audit.get("groups") or []:
        rate, gap = one.get("observed", one.get("lapse_rate")), one.get("calibration_in_the_large")
        scored = None if rate is None or gap is None else round(rate - gap, 6)
        ends = one.get("calibration_in_the_large_low"), one.get("calibration_in_the_large_high")
        yield (
            one.get("by"), one.get("value"), one.get("decisions"), one.get("lapses"), scored, rate, gap, *ends,
            verdict_of(one),
        )  # fmt: skip


def _drift(asked: Asked) -> Iterator[Row]:
    found = drift_of(place.home(), asked.score_set.as_of) if asked.score_set else {}
    for one in [*(found.get("inputs") or []), *([found["scores"]] if found.get("scores") else [])]:
        yield one["title"], one["shift"], one["usual"], one["threshold"], one["alarm"]


_MEASURES = ("auc", "log_loss", "brier", "precision_at_10", "recall_at_10", "calibration_error")
_ENDS = tuple(f"{name}{end}" for name in _MEASURES for end in ("", "_low", "_high"))


def _ways(asked: Asked) -> Iterator[Row]:
    for name, found in (asked.backtest.get("models") or {}).items():
        if found:
            yield name, *(found.get(end) for end in _ENDS)


_PERIOD = ("from", "to", "learner", "decisions", "lapses", "auc", "log_loss")


def _periods(asked: Asked) -> Iterator[Row]:
    for fold in asked.backtest.get("folds") or []:
        yield tuple(fold.get(name) for name in _PERIOD)


def _signals(asked: Asked) -> Iterator[Row]:
    groups = sorted(asked.chosen.get("groups") or [], key=lambda group: -(group.get("importance") or 0))
    whole = sum(group.get("importance") or 0 for group in groups) or 1
    features = asked.chosen.get("features") or []
    for group in groups:
        own = [f.get("name") or "" for f in features if f.get("group") == group.get("name")]
        share = (group.get("importance") or 0) / whole
        yield group.get("title") or group.get("name"), round(share, 4), ", ".join(own)


def _thresholds(asked: Asked) -> Iterator[Row]:
    cuts = reach.selected(asked.score_set, asked.query)[0] if asked.score_set else []
    for one in cuts:
        rounded = (round(value, 2) for value in (one.lapses, one.low, one.high))
        rest = round(one.caught, 4), round(one.stays, 2), round(one.dues, 2), round(one.hours, 1)
        yield one.slider.key, one.at, one.slider.unit, one.members, *rounded, *rest


_LISTS: dict[str, tuple[tuple[str, ...], Callable[[Asked], Iterator[Row]]]] = {
    "versions": (
        ("model", "state", "trained_at", "data_until", "decisions", "grade", "auc", "by", "why"),
        _versions,
    ),
    "groups": (
        ("by", "value", "decisions", "lapses", "scored", "lapsed", "difference", "low", "high", "verdict"),
        _groups,
    ),
    "drift": (("signals", "shift", "usual", "warning_from", "is_warning"), _drift),
    "ways": (("way", *_ENDS), _ways),
    "periods": (_PERIOD, _periods),
    "signals": (("signals", "share", "features"), _signals),
    "thresholds": (
        (
            "threshold", "at", "unit", "members", "would_lapse", "low", "high", "of_all_lapses", "would_stay",
            "dues_at_stake", "hours",
        ),
        _thresholds,
    ),
}  # fmt: skip
"""By the name in the address: the columns of a table, and its rows. Shares are from 0 to 1, dues in the association's
currency."""
