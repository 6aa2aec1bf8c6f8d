"""A damaged model that does not serve hinders no backup and no restore; everything else is looked at as strictly."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, Done, faults_of, tenure

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer
from tenure.base.tombstones import Tombstones
from tenure.custody import backups_in
from tenure.lake import Lake

FORMER = "2024-01-01-abcdef"
"""A copy of the champion under another name, which is damaged as such: its manifest is that of another one."""


@pytest.fixture
def home(night: Path) -> Path:
    """A home whose champion is whole, with a former model that is not."""
    shutil.copytree(night / "models" / champion(night), night / "models" / FORMER)
    return night


def champion(home: Path) -> str:
    (version,) = (path.name for path in (home / "models").iterdir() if path.name != FORMER)
    return version


def back_up(home: Path) -> Path:
    done = tenure("backup", "--home", home, "--json")
    assert done.code == 0, done.told
    return Path(done.json["path"])


def restored(path: Path, home: Path, *options: object) -> Done:
    return tenure("restore", path, "--home", home.parent / "new", "--key", home / "secrets" / "pseudonym.key", *options)


def files_of(home: Path) -> dict[str, bytes]:
    folder = home / "models"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoil(home: Path, version: str, name: str) -> None:
    with (home / "models" / version / name).open("ab") as file:
        file.write(b"x")


def changed(path: Path, name: str, *, is_told: bool) -> Path:
    """A copy of the backup at *path* in whose file *name* a byte more stands; its list may tell that one's digest."""
    made = path.with_name("changed.tar.gz")
    with tarfile.open(path) as before, tarfile.open(made, "w:gz") as after:
        for member in before:
            stream = before.extractfile(member)
            content = stream.read() if stream else b""
            if member.name == "manifest.json" and is_told:
                told = json.loads(content)
                spoiled = _content(path, name) + b"x"
                told["files"][name] = {"bytes": len(spoiled), "sha256": hashlib.sha256(spoiled).hexdigest()}
                content = json.dumps(told).encode()
            content += b"x" if member.name == name else b""
            member.size = len(content)
            after.addfile(member, io.BytesIO(content))
    return made


def _content(path: Path, name: str) -> bytes:
    with tarfile.open(path) as archive:
        stream = archive.extractfile(name)
        return stream.read() if stream else b""


def test_a_damaged_model_is_backed_up_and_restored_as_it_was_and_named_both_times(home: Path):
    words = f"warning: model {FORMER} was changed"
    made = tenure("backup", "--home", home)
    assert made.code == 0, made.told
    said = " ".join(made.err.split())
    assert words in said
    assert "it is in the backup as it is hint: leave it, since it hinders nothing while it does not serve" in said
    (backup,) = backups_in(home / "backups")

    done = restored(backup.path, home)

    new = home.parent / "new"
    assert done.code == 0, done.told
    said = " ".join(done.err.split())
    assert words in said
    assert "so it was already when the backup was made hint: leave it" in said
    assert f"or move {new / 'models' / FORMER} away" in said
    assert files_of(new) == files_of(home)
    again = tenure("run", "--home", new, "--as-of", AS_OF, "--json")
    assert again.json["unchanged"] is True, again.told
    assert tenure("model", "promote", FORMER, "--home", new, "--by", "A", "--why", "b").code == 1


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", "parts.json", "decisions.parquet"])
def test_programs_read_which_it_is_whatever_of_it_is_damaged(home: Path, name: str):
    spoil(home, FORMER, name)
    assert list(tenure("backup", "--home", home, "--json").json["damaged"]) == [FORMER]
    (backup,) = backups_in(home / "backups")
    assert list(restored(backup.path, home, "--json").json["damaged"]) == [FORMER]


@pytest.mark.parametrize("is_told", [False, True])
def test_what_is_damaged_in_the_backup_itself_is_refused_of_either_model(home: Path, is_told: bool):
    """By the digest that the backup has of it; and the model that serves also where that digest fits."""
    path, serves = back_up(home), champion(home)

    for version in (serves,) if is_told else (serves, FORMER):
        done = restored(changed(path, f"models/{version}/parts.json", is_told=is_told), home)
        assert done.code == 1, done.told
        assert version in done.err
        assert ("and it is the model that serves" in " ".join(done.err.split())) == is_told
        assert "hint: take another backup" in done.err
        assert not (home.parent / "new" / "tenure.toml").exists()


def test_no_backup_is_made_while_the_model_that_serves_is_damaged(home: Path):
    """The hint leads to doctor, which names the way to another one; it names no place that is gone by then."""
    spoil(home, champion(home), "parts.json")

    done = tenure("backup", "--home", home)

    assert done.code == 1, done.told
    assert f"of model {champion(home)} is missing or was changed, and it is the model that serves" in done.err
    assert f"hint: see by `tenure doctor --home {home}`" in done.err
    assert ".building" not in done.err
    assert not backups_in(home / "backups")


@pytest.mark.parametrize("name", ["manifest.json", "decisions.parquet"])
def test_who_was_erased_does_not_come_back_with_it(home: Path, name: str):
    """Past decisions out of which nobody can be taken go as a whole."""
    key = Pseudonyms.of(Home(home))
    ids = pl.read_csv(home.parent / "exports" / "members.csv", infer_schema=False)["member_id"].unique().sort()
    said = set(pl.read_parquet(home / "models" / FORMER / "decisions.parquet")["member"])
    one = next(member_id for member_id in ids if key.one(member_id) in said)
    path = home / "models" / FORMER / name
    path.write_bytes(path.read_bytes()[:100])
    older = back_up(home)
    shutil.rmtree(home / "models" / FORMER)
    erased = tenure("member", "erase", one, "--home", home, "--by", "marta", "--why", "asked for", "--yes")
    assert erased.code == 0, erased.told

    done = tenure("restore", older, "--home", home, "--replace", "--json")

    assert done.code == 0, done.told
    assert list(done.json["damaged"]) == [FORMER]
    assert key.one(one) not in set(Lake.open(home / "lake").members()["member"])
    assert not (home / "models" / FORMER / "decisions.parquet").exists()
    assert key.one(one) not in set(pl.read_parquet(home / "models" / champion(home) / "decisions.parquet")["member"])


@pytest.mark.parametrize("name", ["manifest.json", "decisions.parquet"])
def test_nobody_is_erased_by_half_where_a_model_stands_in_the_way(home: Path, name: str):
    """Out of what it said of past days nobody could be taken. Deleted, it hinders no more."""
    (one, *_) = pl.read_csv(home.parent / "exports" / "members.csv", infer_schema=False)["member_id"].unique().sort()
    member, path = Pseudonyms.of(Home(home)).one(one), home / "models" / FORMER / name
    path.write_bytes(path.read_bytes()[:100])
    erase = ("member", "erase", one, "--home", home, "--by", "marta", "--why", "asked for", "--yes")

    done = tenure(*erase)

    assert done.code == 1, done.told
    assert f"hint: delete {home / 'models' / FORMER}, out of which nobody can" in " ".join(done.err.split())
    assert member in set(Lake.open(home / "lake").members()["member"])
    assert not Tombstones(Home(home)).erased({member})
    shutil.rmtree(home / "models" / FORMER)
    assert tenure(*erase).code == 0
    assert member not in set(Lake.open(home / "lake").members()["member"])


def test_all_models_that_stand_in_the_way_of_an_erasure_are_named_at_once(home: Path):
    """The one that serves is not to be deleted before another does."""
    (one, *_) = pl.read_csv(home.parent / "exports" / "members.csv", infer_schema=False)["member_id"].unique().sort()
    serves, erase = champion(home), ("member", "erase", one, "--home", home, "--by", "m", "--why", "asked for", "--yes")
    sound = another(home, serves)
    for version in (FORMER, serves):
        (home / "models" / version / "decisions.parquet").write_bytes(b"torn")
    both = f"delete {home / 'models' / FORMER} and {home / 'models' / serves}, out of which nobody can be taken"

    done = tenure(*erase)

    said = " ".join(done.err.split())
    assert done.code == 1, done.told
    assert f"past decisions of model {FORMER} cannot be read; past decisions of model {serves} cannot" in said
    promote = ("model", "promote", sound, "--by", "NAME", "--why", "WORDS")
    assert f"hint: {serves} is the model that serves: `tenure {' '.join(promote)}` lets another" in said
    assert f"; then {both}, and give" in said
    assert tenure(*promote, "--home", home).code == 0
    assert f"hint: {both}" in " ".join(tenure(*erase).err.split())
    for version in (FORMER, serves):
        shutil.rmtree(home / "models" / version)
    assert tenure(*erase).code == 0


def test_the_only_model_is_brought_back_or_made_anew_before_somebody_is_erased(night: Path):
    (one, *_) = pl.read_csv(night.parent / "exports" / "members.csv", infer_schema=False)["member_id"].unique().sort()
    serves = champion(night)
    (night / "models" / serves / "decisions.parquet").write_bytes(b"torn")

    done = tenure("member", "erase", one, "--home", night, "--by", "marta", "--why", "asked for", "--yes")

    said = " ".join(done.err.split())
    assert done.code == 1, done.told
    assert f"hint: {serves} is the model that serves: `tenure restore BACKUP` brings it back" in said
    assert "then `tenure train`" in said


def another(home: Path, version: str) -> str:
    """A model as sound as *version*, of a day before it, that has never served; its name."""
    name = "2024-02-02-abcdef"
    folder = home / "models" / name
    shutil.copytree(home / "models" / version, folder)
    told = json.loads((folder / "manifest.json").read_text()) | {"version": name, "as_of": name[:10]}
    (folder / "manifest.json").write_text(json.dumps(told))
    signer = Signer(Pseudonyms.of(Home(home)).secret("models"))
    (folder / "manifest.sig").write_text(signer.sign(name, (folder / "manifest.json").read_bytes()))
    return name


def test_the_key_is_not_changed_while_a_model_is_damaged(home: Path):
    """What it said of past days could not go by other pseudonyms."""
    done = tenure("key", "rotate", "members", "--home", home, "--by", "A. Admin", "--why", "left a laptop")

    assert done.code == 1, done.told
    assert f"hint: move {home / 'models' / FORMER} away" in done.err
    assert not Home(home).next_key_file.exists()
    assert faults_of(home) == {"record"}, "which ends long before today"
