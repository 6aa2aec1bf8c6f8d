"""What went before a lapse, from the last twelve months of the membership: one driver each, with the offer that fits.

A rule that anyone can follow. The first that fits is taken, the surer before the vaguer; it says what went before, and
not what caused it. What the member said goes before all, when asked or as the source noted it with the end of the term.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from tenure.features.activity import SENT_OR_BILLED
from tenure.features.facts import known_person
from tenure.insights.benefits import BENEFITS, Lost
from tenure.insights.evidence import by_actor
from tenure.insights.happenings import span_of_acts
from tenure.insights.leaving import CHAPTER, NOT_CLEAR, PAYMENT, PRICE, RETIRED, says_retired
from tenure.insights.stated import noted_reason
from tenure.lake import Lake
from tenure.membership.contract import KINDS

YEAR, HALF, QUIET_DAYS = 365, 180, 120
FARTHEST = 2 * YEAR
"""Days since the end of the term beyond which no driver is looked for: too much has changed since."""

EMPLOYER = "employer changed"
AFTER_RISE = "stopped attending after the dues rise"
UNSETTLED = "did not settle in"
NOTHING = "used nothing in the last year"
QUIET = "went quiet"
LESS = "took part less"
NEVER = "never used"


@dataclass(frozen=True)
class Driver:
    """What may have gone before a lapse.

    Args:
        name: Its name; `never used` is followed by the benefit.
        rule: When it is said.
        offer: What fits.
    """

    name: str
    rule: str
    offer: str


DRIVERS = (
    Driver(
        PAYMENT,
        "the member or the source said so; or renewed by itself, took part in the last 90 days, and a payment failed, "
        "a card ran out or an installment was missed from 60 days before the end",
        "renew with another card, where it was left",
    ),
    Driver(
        RETIRED,
        "the member, the source or the job title said so; or employer and title changed in the last year and its last "
        "120 days were quiet",
        "the retired or an associate membership",
    ),
    Driver(
        EMPLOYER,
        "the employer changed in the last year and the job title did not",
        "individual dues, and a letter for the new employer",
    ),
    Driver(
        AFTER_RISE,
        "the last term cost 5 % more than the one before or over; events attended in the year before it, none since",
        "dues of the year before for one year, and an event on the house",
    ),
    Driver(
        CHAPTER,
        "took part in the chapter on two days in the first half of the last year, on none in the second, and elsewhere "
        "still",
        "a call from the liaison, and a place at the next chapter meeting",
    ),
    Driver(
        UNSETTLED,
        "the first term of all, with something done on two days at most",
        "a second start with a person to ask, at first-year dues",
    ),
    Driver(
        NOTHING,
        "nothing done of their own accord in the last year",
        "a short trial with a personal tour",
    ),
    Driver(
        QUIET,
        "something done on two days and more in the last year, and nothing in its last 120 days",
        "what is new since then of what they used",
    ),
    Driver(
        LESS,
        "active in the second half of the last year on at most half as many days as in the first, four there at least",
        "what they used most, put together for them",
    ),
    Driver(
        PRICE,
        "the member or the source said so; or the invoice that was not paid came to 5 % more than the dues before it, "
        "or over",
        "a lower member type, or dues in installments",
    ),
    Driver(
        NEVER,
        "did not use, in two years, the benefit by which those who renew differ most from those who leave",
        "a first visit there with a guide",
    ),
    Driver(NOT_CLEAR, "none of these", "a call that asks"),
)
"""In the order in which they are tried, but what the member or the source said of an end goes before all."""

SCHEMA = {
    "member": pl.Int64(), "left_on": pl.Date(), "driver": pl.String(), "since": pl.Date(), "offer": pl.String(),
}  # fmt: skip

_RISE = 1.05
_TROUBLES = ("payment_failed", "card_expiring", "plan_missed")
_SETTLED_DAYS = 2

_LAST_YEAR = f"""
WITH acts AS (
    SELECT e.row, e.ends, e.starts_on, a.occurred_at::DATE AS day, a.kind, a.value,
        a.kind NOT IN (SELECT kind FROM not_acts) AS own,
        coalesce(coalesce(a.chapter_id, g.chapter_id) = e.chapter_id, false) AS in_chapter
    FROM activity a
    JOIN ends e ON a.member = e.person
        AND greatest(a.occurred_at, a.recorded_at) >= e.since AND greatest(a.occurred_at, a.recorded_at) < e.until
    LEFT JOIN chapter_programs g ON g.ref = a.ref
    WHERE a.occurred_at < $as_of AND a.recorded_at < $as_of AND a.occurred_at >= $since
        AND a.kind IN (SELECT kind FROM telling_kinds)
        AND a.occurred_at >= e.ends - INTERVAL {2 * YEAR} DAY
        AND a.occurred_at < e.ends + INTERVAL 1 DAY * (1 + CASE WHEN a.kind IN {_TROUBLES} THEN e.grace ELSE 0 END)
), days AS (
    SELECT row, day, any_value(ends) - day AS before, any_value(starts_on) AS starts_on, bool_or(own) AS own,
        bool_or(own AND in_chapter) AS chapter, bool_or(own AND NOT in_chapter) AS elsewhere,
        bool_or(kind = 'event_attended') AS event, bool_or(kind IN {_TROUBLES}) AS trouble,
        bool_or(kind IN (SELECT kind FROM benefit_kinds)) AS touched,
        max(value) FILTER (kind = 'invoice_issued') AS invoice
    FROM acts GROUP BY row, day
)
SELECT row,
    count(*) FILTER (own AND before < {YEAR})::INTEGER AS days,
    count(*) FILTER (own AND before < {HALF})::INTEGER AS days_lately,
    count(*) FILTER (own AND before < 90)::INTEGER AS days_90,
    max(day) FILTER (own) AS last_on,
    count(*) FILTER (chapter AND before >= {HALF} AND before < {YEAR})::INTEGER AS chapter_before,
    count(*) FILTER (chapter AND before < {HALF})::INTEGER AS chapter_lately,
    count(*) FILTER (elsewhere AND before < {HALF})::INTEGER AS elsewhere_lately,
    count(*) FILTER (event AND day < starts_on)::INTEGER AS events_before_term,
    count(*) FILTER (event AND day >= starts_on)::INTEGER AS events_in_term,
    max(invoice) FILTER (before < 90) AS invoice,
    bool_or(trouble AND before <= 60) AS trouble,
    bool_or(touched) AS touched
FROM days GROUP BY row"""


def winback_of(
    lake: Lake, lapsed: pl.DataFrame, lost: Sequence[Lost], as_of: dt.date, said: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What went before the lapse of each member, from what was recorded before *as_of*.

    Args:
        lake: Where records and activity lie.
        lapsed: Lines of `tenure.membership.standing` on that day, of members who have lapsed.
        lost: As `tenure.insights.benefits.benefits_lost` gives for the day.
        as_of: The day, at its start.
        said: `member`, `on` (date), `reason`: what members said when asked, as was known on the day, one line each.

    Returns:
        One line per member whose term ended within two years, sorted: `member`, `left_on`, `driver` (a name of
        `DRIVERS`; `never used` with the benefit), `since` (of `went quiet`: the last day with something done), `offer`.
    """
    recent = lapsed.filter((pl.col("as_of") - pl.col("ends")).dt.total_days() <= FARTHEST)
    if recent.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    telling = _telling(lost)
    known = (
        recent.join(_work(lake, recent, as_of), on="row", how="left")
        .join(_last_year(lake, recent, telling, as_of), on="row", how="left")
        .with_columns(pl.col(*_COUNTS).fill_null(0), pl.col("trouble", "touched").fill_null(value=False))
    )
    begun, _ = span_of_acts(lake, as_of)
    rules, offers = _rules(telling, begun), {driver.name: driver.offer for driver in DRIVERS}
    driver = pl.coalesce(pl.when(rules[one.name]).then(pl.lit(one.name)) for one in DRIVERS)
    told = known.with_columns(driver=driver).with_columns(driver=pl.coalesce(_own_words(known, said), "driver"))
    named = told.with_columns(
        offer=pl.col("driver").replace_strict(offers),
        since=pl.when(pl.col("driver") == QUIET).then("last_on"),
        left_on="ends",
        driver=pl.when(pl.col("driver") == NEVER).then(pl.lit(f"{NEVER} {telling}")).otherwise("driver"),
    )
    return named.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort("member")


_SAID = (PAYMENT, RETIRED, PRICE)
"""What members say that is a driver by the same name; other words leave it to the record."""


def _own_words(known: pl.DataFrame, said: pl.DataFrame | None) -> pl.Series:
    """What each member said of the end since the last term began; null where nothing that is a driver."""
    noted = noted_reason(known["ended_by"])
    if said is not None:
        joined = known.select("member", "starts_on").join(said, on="member", how="left", maintain_order="left")
        asked = joined.select(pl.when(pl.col("on") >= pl.col("starts_on")).then("reason"))["reason"]
        noted = asked.zip_with(asked.is_not_null(), noted)
    return noted.set(~noted.is_in(_SAID).fill_null(value=False), None)


_COUNTS = (
    "days", "days_lately", "days_90", "chapter_before", "chapter_lately", "elsewhere_lately",
    "events_before_term", "events_in_term",
)  # fmt: skip


def _telling(lost: Sequence[Lost]) -> str:
    """The benefit by whose use those who renew differ most from those who leave; empty where chance explains all."""
    best = max(lost, key=lambda one: one.gap[0], default=None)
    return best.benefit if best is not None and best.gap[0] > 0 else ""


def _rules(telling: str, begun: dt.date | None) -> dict[str, pl.Expr]:
    """When each driver is said, over the columns of `standing` and of the two below.

    That little or nothing was done is said of a last year all of which lies after *begun*, the first day on which
    anything that members do of their own accord is on record.
    """
    on_record = pl.lit(begun) <= pl.col("ends") - pl.duration(days=YEAR) if begun else pl.lit(value=False)
    quiet = pl.col("last_on").is_null() | (pl.col("last_on") <= pl.col("ends") - pl.duration(days=QUIET_DAYS))
    rose = (pl.col("dues") >= _RISE * pl.col("previous_dues")) & ~pl.col("type_changed")
    earlier = pl.col("days") - pl.col("days_lately")
    in_chapter = (pl.col("chapter_before") >= 2) & (pl.col("chapter_lately") == 0)
    of_itself = pl.col("auto_renew").fill_null(value=False) & ~pl.col("resigned")
    rules = {
        PAYMENT: of_itself & pl.col("trouble") & (pl.col("days_90") > 0),
        RETIRED: pl.col("retired") | (pl.col("employer_changed") & pl.col("title_changed") & quiet),
        EMPLOYER: pl.col("employer_changed") & ~pl.col("title_changed"),
        AFTER_RISE: rose & (pl.col("events_before_term") > 0) & (pl.col("events_in_term") == 0),
        CHAPTER: in_chapter & (pl.col("elsewhere_lately") > 0),
        UNSETTLED: on_record
        & (pl.col("terms_in_spell") == 1)
        & (pl.col("spells") == 1)
        & (pl.col("days") <= _SETTLED_DAYS),
        NOTHING: on_record & (pl.col("days") == 0),
        QUIET: quiet & (pl.col("days") >= 2),
        LESS: (earlier >= 4) & (2 * pl.col("days_lately") <= earlier),
        PRICE: pl.col("invoice") >= _RISE * pl.col("dues"),
        NEVER: ~pl.col("touched") & pl.lit(bool(telling)),
        NOT_CLEAR: pl.lit(value=True),
    }
    return {name: rule.fill_null(value=False) for name, rule in rules.items()}


def _work(lake: Lake, lapsed: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Whether employer and title changed in the last year, as the record said a little after the end."""
    soon = pl.min_horizontal(pl.col("ends") + pl.duration(days=60), pl.lit(as_of))
    person = known_person(lake.members(), lapsed.select("row", "member", as_of=soon))
    known = pl.col("plain_before").is_not_null() & ~pl.col("plain_before")
    changed = {
        name: (known & pl.col(column).ne_missing(pl.col(f"{column}_before"))).fill_null(value=False)
        for name, column in (("employer_changed", "employer"), ("title_changed", "job_title"))
    }
    return person.select("row", **changed).with_columns(retired=pl.Series(says_retired(person["job_title"])))


def _last_year(lake: Lake, lapsed: pl.DataFrame, telling: str, as_of: dt.date) -> pl.DataFrame:
    """What was done in the last year of the membership, and the events and the *telling* benefit of the last two."""
    chapters = known_person(lake.members(), lapsed.select("row", "member", as_of="ends")).select("row", "chapter_id")
    ends = lapsed.select("row", "member", "ends", "starts_on", "grace").join(chapters, on="row", how="left")
    first = ends.select(pl.col("ends").min()).item() - dt.timedelta(days=2 * YEAR)
    bounds = {"as_of": dt.datetime.combine(as_of, dt.time()), "since": dt.datetime.combine(first, dt.time())}
    benefit = next((benefit.kinds for benefit in BENEFITS if benefit.name == telling), ())
    tables = {
        "ends": by_actor(lake, ends.cast({"grace": pl.Int32})),
        "not_acts": _kinds(SENT_OR_BILLED),
        "telling_kinds": _kinds((set(KINDS) - SENT_OR_BILLED) | {*_TROUBLES, "invoice_issued"}),
        "benefit_kinds": _kinds(benefit),
        "chapter_programs": lake.programs().drop_nulls("chapter_id").unique("ref").select("ref", "chapter_id"),
    }
    with lake.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table.to_arrow())
        found = connection.sql(_LAST_YEAR, params=bounds).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found)).cast({"row": lapsed.schema["row"]})


def _kinds(kinds: Iterable[str]) -> pl.DataFrame:
    return pl.DataFrame({"kind": sorted(kinds)}, schema={"kind": pl.String})
