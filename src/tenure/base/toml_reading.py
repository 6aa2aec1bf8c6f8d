"""Reading TOML that somebody wrote: what would take a parser's memory or its stack is refused first, in words."""

from __future__ import annotations

import re
import tomllib
from typing import Any

DEEPEST = 32
"""How many arrays and tables may lie within each other, and how many parts a key may have."""

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
# A parser keeps every beginning of a dotted key: one of two hundred thousand parts takes gigabytes.
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_PART}\.[ \t]*+){{{DEEPEST}}}")


class NotToml(ValueError):
    """The text is not TOML, or not such as a person writes; the message says where."""


def read_toml(text: str) -> dict[str, Any]:
    """What *text* says.

    Raises:
        NotToml: It is not TOML, or nests or numbers in it are past all bounds.
    """
    found = _LONG_KEY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise NotToml(f"a key of more than {DEEPEST} parts (at line {line})")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotToml(str(error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise NotToml("a number of thousands of digits, or a day that is none") from error
    if _depth(raw) > DEEPEST:
        raise _too_deep()
    return raw


def _too_deep() -> NotToml:
    return NotToml(f"more than {DEEPEST} arrays or tables within each other")


def _depth(raw: object) -> int:
    """How many arrays and tables lie within each other at most."""
    depth, level = 0, [raw]
    while level and depth <= DEEPEST:
        inner: list[object] = []
        for one in level:
            inner += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        level, depth = [one for one in inner if isinstance(one, dict | list)], depth + 1
    return depth
