"""A model's manifest in words: what it learnt from, and how it did on renewals it had not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tenure.base.errors import TenureError
from tenure.risk import calibration, causes, newcomers
from tenure.risk.figures import ahead, decimal, less_or_more

Manifest = dict[str, Any]

_TITLES = {
    "tenure": "this model",
    "life_table": "life table",
    "points_score": "points score",
    "base_rate": "base rate",
}
_BY = {"member_type": "type", "renewal": "renewal", "record_type": "record", "year": "ended in"}
_MOST_SLICES = 40


def listed(manifests: list[Manifest], damaged: Mapping[str, TenureError]) -> str:
    """One line per model, the oldest first, and then those that are *damaged*, with what is the matter."""
    lines = [f"{one['version']}  as of {one['as_of']}  grade {one['grade']['letter']}" for one in manifests]
    lines += [f"{version}  DAMAGED: {why.message}" for version, why in damaged.items()]
    return "\n".join(lines) if lines else "there is no model yet"


def words_of(manifest: Manifest) -> str:
    """The whole evaluation, for a terminal."""
    backtest = manifest["backtest"]
    parts = [_head(manifest), _comparison(backtest), _capacity(backtest), _calibration(backtest), _slices(backtest)]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _head(manifest: Manifest) -> Iterator[str]:
    data, grade = manifest["data"], manifest["grade"]
    yield f"Model {manifest['version']}, as of {manifest['as_of']}"
    yield f"Grade {grade['letter']}. {grade['sentence']}"
    yield (
        f"Learnt from {data['decisions']:,} renewal decisions of {data['members']:,} members, {data['lapses']:,} of "
        f"which were lapses; terms from {data['first_term_on']}, last decision {data['last_decision_on']}."
    )
    yield manifest["why_learner"]
    yield from calibration.sentences_of(manifest.get("calibration"))
    yield from newcomers.sentences_of(manifest.get("new_members"))
    yield from causes.sentences_of(manifest.get("causes"))
    yield from data.get("notes", [])


def _comparison(backtest: Manifest) -> Iterator[str]:
    yield (
        f"On {backtest['decisions']:,} past renewals, {ahead(backtest)}, by models that had seen nothing later "
        "(with 95 % intervals, by drawing payers anew):"
    )
    names = [name for name in _TITLES if name in backtest["models"]]
    rows = [(title, *(_cell(backtest["models"][name], key, show) for name in names)) for key, title, show in _ROWS]
    table = [("", *(_TITLES[name] for name in names)), *rows]
    first, *wide = (max(map(len, column)) for column in zip(*table, strict=True))
    for title, *cells in table:
        yield f"  {title:<{first}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, wide, strict=True))
    for name, saved in backtest.get("better", {}).items():
        yield f"  {_against(_TITLES[name], saved)}"


def _against(rival: str, saved: Manifest) -> str:
    share, low, high = (saved[name] for name in ("share", "share_low", "share_high"))
    if share is None or low is None:
        return f"Against the {rival}: cannot tell."
    span = less_or_more(low, high, "", 1).rstrip()
    doubt = "" if low > 0 or high < 0 else ": cannot tell"
    return f"Against the {rival}: {less_or_more(share, share, 'log loss', 1)} ({span}){doubt}."


def _capacity(backtest: Manifest) -> Iterator[str]:
    calls = (backtest.get("capacity") or {}).get("calls_per_month")
    if not calls:
        return
    yield said_of_calls(backtest["models"]["tenure"] | backtest["capacity"])


def said_of_calls(ours: Manifest) -> str:
    """What so many calls a month would have found."""
    calls, share = ours["calls_per_month"], ours["calls_share"]
    return (
        f"With {calls:,} calls a month, {_share(share)} of renewals can be called. Of those called first, "
        f"{_cell(ours, 'precision_at_calls', _share)} lapsed; they are {_cell(ours, 'recall_at_calls', _share)} of all "
        "who did."
    )


def _calibration(backtest: Manifest) -> Iterator[str]:
    yield "What was said, and what happened:"
    yield f"  {'said':>10} {'lapsed':>10} {'(95 %)':>11} {'renewals':>9}"
    for bin_ in backtest["calibration"]:
        span = f"{100 * bin_['low']:.0f}–{100 * bin_['high']:.0f}"
        yield f"  {_share(bin_['predicted']):>10} {_share(bin_['observed']):>10} {span:>11} {bin_['n']:>9,}"


def _slices(backtest: Manifest) -> Iterator[str]:
    found = backtest.get("slices") or []
    if not found:
        return
    yield "Slice by slice:"
    yield f"  {'':<24} {'renewals':>9} {'said':>10} {'lapsed':>10} {'AUC':>20}"
    for one in found[:_MOST_SLICES]:
        name = f"{_BY.get(one['by'], one['by'])} {one['value']}"
        order = _cell(one, "auc", _number) if "auc" in one else ""
        yield (
            f"  {name:<24} {one['decisions']:>9,} {_share(one['predicted']):>10} {_share(one['observed']):>10} "
            f"{order:>20}  {one['verdict']}"
        )


_UNTOLD = "cannot be told"


def _number(value: float | None) -> str:
    return _UNTOLD if value is None else decimal(value, 3)


def _share(value: float | None) -> str:
    return _UNTOLD if value is None else f"{100 * value:.0f} in 100"


def _points(value: float | None) -> str:
    return _UNTOLD if value is None else decimal(100 * value, 1, signed=True)


def _cell(one: Manifest, key: str, show: Callable[[float | None], str]) -> str:
    """A figure and its interval: `0.812 (0.790–0.833)`."""
    value, low, high = (one.get(f"{key}{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return show(value)
    bare = (show(low).removesuffix(" in 100"), show(high).removesuffix(" in 100"))
    between = " to " if show is _points or low < 0 else "–"
    return f"{show(value)} ({bare[0]}{between}{bare[1]})"


_ROWS = (
    ("auc", "AUC", _number),
    ("log_loss", "log loss", _number),
    ("brier", "Brier score", _number),
    ("calibration_slope", "calibration slope", _number),
    ("calibration_intercept", "and intercept", _number),
    ("calibration_in_the_large", "lapsed − said, in 100", _points),
    ("calibration_error", "calibration error", _number),
    ("recall_at_10", "top tenth holds", _share),
    ("precision_at_10", "of whom lapsed", _share),
)
"""Measures in the order of the table: name in the report, words, form."""
