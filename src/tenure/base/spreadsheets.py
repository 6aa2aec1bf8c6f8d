"""Cells of files for spreadsheets: text that one could take for a formula is made to compute nothing."""

from __future__ import annotations

# Full-width forms count too: spreadsheets fold them into the plain ones.
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")

FORMULA = r"^[\s\x00]*[=+\-@＝＋－＠]|^[\t\r\n\x00]"
"""The same as a pattern, for whole columns."""


def safe(value: object) -> object:
    """*value* as a cell: a text that a spreadsheet could take for a formula gets a leading apostrophe."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = value.replace("\0", "")
    harmless = not value.startswith(STARTS_A_FORMULA) and not text.lstrip().startswith(STARTS_A_FORMULA)
    return text if harmless else f"'{text}"
