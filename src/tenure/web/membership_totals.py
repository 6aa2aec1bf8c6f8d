"""Totals of the Membership page beside its rates: renewal by dues, how those who left went, automatic renewal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenure.charts import dumbbell
from tenure.insights.shares import difference
from tenure.web import words
from tenure.web.membership_rates import ClassRow
from tenure.web.membership_scope import Shown
from tenure.web.renewal_class import FEW, Change

Body = dict[str, Any]

_WAYS = {
    "resigned": "Resigned: said so",
    "payment": "Payment failed",
    "unsaid": "Let it run out without a word",
    "removed": "No longer in the source, nothing said",
    "deceased": "Died",
    "merged": "Merged into another record",
    "transferred": "Transferred",
}
_NOT_KNOWN = "Dues not on record"
_LAPSES = ("resigned", "payment", "unsaid")


def band_rows(shown: Shown) -> list[ClassRow]:
    """Renewal rates by band of dues and, where there is more than one, of all."""
    found = [(_band(one), Change(*one["now"], *one["before"])) for one in shown.body["totals"]["bands"]]
    rows = [ClassRow(name, "", change, dumbbell(change.now, change.before, 0, 1)) for name, change in found]
    if len(rows) < 2:
        return rows
    total = Change(*shown.body["now"]["renewal"], *shown.body["before"]["renewal"])
    return [*rows, ClassRow("All dues", "", total, dumbbell(total.now, total.before, 0, 1), is_total=True)]


def _band(one: Body) -> str:
    low, high = one["from"], one["to"]
    if not one["known"]:
        return _NOT_KNOWN
    if low is None:
        return "All dues" if high is None else f"Under {words.money(high)}"
    return f"{words.money(low)} and more" if high is None else f"{words.money(low)} to under {words.money(high)}"


def bands_finding(rows: list[ClassRow]) -> str:
    """What renewal has to do with dues, a sentence without a full stop."""
    bands = [row for row in rows if not row.is_total and row.name != _NOT_KNOWN]
    told = [row for row in bands if row.change.due >= FEW]
    if not rows:
        return "Renewal by dues: no renewal was decided in the year"
    if len(bands) < 2:
        return "Renewal by dues: there is one band"
    if len(told) < 2:
        return "Renewal by dues: too few to tell"
    least, most = (pick(told, key=_rate) for pick in (min, max))
    low, _ = difference(most.change.renewed, most.change.due, least.change.renewed, least.change.due)
    if low <= 0:
        return "Renewal does not differ by dues, within chance"
    fewest, highest = (words.percent(one.change.now) for one in (least, most))
    return f"{_of(least.name)} renew least, {fewest}; {_inside(most.name)} most, {highest}"


def _of(band: str) -> str:
    """A band at the beginning of a sentence."""
    return f"Dues {_inside(band)}" if band.startswith("Under") else f"Dues of {band}"


def _rate(row: ClassRow) -> float:
    return row.change.now or 0.0


def _inside(name: str) -> str:
    return name[0].lower() + name[1:]


@dataclass(frozen=True)
class WayRow:
    """One way of leaving: how many this year and the year before, and their share of the lapses of each.

    Args:
        name: As shown.
        key: As in the file.
        count, count_before: How many.
        share, share_before: Of all lapses; None for ends that are no lapses, and where there are too few to tell.
        is_sum: Whether it is all lapses.
    """

    name: str
    key: str
    count: int
    count_before: int
    share: float | None
    share_before: float | None
    is_sum: bool = False


def way_rows(shown: Shown) -> list[WayRow]:
    """Lapses by how they came, all of them, and the ends that are none."""
    now, before = (shown.body["totals"]["ways"][column] for column in ("now", "before"))
    all_now, all_before = (sum(one[way] for way in _LAPSES) for one in (now, before))
    rows = [
        WayRow(_WAYS[way], way, now[way], before[way], _share(now[way], all_now), _share(before[way], all_before))
        for way in _LAPSES
    ]
    rows.append(WayRow("All lapses", "lapses", all_now, all_before, None, None, is_sum=True))
    apart = [way for way in now if way not in _LAPSES]
    return rows + [WayRow(_WAYS[way], way, now[way], before[way], None, None) for way in apart]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= FEW else None


def ways_finding(rows: list[WayRow]) -> str:
    """How those who lapsed went, a sentence without a full stop."""
    resigned, payment, unsaid, lapses = rows[:4]
    if not lapses.count:
        return "Nobody lapsed in the year"
    said = f"{words.plural(lapses.count, 'member')} lapsed"
    if unsaid.share is None or resigned.share is None or payment.share is None:
        return f"{said}: {resigned.count} resigned, {payment.count} by a failed payment; too few for shares"
    return (
        f"{said}: {words.percent(unsaid.share)} without a word, {words.percent(resigned.share)} resigned, "
        f"{words.percent(payment.share)} by a failed payment"
    )


@dataclass(frozen=True)
class Measure:
    """One line on automatic renewal: a figure, and what stands behind it."""

    name: str
    key: str
    figure: str
    behind: str
    part: int
    whole: int | None = None


def automatic(shown: Shown) -> list[Measure]:
    """Who is enrolled, who came and went, and the payments that were declined; empty where the record tells nothing."""
    told = shown.body["totals"]["automatic"]
    return list(_measures(told)) if told["now"][1] or told["declined"] else []


def _measures(told: Body) -> Iterator[Measure]:
    (some, of), (earlier, of_earlier), turns = told["now"], told["before"], told["turns"]
    then = f"; {words.percent(earlier / of_earlier)} a year before" if of_earlier else ""
    share = words.percent(some / of if of else None)
    yield Measure("Enrolled", "enrolled", share, f"{some:,} of {of:,} members{then}", some, of)
    if turns:
        yield Measure("Newly enrolled", "began", words.count(turns["began"]), "members a year ago too", turns["began"])
        yield Measure("Joined with it", "came", words.count(turns["came"]), "no members a year ago", turns["came"])
        yield Measure("Ended it", "ended", words.count(turns["ended"]), "and are still members", turns["ended"])
    declined, recovered = told["declined"], told["recovered"]
    behind = f"members with a declined payment in {told['days']} days"
    yield Measure("Declined", "declined", words.count(declined), behind, declined)
    rate = words.percent(recovered / declined) if declined >= FEW else words.count(recovered)
    yield Measure("Recovered", "recovered", rate, f"{recovered:,} of {declined:,} paid since", recovered, declined)


def automatic_finding(measures: list[Measure]) -> str:
    """What automatic renewal comes to, a sentence without a full stop."""
    named = {one.key: one for one in measures}
    recovered = named["recovered"]
    said = f"{named['enrolled'].figure} of members renew automatically"
    if not recovered.whole:
        return f"{said}; no payment was declined"
    return f"{said}; {recovered.part:,} of {recovered.whole:,} with a declined payment paid since"


def total_file(shown: Shown, key: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]] | None:
    """Columns and rows of one of these tables; None where *key* is none of them."""
    made = {"bands": _band_lines, "ways": _way_lines, "automatic": _automatic_lines}.get(key)
    return made(shown) if made is not None else None


def _band_lines(shown: Shown) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    rows = [
        ("" if one["from"] is None else one["from"], "" if one["to"] is None else one["to"], one["known"],
         *one["now"], *one["before"])
        for one in shown.body["totals"]["bands"]
    ]  # fmt: skip
    return ("dues_from", "dues_under", "dues_known", "renewed", "due", "renewed_before", "due_before"), rows


def _way_lines(shown: Shown) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    rows = [(row.key, row.count, row.count_before) for row in way_rows(shown)]
    return ("way", "members", "members_before"), rows


def _automatic_lines(shown: Shown) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    rows = [(one.key, one.part, "" if one.whole is None else one.whole) for one in automatic(shown)]
    return ("measure", "members", "of"), rows
