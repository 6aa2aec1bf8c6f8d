"""A small association as files and behind a sandbox, and homes in which a night has been."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, PASSWORD, Site, imis_sandbox, serving, set_, tenure

MEMBERS = max(220, 5 * int(os.environ.get("TENURE_ERASED", "0")) // 2)
SMALL = ("--members", MEMBERS, "--years", 4, "--events-per-year", 15, "--seed", 5, "--today", "2025-03-10")


def same_pseudonyms(home: Path) -> None:
    """The days to learn from are drawn by pseudonym: another key each time would make another model each time."""
    (home / "secrets" / "pseudonym.key").write_text("a7" * 32)


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small association as a folder of CSV files, whose ids have leading zeros. Read-only."""
    folder = tmp_path_factory.mktemp("exports")
    done = imis_sandbox("export", "--out", folder, "--format", "csv", *SMALL)
    assert done.code == 0, done.err
    (folder / "truth.csv").unlink(missing_ok=True)
    (folder / "truth.parquet").unlink(missing_ok=True)
    for path in folder.glob("*.csv"):
        frame = pl.read_csv(path, infer_schema=False)
        ids = [name for name in ("member_id", "organization_id") if name in frame.columns]
        frame.with_columns(pl.concat_str(pl.lit("00"), pl.col(name)).alias(name) for name in ids).write_csv(path)
    return folder


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory, exports: Path) -> Path:
    """A home in which one night of files was done. Read-only; copy it with `night`."""
    home = tmp_path_factory.mktemp("homes") / "first"
    done = tenure("init", "--home", home, "--source", "files", "--path", exports)
    assert done.code == 0, done.err
    set_(home, refits=4, threads=1)
    same_pseudonyms(home)
    done = tenure("run", "--home", home, "--as-of", AS_OF, timeout=1_500 if MEMBERS > 220 else 280)
    assert done.code == 0, done.told
    return home


@pytest.fixture
def night(tmp_path: Path, first_night: Path, exports: Path) -> Path:
    """A copy of the first night, with a copy of its exports in `exports` beside the home."""
    home = tmp_path / "home"
    shutil.copytree(first_night, home)
    shutil.copytree(exports, tmp_path / "exports")
    set_(home, path=str(tmp_path / "exports"))
    return home


@pytest.fixture(scope="session")
def site_url() -> Iterator[str]:
    """A small association behind an iMIS sandbox."""
    with serving(*SMALL) as url:
        yield url


@pytest.fixture
def site(site_url: str) -> Iterator[Site]:
    """The sandbox without faults."""
    site = Site(site_url)
    site.fault()
    yield site
    site.fault()


@pytest.fixture
def imis_home(tmp_path: Path, site: Site) -> Path:
    """A home whose source is the sandbox, before its first night; iMIS holds no score yet."""
    home = tmp_path / "imis"
    site.empty("AI_Member_Risk", "PartyId")
    done = tenure(
        "init", "--home", home, "--source", "imis", "--url", site.url, "--username", "tenure",
        "--requests-per-hour", 0, TENURE_IMIS_PASSWORD=PASSWORD,
    )  # fmt: skip
    assert done.code == 0, done.err
    set_(home, refits=4, threads=1)
    same_pseudonyms(home)
    return home
