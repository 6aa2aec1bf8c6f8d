"""What stops a night before anything is replaced: too many bad rows, and tables that have shrunk."""

from __future__ import annotations

from collections.abc import Mapping

from tenure.base.errors import BadInput, HeldBack
from tenure.base.settings import Intake
from tenure.intake._judge import Verdict
from tenure.intake._quarantine import hold_back
from tenure.intake._source import Delivery
from tenure.lake import Lake
from tenure.membership.contract import TABLES

_TOO_FEW_TO_TELL = 20
_GATED = ("members", "terms", "activity", "programs")


def gate(delivery: Delivery, verdicts: Mapping[str, Verdict], lake: Lake, limits: Intake) -> None:
    """Let a delivery pass, or stop it.

    Raises:
        BadInput: A table that must have rows has none.
        HeldBack: Too many rows of a table are bad, or it has far fewer than the lake.
    """
    for name, verdict in verdicts.items():
        _require_rows(name, verdict, lake)
    for name, verdict in verdicts.items():
        # The limit is a share of the table: five new rows of which one is bad are no reason to stop.
        standing = 0 if delivery.tables[name].whole or name == "contacts" else lake.rows(name)
        hold_back(verdict.label, verdict.read, verdict.faults, limits.quarantine_limit, standing)
    for name in _whole_tables(delivery):
        kept = verdicts[name].kept if name in verdicts else 0
        _hold_back_shrunken(name, kept, _present(lake, name), limits.volume_gate)


def _require_rows(name: str, verdict: Verdict, lake: Lake) -> None:
    if verdict.read == 0 and TABLES[name].required and lake.is_empty(name):
        raise BadInput(
            f"{verdict.label} has no rows",
            mend=f"check the filter of the export or query; without {name} there is nothing to learn",
        )


def _whole_tables(delivery: Delivery) -> list[str]:
    """The tables that the source gives in full, with those that it did not give though it could have."""
    if all(given.whole for given in delivery.tables.values()):
        return list(_GATED)
    return [name for name in _GATED if name in delivery.tables and delivery.tables[name].whole]


def _present(lake: Lake, name: str) -> int:
    return lake.members()["member"].n_unique() if name == "members" else lake.rows(name)


def _hold_back_shrunken(name: str, kept: int, present: int, limit: float) -> None:
    lost = present - kept
    if lost <= max(limit * present, _TOO_FEW_TO_TELL):
        return
    raise HeldBack(
        f"{name} has {kept:,} good rows where the lake has {present:,}: {lost / present:.0%} fewer, and "
        f"`intake.volume_gate` allows {limit:.0%}; nothing was taken over",
        mend="check that the export is whole; if so many rows are meant to be gone, raise `intake.volume_gate` in "
        "tenure.toml for one run",
    )
