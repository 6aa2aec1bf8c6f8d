"""Files to download: tables whose cells compute nothing in a spreadsheet, and charts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tenure.base.spreadsheets import safe
from tenure.charts import Figure


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """CSV lines of *rows*, every cell made safe."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


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
        return csv_file([[column.name for column in figure.table.columns], *figure.table.rows], f"{name}.csv")
    raise Http404


def _svg_file(svg: str, name: str) -> HttpResponse:
    response = HttpResponse(svg, content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _with_mark(body: Iterator[bytes]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    yield from body
