"""Values as a driver gives them, as text: the same text for the same value from every database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any


def texts(values: Sequence[Any]) -> list[str | None]:
    """One column as text: ids to the letter, instants in ISO 8601, whole numbers without a point; blank is nothing."""
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        # What SQL Server compares as equal may differ in blanks at its end.
        return value.rstrip() or None
    return _WRITERS.get(type(value), str)(value)


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}" if value.is_finite() else ""


def _binary(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).hex()


def _instant(value: dt.datetime) -> str:
    plain = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    return plain.isoformat()


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    dt.datetime: _instant,
    dt.date: dt.date.isoformat,
    Decimal: _number,
    float: lambda value: str(int(value)) if value.is_integer() else repr(value),
    bytes: _binary,
}
