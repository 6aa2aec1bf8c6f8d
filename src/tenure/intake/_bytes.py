"""A first look at a file as bytes: what it holds in one number, and whether its text is UTF-8 throughout."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

from tenure.base.errors import BadInput
from tenure.intake._lines import Lines

_BLOCK = 1 << 23
_MARKS = (
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"PK\x03\x04", "a workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an older Excel"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF-", "a PDF"),
    (b"<?xml", "XML"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
"""How files begin that are no CSV, whatever they are called; nothing of what they hold is unpacked."""


def fingerprint(path: Path) -> str:
    """A digest of the file's content; the same content has the same, whatever its dates."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_utf8(path: Path) -> int:
    """Check that a text file is UTF-8 from the first byte to the last, and has no NUL; gives its lines, but blank ones.

    Raises:
        BadInput: It is not; the message says from which line and byte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, position, lines = 1, 0, Lines()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            _refuse_marked(path, block, position)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                at = error.start - pending  # the error counts from bytes that the decoder still held
                raise _not_utf8(path, line + block.count(b"\n", 0, max(at, 0)), position + at) from None
            if b"\0" in block:
                raise _has_nul(path, line + block.count(b"\n", 0, block.index(b"\0")))
            lines.add(block)
            line, position = line + block.count(b"\n"), position + len(block)
        if decoder.getstate()[0]:
            raise _not_utf8(path, line, position - len(decoder.getstate()[0]))
    return lines.with_words


def _refuse_marked(path: Path, block: bytes, position: int) -> None:
    for mark, name in _MARKS:
        if position == 0 and block.startswith(mark):
            raise BadInput(f"{path.name} is {name}; a CSV here is UTF-8", mend="save or export it as CSV UTF-8")


def _has_nul(path: Path, line: int) -> BadInput:
    return BadInput(
        f"{path.name} has a NUL byte in line {line:,}, as no text has",
        mend="it was damaged, or copied while the disk was full; export it anew as CSV UTF-8",
    )


def _not_utf8(path: Path, line: int, byte: int) -> BadInput:
    return BadInput(
        f"{path.name} is not UTF-8 throughout: line {line:,}, byte {byte + 1:,} of the file is not",
        mend="often part of it was saved as Windows-1252 or pasted from Excel; export it anew as CSV UTF-8",
    )
