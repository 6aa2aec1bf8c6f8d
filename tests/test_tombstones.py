"""Pseudonyms and tombstones belong to one home: nobody who has two can join them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tenure.base.errors import DamagedStore
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.tombstones import NAME, Tombstones

DAY = dt.date(2026, 3, 1)


def test_the_same_person_goes_by_another_pseudonym_in_another_home(tmp_path: Path):
    """PR-3: a keyed digest, so that two associations cannot tell that they share a member; one home's is stable."""
    one, other = (Pseudonyms.of(Home(tmp_path / name)) for name in ("one", "other"))
    ids = [f"{number:05}" for number in range(1_000)]

    assert not set(one.many(ids)) & set(other.many(ids))
    assert Pseudonyms.of(Home(tmp_path / "one")).many(ids) == one.many(ids)
    assert len({one.secret(purpose) for purpose in ("seal", "tombstone", "models")} | {other.secret("seal")}) == 4


def test_a_tombstone_is_recognised_in_its_own_home_alone(tmp_path: Path):
    home, other = Home(tmp_path / "one"), Home(tmp_path / "other")
    stones = Tombstones(home)
    assert not stones.any
    stones.add("erased", [7, -8], DAY)
    stones.add("objects", [9], DAY)
    stones.add("erased", [7], DAY)

    again = Tombstones(home)
    assert (again.erased([7, -8, 9, 10]), again.objecting([7, -8, 9, 10])) == ({7, -8}, {9})
    text = (home.root / NAME).read_text()
    assert len(text.splitlines()) == 3
    assert (home.root / NAME).stat().st_mode & 0o077 == 0
    Tombstones(other).take_over(home.root / NAME)
    assert Tombstones(other).erased([7, -8, 9]) == set()

    again.lift("objects", 9)
    again.take_over(tmp_path / "none")
    assert (again.erased([7]), again.objecting([9])) == ({7}, set())


def test_a_damaged_file_of_tombstones_lets_nobody_in(tmp_path: Path):
    home = Home(tmp_path)
    Tombstones(home).add("erased", [7], DAY)
    (tmp_path / NAME).write_text("{")

    with pytest.raises(DamagedStore, match="who was erased"):
        Tombstones(home).erased([7])
