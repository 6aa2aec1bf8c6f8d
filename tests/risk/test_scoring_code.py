"""The digest of the code that scores, and what a receipt without one means."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import tenure
from tenure.base.settings import Bands, Membership
from tenure.lake import digest_of
from tenure.risk.scoring_code import PACKAGES, code_digest, digest_of_sources, libraries, made_otherwise

HERE = Path(tenure.__file__).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = tmp_path / "tenure"
    for package in PACKAGES:
        shutil.copytree(HERE / package, root / package)
    shutil.copy(HERE / "__init__.py", root)
    return root


def test_any_source_that_scores_is_in_the_digest_and_nothing_else(copy: Path):
    """Line ends are not, nor what Python compiles, nor where the package lies."""
    assert digest_of_sources(copy) == code_digest()
    (copy / "risk" / "__pycache__").mkdir(exist_ok=True)
    (copy / "risk" / "__pycache__" / "score.pyc").write_bytes(b"compiled")
    source = copy / "risk" / "score.py"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert digest_of_sources(copy) == code_digest()

    seen = {code_digest()}
    for name in ("base/clock.py", "membership/spells.py", "lake/_lake.py", "features/register.toml", "risk/score.py"):
        with (copy / name).open("a") as file:
            file.write("# Edited.\n")
        seen.add(digest_of_sources(copy))
    (copy / "features" / "one_more.py").write_text("")
    seen.add(digest_of_sources(copy))
    assert len(seen) == 7


def test_what_is_as_it_was_needs_no_words():
    assert made_otherwise(code_digest(), libraries()) == []
    assert made_otherwise(None, None) == []
    assert libraries()["numpy"]


def test_the_digest_of_a_night_goes_by_code_and_libraries_and_without_them_is_what_it_was():
    night = ("0.1.0", "2025-03-01", 1, "2025-03-01-3f2a91", Membership(), Bands())
    plain = digest_of(*night)
    before = (*night[:4], Membership().model_dump_json(), Bands().model_dump_json())
    assert plain == hashlib.sha256(repr(before).encode()).hexdigest()[:16]
    assert digest_of(*night, code="", libraries=None) == plain
    found = {
        plain,
        digest_of(*night, code="aa", libraries={"numpy": "2.0"}),
        digest_of(*night, code="bb", libraries={"numpy": "2.0"}),
        digest_of(*night, code="aa", libraries={"numpy": "2.1"}),
    }
    assert len(found) == 4
