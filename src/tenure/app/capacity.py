"""What a model would have found for the calls that staff can make."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenure.app.house import House
from tenure.base.settings import Capacity

_MEASURES = ("precision_at_calls", "recall_at_calls")


def reached(house: House, version: str, calls: int) -> dict[str, Any]:
    """Of those whom *calls* a month would have reached, how many lapsed, by the back-test of *version*.

    Returns:
        `calls_per_month`, `calls_share` (of renewals that can be called), `precision_at_calls` and `recall_at_calls`
        with their 95 % intervals.
    """
    from tenure.risk.report import once, payers, reach, without_nan
    from tenure.risk.resampling import draw, summary

    one = once(house.registry.decisions(version))
    payer = payers(one["member"], house.lake.members())
    shares, told = reach(one["ends_on"], Capacity(hours_per_month=calls, minutes_per_call=60))
    p, y = one["p_lapse_renewal"].to_numpy(), one["lapsed"].to_numpy().astype(np.float64)
    found = summary(p, y, draw(payer.to_numpy(), seed=1), capacity=shares)
    ours = {f"{name}{end}": found[f"{name}{end}"] for name in _MEASURES for end in ("", "_low", "_high")}
    plain: dict[str, Any] = without_nan({name: told[name] for name in ("calls_per_month", "calls_share")} | ours)
    return plain
