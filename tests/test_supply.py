"""What an installation is made of: locked, listed, and built to the same bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
IGNORED = shutil.ignore_patterns("__pycache__", "*.py[co]")


def recipe(target: str) -> str:
    """What `make` runs for *target*, with the tools of this environment."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)
    assert lines is not None
    return lines[1].replace("\t@", "").replace("$(BIN)", str(BIN)).replace("$$", "$")


def built(place: Path, *, when: int) -> Path:
    """The wheel that is built from a copy of the sources at *place*, whose files are all of the instant *when*."""
    shutil.copytree(ROOT / "src", place / "src", ignore=IGNORED)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, place)
    junk = place / "src" / "tenure" / "__pycache__"
    junk.mkdir()
    (junk / f"forest.{when}.nbc").write_bytes(b"compiled")
    for path in place.rglob("*"):
        os.utime(path, (when, when))
    command = recipe("wheel").replace("$(git log -1 --format=%ct)", "1740787200")
    subprocess.run(
        ["bash", "-ec", command], cwd=place, check=True, capture_output=True, umask=0o022 if when % 2 else 0o077
    )
    (wheel,) = (place / "dist").glob("*.whl")
    return wheel


def test_two_builds_of_the_wheel_are_the_same_bytes_and_hold_all_that_runs(tmp_path: Path):
    first, second = (built(tmp_path / name, when=when) for name, when in (("a", 1_000_000_001), ("b", 1_700_000_000)))

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    sources = (
        path for path in (tmp_path / "a" / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    assert names == {str(path.relative_to(tmp_path / "a" / "src")) for path in sources}
    ends = {(Path(name).parent.name, Path(name).suffix) for name in names}
    assert ends >= {
        ("templates", ".html"), ("static", ".css"), ("static", ".js"), ("shipped", ".toml"), ("profiles", ".toml"),
        ("features", ".toml"), ("briefing", ".typ"), ("tenure", ".typed"), ("migrations", ".py"),
    }  # fmt: skip


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path):
    command = recipe("sbom").replace("dist", str(tmp_path))
    subprocess.run(["bash", "-ec", command], cwd=ROOT, check=True, capture_output=True)

    bill = json.loads((tmp_path / "tenure.cdx.json").read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "tenure")
    listed = {}
    for one in bill["components"]:
        hashes = {each["content"] for reference in one["externalReferences"] for each in reference.get("hashes", ())}
        listed.setdefault((one["name"].lower(), one["version"]), set()).update(hashes)
    text = (ROOT / "requirements" / "app.txt").read_text(encoding="utf-8")
    locked = {}
    for block in re.split(r"\n(?=\S)", text):
        if found := re.match(r"([\w.-]+)(?:\[[^]]*\])?==(\S+)", block):
            locked[found[1].lower(), found[2]] = set(re.findall(r"sha256:(\w+)", block))
    assert listed == locked


def test_whatever_make_installs_is_locked_by_hashes():
    """Only our own package, and the tool that makes the lock, come without."""
    installs = re.findall(r"^\t.*(?:--quiet|PIP\)) install (.*)$", MAKEFILE, re.M)

    assert len(installs) == 4
    unlocked = [words for words in installs if "--require-hashes" not in words]
    assert sorted(unlocked) == ["--no-build-isolation --no-deps --editable .", "uv"]


def test_there_are_no_workflows_that_nobody_checks():
    """Whoever adds some, adds a linter for them (zizmor) to `make check`; what runs is `.ci/run`."""
    assert not (ROOT / ".github").exists()
    assert (ROOT / ".ci" / "run").is_file()
