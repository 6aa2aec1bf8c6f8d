"""Models that somebody tampered with: none is loaded, whatever was done, and nothing crashes."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tenure.base.errors import DamagedStore
from trained_association import Trained, registry

MUTATIONS = 500
Mutation = Callable[[Path, random.Random], None]


def some_file(folder: Path, dice: random.Random) -> Path:
    """A file that scoring reads."""
    return dice.choice(sorted(path for path in folder.iterdir() if path.name != "decisions.parquet"))


def flip_a_bit(folder: Path, dice: random.Random) -> None:
    path = some_file(folder, dice)
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(bytes(data))


def cut(folder: Path, dice: random.Random) -> None:
    path = some_file(folder, dice)
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])


def lengthen(folder: Path, dice: random.Random) -> None:
    path = some_file(folder, dice)
    path.write_bytes(path.read_bytes() + dice.randbytes(dice.randint(1, 4096)))


def swell(folder: Path, dice: random.Random) -> None:
    """To a terabyte, which takes no room on the disk and would take all of the memory."""
    with some_file(folder, dice).open("r+b") as file:
        file.truncate(2**40)


def lose(folder: Path, dice: random.Random) -> None:
    some_file(folder, dice).unlink()


def swap(folder: Path, dice: random.Random) -> None:
    """Two learners in each other's place, each of them whole."""
    one, other = dice.sample(sorted(folder.glob("pair-*")), 2)
    first, second = one.read_bytes(), other.read_bytes()
    if first == second:
        return flip_a_bit(folder, dice)
    one.write_bytes(second)
    other.write_bytes(first)
    return None


def rewrite(folder: Path, manifest: dict) -> None:
    """A manifest with digests that fit the files, as somebody without the key can make it."""
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def other_features(folder: Path, dice: random.Random) -> None:
    """Columns in another order, or one more, with digests that fit."""
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = json.loads((folder / "parts.json").read_text())
    for value in parts["encoding"].values():
        if isinstance(value, list):
            dice.shuffle(value)
            value.append("birth_year")
    manifest["features"] = dice.sample(manifest["features"], len(manifest["features"]) // 2)
    (folder / "parts.json").write_text(json.dumps(parts))
    rewrite(folder, manifest)


def other_booster(folder: Path, dice: random.Random) -> None:
    """Bytes that are no learner at all, with digests that fit."""
    path = dice.choice(sorted(folder.glob("pair-*")))
    path.write_bytes(dice.choice([b"", b"{", b"[" * 100_000, dice.randbytes(2048), path.read_bytes()[::-1]]))
    rewrite(folder, json.loads((folder / "manifest.json").read_text()))


def other_digest(folder: Path, dice: random.Random) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][dice.choice(sorted(manifest["files"]))] = dice.randbytes(32).hex()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))


def other_manifest(folder: Path, dice: random.Random) -> None:
    """What is no manifest, or one that says more than is so."""
    manifest = json.loads((folder / "manifest.json").read_text())
    text = dice.choice(["null", "[]", "{" * 50_000, "[" * 100_000, json.dumps({**manifest, "grade": {"letter": "A+"}})])
    (folder / "manifest.json").write_text(text)


def other_key(folder: Path, dice: random.Random) -> None:
    """Whole in itself, and signed by another home."""
    registry(folder.parent, dice.randbytes(32)).sign(folder.name)


def other_signature(folder: Path, dice: random.Random) -> None:
    text = dice.choice(["", "0" * 64, "\x00\xff", dice.randbytes(32).hex(), "é" * 64])
    (folder / "manifest.sig").write_bytes(text.encode("latin-1"))


EVERY: tuple[Mutation, ...] = (
    flip_a_bit, cut, lengthen, swell, lose, swap, other_features, other_booster, other_digest, other_manifest,
    other_key, other_signature,
)  # fmt: skip


def test_of_500_models_that_were_tampered_with_none_is_loaded(trained: Trained, tmp_path: Path):
    """Bits flipped, files cut, swollen, lost or swapped, features and digests exchanged, another key: each is refused
    with the model's name and a way out, as a fault of the store and as nothing else."""
    version = trained.manifest["version"]
    whole, folder = trained.models / version, tmp_path / version
    models = registry(tmp_path)
    done = dict.fromkeys((mutation.__name__ for mutation in EVERY), 0)
    for number in range(MUTATIONS):
        dice, mutation = random.Random(number), EVERY[number % len(EVERY)]
        shutil.copytree(whole, folder)
        mutation(folder, dice)

        with pytest.raises(DamagedStore, match=version) as refused:
            models.load(version)

        assert refused.value.mend
        done[mutation.__name__] += 1
        shutil.rmtree(folder)
    shutil.copytree(whole, folder)

    assert models.load(version).version == version, "the model itself is still good"
    assert min(done.values()) >= MUTATIONS // len(EVERY)


def test_a_signed_model_under_another_name_is_refused(trained: Trained, tmp_path: Path):
    """An old champion cannot be put in the place of the new one by renaming its folder."""
    shutil.copytree(trained.models / trained.manifest["version"], tmp_path / "2031-01-01-abcdef")

    with pytest.raises(DamagedStore, match="2031-01-01-abcdef"):
        registry(tmp_path).load("2031-01-01-abcdef")


def test_past_decisions_that_were_changed_are_refused(trained: Trained, tmp_path: Path):
    """They decide which model takes over, so they are held to their digest too."""
    version = trained.manifest["version"]
    shutil.copytree(trained.models / version, tmp_path / version)
    path = tmp_path / version / "decisions.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    with pytest.raises(DamagedStore, match="decisions"):
        registry(tmp_path).decisions(version)


def test_an_erasure_vouches_for_no_past_decisions_that_somebody_changed(trained: Trained, tmp_path: Path):
    """Who was erased is gone from them either way; a model that was good stays so, and no other becomes so."""
    version = trained.manifest["version"]
    shutil.copytree(trained.models / version, tmp_path / version)
    models = registry(tmp_path)
    gone, other = models.decisions(version)["member"].unique().sort().to_list()[:2]
    assert models.erase([gone]) > 0
    assert models.load(version).version == version
    past = models.decisions(version)
    assert gone not in past["member"]

    path = tmp_path / version / "decisions.parquet"
    past.with_columns(p_lapse_renewal=pl.lit(0.5)).write_parquet(path)
    assert models.erase([other]) > 0
    assert other not in pl.read_parquet(path)["member"]
    with pytest.raises(DamagedStore, match=version):
        models.load(version)


def test_past_decisions_that_cannot_be_read_stop_an_erasure_by_name(trained: Trained, tmp_path: Path):
    """Nobody can tell whether the member is in them."""
    version = trained.manifest["version"]
    shutil.copytree(trained.models / version, tmp_path / version)
    path = tmp_path / version / "decisions.parquet"
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(DamagedStore, match=version) as refused:
        registry(tmp_path).erase([1])
    assert refused.value.mend


def test_only_a_model_whose_files_fit_can_be_vouched_for(trained: Trained, tmp_path: Path):
    """A person's word puts this home's key under another home's model, and under no torn one."""
    version = trained.manifest["version"]
    shutil.copytree(trained.models / version, tmp_path / version)
    ours = registry(tmp_path, b"another home's key, of 32 bytes..")

    with pytest.raises(DamagedStore, match="key of this home"):
        ours.load(version)
    ours.sign(version)
    assert ours.load(version).version == version

    other_digest(tmp_path / version, random.Random(1))
    with pytest.raises(DamagedStore):
        ours.sign(version)
