"""Signals as a person asks for them, of one day: chapters, hardship, displacement and win-back, told and in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import polars as pl

from tenure.app.house import House
from tenure.app.situation import Known
from tenure.app.told import told
from tenure.insights import winback
from tenure.insights.benefits import Lost, benefits_lost
from tenure.insights.chapters import chapters_of
from tenure.insights.displacement import displacement_of
from tenure.insights.hardship import hardship_of
from tenure.insights.shares import interval

Body = dict[str, Any]

_SHOWN = 40
"""Lines of members that a terminal is given; all are in the JSON."""


def chapters(house: House, as_of: dt.date) -> Body:
    """Engagement by chapter, and who drifts from theirs: payers and the people of organizations."""
    known = Known.on(house.lake, house.settings, as_of)
    found = chapters_of(house.lake, _people(house, known), as_of)
    drifting = found.members.filter("drifts").drop("drifts")
    return {"as_of": as_of, "chapters": found.chapters.to_dicts(), "drifting": _with_ids(house, drifting)}


def _people(house: House, known: Known) -> pl.DataFrame:
    """Active payers and the people for whom active organizations pay, each with the primary chapter."""
    payers = known.person.filter(known.active).select("member", "chapter_id")
    start = dt.datetime.combine(known.as_of, dt.time())
    latest = house.lake.members().filter(pl.col("valid_from") < start).sort("valid_from").group_by("member").last()
    staff = latest.filter(pl.col("organization").is_in(payers["member"].implode())).select("member", "chapter_id")
    return pl.concat([payers, staff]).unique("member", keep="first", maintain_order=True)


def hardship(house: House, as_of: dt.date) -> Body:
    """Whose payments say that money is short; nobody's without a purpose."""
    known = Known.on(house.lake, house.settings, as_of)
    found = hardship_of(house.lake, house.settings, known.stood.filter("active"), as_of).filter("hardship")
    purpose = house.settings.outreach.hardship_purpose.strip()
    return {"as_of": as_of, "purpose": purpose, "members": _with_ids(house, found.drop("hardship"))}


def displacement(house: House, as_of: dt.date) -> Body:
    """Who changed to a listed competitor, those first who take part less; nobody without a purpose and a list."""
    known = Known.on(house.lake, house.settings, as_of)
    found = displacement_of(house.lake, house.settings, known.stood.filter("active")["member"], as_of)
    outreach = house.settings.outreach
    return {
        "as_of": as_of,
        "purpose": outreach.displacement_purpose.strip(),
        "competitors": list(outreach.competitors),
        "members": _with_ids(house, found.sort("displaced", "changed_on", descending=True)),
    }


def win_back(house: House, as_of: dt.date) -> Body:
    """What went before each lapse of the last two years, and which recorded benefits lose members."""
    known = Known.on(house.lake, house.settings, as_of)
    lost = benefits_lost(house.lake, house.settings, as_of)
    gone = known.stood.filter(~pl.col("active"))
    found = winback.winback_of(house.lake, gone, lost, as_of, told(house, as_of).latest)
    return {
        "as_of": as_of,
        "drivers": list(_drivers(found)),
        "benefits": [_told(one) for one in lost if one.is_recorded],
        "members": _with_ids(house, found.sort("left_on", descending=True)),
    }


def _told(lost: Lost) -> Body:
    said = asdict(lost) | {"loses": lost.loses}
    del said["is_recorded"]
    return said


def _drivers(found: pl.DataFrame) -> Iterator[Body]:
    """Each driver that was found with its members, share and 95 % range, the most frequent first."""
    counts = found.group_by("driver").len().sort("len", "driver", descending=[True, False])
    for name, members in counts.iter_rows():
        rule = next(one for one in winback.DRIVERS if name.startswith(one.name))
        low, high = interval(members, found.height)
        share = members / found.height
        yield {
            "driver": name, "members": members, "share": share, "low": low, "high": high, "rule": rule.rule,
            "offer": rule.offer,
        }  # fmt: skip


def _with_ids(house: House, frame: pl.DataFrame) -> list[Body]:
    """The lines of *frame* by the source's own ids."""
    house.open_ledger()
    from tenure.ledger import identities

    ids = identities.ids_of(members=frame["member"].to_list())
    rows = frame.drop("member").to_dicts()
    return [{"member_id": ids.get(member, ""), **row} for member, row in zip(frame["member"], rows, strict=True)]


def chapters_in_words(body: Body) -> str:
    """For a terminal."""
    if not body["chapters"]:
        return f"As of {body['as_of']}: no active member has a chapter."
    rows = [
        [
            one["chapter_id"], f"{one['members']:,}", f"{one['took_part_before']:,}", f"{one['took_part_lately']:,}",
            f"{one['share']:.0%} ({one['low']:.0%} to {one['high']:.0%})", f"{one['score']:.0f}", str(one["drifting"]),
        ]
        for one in body["chapters"]
    ]  # fmt: skip
    head = ["chapter", "members", "before", "lately", "took part in the year", "score", "drift"]
    title = f"As of {body['as_of']}; before and lately: members with a chapter day in either half of the year"
    drifting = [
        [one["member_id"], one["chapter_id"], f"{one['chapter_days_before']} chapter days before, none lately"]
        for one in body["drifting"]
    ]
    return "\n\n".join([title, _table([head, *rows]), *_members("Drifting", drifting)])


def hardship_in_words(body: Body) -> str:
    """For a terminal."""
    if not body["purpose"]:
        return _off("hardship_purpose", "payments are not read as hardship")
    rows = [[one["member_id"], one["why"]] for one in body["members"]]
    return "\n\n".join([f"As of {body['as_of']}; purpose: {body['purpose']}", *_members("Short of money", rows)])


def displacement_in_words(body: Body) -> str:
    """For a terminal."""
    if not body["purpose"]:
        return _off("displacement_purpose", "employers are not compared with competitors")
    rows = [
        [
            one["member_id"], one["competitor"], f"since {one['changed_on']}",
            f"{one['days_lately']} active days in 90, {one['days_before']} in the year before"
            + (", takes part less" if one["displaced"] else ""),
        ]
        for one in body["members"]
    ]  # fmt: skip
    return "\n\n".join([f"As of {body['as_of']}; purpose: {body['purpose']}", *_members("At a competitor", rows)])


def win_back_in_words(body: Body) -> str:
    """For a terminal: the brief for the product team first."""
    if not body["members"]:
        return f"As of {body['as_of']}: nobody has lapsed in two years."
    drivers = [
        [one["driver"], f"{one['members']:,}", f"{one['low']:.0%} to {one['high']:.0%}", one["offer"]]
        for one in body["drivers"]
    ]
    return "\n\n".join(
        [
            f"What went before the {len(body['members']):,} lapses of two years, as of {body['as_of']}",
            _table([["driver", "members", "share", "offer"], *drivers]),
            *_benefits(body["benefits"]),
            "It says what went before, and not what would have kept anybody.",
        ]
    )


def _benefits(lost: list[Body]) -> Iterator[str]:
    if not lost:
        yield "That anybody used a benefit was never recorded, so nothing can be said of any."
        return
    yield f"Benefits in the last year of {lost[0]['left']:,} who left and {lost[0]['renewed']:,} who renewed"
    head = ["benefit", "left", "renewed", "had stopped", "of renewed", "more by", ""]
    yield _table([head, *(_benefit(one) for one in lost)])


def _benefit(one: Body) -> list[str]:
    def share(part: str, whole: str) -> str:
        return f"{one[part] / one[whole]:.0%}" if one[whole] else "–"

    low, high = one["stopped_gap"]
    return [
        one["benefit"], share("left_used", "left"), share("renewed_used", "renewed"), share("left_stopped", "left"),
        share("renewed_stopped", "renewed"), f"{100 * low:+.0f} to {100 * high:+.0f} points",
        "loses members" if one["loses"] else "",
    ]  # fmt: skip


def _off(key: str, words: str) -> str:
    return f"off: {words} until `{key}` in [outreach] of tenure.toml says what for (docs/signals.md)"


def _members(title: str, rows: list[list[str]]) -> Iterator[str]:
    yield f"{title}: {len(rows):,} {'member' if len(rows) == 1 else 'members'}"
    if rows:
        more = [f"… and {len(rows) - _SHOWN:,} more; --json lists them all"] if len(rows) > _SHOWN else []
        yield "\n".join([_table(rows[:_SHOWN]), *more])


def _table(rows: Iterable[list[str]]) -> str:
    """Columns side by side, as wide as their widest cell."""
    lines = list(rows)
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)
