"""By which code scores are made: a digest of the sources that take part, and the versions of the libraries beneath.

A version alone does not tell: sources can be edited where they are installed, and libraries change under them.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tenure

PACKAGES = ("base", "membership", "lake", "features", "risk")
"""Those of `tenure` that a score goes through."""

LIBRARIES = ("numpy", "scipy", "polars", "duckdb", "numba", "scikit-learn", "xgboost-cpu")
"""What counts and foretells; another version may do so otherwise in the last digits."""

_SOURCES = (".py", ".toml")


@cache
def code_digest() -> str:
    """SHA-256, in hexadecimal, over the sources of `PACKAGES`: in the order of their names, whatever their line ends.

    Read once a process, when first asked for. A process that lives long asks as it begins, since an update may put
    other sources beneath it while it runs on with the old ones.
    """
    return digest_of_sources(Path(tenure.__file__).parent)


def digest_of_sources(root: Path) -> str:
    """The same of the packages below *root*."""
    names = sorted(
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.suffix in _SOURCES and path.is_file()
    )
    found = hashlib.sha256()
    for name in ("__init__.py", *names):
        text = (root / name).read_bytes().replace(b"\r\n", b"\n")
        found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()


@cache
def libraries() -> dict[str, str]:
    """The version of each of `LIBRARIES` that is installed, by its name."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # as where xgboost is installed under its other name
            continue
    return found


def made_otherwise(code: str | None, versions: dict[str, str] | None) -> list[str]:
    """In what the code of today differs from that which scored, in words; nothing where that was not kept.

    Args:
        code: The digest that was kept.
        versions: The libraries that were kept, by name.
    """
    words = []
    if code and code != code_digest():
        words.append(f"the code that scored ({code[:12]}) is not the code of now ({code_digest()[:12]})")
    now = libraries()
    moved = [
        f"{name} was {then} and is {now.get(name, 'not there')}"
        for name, then in sorted((versions or {}).items())
        if now.get(name) != then
    ]
    return words + ([", ".join(moved)] if moved else [])
