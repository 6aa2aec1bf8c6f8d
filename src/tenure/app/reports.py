"""What a director asks for in figures: membership numbers, dues at risk, reasons for leaving, worth, organizations.

Each report is a body for programs, lines for a terminal, and, where it is about single members or organizations, a
table with the source's own ids that is written to a file alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from tenure.app import exports, standstill
from tenure.app.house import House
from tenure.app.situation import Known, situation_of
from tenure.app.told import told
from tenure.base.errors import TenureError, UsageError
from tenure.features.activity import SENT_OR_BILLED
from tenure.insights import objecting, roll_up, taking_part
from tenure.insights.dues import FORMULA
from tenure.insights.membership_figures import COUNTS, RATES, due_rows, dues_of
from tenure.membership import belonging
from tenure.membership.numbers import Compared, Numbers, against_last_year

_AT_RISK = ("high", "medium")


@dataclass(frozen=True)
class Report:
    """One report.

    Args:
        body: For programs.
        lines: For a terminal; nobody is named.
        rows: One row per member or organization, by pseudonym; empty where the report is about none.
    """

    body: dict[str, Any]
    lines: list[str]
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)


def numbers(house: House, as_of: dt.date | None, since: dt.date | None) -> Report:
    """Membership numbers from *since* (a year before by default) to before *as_of* (today), beside the year before."""
    _require_terms(house)
    day = as_of or house.today
    first = since or day - dt.timedelta(days=365)
    if first >= day:
        raise UsageError(f"{first} is not before {day}", mend="give an earlier --since, or a later --as-of")
    found = against_last_year(
        house.lake.terms(), house.lake.members(), house.settings.membership, since=first, as_of=day
    )
    formulas = {name: getattr(found[0].now, name).formula for name in RATES}
    body = {
        "since": first.isoformat(),
        "as_of": day.isoformat(),
        "record_ends_on": _ends(house, day),
        "formulas": formulas,
    }
    classes = [
        {"member_type": one.now.member_type, "now": _told(one.now), "before": _told(one.before)} for one in found
    ]
    lines = [
        *_warned(house, day),
        f"Membership from {first} to before {day}; in brackets the year before, as it was known then.",
    ]
    lines += [line for one in found for line in _class_lines(one)]
    lines += ["", *(f"{name.replace('_', ' ')}: {formula}" for name, formula in formulas.items())]
    return Report({**body, "classes": classes}, lines)


def _told(found: Numbers) -> dict[str, Any]:
    rates = {name: {**asdict(getattr(found, name)), "value": getattr(found, name).value} for name in RATES}
    return {name: getattr(found, name) for name in COUNTS} | rates


def _class_lines(found: Compared) -> Iterator[str]:
    yield ""
    yield found.now.member_type or "Everyone"
    for name in COUNTS:
        yield f"  {name.replace('_', ' '):<16} {getattr(found.now, name):>9,}  ({getattr(found.before, name):,})"
    for name in RATES:
        now, before = getattr(found.now, name), getattr(found.before, name)
        yield f"  {name.replace('_', ' '):<16} {_share(now.value):>9}  ({_share(before.value)})  {now.worked}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def dues(house: House, as_of: dt.date | None) -> Report:
    """Dues that can be expected not to come, from the scores of *as_of* (the latest night by default)."""
    scores, day = _scores(house, as_of)
    found = dues_of(due_rows(scores), day)
    lines = [f"Dues at risk on {day}; the range holds nine outcomes in ten, by chance alone."]
    lines.append(f"{'':<16} {'within':>8} {'members':>8} {'due':>14} {'at risk':>14}  range")
    for one in found:
        kind = one.member_type or "Everyone"
        unknown = f"  dues of {one.unknown:,} not known" if one.unknown else ""
        lines.append(
            f"{kind:<16} {one.horizon:>4} days {one.members:>8,} {one.due:>14,.0f} {one.expected_loss:>14,.0f}  "
            f"{one.low:,.0f} to {one.high:,.0f}{unknown}"
        )
    lines += ["", f"at risk: {FORMULA}"]
    return Report({"as_of": day.isoformat(), "formula": FORMULA, "rows": [asdict(one) for one in found]}, lines)


def leaving(house: House, as_of: dt.date | None) -> Report:
    """Why members at risk may leave, and what they are worth, by the situation of *as_of* (the latest night)."""
    _, day = _scores(house, as_of)
    here = situation_of(house, day, people_told=told(house, day)).filter(
        pl.col("p_lapse_renewal").is_not_null() & pl.col("reason").is_not_null()
    )
    rows = here.select(
        "member", "band", "risk_score", "p_lapse_renewal", "reason", "dues", "lifetime_value", "top_value"
    ).sort(["p_lapse_renewal", "member"], descending=[True, False])
    risky = rows.filter(pl.col("band").is_in(_AT_RISK))
    counted = (
        risky.group_by("reason")
        .agg(
            members=pl.len(),
            top_value=pl.col("top_value").sum(),
            expected_loss=(pl.col("dues") * pl.col("p_lapse_renewal")).sum(),
        )
        .sort(["members", "reason"], descending=[True, False])
    )
    worth = rows["lifetime_value"].drop_nulls()
    value = {"known": len(worth), "total": float(worth.sum()), "median": worth.median(), "top": rows["top_value"].sum()}
    lines = [f"Predicted reasons for leaving on {day}, of {len(risky):,} members in the bands high and medium."]
    lines.append(f"{'':<26} {'members':>8} {'of top value':>13} {'dues at risk':>14}")
    lines += [
        f"{one['reason']:<26} {one['members']:>8,} {one['top_value']:>13,} {one['expected_loss']:>14,.0f}"
        for one in counted.iter_rows(named=True)
    ]
    lines += [
        "",
        *_value_lines(value),
        "A reason is what the record and the model agree on; it is no proof of a cause.",
    ]
    body = {"as_of": day.isoformat(), "members": len(risky), "reasons": counted.to_dicts(), "lifetime_value": value}
    return Report(body, lines, rows)


def _value_lines(value: dict[str, Any]) -> Iterator[str]:
    if value["known"]:
        yield (
            f"Lifetime value of {value['known']:,} members: {value['total']:,.0f} in all, {value['median']:,.0f} in "
            f"the middle; {value['top']:,} are the top 5 % by it."
        )


def organizations(house: House, as_of: dt.date | None) -> Report:
    """Breadth, depth and key person of each member organization that pays for people, on *as_of* (today by default)."""
    _require_terms(house)
    day = as_of or house.today
    members = Known.on(house.lake, house.settings, day).stood.filter("active")["member"]
    everybody = house.lake.members()
    spans = belonging(everybody, house.lake.terms(), house.lake.departures(), house.settings.membership)
    spans = spans.filter(pl.col("organization").is_in(members.implode()))
    found = taking_part(spans, _acts(house, spans, day), as_of=day)
    rows = roll_up(found, objecting(everybody), as_of=day)
    silent = rows.filter(pl.col("key_person_silent_days") >= _SILENT)
    nobody = int((rows["active_90"] == 0).sum())
    body = {
        "as_of": day.isoformat(),
        "record_ends_on": _ends(house, day),
        "organizations": len(rows),
        "people": int(rows["people"].sum()),
        "objecting": int(rows["objecting"].sum()),
        "active_90": int(rows["active_90"].sum()),
        "active_365": int(rows["active_365"].sum()),
        "nobody_active_90": nobody,
        "key_person_silent": len(silent),
        "fell_silent": int(rows["fell_silent"].sum()),
    }
    lines = [
        *_warned(house, day),
        f"{body['organizations']:,} organizations with {body['people']:,} people on {day}.",
        f"Of the people {body['active_365']:,} took part in the last year, {body['active_90']:,} in the last 90 days; "
        f"{body['fell_silent']:,} fell silent in these.{_not_counted(int(rows['objecting'].sum()))}",
        f"In {nobody:,} organizations nobody took part in 90 days; in {len(silent):,} the key person has been silent "
        "as long.",
    ]
    return Report(body, lines, rows)


_SILENT = 90


def _not_counted(objecting: int) -> str:
    if not objecting:
        return ""
    told = "objects to being profiled and is" if objecting == 1 else "object to being profiled and are"
    return f" {objecting:,} {told} not counted."


def _ends(house: House, day: dt.date) -> str | None:
    newest = house.lake.newest_record(day)
    return newest.isoformat() if newest else None


def _warned(house: House, day: dt.date) -> list[str]:
    warning = standstill.warning(house, day)
    return [warning, ""] if warning else []


def _acts(house: House, spans: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """What those who are in *spans* did of their own accord in the year before *day*, as known on it."""
    query = """
        SELECT member, occurred_at, recorded_at FROM activity SEMI JOIN people USING (member)
        WHERE recorded_at < $1 AND occurred_at < $1 AND occurred_at >= $1::DATE - 365 AND NOT list_contains($2, kind)
    """
    with house.lake.connect() as con:
        con.register("people", spans.select(member="person").unique().to_arrow())
        found = con.sql(query, params=[day, sorted(SENT_OR_BILLED)]).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found))


def with_ids(house: House, report: Report) -> pl.DataFrame:
    """The rows of *report* with the source's own ids in place of pseudonyms."""
    rows = report.rows
    if "organization" not in rows.columns:
        named = exports.with_member_ids(house, rows)
        return named.select("member_id", *(name for name in rows.columns if name != "member"))
    for column, name in (("organization", "organization_id"), ("key_person", "key_person_id")):
        known = rows.select(member=pl.col(column)).drop_nulls().unique()
        ids = exports.with_member_ids(house, known).rename({"member": column, "member_id": name})
        rows = rows.join(ids, on=column, how="left", maintain_order="left")
    return rows.select(
        "organization_id", "people", "objecting", "active_90", "active_365", "days_365", "key_person_id",
        "key_person_days", "key_person_silent_days", "key_person_here", "fell_silent",
    )  # fmt: skip


def _scores(house: House, as_of: dt.date | None) -> tuple[pl.DataFrame, dt.date]:
    days = house.lake.score_dates()
    day = as_of or (days[-1] if days else None)
    frame = house.lake.scores(day) if day in days else None
    if day is None or frame is None:
        mend = f"the nights with scores are {', '.join(map(str, days[-5:]))}" if days else "run `tenure run`"
        raise TenureError(f"there are no scores of {as_of}" if as_of else "there are no scores yet", mend=mend)
    return frame, day


def _require_terms(house: House) -> None:
    if house.lake.is_empty("terms"):
        raise TenureError("there are no terms yet", mend=f"run `tenure sync --home {house.home.root}`")
