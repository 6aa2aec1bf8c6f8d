"""A whole night without training, over reading the events once and one booster's predictions; and where its time goes.

    python benchmarks/whole_night.py --members 20000

Learns a model from an invented association of 2,000, then scores a larger one: standing, features, probabilities,
intervals, dates, reasons, and the scores stored. Processor seconds, since a busy machine stretches the others. The
association is there for its size; its risks mean nothing.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import BY_MEMBER, grouped
from event_world import LAST, event_lake

from tenure.base.settings import Model, Settings, Source
from tenure.base.signing import Signer
from tenure.features import FeatureMatrix
from tenure.risk import Registry, score, train
from tenure.risk.learners import Booster

PARTS = ("standing", "build", "probability", "interval", "explain", "curve", "quantile", "write_scores")
"""Functions whose share is told."""


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    answer = work()
    return time.process_time() - began, answer


def boosters(thing: object, found: list[Booster]) -> list[Booster]:
    """Every booster within a model."""
    if isinstance(thing, Booster):
        found.append(thing)
    elif isinstance(thing, list | tuple):
        for part in thing:
            boosters(part, found)
    elif hasattr(thing, "__dict__") and type(thing).__module__.startswith("tenure.risk"):
        boosters(list(vars(thing).values()), found)
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=20_000)
    words.add_argument("--learn-from", type=int, default=2_000)
    words.add_argument("--refits", type=int, default=20)
    words.add_argument("--lakes", type=Path, help="keep the invented lakes here")
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    settings = Settings(source=Source(kind="files"), model=Model(refits=given.refits))
    with tempfile.TemporaryDirectory() as folder:
        root = given.lakes or Path(folder)
        lake = event_lake(root / f"lake{given.members}", given.members)
        registry = Registry(Path(folder), Signer(bytes(32)))
        manifest = train(event_lake(root / f"lake{given.learn_from}", given.learn_from), settings, LAST, registry)
        model = registry.load(str(manifest["version"]))
        with lake.connect() as con:
            events = con.execute("SELECT count(*) FROM activity").fetchall()[0][0]
        kept: list[FeatureMatrix] = []
        score(lake, settings, LAST, model, keep=kept.append)  # compiles
        scan, _ = seconds(grouped(lake, "member", BY_MEMBER, LAST, LAST))
        found = boosters(model, [])
        x = model.encoding.encode(kept[-1])
        predict, _ = seconds(lambda: found[0].margin(x)) if found else (0.0, None)

        def night() -> None:
            lake.write_scores(LAST, score(lake, settings, LAST, model))

        profile = cProfile.Profile(time.process_time)
        whole, _ = seconds(lambda: profile.runcall(night))
    print(f"{given.members:,} members, {events:,} events, {len(x):,} scored, {len(found)} boosters\n")
    print("| | processor s | share |\n|---|--:|--:|")
    print(f"| the whole night | {whole:.1f} | |")
    print(f"| scan and one GROUP BY member | {scan:.2f} | |\n| one booster's predictions | {predict:.2f} | |")
    print(f"| the night over both | {whole / (scan + predict):.1f} × | |")
    for name, taken in shares(profile):
        print(f"| `{name}` | {taken:.2f} | {taken / whole:.0%} |")
    if given.json:
        figures = {"members": given.members, "events": events, "over": whole / (scan + predict), "seconds": whole}
        given.json.write_text(json.dumps(figures))


def shares(profile: cProfile.Profile) -> list[tuple[str, float]]:
    """Seconds of the functions of Tenure that are named in `PARTS`, with what they call."""
    told: dict[str, float] = {}
    for (file, _, name), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if name in PARTS and "tenure" in file:
            told[name] = max(told.get(name, 0.0), cumulative)
    return sorted(told.items(), key=lambda pair: -pair[1])


if __name__ == "__main__":
    main()
