"""Files to download: tables whose cells compute nothing in a spreadsheet, and charts.

Texts stand in quotes; numbers, days and times do not. So a spreadsheet that is told to take what is quoted for text
keeps the zeros of an id and counts with the rest.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tenure.base.spreadsheets import safe
from tenure.charts import Figure, Table


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """CSV lines of *rows*, every cell made safe; times in UTC, to the second, as spreadsheets read them."""
    for row in rows:
        yield ",".join(map(_cell, row)) + "\r\n"


def _cell(value: object) -> str:
    # Python's own writer can quote texts alone from 3.12 on; before, it quotes days with them.
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        there = value.astimezone(dt.UTC) if value.tzinfo else value
        return f"{there:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (bool, int, float, Decimal, dt.date)):
        return str(value)
    quoted = str(safe(str(value))).replace('"', '""')
    return f'"{quoted}"'


def csv_file(rows: Iterable[Iterable[object]], name: str) -> StreamingHttpResponse:
    """*rows* as a file to download, sent while they are read. Excel needs the mark to see that it is UTF-8."""
    body = (line.encode() for line in lines(rows))
    response = StreamingHttpResponse(_with_mark(body), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def list_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], form: str, **beside: object
) -> HttpResponseBase:
    """The rows of a list on a page, under the names of its columns, as CSV or JSON; *beside* stands in the JSON."""
    if form == "csv":
        return csv_file([columns, *rows], f"tenure-{name}.csv")
    if form == "json":
        return JsonResponse({**beside, name.replace("-", "_"): [dict(zip(columns, row, strict=True)) for row in rows]})
    raise Http404


def figure_file(figure: Figure, form: str, name: str) -> HttpResponseBase:
    """A chart as a file: `svg` or `csv`."""
    if form == "svg":
        return _svg_file(figure.standalone(), f"{name}.svg")
    if form == "csv":
        return csv_file(_numbers(figure.table), f"{name}.csv")
    raise Http404


def _numbers(table: Table) -> Iterator[list[object]]:
    """A chart's table as spreadsheets read it: 1200, -3, 2025-03-04 where a page says 1,200, −3, March 4, 2025."""
    yield [column.name for column in table.columns]
    for row in table.rows:
        yield [
            _number(text) if column.is_number else _day(text) for column, text in zip(table.columns, row, strict=True)
        ]


_NUMBER = re.compile(r"[+−-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DAY = "%B %d, %Y"


def _number(text: str) -> object:
    if text in ("–", ""):
        return None
    return Decimal(text.replace(",", "").replace("−", "-")) if _NUMBER.fullmatch(text) else text


def _day(text: str) -> object:
    try:
        return dt.datetime.strptime(text, _DAY).replace(tzinfo=dt.UTC).date()
    except ValueError:
        return text


def _svg_file(svg: str, name: str) -> HttpResponse:
    response = HttpResponse(svg, content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _with_mark(body: Iterator[bytes]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    yield from body
