"""The demo, as somebody who has just cloned the repository meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import tenure


@pytest.mark.slow
def test_the_demo_does_a_whole_night_and_is_quick_again(tmp_path: Path):
    home = tmp_path / "demo"

    first = tenure("demo", "--home", home, "--members", 200, "--no-serve")
    again = tenure("demo", "--home", home, "--no-serve")
    other = tenure("demo", "--home", home, "--members", 300, "--no-serve")

    assert first.code == 0, first.told
    for words in (
        "Members simulated    200",
        "Learnt from",
        "Grade of the model",
        "Written into iMIS    wrote",
        "Time",
    ):
        assert words in first.out
    assert again.code == 0, again.told
    assert "Nothing was new" in again.out
    assert "Train" not in again.err
    assert other.code == 2
    assert "has 200 members, not 300" in other.err


def test_the_demo_leaves_a_real_home_alone(night: Path):
    before = (night / "tenure.toml").read_text()

    done = tenure("demo", "--home", night, "--no-serve")

    assert done.code == 2
    assert "holds an association, not a demo" in done.err
    assert (night / "tenure.toml").read_text() == before
