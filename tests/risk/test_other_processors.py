"""A model is the same wherever it is trained."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trained_association import Trained

TRAIN = """
import datetime as dt, json, os, sys
from pathlib import Path
os.cpu_count = lambda: 7  # Before any library asks.
import numpy as np
from threadpoolctl import threadpool_info
from tenure.lake import Lake
from tenure.risk import score, train
from trained_association import SETTINGS, registry

lake, out, day = Lake.open(Path(sys.argv[1])), Path(sys.argv[2]), dt.date.fromisoformat(sys.argv[3])
models = registry(out / "models")
train(lake, SETTINGS, day, models)
score(lake, SETTINGS, day, models.latest()).write_parquet(out / "scores.parquet")
found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
print(json.dumps({"found": found, "blas": [pool.get("architecture") for pool in threadpool_info()]}))
"""


OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NUMBA_CPU_NAME": "nehalem",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-FMA,-FMA4",
}
"""Tells libraries of a processor from before AVX, where the family is x86-64."""


def test_an_older_processor_with_more_cores_gives_the_same_scores(trained: Trained, tmp_path: Path):
    """Every library that looks at the processor is told of one from before AVX: each number within 1e-9."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    old = OLD if platform.machine() == "x86_64" else {}
    elsewhere = {
        "NPY_DISABLE_CPU_FEATURES": ",".join(found),
        "NUMBA_CACHE_DIR": str(tmp_path / "compiled"),
        "POLARS_MAX_THREADS": "7",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    lake, last = trained.models.parent / "lake", trained.invented.last

    ran = subprocess.run(
        [sys.executable, "-c", TRAIN, lake, tmp_path, last.isoformat()],
        env=os.environ | elsewhere | old, capture_output=True, text=True, check=True,
    )  # fmt: skip

    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["found"] == []
    assert not old or "Nehalem" in seen["blas"]
    there, here = pl.read_parquet(tmp_path / "scores.parquet").sort("member"), trained.scores.sort("member")
    numbers = [name for name, kind in here.schema.items() if kind.is_float()]
    assert len(numbers) > 5
    assert there.select(numbers).to_numpy() == pytest.approx(here.select(numbers).to_numpy(), abs=1e-9, nan_ok=True)
    others = pl.exclude(*numbers, "model_version")
    assert there.select(others).equals(here.select(others))
