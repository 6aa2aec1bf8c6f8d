"""A model's manifest in words: what it learnt from, and how it did on renewals it had not seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]

_TITLES = {
    "tenure": "this model",
    "life_table": "life table",
    "points_score": "points score",
    "base_rate": "base rate",
}


def listed(manifests: list[Manifest]) -> str:
    """One line per model, the oldest first."""
    lines = [f"{one['version']}  as of {one['as_of']}  grade {one['grade']['letter']}" for one in manifests]
    return "\n".join(lines) if lines else "there is no model yet"


def words_of(manifest: Manifest) -> str:
    """The whole evaluation, for a terminal."""
    return "\n".join(
        [*_head(manifest), "", *_comparison(manifest["backtest"]), "", *_calibration(manifest["backtest"])]
    )


def _head(manifest: Manifest) -> Iterator[str]:
    data, grade = manifest["data"], manifest["grade"]
    yield f"Model {manifest['version']}, as of {manifest['as_of']}"
    yield f"Grade {grade['letter']}. {grade['sentence']}"
    yield (
        f"Learnt from {data['decisions']:,} renewal decisions of {data['members']:,} members, {data['lapses']:,} of "
        f"which were lapses; terms from {data['first_term_on']}, last decision {data['last_decision_on']}."
    )
    yield manifest["why_learner"]
    yield from data.get("notes", [])


def _comparison(backtest: Manifest) -> Iterator[str]:
    yield f"On {backtest['decisions']:,} past renewals, about a month ahead, by models that had seen nothing later:"
    yield f"  {'':<13} {'AUC':>6} {'(90 %)':>13} {'log loss':>9} {'top tenth holds':>16} {'of whom lapsed':>15}"
    for name, title in _TITLES.items():
        one = backtest["models"].get(name)
        if one:
            span = f"{_number(one.get('auc_low'))}–{_number(one.get('auc_high'))}"
            yield (
                f"  {title:<13} {_number(one['auc']):>6} {span:>13} {_number(one['log_loss']):>9} "
                f"{_share(one['recall_at_10']):>16} {_share(one['precision_at_10']):>15}"
            )


def _calibration(backtest: Manifest) -> Iterator[str]:
    yield "What was said, and what happened:"
    yield f"  {'said':>10} {'lapsed':>10} {'(90 %)':>11} {'renewals':>9}"
    for bin_ in backtest["calibration"]:
        span = f"{100 * bin_['low']:.0f}–{100 * bin_['high']:.0f}"
        yield f"  {_share(bin_['predicted']):>10} {_share(bin_['observed']):>10} {span:>11} {bin_['n']:>9,}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:.0f} in 100"
