"""What a back-test is worth, in words that a membership director would use."""

from __future__ import annotations

from typing import Any

_GRADES = (("A", 0.25, "Very good"), ("B", 0.15, "Good"), ("C", 0.05, "Fair"))


def graded(report: dict[str, Any]) -> dict[str, str]:
    """A letter and a sentence for *report*.

    The letter follows the share of log loss saved against always saying the usual rate, whatever the lapse rate is;
    it is lowered by one where the probabilities are off by more than four points on average.
    """
    ours, base = report["models"]["tenure"], report["models"]["base_rate"]
    if not report["decisions"] or ours["log_loss"] is None or not base["log_loss"]:
        return {"letter": "–", "sentence": "Cannot tell yet: too few past renewals to judge by."}
    gain = 1 - ours["log_loss"] / base["log_loss"]
    letter, word = next(((letter, word) for letter, least, word in _GRADES if gain >= least), ("D", "Weak"))
    if ours["calibration_error"] > 0.04 and letter in "ABC":
        letter, word = {"A": ("B", "Good"), "B": ("C", "Fair"), "C": ("D", "Weak")}[letter]
    caught, hit = round(100 * ours["recall_at_10"]), round(100 * ours["precision_at_10"])
    usual = round(100 * report["lapse_rate"])
    sentence = (
        f"{word}: of the tenth of members that it ranked highest a month before renewal, {hit} in 100 lapsed, "
        f"against {usual} in 100 of all; that tenth held {caught} in 100 of all who lapsed."
    )
    return {"letter": letter, "sentence": sentence}
