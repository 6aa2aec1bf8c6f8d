"""Kills whole nights and syncs at random moments, against sandboxes that fail, and looks for what was lost or doubled.

    python benchmarks/torture.py [--kills 200] [--members 300] [--seed 1] [--late 30]

As many nights are killed as syncs. Each kill is a SIGKILL of a process that was forked for this one attempt from one
that has imported everything, so that the time goes into the work and not into the start of Python. Several lanes run
side by side, each with associations and homes of its own, so that one works while another waits.

Of nights (`killed_nights.py`): sync, scores and whatever follows from them, outbox, write-back, proposals, with a model
that was learnt before. A tenth of all answers is lost after the request was carried out, a tenth is 503, writes are
saved and answered with 500, and some are committed at any moment of the half minute after they failed. After every
night, when all late commits have come, iMIS must hold one row a member with that night's score, the ledger the same
scores and no open row, the lake what it held before the night or after its sync, and the night done again must write
nothing.

Of syncs alone (`killed_syncs.py`), of a larger association: two homes of one key follow the same association night by
night: one in peace, the other by processes that are killed. After every kill the lake must be what it was before the
night or what it is after it, and after every night both lakes must hold the same rows.

Tasks and messages leave by `tenure work`, which `delivery_torture.py` kills.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import killed_nights
import killed_syncs
from kills import Pace, Tally, preload, processor_seconds, together

LANES = {"nights": 12, "syncs": 2}
"""Side by side: nights mostly wait for a server and for what is committed late, syncs keep a processor busy."""
FEW = 5
"""Kills for which a lane of its own is not worth while."""
SCORED = 60
"""Members of the association whose nights are killed."""


def shared(kills: int, lanes: int) -> Iterator[int]:
    """How many of *kills* each lane strikes."""
    lanes = max(1, min(lanes, kills // FEW))
    yield from (kills // lanes + (one < kills % lanes) for one in range(lanes))


def started(
    pool: ThreadPoolExecutor, root: Path, told: argparse.Namespace
) -> Iterator[tuple[str, list[Future[Tally]]]]:
    """All lanes, by what is killed in them."""

    def lanes(what: str, lane: Callable[..., Tally], *more: object) -> list[Future[Tally]]:
        return [
            pool.submit(lane, root / f"{what}-{one}", *more, kills=kills, seed=told.seed + one)
            for one, kills in enumerate(shared(told.kills, LANES[what]))
        ]

    yield "syncs", lanes("syncs", killed_syncs.lane, told.members)
    home = killed_nights.prepared(root, SCORED, told.seed)
    yield "nights", lanes("nights", killed_nights.lane, home, SCORED, told.seed, told.late, Pace(memory=5))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--kills", type=int, default=200)
    words.add_argument("--members", type=int, default=300)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--late", type=float, default=30)
    told = words.parse_args()
    began = time.monotonic()
    preload()
    with tempfile.TemporaryDirectory(prefix="tenure-torture-") as root, ThreadPoolExecutor(sum(LANES.values())) as pool:
        for what, lanes in list(started(pool, Path(root), told)):
            print(together([lane.result() for lane in lanes]).told(what), flush=True)
    seconds = f"{time.monotonic() - began:.0f} s, and {processor_seconds():.0f} s of processor time"
    print(f"nothing lost, nothing doubled, nothing left half-done: {seconds}")


if __name__ == "__main__":
    main()
