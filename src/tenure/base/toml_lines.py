"""On which line of a TOML file each key stands, so that a message about a value can name its line.

The text has been read by a TOML parser before; here it is only walked, so what is wrong in it is not told here.
"""

from __future__ import annotations

import re
from bisect import bisect_left

Path = tuple[str | int, ...]

_QUOTES = ('"""', "'''", '"', "'")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Lines:
    """The line of every key, item and table of one file.

    Args:
        text: Valid TOML.
    """

    def __init__(self, text: str) -> None:
        # As a TOML parser does; offsets are counted in this form.
        self._text = text.replace("\r\n", "\n")
        self._ends = [match.start() for match in re.finditer("\n", self._text)]
        self._at = 0
        self._found: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._walk()

    def of(self, path: tuple[object, ...], unknown: int = 1) -> int:
        """The line of *path*, or of the nearest key above it that the file has; *unknown* when it has none.

        Steps of *path* that the file does not have, as a validator puts in for its own branches, are passed over.
        """
        here: Path = ()
        line = unknown
        for step in path:
            if isinstance(step, str | int) and (*here, step) in self._found:
                here = (*here, step)
                line = self._found[here]
        return line

    def key(self, path: tuple[object, ...]) -> str:
        """*path* as a reader of the file would write it, such as `steps[2].subject`; its places count from 1."""
        words = ""
        for step in path:
            words += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if words else str(step)
        return words

    def told(self, path: tuple[object, ...]) -> str:
        """Line and key of *path*, for a message."""
        return f"line {self.of(path)}, `{self.key(path) or 'playbook'}`"

    def _walk(self) -> None:
        table: Path = ()
        while self._skip_blank():
            if self._take("[["):
                table = self._next_of(self._keys())
                self._take("]]")
            elif self._take("["):
                table = self._resolved(self._keys())
                for count in range(1, len(table) + 1):
                    self._note(table[:count])
                self._take("]")
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        keys = self._keys()
        if not keys:
            self._at += 1
            return
        for count in range(1, len(keys) + 1):
            self._note((*table, *keys[:count]))
        self._skip_blank()
        self._take("=")
        self._value((*table, *keys))

    def _value(self, path: Path) -> None:
        """Walk one value; items of arrays and keys of inline tables are noted."""
        self._skip_blank()
        quote = next((mark for mark in _QUOTES if self._text.startswith(mark, self._at)), "")
        if quote:
            self._string(quote)
        elif self._take("["):
            self._items(path)
        elif self._take("{"):
            while self._skip_blank() and not self._take("}"):
                self._pair(path)
                self._skip_blank()
                self._take(",")
        else:
            while self._at < len(self._text) and self._text[self._at] not in ",]}#\n":
                self._at += 1

    def _items(self, path: Path) -> None:
        place = 0
        while self._skip_blank() and not self._take("]"):
            self._note((*path, place))
            self._value((*path, place))
            self._skip_blank()
            self._take(",")
            place += 1

    def _string(self, quote: str) -> None:
        self._at += len(quote)
        while self._at < len(self._text) and not self._text.startswith(quote, self._at):
            self._at += 2 if quote[0] == '"' and self._text[self._at] == "\\" else 1
        self._at += len(quote)
        # A multi-line string may end in one or two quotes of its own before the three that close it.
        while len(quote) == 3 and self._text.startswith(quote[0], self._at):
            self._at += 1

    def _keys(self) -> Path:
        """One dotted key, quoted or bare."""
        keys: list[str] = []
        while True:
            self._skip_spaces()
            if self._text[self._at : self._at + 1] in ('"', "'"):
                start, quote = self._at, self._text[self._at]
                self._string(quote)
                keys.append(self._text[start + 1 : self._at - 1])
            elif match := _BARE.match(self._text, self._at):
                keys.append(match.group())
                self._at = match.end()
            self._skip_spaces()
            if not self._take("."):
                return tuple(keys)

    def _next_of(self, keys: Path) -> Path:
        """The next table of an array of tables."""
        array = self._resolved(keys)
        place = self._counts.get(array, 0)
        self._counts[array] = place + 1
        if not place:
            self._note(array)
        self._note((*array, place))
        return (*array, place)

    def _resolved(self, keys: Path) -> Path:
        """*keys* with the place of the last table put in after each array of tables on the way."""
        path: Path = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            if path in self._counts and place < len(keys) - 1:
                path = (*path, self._counts[path] - 1)
        return path

    def _note(self, path: Path) -> None:
        self._found.setdefault(path, bisect_left(self._ends, self._at) + 1)

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _skip_spaces(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1

    def _skip_blank(self) -> bool:
        """Pass over blanks, line ends and comments; whether anything is left."""
        while self._at < len(self._text):
            if self._text[self._at] in " \t\n\r":
                self._at += 1
            elif self._text[self._at] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                break
        return self._at < len(self._text)
