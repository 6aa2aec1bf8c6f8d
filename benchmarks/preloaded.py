"""What a process has imported before it is forked; none of it works in threads yet, so that none is lost by that."""

from __future__ import annotations

import atexit
import gc
import importlib
import tempfile
from pathlib import Path

import numpy as np

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.features.events import _places

# Tables can only be imported once there is a ledger that they belong to; each process then turns to its own.
with tempfile.TemporaryDirectory(prefix="tenure-preloaded-") as _folder:
    ledger.setup(Home(Path(_folder)), Settings(source=Source(kind="files")))

for _name in (
    "duckdb", "killed_nights", "killed_syncs", "polars", "scipy.stats", "xgboost", "tenure.app.handover",
    "tenure.app.night", "tenure.app.proposing", "tenure.app.responding", "tenure.custody", "tenure.features",
    "tenure.impact", "tenure.imis", "tenure.insights.first_year", "tenure.intake", "tenure.ledger.anchors",
    "tenure.ledger.figures", "tenure.ledger.migrating", "tenure.ledger.outbox", "tenure.ledger.parking",
    "tenure.ledger.playbooks", "tenure.ledger.proposals", "tenure.ledger.runs", "tenure.ledger.scores",
    "tenure.ledger.witness", "tenure.risk", "tenure.risk.alike", "tenure.writeback",
):  # fmt: skip
    importlib.import_module(_name)

# The first call of compiled code has the compiler read its tables, which takes longer than a small night.
_places(*(np.zeros(0, np.int64) for _ in range(3)))

# What is there by now is looked through no more, and so stays shared between all processes.
gc.collect()
gc.freeze()
atexit.register(gc.unfreeze)
