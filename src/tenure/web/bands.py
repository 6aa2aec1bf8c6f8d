"""How many members went from which band to which since the scores before: numbers, with what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from tenure.ledger.rights import chapter_of
from tenure.web import words
from tenure.web.asked import BANDS
from tenure.web.cells import list_file
from tenure.web.overview import Moved, overview_of
from tenure.web.roles import reader
from tenure.web.shell import current_scores

_RISING = ("low", "medium", "high")
_UNSCORED = "Not scored then"


@dataclass(frozen=True)
class Row:
    """Members of one band then: its name, and a figure with whether it is unchanged for each band now, and in all."""

    band: str
    name: str
    cells: tuple[tuple[int, bool], ...]
    total: int


def rows_of(moved: Sequence[Moved]) -> list[Row]:
    """A row for each band then, and one for those who had no score; only rows that hold somebody."""
    counts = {(one.was, one.now): one.members for one in moved}
    rows = (
        Row(
            was,
            BANDS.get(was, _UNSCORED),
            tuple((counts.get((was, now), 0), was == now) for now in BANDS),
            sum(counts.get((was, now), 0) for now in BANDS),
        )
        for was in (*BANDS, "")
    )
    return [row for row in rows if row.total]


def finding(moved: Sequence[Moved]) -> str:
    """How many rose and how many fell, as a sentence without a full stop; new members have no place in this order."""
    steps = list(_steps(moved))
    of = sum(members for _, members in steps)
    rose, fell = (sum(m for step, m in steps if step * sign > 0) for sign in (1, -1))
    if not rose and not fell:
        return "Nobody changed band"
    return (
        f"{words.count(rose)} rose to a higher band and {words.count(fell)} fell to a lower one, of {words.count(of)}"
    )


def _steps(moved: Sequence[Moved]) -> Iterator[tuple[int, int]]:
    """By how many bands, and how many members did so."""
    for one in moved:
        if one.was in _RISING and one.now in _RISING:
            yield _RISING.index(one.now) - _RISING.index(one.was), one.members


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same as CSV or JSON: a line for each pair of bands that somebody is in."""
    score_set = current_scores(request)
    if score_set is None:
        raise Http404
    figures = overview_of(score_set, chapter_of(reader(request)))
    rows = [(one.was, one.now, one.members) for one in figures.moved]
    return list_file("bands", ("was", "now", "members"), rows, form, as_of=score_set.as_of, before=figures.before)
