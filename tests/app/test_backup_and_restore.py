"""Backups: made while a night writes, tried, kept apart from the key, restored on an empty machine."""

from __future__ import annotations

import datetime as dt
import subprocess
import tarfile
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, BIN, tenure

from tenure.base.errors import TenureError
from tenure.custody import backups_in, prune

NEXT = "2025-03-02"


def back_up(home: Path, *options: object) -> Path:
    done = tenure("backup", "--home", home, "--json", *options)
    assert done.code == 0, done.told
    return Path(done.json["path"])


def scores_of(home: Path, out: Path) -> pl.DataFrame:
    assert tenure("export", "scores", "--home", home, "--out", out).code == 0
    return pl.read_parquet(out)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_made_while_a_night_writes_is_restored_on_an_empty_machine(night: Path, tmp_path: Path):
    command = [BIN / "tenure", "run", "--home", str(night), "--as-of", NEXT, "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    during = [back_up(night, "--to", tmp_path / "first")]
    while running.poll() is None:
        during.append(back_up(night))
    assert running.wait(timeout=120) == 0
    after = back_up(night)
    tenure("backup", "--home", night, "--key-to", tmp_path / "key")

    done = tenure("restore", after, "--home", tmp_path / "new", "--key", tmp_path / "key", "--json")
    assert done.code == 0, done.told
    assert done.json["rows"] > 100
    again = tenure("run", "--home", tmp_path / "new", "--as-of", NEXT, "--json")
    assert again.code == 0, again.told
    assert again.json["unchanged"] is True, "nothing is missing, so there is nothing to do"
    assert scores_of(tmp_path / "new", tmp_path / "a.parquet").equals(scores_of(night, tmp_path / "b.parquet"))

    assert tenure("restore", during[0], "--home", tmp_path / "mid", "--key", tmp_path / "key").code == 0
    caught_up = tenure("run", "--home", tmp_path / "mid", "--as-of", NEXT)
    assert caught_up.code == 0, caught_up.told
    assert scores_of(tmp_path / "mid", tmp_path / "c.parquet").equals(scores_of(night, tmp_path / "b.parquet"))


def test_neither_the_key_nor_a_password_is_in_a_backup_and_another_key_is_refused(night: Path, tmp_path: Path):
    (night / "secrets" / "imis.password").write_text("harbor-otter-violet")
    key = (night / "secrets" / "pseudonym.key").read_text().strip()
    web_key = (night / "secrets" / "web.key").read_text().strip()
    path = back_up(night)
    with tarfile.open(path) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            held = stream.read() if stream else b""
            assert not any(secret.encode() in held for secret in ("harbor-otter-violet", key, web_key)), member.name
    assert path.stat().st_mode & 0o077 == 0

    amid = tenure("backup", "--home", night, "--key-to", path.parent / "key")
    assert amid.code == 2
    assert "among the backups" in amid.err
    (tmp_path / "other").write_text("ab" * 32)
    for options in ((), ("--key", tmp_path / "other")):
        refused = tenure("restore", path, "--home", tmp_path / "new", *options)
        assert refused.code == 2
        assert "--key" in refused.err
        assert everything(tmp_path / "new") == {}


def test_a_torn_backup_is_refused_and_what_is_there_stays(night: Path, tmp_path: Path):
    path = back_up(night)
    whole, before = path.read_bytes(), everything(night)
    middle = len(whole) // 2
    torn = tmp_path / path.name
    for spoiled in (whole[:middle], whole[: middle * 9 // 5], b"", whole[:middle] + bytes(64) + whole[middle + 64 :]):
        torn.write_bytes(spoiled)
        done = tenure("restore", torn, "--home", night, "--replace")
        assert done.code == 1, done.told
        assert str(torn) in done.err
        assert "hint: take another backup" in done.err
    (tmp_path / "tombstones.jsonl").write_text("[" * 100_000)
    torn.write_bytes(whole)
    done = tenure("restore", torn, "--home", night, "--replace")
    assert (done.code, "tombstones.jsonl is damaged" in done.err) == (1, True), "those beside it are looked at before"
    assert everything(night) == before

    assert tenure("restore", path, "--home", night).code == 2, "a home that holds something is asked about"
    done = tenure("restore", path, "--home", night, "--replace", "--json")
    assert done.code == 0, done.told
    assert (Path(done.json["moved_to"]) / "ledger.sqlite3").is_file()
    again = tenure("run", "--home", night, "--as-of", AS_OF, "--json")
    assert again.json["unchanged"] is True


def test_seven_days_four_weeks_and_twelve_months_are_kept(tmp_path: Path):
    last = dt.datetime(2026, 11, 25, 3, 0, tzinfo=dt.UTC)
    for hours in range(0, 24 * 800, 12):
        (tmp_path / f"tenure-{last - dt.timedelta(hours=hours):%Y%m%dT%H%M%SZ}.tar.gz").touch()
    (tmp_path / "somebody-elses.tar.gz").touch()

    prune(tmp_path, backups_in(tmp_path)[0].path)

    kept = [backup.made_at for backup in backups_in(tmp_path)]
    assert [at.date() for at in kept[:7]] == [(last - dt.timedelta(days=n)).date() for n in range(7)]
    assert len({at.isocalendar()[:2] for at in kept}) >= 4
    assert [(at.year, at.month) for at in kept if at < last - dt.timedelta(days=20)] == [
        *((2026, month) for month in range(10, 0, -1)),
        (2025, 12),
    ]
    assert (tmp_path / "somebody-elses.tar.gz").exists()


def test_the_last_good_one_is_never_pruned(tmp_path: Path):
    """When no backup was just tried there is none known to be good, and then nothing goes."""
    for day in range(1, 29):
        (tmp_path / f"tenure-202501{day:02}T030000Z.tar.gz").touch()
    with pytest.raises(TenureError, match="none is deleted"):
        prune(tmp_path, tmp_path / "tenure-20260101T030000Z.tar.gz")
    assert len(backups_in(tmp_path)) == 28

    oldest = backups_in(tmp_path)[-1].path
    prune(tmp_path, oldest)
    assert oldest in [backup.path for backup in backups_in(tmp_path)]


def test_a_torn_ledger_is_not_made_a_backup_of(night: Path):
    ledger = night / "ledger.sqlite3"
    good = back_up(night)
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[: len(whole) // 2])

    done = tenure("backup", "--home", night)

    assert done.code == 1, done.told
    assert backups_in(night / "backups")[0].path == good
    assert len(everything(night / "backups")) == 1, "nothing half-made is left"
