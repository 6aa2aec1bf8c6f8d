"""How much memory this process takes while something happens."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATUS, _REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@contextmanager
def in_little_memory(most: int = 100) -> Iterator[None]:
    """At no moment does the process hold more than *most* MiB more than before; its servers' threads count too."""
    if _REFS.exists():
        _REFS.write_text("5")  # forget the peak of whatever ran before
    before = _peak()
    yield
    assert _peak() - before < most, "MiB"


def _peak() -> float:
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
