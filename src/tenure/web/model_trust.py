"""How far a model treats groups alike, whether the world has drifted from it, and who let which one serve."""

from __future__ import annotations

from typing import Any

from tenure.ledger import serving
from tenure.risk import shadow
from tenure.risk.figures import decimal
from tenure.risk.verdict import ALIKE, TOO_FEW, scored_too, verdict_of
from tenure.web import place, words
from tenure.web.manifests import damaged

_BY = {"age_band": "Age", "gender": "Gender", "region": "Region", "member_type": "Type", "chapter_id": "Chapter"}
_FEW = 20


def fairness(card: dict[str, Any]) -> dict[str, Any] | None:
    """The audit that training wrote into the card, for a table; None where there is none."""
    audit = card.get("fairness") or {}
    groups = [_group(one) for one in audit.get("groups") or []]
    if not groups:
        return {"nothing": words.sentence(str(audit["why_nothing"]))} if audit.get("why_nothing") else None
    few = sum(one["is_few"] for one in groups)
    apart = sum(one["is_apart"] for one in groups)
    off = sum(one["is_off"] and not one["is_apart"] for one in groups)
    told = len(groups) - few
    finding = (
        f"{apart} of {told} groups {'differs' if apart == 1 else 'differ'} from all others"
        if apart
        else f"No difference found between {words.plural(told, 'group')}"
    )
    beside = f"; {off} {'is' if off == 1 else 'are'} scored too low or too high all the same" if off else ""
    tail = f"{beside}; {few} {'is' if few == 1 else 'are'} too small to tell" if few else beside
    return {
        "finding": f"{finding}{tail}",
        "groups": groups,
        "decisions": audit.get("decisions"),
        "missing": [_BY.get(name, name).lower() for name in audit.get("not_recorded") or []],
    }


def _group(one: dict[str, Any]) -> dict[str, Any]:
    gap = one.get("calibration_in_the_large")
    # From the numbers that stand beside it: cards of before were worded otherwise.
    verdict = verdict_of(one)
    rate = one.get("observed", one.get("lapse_rate"))
    return {
        "by": _BY.get(one.get("by", ""), str(one.get("by", ""))),
        "value": one.get("value"),
        "decisions": one.get("decisions"),
        "scored": "–" if gap is None or rate is None else words.in_hundred(rate - gap),
        "lapsed": "–" if gap is None else words.in_hundred(rate),
        "gap": _span(gap, one.get("calibration_in_the_large_low"), one.get("calibration_in_the_large_high")),
        "verdict": verdict[:1].upper() + verdict[1:],
        "is_few": verdict == TOO_FEW,
        "is_apart": bool(one["differs"]) if "differs" in one else verdict not in (TOO_FEW, ALIKE),
        "is_off": bool(one.get("surely_off") and scored_too(one)),
    }


def _span(gap: float | None, low: float | None, high: float | None) -> str:
    if gap is None or low is None or high is None:
        return "–"
    return f"{_points(gap)} ({_points(low)} to {_points(high)})"


def _points(share: float) -> str:
    return decimal(100 * share, 1, signed=True)


def drift(found: dict[str, Any]) -> dict[str, Any] | None:
    """What the last watch found, for a table: what moved most against how far it may; None where nobody looked."""
    if not found:
        return None
    alarms = found.get("alarms") or []
    rows = sorted(
        [*(found.get("inputs") or []), *([found["scores"]] if found.get("scores") else [])],
        key=lambda one: -one["shift"] / (one["threshold"] or 1),
    )
    young = found.get("too_young")
    if alarms:
        finding = f"{words.plural(len(alarms), 'drift warning')}"
    else:
        finding = f"Cannot tell yet: {young}" if young else "The world is as the model learnt it"
    return {
        "finding": finding,
        "alarms": [words.sentence(str(one)) for one in alarms],
        "rows": [
            {
                "title": one["title"],
                "shift": f"{one['shift']:.2f}",
                "usual": f"{one['usual']:.2f}",
                "threshold": f"{one['threshold']:.2f}",
                "alarm": one["alarm"],
            }
            for one in rows[:8]
        ],
        "of": len(rows),
        "members": found.get("members"),
        "model": found.get("model"),
        "matured": _matured(found.get("matured") or {}),
    }


def _matured(came: dict[str, Any]) -> str:
    left_out = came.get("selected")
    also = f", the holdout standing for {words.count(left_out)} that playbooks selected" if left_out else ""
    if not came.get("decisions"):
        return f"Of those whom past nights scored, no renewal is decided yet{also}."
    if came["decisions"] < _FEW:
        decided = f"{words.plural(came['decisions'], 'renewal')} {'is' if came['decisions'] == 1 else 'are'} decided"
        return f"Of those whom past nights scored, {decided}{also}: too few to tell."
    said, lapsed = (words.in_hundred(came.get(name)) for name in ("said", "lapsed"))
    count = words.plural(came["decisions"], "renewal")
    return (
        f"Of {count} scored on past nights{also}{',' if also else ''} {said} in 100 were said to lapse; {lapsed} did."
    )


def versions(manifests: list[dict[str, Any]], scored_by: str) -> list[dict[str, Any]]:
    """Every model with its part, who let it serve, and what can be done about it; the newest first."""
    lost = damaged(place.home())
    present = serving.chosen(manifests, damaged=lost)
    serves = present["version"] if present else ""
    parts = serving.parts([one["version"] for one in manifests], serves)
    again = serving.would_serve_again(present) if present or lost else None
    return [_version(one, *parts[one["version"]], scored_by, again) for one in manifests]


def lost(manifests: list[dict[str, Any]]) -> str:
    """Which models are damaged, in a sentence, and whether one of them is to serve; empty where none is."""
    names = damaged(place.home())
    if not names:
        return ""
    serves = serving.version_chosen(manifests, names)
    said = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} damaged and never used"
    if serves not in names:
        return f"{said}."
    return f"{said}. {serves} is to serve, so that no night can score until another model is let serve."


def _in_shadow(version: str) -> str:
    """What a challenger's nights in shadow have shown so far; empty where it has none."""
    nights = shadow.nights(place.home().models / version)
    if nights is None:
        return ""
    of = place.settings().model.shadow_nights
    if not nights:
        return f"scores in shadow for {words.plural(of, 'night')} first"
    most = words.in_hundred(max(night.other_band for night in nights))
    least = words.in_hundred(min(night.same_top for night in nights))
    return (
        f"in shadow for {len(nights)} of {words.plural(of, 'night')}: at most {most} in 100 members in another band, "
        f"at least {least} in 100 of the top tenth the same"
    )


def _version(manifest: dict[str, Any], part: str, last: Any, scored_by: str, again: str | None) -> dict[str, Any]:
    grade, backtest = manifest.get("grade") or {}, manifest.get("backtest") or {}
    ours = (backtest.get("models") or {}).get("tenure") or {}
    version = manifest["version"]
    state = {"champion": "Serves", "challenger": "Waits", "former": "Served before"}[part]
    unsaid = "Nobody's; it is the newest" if part == "champion" else "Nobody's yet"
    if version == scored_by and part != "champion":
        state += "; the scores shown are still its own"
    return {
        "version": version,
        "state": state,
        "serves": part == "champion",
        "trained": words.iso(manifest.get("trained_at", "")),
        "as_of": words.iso(manifest.get("as_of", "")),
        "grade": grade.get("letter", "–"),
        "auc": words.in_hundred(ours.get("auc")),
        "decisions": words.count((manifest.get("data") or {}).get("decisions")),
        "by": f"{last.by}, {words.short_day(last.effective_on)}" if last else unsaid,
        "why": last.why if last else _in_shadow(version),
        "can_roll_back": version == again,
        "can_promote": part != "champion" and version != again,
    }
