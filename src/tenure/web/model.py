"""The model: what it learnt from, how good it is, and against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.charts import Bin, Figure, Gain, calibration, gains
from tenure.features.plain import in_words
from tenure.web import model_effects, model_lists, model_trust, model_watch, place, reach, words
from tenure.web.cells import figure_file, list_file
from tenure.web.manifests import card_of, drift_of, manifests
from tenure.web.shell import current_scores

_SAME = 0.004

RIVALS = {
    "tenure": "Tenure",
    "life_table": "Life table by type and tenure",
    "points_score": "Points score, as many associations keep",
    "base_rate": "The average for everyone",
}


@dataclass(frozen=True)
class Measure:
    """A way to tell how good a model is: how it is named, said and read."""

    key: str
    title: str
    says: str
    better: str
    digits: int = 3


MEASURES = (
    Measure("auc", "Ranking", "How often, in 100, it ranks one who lapsed above one who renewed", "more is better", 2),
    Measure("log_loss", "Log loss", "How far its chances lie from what happened", "less is better"),
    Measure("brier", "Brier score", "The same, milder with the confidently wrong", "less is better"),
    Measure("precision_at_10", "Lapsed in its top 10 %", "Of 100 called from the top tenth", "more is better", 2),
    Measure("recall_at_10", "Caught by its top 10 %", "Of 100 who lapsed", "more is better", 2),
    Measure(
        "calibration_error", "Calibration error", "Mean gap between scored and lapsed, in 100", "less is better", 4
    ),
)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The model in use, or the version that the address names."""
    versions = manifests(place.home())
    score_set = current_scores(request)
    wanted = request.GET.get("version", "")
    if not versions:
        return render(request, "model_empty.html", {})
    in_use = score_set.model_version if score_set else ""
    chosen = _choose(versions, wanted, in_use)
    backtest = chosen.get("backtest") or {}
    its_card = card_of(place.home(), chosen["version"])
    figures = figures_of(chosen)
    opening, judged = _opening(chosen.get("grade") or {}, figures.get("calibration"))
    cuts, whole = reach.selected(score_set, request.GET) if score_set else ([], {"members": 0})
    return render(
        request,
        "model.html",
        {
            "model": chosen,
            "trained": words.iso(chosen.get("trained_at", "")),
            "in_use": in_use,
            "version_query": f"?{urlencode({'version': chosen['version']})}",
            "versions": model_trust.versions(versions, in_use),
            "lost": model_trust.lost(versions),
            "grade": chosen.get("grade") or {},
            "opening": opening,
            "judged": judged,
            "data": chosen.get("data") or {},
            "backtest": backtest,
            "verdicts": verdicts(chosen),
            "figures": figures,
            "why_the_tenth": _why_the_tenth(backtest),
            "comparison": comparison(backtest),
            "measures": MEASURES,
            "folds": [_fold(fold) for fold in backtest.get("folds", [])],
            "groups": _groups(chosen),
            "features": chosen.get("features") or [],
            "cuts": cuts if whole["members"] else [],
            "cuts_query": f"?{here}" if (here := request.GET.urlencode()) else "",
            "whole": reach.summary(whole) if whole["members"] else "",
            "per_call": f"{place.settings().capacity.minutes_per_call:g}",
            "fairness": model_trust.fairness(its_card),
            "drift": model_trust.drift(drift_of(place.home(), score_set.as_of)) if score_set else None,
            "watch": model_watch.figure_of(place.home(), score_set.as_of) if score_set else None,
            "effects": model_effects.figure_of(score_set) if score_set else None,
            "effects_waiting": model_effects.waiting(score_set) if score_set else "",
            "has_card": bool(its_card),
        },
    )


@require_safe
def card(request: HttpRequest, version: str, form: str) -> HttpResponse:
    """The card that training wrote beside a model, to be mailed or kept: HTML or JSON."""
    known = {one["version"] for one in manifests(place.home())}
    path = place.home().models / version / f"card.{form}"
    if version not in known or form not in ("html", "json") or not path.is_file():
        raise Http404
    kind = "text/html; charset=utf-8" if form == "html" else "application/json"
    answer = HttpResponse(path.read_bytes(), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="tenure-model-card-{version}.{form}"'
    return answer


@require_safe
def figure_file_of(request: HttpRequest, key: str, form: str) -> HttpResponseBase:
    """A chart of the model as SVG or CSV, or one of the tables of its page as CSV or JSON."""
    versions = manifests(place.home())
    if not versions:
        raise Http404
    score_set = current_scores(request)
    chosen = _choose(versions, request.GET.get("version", ""), score_set.model_version if score_set else "")
    table = model_lists.as_list(key, model_lists.Asked(versions, chosen, score_set, request.GET))
    if table is not None:
        return list_file(f"model-{key}", *table, form, model=chosen["version"])
    figure = figures_of(chosen).get(key)
    if key == "watch" and score_set:
        figure = model_watch.figure_of(place.home(), score_set.as_of)
    if key == "effects" and score_set:
        figure = model_effects.figure_of(score_set)
    if figure is None:
        raise Http404
    return figure_file(figure, form, f"tenure-{key}-{chosen['version']}")


def _choose(versions: list[dict[str, Any]], wanted: str, in_use: str) -> dict[str, Any]:
    by_version = {manifest["version"]: manifest for manifest in versions}
    if wanted and wanted not in by_version:
        raise Http404
    return by_version.get(wanted or in_use, versions[0])


def figures_of(manifest: dict[str, Any]) -> dict[str, Figure]:
    """The charts that a manifest has the numbers for."""
    backtest = manifest.get("backtest") or {}
    tested = words.plural(backtest.get("decisions") or 0, "past decision")
    if folds := backtest.get("folds"):
        tested += f" from {words.iso(folds[0].get('from', ''))} to {words.iso(folds[-1].get('to', ''))}"
    figures = {}
    if backtest.get("calibration"):
        bins = [Bin(**{name: row[name] for name in Bin.__dataclass_fields__}) for row in backtest["calibration"]]
        about = f"Lapses in each group of scores, with 95 % ranges; {tested}, predicted before they were known"
        figures["calibration"] = calibration([b for b in bins if b.n], about=about)
    if backtest.get("gains"):
        rows = [
            Gain(row["share"], row["caught"], row.get("points_caught"), row.get("ideal")) for row in backtest["gains"]
        ]
        about = f"{tested}, called from the top of the list; dashed: by a points score, dotted: at random"
        share, calls, rows = _capacity(backtest, rows)
        figures["gains"] = gains(rows, about=about, capacity=share, calls=calls)
    return figures


def _capacity(backtest: dict[str, Any], rows: list[Gain]) -> tuple[float, int | None, list[Gain]]:
    """The share that staff can call, how many calls that is, and the curve with that point on it.

    The top tenth where the hours are not stated, or reach everyone.
    """
    found, ours = backtest.get("capacity") or {}, (backtest.get("models") or {}).get("tenure") or {}
    share, calls, caught = found.get("calls_share"), found.get("calls_per_month"), ours.get("recall_at_calls")
    if not share or not calls or caught is None or share >= 1:
        return 0.10, None, rows
    others = [row for row in rows if abs(row.share - share) > _SAME]
    return share, calls, sorted([*others, Gain(share, caught)], key=lambda row: row.share)


def _why_the_tenth(backtest: dict[str, Any]) -> str:
    """Why the gains chart marks the top tenth and not what staff can call; empty where it marks what they can."""
    found = backtest.get("capacity") or {}
    calls, share = found.get("calls_per_month"), found.get("calls_share")
    if not calls:
        return "The top tenth is marked, since no hours of staff are set."
    if share and share >= 1:
        return f"The top tenth is marked: your {calls:,} calls a month reach everyone who comes due."
    return ""


def verdicts(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Four judgments, each a heading and a sentence."""
    backtest = manifest.get("backtest") or {}
    models = backtest.get("models") or {}
    ours, points, base = models.get("tenure") or {}, models.get("points_score") or {}, models.get("base_rate") or {}
    found = []
    if "auc" in ours:
        span = f", range {words.span(ours['auc_low'], ours['auc_high'])}" if "auc_low" in ours else ""
        rival = f" A points score: {words.in_hundred(points['auc'])}." if "auc" in points else ""
        text = f"Picks the one who lapsed out of a pair {words.in_hundred(ours['auc'])} times in 100{span}.{rival}"
        found.append((f"Ranking: {_word(ours['auc'], (0.70, 0.80, 0.88))}", text))
    if "calibration_error" in ours:
        error, (slope, is_sure) = 100 * ours["calibration_error"], _tilt(ours)
        # An average over all members can be small where the few at the ends are far off.
        title = f"Numbers: {_word(-error, (-6, -3, -1.5), less=is_sure)}"
        found.append((title, f"Scored and lapsed differ by {error:.1f} in 100 on average.{slope}"))
    if "recall_at_10" in ours:
        lapsed, caught = words.in_hundred(ours.get("precision_at_10")), words.in_hundred(ours["recall_at_10"])
        title = f"Top of the list: {ours['recall_at_10'] / 0.1:.1f} times the average"
        found.append((title, f"Of 100 in the top tenth {lapsed} lapsed; they are {caught} % of all who did."))
    if "log_loss" in ours and base.get("log_loss"):
        gain = round(100 * (1 - ours["log_loss"] / base["log_loss"]))
        title = "Better than the average" if gain > 0 else "No better than the average"
        text = (
            f"Its chances leave {abs(gain)} % {'less' if gain > 0 else 'more'} surprise than one chance for everyone."
        )
        found.append((title, text))
    return found


def comparison(backtest: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per rival, one cell per measure; the best of each measure is marked."""
    models = {key: values for key, values in (backtest.get("models") or {}).items() if values}
    known = [key for key in RIVALS if key in models] + [key for key in models if key not in RIVALS]
    best = {m.key: _best([models[key].get(m.key) for key in known], m) for m in MEASURES}
    rows = []
    for key in known:
        cells = [
            {
                "text": _figure(models[key].get(m.key), m),
                "range": _range(models[key], m),
                "best": _is(models[key], m, best),
            }
            for m in MEASURES
        ]
        rows.append(
            {"name": RIVALS.get(key, key.replace("_", " ").capitalize()), "cells": cells, "ours": key == "tenure"}
        )
    return rows


def _is(values: dict[str, Any], measure: Measure, best: dict[str, float | None]) -> bool:
    return best[measure.key] is not None and values.get(measure.key) == best[measure.key]


def _best(values: list[float | None], measure: Measure) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return max(known) if measure.better.startswith("more") else min(known)


def _figure(value: float | None, measure: Measure) -> str:
    if value is None:
        return "–"
    if measure.digits == 2:
        return f"{100 * value:.0f}"
    return f"{100 * value:.1f}" if measure.digits == 4 else f"{value:.3f}"


def _range(values: dict[str, Any], measure: Measure) -> str:
    low, high = values.get(f"{measure.key}_low"), values.get(f"{measure.key}_high")
    return "" if low is None or high is None else f"{_figure(low, measure)}–{_figure(high, measure)}"


def _word(value: float, steps: tuple[float, float, float], *, less: bool = False) -> str:
    """The word for *value*; *less*: the word below it."""
    rank = sum(value >= step for step in steps) - less
    return ("weak", "fair", "good", "very good")[max(rank, 0)]


_TILT = 0.1
"""By how much a calibration slope lies off 1 from which on extremes are said not to hold."""


def _tilt(ours: dict[str, Any]) -> tuple[str, bool]:
    """What the calibration slope comes to, a sentence after a space, and whether it surely is not as it should be."""
    slope, low, high = (ours.get(f"calibration_slope{end}") for end in ("", "_low", "_high"))
    if slope is None:
        return " Whether extremes hold cannot be told.", False
    if abs(slope - 1) <= _TILT:
        return " Extremes hold.", False
    is_sure = low is not None and high is not None and not low <= 1 <= high
    return f" Extremes {'are' if is_sure else 'may be'} {'overstated' if slope < 1 else 'understated'}.", is_sure


def _opening(grade: dict[str, Any], calibration: Figure | None) -> tuple[str, str]:
    """What the grade comes to, with how far scores can be quoted; and beneath it what it rests on."""
    said = str(grade.get("sentence") or "This model carries no grade.")
    word, is_known, rest = said.partition(": of the tenth ")
    if not is_known or calibration is None:
        return said, ""
    return f"{word}. {calibration.finding}.", f"Of the tenth {rest}"


def _fold(fold: dict[str, Any]) -> dict[str, str]:
    return {
        "from": words.iso(fold.get("from", "")),
        "to": words.iso(fold.get("to", "")),
        "learner": fold.get("learner", ""),
        "decisions": words.count(fold.get("decisions")),
        "lapses": words.count(fold.get("lapses")),
        "auc": words.in_hundred(fold.get("auc")),
        "log_loss": "–" if fold.get("log_loss") is None else f"{fold['log_loss']:.3f}",
    }


def _groups(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    groups = sorted(manifest.get("groups") or [], key=lambda group: -(group.get("importance") or 0))
    most = max((group.get("importance") or 0 for group in groups), default=0) or 1
    whole = sum(group.get("importance") or 0 for group in groups) or 1
    features = manifest.get("features") or []
    return [
        {
            "title": group.get("title") or group.get("name"),
            "share": f"{100 * (group.get('importance') or 0) / whole:.0f}",
            "width": f"{160 * (group.get('importance') or 0) / most:.1f}",
            "features": [
                in_words(f.get("sentence") or f.get("name") or "")
                for f in features
                if f.get("group") == group.get("name")
            ],
        }
        for group in groups
    ]
