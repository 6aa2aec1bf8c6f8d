"""A ledger in a real SQLite file, an iMIS of panel sources, and a client between them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "imis"))

from panel_imis import PanelImis
from scripted_server import FakeTime, Server

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.imis import ImisClient
from tenure.writeback import LedgerOutbox, risk_rows

TABLE = "AI_Member_Risk"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def imis(server: Server) -> PanelImis:
    return PanelImis(server)


@pytest.fixture
def time_() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(server: Server, time_: FakeTime) -> Iterator[ImisClient]:
    with ImisClient(server.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), timeout=5) as client:
        yield client


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[LedgerOutbox]:
    ledger.setup(Home(tmp_path / "home"), Settings(source=Source(kind="files")))
    ledger.migrate()
    yield LedgerOutbox(TABLE)
    from django.db import connections

    connections.close_all()


def score(member_id: str, **changes: Any) -> dict[str, Any]:
    """A score as the night makes it."""
    return {
        "member_id": member_id, "as_of": "2025-03-01", "renewal_due_on": "2025-06-30", "p_lapse_30": 0.01,
        "p_lapse_60": 0.02, "p_lapse_90": 0.11, "p_lapse_renewal": 0.3171, "p_low": 0.21, "p_high": 0.44,
        "risk_score": 32, "band": "medium", "predicted_lapse_on": "2027-01-30", "reason_1": "No login for 41 days",
        "reason_2": "Two events fewer than last year", "reason_3": None, "model_version": "2025-03-01-3f2a91",
    } | changes  # fmt: skip


@pytest.fixture
def plan() -> Callable[..., None]:
    """Puts scores into the outbox as the night does."""

    def put(*scores: dict[str, Any]) -> None:
        from tenure.ledger import outbox

        outbox.plan(table=TABLE, rows=risk_rows(scores))

    return put


def states() -> dict[str, int]:
    """How many rows of the outbox stand in each state that occurs."""
    from tenure.ledger import outbox

    return {state: n for state, n in outbox.counts(table=TABLE).items() if n}
