"""How a source's value becomes one of the contract's types, as SQL.

Each expression gives NULL for what cannot be read; staging tells that apart from what was not given.
"""

from __future__ import annotations

from tenure.base.errors import BadInput
from tenure.membership.contract import Column

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_MEMBER_IDS = ("member_id", "organization_id")

WORDS = {
    "string": "text",
    "timestamp": "a time (ISO 8601, UTC)",
    "date": "a date (ISO 8601)",
    "double": "a number",
    "int": "a whole number",
    "bool": "true or false",
}
"""What a value of each type is called in a message."""


def kind_of(duck_type: str) -> str:
    """The family of a DuckDB type: text, whole, number, flag, day, instant, zoned, nothing or other."""
    name = duck_type.upper()
    families = {
        "VARCHAR": "text", "BOOLEAN": "flag", "DATE": "day", "FLOAT": "number", "DOUBLE": "number",
        "TIMESTAMP WITH TIME ZONE": "zoned", "\"NULL\"": "nothing", "NULL": "nothing",
    }  # fmt: skip
    if name in families:
        return families[name]
    if name in _INTEGERS:
        return "whole"
    if name.startswith("DECIMAL"):
        return "number"
    if name.startswith("ENUM"):
        return "text"
    return "instant" if name.startswith("TIMESTAMP") else "other"


def parse(column: Column, duck_type: str, label: str) -> str:
    """SQL that reads a value of *column*, which *label* gives as *duck_type*.

    Raises:
        BadInput: No value of that type can be one of the contract's.
    """
    name, kind = f'"{column.name}"', kind_of(duck_type)
    if kind == "nothing":
        return f"NULL::{_TYPES[column.type]}"
    expression = _EXPRESSIONS.get((column.type, kind))
    if expression is None or (column.name in _MEMBER_IDS and kind != "text"):
        raise BadInput(
            f"{label}: column `{column.name}` holds values of type {duck_type.lower()[:40]} where "
            f"{WORDS[column.type]} is wanted",
            mend="ids are text: written as numbers they lose leading zeros; export the column as text"
            if column.type == "string"
            else f"export the column as {WORDS[column.type]}",
        )
    # An id is looked up as the source wrote it, to the letter.
    return f"nullif({name}::VARCHAR, '')" if column.name in _MEMBER_IDS else expression.replace("?", name)


def can_fail(column: Column, duck_type: str) -> bool:
    """Whether a value that was given can turn out unreadable."""
    return column.type != "string" and kind_of(duck_type) in ("text", "number", "whole")


# A cast to TIMESTAMP ignores an offset such as +02:00; the one by way of an instant with a zone does not. A text must
# begin like a date, since DuckDB also reads "epoch".
_INSTANT = "CASE WHEN ?[5] = '-' THEN make_timestamp(epoch_us(TRY_CAST(? AS TIMESTAMP WITH TIME ZONE))) END"
_NUMBER = "CASE WHEN isfinite(TRY_CAST(? AS DOUBLE)) THEN TRY_CAST(? AS DOUBLE) END"
_FLAG = (
    "CASE WHEN lower(trim(?)) IN ('true', 't', 'yes', 'y', '1') THEN true "
    "WHEN lower(trim(?)) IN ('false', 'f', 'no', 'n', '0') THEN false END"
)
# A NUL is no text anywhere else: a ledger on PostgreSQL would refuse the night for one in one name.
_TEXT = "nullif(CASE WHEN contains(?::VARCHAR, chr(0)) THEN replace(?::VARCHAR, chr(0), '') ELSE ?::VARCHAR END, '')"
_ZERO_OR_ONE = "CASE WHEN ? = 1 THEN true WHEN ? = 0 THEN false END"
_WHOLE = (
    "CASE WHEN TRY_CAST(? AS DOUBLE) = floor(TRY_CAST(? AS DOUBLE)) THEN TRY_CAST(TRY_CAST(? AS DOUBLE) AS INTEGER) END"
)

_TYPES = {
    "string": "VARCHAR", "timestamp": "TIMESTAMP", "date": "DATE",
    "double": "DOUBLE", "int": "INTEGER", "bool": "BOOLEAN",
}  # fmt: skip

_EXPRESSIONS: dict[tuple[str, str], str] = {
    ("string", "text"): _TEXT,
    ("string", "whole"): "?::VARCHAR",
    ("string", "number"): "?::VARCHAR",
    ("string", "flag"): "?::VARCHAR",
    ("timestamp", "text"): _INSTANT,
    ("timestamp", "day"): "?::TIMESTAMP",
    ("timestamp", "instant"): "?::TIMESTAMP",
    ("timestamp", "zoned"): "make_timestamp(epoch_us(?))",
    ("date", "text"): f"({_INSTANT})::DATE",
    ("date", "day"): "?",
    ("date", "instant"): "?::DATE",
    ("date", "zoned"): "make_timestamp(epoch_us(?))::DATE",
    ("double", "text"): _NUMBER,
    ("double", "whole"): "?::DOUBLE",
    ("double", "number"): "CASE WHEN isfinite(?::DOUBLE) THEN ?::DOUBLE END",
    ("int", "text"): _WHOLE,
    ("int", "whole"): "TRY_CAST(? AS INTEGER)",
    ("int", "number"): _WHOLE,
    ("bool", "text"): _FLAG,
    ("bool", "flag"): "?",
    ("bool", "whole"): _ZERO_OR_ONE,
    ("bool", "number"): _ZERO_OR_ONE,
}


def given(column: Column, duck_type: str) -> str:
    """SQL that says whether a value was given at all: not null, not empty, not the NaN that stands for nothing."""
    name, kind = f'"{column.name}"', kind_of(duck_type)
    if kind == "text":
        words = f"(NOT contains({name}, chr(0)) OR replace({name}, chr(0), '') <> '')"
        return f"{name} IS NOT NULL AND trim({name}::VARCHAR) <> '' AND {words.replace(name, f'{name}::VARCHAR')}"
    if kind == "number":
        return f"{name} IS NOT NULL AND NOT isnan({name}::DOUBLE)"
    return f"{name} IS NOT NULL"
