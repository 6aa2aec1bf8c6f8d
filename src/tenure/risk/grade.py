"""What a back-test is worth, in words that a membership director would use."""

from __future__ import annotations

from typing import Any

from tenure.risk.figures import before, less_or_more

_GRADES = (("A", 0.25, "Very good"), ("B", 0.15, "Good"), ("C", 0.05, "Fair"), ("D", 0.0, "Weak"))
_LOWER = {"A": "B", "B": "C", "C": "D", "D": "D"}
_WORDS = {letter: word for letter, _, word in _GRADES}
_UNKNOWN = "–"


def graded(report: dict[str, Any]) -> dict[str, str]:
    """A letter and a sentence for *report*, and the letters between which the truth may lie.

    The letter follows the share of log loss saved against always saying the usual rate, whatever the lapse rate is;
    it is lowered by one where the probabilities are off by more than four points on average. There is none where the
    95 % interval of that share holds zero: then nobody can tell whether the model helps.

    Returns:
        `letter`, `low_letter`, `high_letter`, `sentence`.
    """
    saved = report["better"]["base_rate"]
    share, low, high = (saved[name] for name in ("share", "share_low", "share_high"))
    ours = report["models"]["tenure"]
    if not report["decisions"] or share is None or low is None or high is None:
        return _answer(_UNKNOWN, _UNKNOWN, _UNKNOWN, "Cannot tell yet: too few past renewals to judge by.")
    loose = ours["calibration_error"] > 0.04
    letter, worst, best = (_letter(value, loose=loose) for value in (share, low, high))
    if low <= 0 <= high:
        words = (
            f"Cannot tell: on {report['decisions']:,} past renewals it may be no better than always saying the usual "
            f"rate ({less_or_more(low, high, 'surprise')})"
        )
        return _answer(_UNKNOWN, worst, best, f"{words}. {_top(report)}")
    if high < 0:
        return _answer("D", "D", "D", f"Worse than always saying the usual rate. {_top(report)}")
    span = "" if worst == best else f" The grade may lie between {worst} and {best}."
    return _answer(letter, worst, best, f"{_WORDS[letter]}: {_top(report, inside=True)}{span}")


def _letter(share: float, *, loose: bool) -> str:
    letter = next((letter for letter, least, _ in _GRADES if share >= least), "D")
    return _LOWER[letter] if loose else letter


def _top(report: dict[str, Any], *, inside: bool = False) -> str:
    """What the top of the list held, with its interval; *inside* a sentence it begins small."""
    ours = report["models"]["tenure"]
    hit, low, high = (_hundred(ours[f"precision_at_10{end}"]) for end in ("", "_low", "_high"))
    caught, usual = _hundred(ours["recall_at_10"]), _hundred(report["lapse_rate"])
    return (
        f"{'of' if inside else 'Of'} the tenth of members that it ranked highest {before(report)}, {hit} in 100 "
        f"lapsed ({low} to {high}), against {usual} in 100 of all; that tenth held {caught} in 100 of all who lapsed."
    )


def _hundred(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:.0f}"


def _answer(letter: str, low: str, high: str, sentence: str) -> dict[str, str]:
    return {"letter": letter, "low_letter": low, "high_letter": high, "sentence": sentence}
