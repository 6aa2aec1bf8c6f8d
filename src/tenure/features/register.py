"""The register of inputs: what the model may be given, what for, and what it may never be given (`register.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One input that somebody has written down a purpose for.

    Args:
        name: Of a feature or a category.
        why: What it is for.
        subject: The group it belongs to; `categories` for those.
    """

    name: str
    why: str
    subject: str


@cache
def entries() -> Mapping[str, Entry]:
    """Every entry by its name."""
    told = _read()
    found = [Entry(name, why, "categories") for name, why in told["categories"].items()]
    for subject, of in told["subjects"].items():
        found += [Entry(name, of["why"], subject) for name in of["features"]]
    return {entry.name: entry for entry in found}


def denied_in(names: Iterable[str]) -> dict[str, str]:
    """Those of *names* that speak of something the model may never know, each with what that is."""
    looks = {what: re.compile(rf"(?<![a-z])(?:{'|'.join(words)})") for what, words in _read()["denied"].items()}
    return {name: what for name in names for what, look in looks.items() if look.search(name.casefold())}


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("register.toml").read_text(encoding="utf-8"))
