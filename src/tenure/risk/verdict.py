"""What an audit says of one group of members, in words that its numbers bear out.

Two questions are asked of each group: whether it is treated otherwise than all others, and whether its own chances are
right. A group can be scored too low though the others are too; and it can differ from them though its own are right.
"""

from __future__ import annotations

from typing import Any

OFF = "calibration_in_the_large"
TOO_FEW = "too few to tell"
ALIKE = "no difference found"

_DIGITS = 3
_WORDS = {
    "selection_rate": ("on the list more often", "on the list less often"),
    "false_positive_rate": ("called for nothing more often", "called for nothing less often"),
    "false_negative_rate": ("missed more often", "missed less often"),
    "auc": ("ranked better", "ranked worse"),
}


def verdict_of(group: dict[str, Any]) -> str:
    """The verdict on a *group* of `tenure.risk.fairness.audit`, from its numbers.

    `perhaps` where the 95 % range of lapsed less said leaves out nought, as chance alone brings about in one group of
    twenty, and it is not sure whatever the number of groups looked at.
    """
    if "against_others" not in group:
        return str(group.get("verdict") or TOO_FEW)
    own, against, differs = scored_too(group), group["against_others"], group["differs"]
    parts = [_difference(name, own, is_more=against[name]["difference"] > 0) for name in differs]
    side = "" if OFF not in differs else "low" if against[OFF]["difference"] > 0 else "high"
    if own and own != side:
        perhaps = "" if group.get("surely_off") else "perhaps "
        beside = " by itself" if side else ", though not clearly unlike the others"
        parts.append(f"{perhaps}scored too {own}{beside}")
    return "; ".join(parts) or ALIKE


def scored_too(group: dict[str, Any]) -> str:
    """`low` where by its own 95 % range more of the *group* lapsed than was said, `high` where fewer did, else empty.

    Nought is left out where it is so to a tenth in 100, as the range is shown.
    """
    low, high = group.get(f"{OFF}_low"), group.get(f"{OFF}_high")
    if low is not None and round(low, _DIGITS) > 0:
        return "low"
    return "high" if high is not None and round(high, _DIGITS) < 0 else ""


def _difference(name: str, own: str, *, is_more: bool) -> str:
    if name != OFF:
        return _WORDS[name][0 if is_more else 1]
    more = "more" if is_more else "fewer"
    if own == ("low" if is_more else "high"):
        return f"{more} of them lapsed than was said"
    return f"{more} of them lapsed, against what was said, than of the others"
