"""Archives that somebody made to do harm when they are restored."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

GIGABYTE = 1 << 30
ZEROS = gzip.compress(bytes(64 << 20), compresslevel=1)
"""64 MiB of nothing; compressed files may stand one behind the other."""

Make = Callable[[Path], None]


def named(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: object
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def listed(*names: str, content: bytes = b"x", **told: object) -> tuple[tarfile.TarInfo, bytes]:
    """The list that an archive has of itself, which says of each of *names* that it holds *content*."""
    files = {name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} | told for name in names}
    facts = {"format": 1, "made_at": "2025-03-01T00:00:00+00:00", "ledger": "ledger.sqlite3", "key": "0" * 16}
    return named("manifest.json", json.dumps({**facts, "migrations": [], "files": files}).encode())


def _of(*members: tuple[tarfile.TarInfo, bytes]) -> Make:
    def make(path: Path) -> None:
        with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
            for info, content in members:
                archive.addfile(info, io.BytesIO(content))

    return make


def _claiming(name: str, kind: bytes = tarfile.REGTYPE, told: int = 1) -> Make:
    """A header of *name* that says ten gigabytes, with as many zeros behind it."""

    def make(path: Path) -> None:
        head, body = listed("lake/a", bytes=told)
        info, _ = named(name, kind=kind, size=10 * GIGABYTE)
        before = b"" if name == "manifest.json" else head.tobuf() + body + bytes(-len(body) % 512)
        path.write_bytes(gzip.compress(before + info.tobuf(tarfile.GNU_FORMAT)) + ZEROS * 160)

    return make


def _many_headers(path: Path) -> None:
    comment = b"30 comment=x\n" + bytes(18)
    _of(listed("lake/a"), *(named("lake/a", comment, tarfile.XHDTYPE) for _ in range(5000)))(path)


STRANGE = "hint: do not use it"
HOSTILE: dict[str, tuple[Make, str]] = {
    "a zip archive": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)), "is torn"),
    "a path upwards": (_of(listed("../x"), named("../x", b"x")), STRANGE),
    "a path upwards within": (_of(listed("lake/../../x"), named("lake/../../x", b"x")), STRANGE),
    "an absolute path": (_of(listed("/tmp/x"), named("/tmp/x", b"x")), STRANGE),
    "a path of another system": (_of(listed("lake\\..\\x"), named("lake\\..\\x", b"x")), STRANGE),
    "a file below a file": (_of(listed("lake", "lake/x"), named("lake", b"x"), named("lake/x", b"x")), STRANGE),
    "a symbolic link": (_of(listed("lake/a"), named("lake/a", kind=tarfile.SYMTYPE, linkname="/etc")), STRANGE),
    "a link and a file through it": (
        _of(listed("lake/a"), named("lake", kind=tarfile.SYMTYPE, linkname="/tmp"), named("lake/a", b"x")), STRANGE,
    ),
    "a hard link": (_of(listed("lake/a"), named("lake/a", kind=tarfile.LNKTYPE, linkname="manifest.json")), STRANGE),
    "a device": (_of(listed("lake/a"), named("lake/a", kind=tarfile.CHRTYPE, devmajor=1, devminor=5)), STRANGE),
    "a pipe": (_of(listed("lake/a"), named("lake/a", kind=tarfile.FIFOTYPE)), STRANGE),
    "a file that is not listed": (_of(listed("lake/a"), named("lake/a", b"x"), named("tenure.toml", b"x")), STRANGE),
    "a file twice": (_of(listed("lake/a"), named("lake/a", b"x"), named("lake/a", b"x")), STRANGE),
    "a file with holes": (
        _of(listed("lake/a"), named("lake/a", pax_headers={"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 34)})),
        STRANGE,
    ),
    "a file larger than told": (_claiming("lake/a"), "missing or was changed"),
    "more than the disk holds": (_claiming("lake/a", told=1 << 60), "the disk is too full"),
    "a huge header": (_claiming("lake/a", tarfile.XHDTYPE), "is torn"),
    "a huge long name": (_claiming("lake/a", tarfile.GNUTYPE_LONGNAME), "is torn"),
    "headers upon headers": (_many_headers, "is torn"),
    "a huge list": (_claiming("manifest.json"), "no backup of Tenure"),
    "a list too deep": (_of(named("manifest.json", b"[" * 100_000)), "no backup of Tenure"),
    "a list of nothing": (_of(named("manifest.json", b'{"format": 1, "files": {}}')), "no backup of Tenure"),
    "nothing but zeros": (lambda path: path.write_bytes(ZEROS * 160), "no backup of Tenure"),
}  # fmt: skip
"""How to make each, and what the refusal says."""

_RESTORE_EACH = """
import contextlib, io, json, resource, sys
from tenure.app.cli import main
home, paths, told, peaks = sys.argv[1], sys.argv[2:], {}, []
for path in paths:
    said, sys.argv = io.StringIO(), ["tenure", "restore", path, "--home", home, "--key", home + "/key"]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main()
        except SystemExit as end:
            told[path] = [end.code, said.getvalue()]
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps({"told": told, "more": peaks[-1] - peaks[0]}))
"""


def test_each_is_refused_in_words_and_little_memory_and_writes_nothing(tmp_path: Path):
    """One process tries all of them by the command; the first, which is harmless, shows what it holds anyway."""
    home, archives = tmp_path / "home", tmp_path / "archives"
    archives.mkdir()
    for name, (make, _) in HOSTILE.items():
        make(archives / name)
    paths = [str(archives / name) for name in HOSTILE]
    done = subprocess.run(
        [sys.executable, "-c", _RESTORE_EACH, home, *paths], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)

    wrong = {}
    for name, (_, words) in HOSTILE.items():
        code, told = said["told"][str(archives / name)]
        if code != 1 or words not in told or str(archives / name) not in told or "hint: " not in told:
            wrong[name] = (code, told)
    assert wrong == {}
    assert sorted(tmp_path.rglob("*")) == sorted([home, archives, *archives.iterdir()]), "nothing is left of any"
    assert said["more"] < 100, "MiB"
