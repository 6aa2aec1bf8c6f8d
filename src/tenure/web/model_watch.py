"""The nights' watch for drift as a chart: what each night found, out of the files that they left."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

from tenure.base.home import Home
from tenure.charts import Figure, Watched, watch
from tenure.web import words
from tenure.web.manifests import drift_of

_NIGHTS = 90
_END = ".drift.json"


def figure_of(home: Home, as_of: dt.date) -> Figure | None:
    """The watch of the model that the night of *as_of* looked after; None until it has two nights."""
    model, found = str(drift_of(home, as_of).get("model", "")), []
    for path in sorted(home.receipts.glob(f"*{_END}"))[-_NIGHTS:]:
        told = _night(path, path.stat().st_mtime_ns) if path.name.removesuffix(_END) <= as_of.isoformat() else None
        if told is not None and told[0] == model:
            found.append(told)
    if len(found) < 2:
        return None
    about = (
        "How far the signals nearest to their warning had moved; 100: farther than any quiet month of the past. "
        f"{len(found):,} nights of model {model}, the last {words.day(found[-1][2].on)}; "
        f"{words.plural(found[-1][1], 'member')}"
    )
    return watch([night for _, _, night in found], about=about)


@lru_cache(maxsize=4 * _NIGHTS)
def _night(path: Path, written: int) -> tuple[str, int, Watched] | None:
    """The model, the members and the watch of one night's file as it was *written*; None where it holds none."""
    found = drift_of(Home(path.parent.parent), path.name.removesuffix(_END))
    rows = [*(found.get("inputs") or []), *([found["scores"]] if found.get("scores") else [])]
    if not rows:
        return None
    reach = {row["title"]: row["shift"] / row["threshold"] for row in rows if row["threshold"]}
    nearest = max(reach, key=lambda title: reach[title])
    watched = Watched(
        dt.date.fromisoformat(path.name.removesuffix(_END)), nearest, reach[nearest], bool(found.get("alarms"))
    )
    return str(found.get("model", "")), int(found.get("members") or 0), watched
