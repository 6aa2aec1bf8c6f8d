"""Who lost the right to write has nothing kept, in the same transaction in which it would have been."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
from collections.abc import Callable

import polars as pl
import pytest

from tenure.base.errors import HeldBack
from tenure.base.home import Home
from tenure.base.settings import Settings

NOW = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)
MINUTE = dt.timedelta(seconds=60)
TABLE = "AI_Member_Risk"
pytestmark = pytest.mark.usefixtures("home")


def scores(day: dt.date, score: int) -> pl.DataFrame:
    chances = dict.fromkeys(
        ("p_lapse_30", "p_lapse_60", "p_lapse_90", "p_lapse_renewal", "p_low", "p_high"), score / 100
    )
    row = {"member": 1, "as_of": day, **chances, "risk_score": score, "risk_rank": 0.5, "band": "low"}
    return pl.DataFrame([{**row, "model_version": "v1"}])


def wanted(digest: str) -> list[object]:
    from tenure.ledger import outbox

    return [outbox.Wanted(member_id="00123", payload={"RiskScore": 62}, digest=digest)]


def test_a_run_of_another_machine_is_found_dead_within_a_minute_and_shows_as_interrupted():
    """As after a power cut there: nobody gives the lease back, and nobody here can look for the process."""
    from tenure.ledger import runs
    from tenure.ledger.models import Lease, Run, RunStep

    left = Run.objects.create(as_of=NOW.date(), kind="night", by="tenure run", started_at=NOW)
    RunStep.objects.create(run=left, position=0, name="train", started_at=NOW)
    Lease.objects.create(name="night", holder="elsewhere:1:a", token=7, taken_at=NOW, expires_at=NOW + MINUTE)
    with pytest.raises(HeldBack, match="under way since 02:00 UTC"):
        runs.start(as_of=NOW.date(), kind="night", by="test", clock=lambda: NOW + MINUTE / 2)

    with runs.start(as_of=NOW.date(), kind="night", by="test", clock=lambda: NOW + MINUTE) as run:
        assert Lease.objects.get().holder.startswith(f"{socket.gethostname()}:{os.getpid()}:")
        assert run.fence.token == 8

    left.refresh_from_db()
    assert (left.state, left.steps.get().state) == ("interrupted", "interrupted")
    assert "process ended" in left.trouble


def test_nothing_of_a_zombie_is_kept():
    """It slept through its lease, wakes up in the middle of its work, and the night that took over is untouched."""
    from tenure.ledger import outbox, runs
    from tenure.ledger import scores as current
    from tenure.ledger.models import OutboxRow, Run
    from tenure.writeback import LedgerOutbox

    zombie = runs.start(as_of=NOW.date(), kind="night", by="first", clock=lambda: NOW)
    its_outbox = LedgerOutbox(TABLE, fence=zombie.fence)
    outbox.plan(table=TABLE, rows=wanted("a"), fence=zombie.fence)
    rows = its_outbox.pending()
    with runs.start(as_of=NOW.date(), kind="night", by="second", clock=lambda: NOW + 2 * MINUTE) as second:
        current.replace(frame=scores(NOW.date(), 20), run=second.row, fence=second.fence)
        refused: tuple[Callable[[], object], ...] = (
            lambda: its_outbox.begin(rows),
            lambda: its_outbox.settle([(rows[0], "done", "")]),
            lambda: outbox.plan(table=TABLE, rows=wanted("b"), fence=zombie.fence),
            lambda: outbox.reopen(table=TABLE, member_ids=["00123"], fence=zombie.fence),
            lambda: current.replace(frame=scores(NOW.date(), 90), run=zombie.row, fence=zombie.fence),
            zombie.fence.look,
            zombie.hold_on,
        )
        for write in refused:
            with pytest.raises(HeldBack, match="took over"):
                write()
        zombie.finish(error=HeldBack("another process took over"))
        outbox.plan(table=TABLE, rows=wanted("c"), fence=second.fence)

    row = OutboxRow.objects.get()
    assert (row.state, row.digest, row.attempts) == ("pending", "c", 0)
    assert current.current().run_id == second.row.pk
    assert list(Run.objects.order_by("id").values_list("by", "state")) == [("first", "interrupted"), ("second", "done")]


def test_nobody_takes_over_in_the_middle_of_a_transaction(home: Home, settings: Settings):
    """A lease that ends while its holder writes is taken over after what was written is kept, never before."""
    from tenure.ledger import outbox, runs
    from tenure.ledger.models import OutboxRow

    first = runs.start(as_of=NOW.date(), kind="night", by="first", clock=lambda: NOW)
    code = (
        "import sys, pathlib, datetime as dt\n"
        "from tenure import ledger\nfrom tenure.base.home import Home\n"
        "from tenure.base.settings import Settings\n"
        "ledger.setup(Home(pathlib.Path(sys.argv[1])), Settings.model_validate_json(sys.argv[2]))\n"
        "from tenure.ledger import runs\nfrom tenure.ledger.models import OutboxRow\n"
        "at = dt.datetime(2025, 3, 1, 3, tzinfo=dt.UTC)\n"
        "print('asking', flush=True)\n"
        "run = runs.start(as_of=at.date(), kind='night', by='other', clock=lambda: at)\n"
        "print('took over and sees', OutboxRow.objects.count(), flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(home.root), settings.model_dump_json()]
    with first.fence.transaction():
        other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "asking\n"
        outbox.plan(table=TABLE, rows=wanted("a"))
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.5)
    assert other.stdout.readline() == "took over and sees 1\n"
    other.wait(timeout=20)
    assert OutboxRow.objects.count() == 1


def test_a_lease_that_was_given_back_is_free_at_once_and_its_tokens_go_on():
    from tenure.ledger import lease

    with lease.take("night", clock=lambda: NOW) as first:
        first.renew()
    with lease.take("night", clock=lambda: NOW) as second:
        assert second.fence.token == first.fence.token + 1
        with pytest.raises(HeldBack, match="took over"):
            first.renew()
