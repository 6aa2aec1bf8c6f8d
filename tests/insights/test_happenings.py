"""Who fell silent: counted by hand, and nothing seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from lakes import act, known_before, lake_of, person, term
from tenure.insights.happenings import fell_silent
from tenure.lake import Lake

DAY = dt.date(2025, 6, 1)  # 90 days before it: March 3
SILENT, BUSY, RARE, LONG_GONE, TOLD_LATE, WRITTEN_TO = range(1, 7)


def lake(root: Path) -> Lake:
    """Each active on four days or not, and silent since or not; one act reached the source months later."""
    days = ("2024-09-01", "2024-11-01", "2025-01-10", "2025-03-02")
    acts = [act(m, "login", day) for m in (SILENT, BUSY, TOLD_LATE, WRITTEN_TO) for day in days]
    acts += [act(BUSY, "community_post", "2025-03-03")]
    acts += [act(RARE, "login", day) for day in days[:3]] + [act(RARE, "page_view", days[0])]
    acts += [act(LONG_GONE, "login", day) for day in ("2023-05-01", "2023-06-01", "2023-08-01", "2024-02-01")]
    acts += [act(TOLD_LATE, "login", "2025-05-01", recorded="2025-06-01")]
    acts += [act(WRITTEN_TO, "email_sent", "2025-05-01"), act(WRITTEN_TO, "invoice_issued", "2025-05-02")]
    members = range(SILENT, WRITTEN_TO + 1)
    terms = [term(m, "2024-07-01", "2025-06-30") for m in members]
    return lake_of(root, members=[person(m) for m in members], terms=terms, activity=acts)


def test_who_was_active_and_has_done_nothing_for_ninety_days_fell_silent(tmp_path: Path):
    """Messages and bills are nothing that a member did; three days of a year are too few to have been active."""
    found = dict(fell_silent(lake(tmp_path / "lake"), DAY).sort("member").rows())
    assert found == dict.fromkeys((SILENT, TOLD_LATE, WRITTEN_TO), dt.date(2025, 3, 2))


def test_a_day_of_silence_sees_nothing_that_was_recorded_later(tmp_path: Path):
    made = lake(tmp_path / "lake")
    cut = known_before(made, tmp_path / "cut", DAY)
    assert fell_silent(cut, DAY).sort("member").equals(fell_silent(made, DAY).sort("member"))
    after = fell_silent(made, DAY + dt.timedelta(days=1))
    assert TOLD_LATE not in after["member"].to_list()


def test_where_nobody_did_anything_lately_nobody_fell_silent(tmp_path: Path):
    """Records are missing then."""
    assert fell_silent(lake(tmp_path / "lake"), DAY + dt.timedelta(days=200)).is_empty()
