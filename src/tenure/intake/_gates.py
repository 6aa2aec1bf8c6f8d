"""What stops a night before anything is replaced: too many bad rows, tables and feeds of an unlikely size."""

from __future__ import annotations

from collections.abc import Mapping

from tenure.base.errors import BadInput, HeldBack
from tenure.base.settings import Intake
from tenure.intake._judge import Verdict
from tenure.intake._quarantine import hold_back
from tenure.intake._source import Delivery, FeedCount
from tenure.lake import Lake
from tenure.membership.contract import TABLES

_TOO_FEW_TO_TELL = 20
_GATED = ("members", "terms", "activity", "programs")
_ALLOW = "if so great a change is meant, raise `intake.volume_gate` in tenure.toml for one run"


def gate(delivery: Delivery, verdicts: Mapping[str, Verdict], lake: Lake, limits: Intake, *, people: int) -> None:
    """Let a delivery pass, or stop it; *people* is how many members its rows, of several versions each, are about.

    Raises:
        BadInput: A table that must have rows has none.
        HeldBack: Too many rows of a table are bad, or a table or feed has far fewer or far more than it had.
    """
    for name, verdict in verdicts.items():
        _require_rows(name, verdict, lake)
    for name, verdict in verdicts.items():
        # The limit is a share of the table: five new rows of which one is bad are no reason to stop.
        standing = 0 if delivery.tables[name].whole or name == "contacts" else lake.rows(name)
        hold_back(verdict.label, verdict.read, verdict.faults, limits.quarantine_limit, standing)
    for name in _whole_tables(delivery):
        kept = people if name == "members" else verdicts[name].kept if name in verdicts else 0
        _hold_back_unlikely(name, kept, _present(lake, name), limits.volume_gate)
    for feed in delivery.feeds:
        _hold_back_feed(feed, limits.volume_gate)


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
    if name != "members":
        return lake.rows(name)
    return len(set(lake.members()["member"]) - set(lake.departed()))


def is_unlikely(before: int, now: int, limit: float) -> bool:
    """Whether a size moved by more than the share *limit* overnight; a few rows of a small thing are no reason."""
    return abs(now - before) > max(limit * before, _TOO_FEW_TO_TELL)


def _hold_back_unlikely(name: str, kept: int, present: int, limit: float) -> None:
    if not present or not is_unlikely(present, kept, limit):
        return
    raise HeldBack(
        f"{name} has {kept:,} good rows where the lake has {present:,}: {_moved(present, kept)}, and "
        f"`intake.volume_gate` allows {limit:.0%}; nothing was taken over",
        mend=f"check that the export is whole and of the right association; {_ALLOW}",
    )


def _hold_back_feed(feed: FeedCount, limit: float) -> None:
    if not feed.before or not is_unlikely(feed.before, feed.now, limit):
        return
    raise HeldBack(
        f"{feed.label} has {feed.now:,} rows where it had {feed.before:,}: {_moved(feed.before, feed.now)}, and "
        f"`intake.volume_gate` allows {limit:.0%}; nothing was taken over",
        mend=f"see in iMIS whether the query's filter and the account's rights are as they were; {_ALLOW}",
    )


def _moved(before: int, now: int) -> str:
    return f"{abs(now - before) / before:.0%} {'fewer' if now < before else 'more'}"
