"""Cells of files for spreadsheets: text that one could take for a formula is made to compute nothing."""

from __future__ import annotations

import re

# Full-width forms count too: spreadsheets fold them into the plain ones.
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")

FORMULA = r"^[\s\x00]*[=+\-@＝＋－＠]|^[\t\r\n\x00]"
"""The same as a pattern, for whole columns."""

CUT = r'([;\t\r\n])((?:[^\S\t\r\n]|")*[=+\-@＝＋－＠])'
"""Where a spreadsheet that parts columns by `;` or tabs, as many do, would cut a cell so that the rest computes.

A spreadsheet is free to take quotes for letters, and then the end of a line ends the row wherever it stands.
"""

KEPT_WHOLE = "${1}'${2}"
"""What takes the place of that; for polars."""

_CUT = re.compile(CUT)


def safe(value: object) -> object:
    """*value* as a cell: where a spreadsheet could take text for a formula, an apostrophe is put before it."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = value.replace("\0", "")
    harmless = not value.startswith(STARTS_A_FORMULA) and not text.lstrip().startswith(STARTS_A_FORMULA)
    text = _CUT.sub(r"\1'\2", text)
    return text if harmless else f"'{text}"
