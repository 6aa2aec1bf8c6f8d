"""Whether a table has the columns that the contract wants, and what to say when it does not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from tenure.base.errors import BadInput
from tenure.membership.contract import Table

_VALUE = re.compile(r"@|^\s*[\d+(-]")
"""What begins with a digit, or is an address, is a value and no name: a file without a header has a person's data
there, which no message may hold."""


def check_columns(table: Table, found: Mapping[str, str], label: str, notices: list[str]) -> dict[str, str]:
    """The contract's columns among those *found*, with their types.

    Args:
        table: The table of the contract.
        found: Columns that are there, with DuckDB's type of each.
        label: What messages call the table.
        notices: Gets a line when columns are ignored.

    Raises:
        BadInput: A needed column is missing; a column of nearly that name is pointed out.
    """
    known = {column.name for column in table.columns}
    extra = sorted(set(found) - known)
    missing = [column.name for column in table.columns if column.required and column.name not in found]
    if missing:
        raise _missing(table, missing, extra, label)
    if extra:
        named = [name for name in extra if not _VALUE.search(name)]
        listed = ", ".join(named[:12]) + (" …" if len(extra) > min(len(named), 12) else "")
        notices.append(f"{label}: columns ignored: {listed}{_hint(table, extra, found)}")
    return {column.name: found[column.name] for column in table.columns if column.name in found}


def _missing(table: Table, missing: list[str], extra: list[str], label: str) -> BadInput:
    words = f"column{'s' if len(missing) > 1 else ''} {', '.join(f'`{name}`' for name in missing)}"
    none_there = len(missing) == sum(column.required for column in table.columns)
    if none_there and any(map(_VALUE.search, extra)):
        return BadInput(
            f"{label} lacks the {words}; its first line seems to hold values and no names",
            mend=f"export it with a header line; docs/files.md lists the columns that {table.name} needs",
        )
    renames = [f"`{near}` to `{name}`" for name in missing if (near := _near(name, extra))]
    mend = (
        f"rename {', '.join(renames)}"
        if renames
        else f"export {words} too; docs/files.md lists what {table.name} needs"
    )
    named = [f"`{name}`" for name in extra if not _VALUE.search(name)]
    there = f"; it has {', '.join(named[:8])} instead" if named and not renames else ""
    return BadInput(f"{label} lacks the {words}{there}", mend=mend)


def _hint(table: Table, extra: list[str], found: Mapping[str, str]) -> str:
    absent = [column.name for column in table.columns if column.name not in found]
    renames = [f"`{near}` for `{name}`" for name in absent if (near := _near(name, extra))]
    return f" (did you mean {', '.join(renames)}?)" if renames else ""


def _near(name: str, candidates: list[str]) -> str:
    plain = {_plain(candidate): candidate for candidate in candidates}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.75)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
