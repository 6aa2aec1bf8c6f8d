"""Files for spreadsheets whose cells compute nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.http import HttpResponse, StreamingHttpResponse

from tenure.base.spreadsheets import safe


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


def svg_file(svg: str, name: str) -> HttpResponse:
    """A picture to download."""
    response = HttpResponse(svg, content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _with_mark(body: Iterator[bytes]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    yield from body
