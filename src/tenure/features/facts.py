"""Features that follow from terms and records rather than from counting activity."""

from __future__ import annotations

import numba as nb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import SENT_OR_BILLED, Activity
from tenure.features.kernel import WINDOWS

CATEGORIES = ("member_type", "chapter_id", "industry", "region", "country")
"""Slow fields that the model takes as categories."""

_PLAIN = ("join_date",)
"""Known once and for all, so that today's value may stand for the past."""

_FOLLOWS_OUTCOME = ("employer", "job_title", "profile_completeness")
"""Fields that change because a member left; a plain export's values of today may not stand for the past."""

_BENEFITS = (
    ("login", "page_view"),
    ("event_registered", "event_attended"),
    ("community_post", "community_comment"),
    ("committee_meeting", "committee_led", "committee_joined"),
    ("volunteer_completed",),
    ("resource_download",),
    ("learning_started", "learning_completed"),
    ("career_center_used",),
)

_MACHINE = 0.9
"""Share of messages opened from which, without a single click, a machine is taken to open them."""

Numbers = NDArray[np.float32]


def known_person(members: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What each row's member's record said on the row's day, and a year earlier.

    Args:
        members: All versions; `plain` tells those that a plain export gave without `valid_from`.
        rows: `row`, `member`, `as_of`.

    Returns:
        One line per row, in their order: the slow fields, `email_allowed`, and the fields that follow the outcome
        where their value on that day is truly known; `employer_before` and the like a year earlier.
    """
    versions = members.sort("member", "valid_from", maintain_order=True)
    before = _truly_known(_on(versions, rows, ("plain", "chapter_id", *_CHANGES), ago=365))
    return pl.concat([
        rows.select("row", "member", "as_of"), _truly_known(_on(versions, rows, _TOLD)),
        before.rename(lambda name: f"{name}_before"),
    ], how="horizontal")  # fmt: skip


def slow_fields(versions: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`join_date` and the slow fields of the record, as each row's member's record told them on the row's day.

    Args:
        versions: As in `known_person`, by member and then `valid_from`.
        rows: As in `known_person`; quickest by member.
    """
    return _on(versions, rows, (*_PLAIN, *CATEGORIES[1:]))


_CHANGES = ("employer", "job_title")
_TOLD = ("plain", *_PLAIN, *CATEGORIES[1:], "email_allowed", *_FOLLOWS_OUTCOME)


def _on(versions: pl.DataFrame, rows: pl.DataFrame, names: tuple[str, ...], *, ago: int = 0) -> pl.DataFrame:
    """The last version of each row's member that was valid before the start of the day *ago* days before the row's;
    nulls where there is none."""
    since = versions["valid_from"].dt.epoch("d").to_numpy()
    member, day = rows["member"].to_numpy(), rows["as_of"].to_physical().to_numpy()
    at = _last_version(versions["member"].to_numpy(), since, member, day - np.int32(ago))
    place = pl.Series(at)
    return versions.select(pl.col(names).gather(place.set(place < 0, None)))


def _truly_known(found: pl.DataFrame) -> pl.DataFrame:
    unknown = pl.col("plain").fill_null(value=True)
    follow = [name for name in _FOLLOWS_OUTCOME if name in found.columns]
    return found.with_columns(pl.when(~unknown).then(pl.col(name)).alias(name) for name in follow)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _last_version(
    known: NDArray[np.int64], since: NDArray[np.int32], member: NDArray[np.int64], day: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Place of the last of each member's versions since before its day, −1 where there is none.

    Valid before midnight is valid since an earlier day.
    """
    found = np.full(member.size, -1, np.int64)
    begin, end = 0, 0
    for row in range(member.size):
        who = member[row]
        if row == 0 or who != member[row - 1]:
            begin = end if end < known.size and known[end] == who else np.searchsorted(known, who)
            end = begin
            while end < known.size and known[end] == who:
                end += 1
        for version in range(begin, end):
            if since[version] < day[row]:
                found[row] = version
    return found


def facts(standing: pl.DataFrame, person: pl.DataFrame, activity: Activity) -> dict[str, Numbers]:
    """Each fact of the catalogue, one number per row.

    Args:
        standing: As `tenure.membership.standing` returns, in the order of the activity's rows.
        person: As `known_person` returns, in the same order.
        activity: What was counted for the rows.
    """
    return {
        **_from_terms(standing),
        **_from_person(person),
        **_from_activity(standing, activity),
        "years_joined": _years_joined(standing, person),
    }


def _years_joined(standing: pl.DataFrame, person: pl.DataFrame) -> Numbers:
    """Years since joining, or since the first term on record where that is earlier or the date of joining is not past.

    Where a return moves the date of joining, the first term is what is left of the years before.
    """
    joined, day, first = person["join_date"], standing["as_of"], standing["first_term_on"]
    past = pl.select(pl.when(joined < day).then(pl.min_horizontal(joined, first)).otherwise(first)).to_series()
    return _numbers((day - past).dt.total_days() / 365.25)


def _from_terms(standing: pl.DataFrame) -> dict[str, Numbers]:
    day = pl.col("as_of")
    later = pl.col("renewal_due_on").is_not_null()
    columns = standing.select(
        days_to_renewal=pl.when(later).then((pl.col("ends") - day).dt.total_days()),
        years=(day - pl.col("spell_began")).dt.total_days() / 365.25,
        renewals=pl.col("terms_in_spell") - 1,
        reinstatements=pl.col("spells") - 1,
        resigned="resigned",
        type_changed="type_changed",
        upgrades="upgrades",
        downgrades="downgrades",
        dues="dues",
        dues_change=pl.when(pl.col("previous_dues") > 0).then(pl.col("dues") / pl.col("previous_dues") - 1),
        auto_renew="auto_renew",
        installments="installments",
        paid_early="paid_early",
        paid_early_mean="paid_early_mean",
        paid_in_grace="paid_in_grace",
        paid_late_mean="paid_late_mean",
        term_days=pl.when(later).then((pl.col("ends") - pl.col("starts_on")).dt.total_days() + 1),
        paid_late=(pl.col("paid") - pl.col("due_on")).dt.total_days(),
        organization=pl.col("record_type") == "organization",
    )
    return {name: _numbers(columns[name]) for name in columns.columns}


def _from_person(person: pl.DataFrame) -> dict[str, Numbers]:
    known = pl.col("plain_before").is_not_null() & ~pl.col("plain_before")
    columns = person.select(
        has_chapter=pl.when(pl.col("plain").is_not_null()).then(pl.col("chapter_id").is_not_null()),
        profile_completeness="profile_completeness",
        email_allowed="email_allowed",
        chapter_changed=pl.when(known).then(pl.col("chapter_id").ne_missing(pl.col("chapter_id_before"))),
        employer_changed=pl.when(known).then(pl.col("employer").ne_missing(pl.col("employer_before"))),
        title_changed=pl.when(known).then(pl.col("job_title").ne_missing(pl.col("job_title_before"))),
    )
    return {name: _numbers(columns[name]) for name in columns.columns}


def _from_activity(standing: pl.DataFrame, activity: Activity) -> dict[str, Numbers]:
    year, quarter = WINDOWS.index(365), WINDOWS.index(90)
    used = [activity.counts[:, activity.codes(kinds), year].sum(axis=1) > 0 for kinds in _BENEFITS]
    (invoice,) = activity.codes(("invoice_issued",))
    opened, closed = activity.codes(("ticket_opened", "ticket_closed"))
    answer = {
        "breadth_365": np.sum(used, axis=0),
        "active_weeks_trend": _against_before(activity.weeks[:, quarter], activity.weeks[:, year], 90),
        "people_trend": _against_before(activity.people[:, quarter], activity.people[:, year], 180),
        "open_share_180": _opened(activity),
        "tickets_open": np.maximum(activity.counts[:, opened, year] - activity.counts[:, closed, year], 0),
        "invoice_change": _invoice_change(standing, activity, invoice),
        "invoice_open_days": _invoice_open(standing, activity, invoice),
    }
    return {name: numbers.astype(np.float32) for name, numbers in answer.items()}


def _against_before(recent: Numbers, year: Numbers, days: int) -> NDArray[np.float64]:
    """(recent − earlier) / (recent + earlier) of two rates, NaN where both are nothing."""
    now = recent / days
    before = np.maximum(year - recent, 0) / (365 - days)
    total = now + before
    return np.where(total > 0, (now - before) / np.where(total > 0, total, 1), np.nan)


def _opened(activity: Activity) -> NDArray[np.float64]:
    """Share of messages opened in half a year; NaN where a machine seems to open them for the member, or none came.

    Mail programs and scanners that open everything look like the keenest reader; but readers click now and then.
    """
    half, year = WINDOWS.index(180), WINDOWS.index(365)
    sent, opened, clicked = activity.codes(("email_sent", "email_opened", "email_clicked"))
    n, read = activity.counts[:, sent, half], activity.counts[:, opened, half]
    share = np.minimum(read / np.maximum(n, 1), 1)
    machine = (share >= _MACHINE) & (activity.counts[:, clicked, year] == 0)
    told = (n > 0) & (activity.day - activity.since[opened] >= 90) & ~machine
    return np.where(told, share, np.nan)


def _invoice_open(standing: pl.DataFrame, activity: Activity, invoice: int) -> NDArray[np.float64]:
    """Days since the latest invoice if it came after the payment of the running term, 0 if it did not."""
    sent = activity.last_day[:, invoice].astype(np.float64)
    paid = standing["paid"].cast(pl.Int32).to_numpy().astype(np.float64)
    return np.where(sent < 0, np.nan, np.where(sent > paid, activity.day - sent, 0))


def _invoice_change(standing: pl.DataFrame, activity: Activity, invoice: int) -> NDArray[np.float64]:
    """The open invoice over the dues last paid, less 1; NaN without an open invoice."""
    dues = standing["dues"].to_numpy().astype(np.float64)
    amount = activity.last_value[:, invoice]
    open_days = _invoice_open(standing, activity, invoice)
    known = (open_days > 0) & (dues > 0)
    return np.where(known, amount / np.where(dues > 0, dues, 1) - 1, np.nan)


def initiated(kind: str) -> bool:
    """Whether *kind* is something that the member did."""
    return kind not in SENT_OR_BILLED


def _numbers(column: pl.Series) -> Numbers:
    return column.cast(pl.Float32).fill_null(np.nan).to_numpy()
