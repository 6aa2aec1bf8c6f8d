"""On any history and under any rules, terms, spells and outcomes are what a plain reading of the contract gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from test_terms import SCHEMA

from tenure.base.settings import FreeExtension, Membership
from tenure.membership import decisions, ledger_of, standing

DAY = dt.timedelta(days=1)
FAR = dt.date(9999, 12, 31)
EXTENSION_SINCE, EXTENSION_UNTIL = dt.date(2022, 6, 1), dt.date(2023, 2, 28)


@dataclass
class Term:
    term_id: str
    member_type: str
    starts_on: dt.date
    ends_on: dt.date | None
    dues: float | None
    paid: dt.date
    ended_by: str | None
    first_ends: dt.date | None
    extended: int = 0

    @property
    def ends(self) -> dt.date:
        return self.ends_on or FAR

    @property
    def free(self) -> bool:
        return self.dues == 0 or self.member_type in ("LIFE", "FREE")


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, object]]:
    """Versions of the terms of one member: renewals early and late, gaps, resignations, corrections, grants."""
    start, rows = dt.date(2020, draw(st.integers(1, 12)), 1), []
    for number in range(draw(st.integers(1, 6))):
        length = draw(st.sampled_from([365, 365, 365, 365, 90, 30, 730]))
        ends = start + (length - 1) * DAY
        paid = start + draw(st.integers(-40, 70)) * DAY
        recorded = dt.datetime.combine(paid, dt.time(9)) + draw(st.sampled_from([0, 0, 0, 3, 100])) * DAY
        row = {
            "term_id": f"t{number}", "member": 1,
            "member_type": draw(st.sampled_from(["REG", "REG", "REG", "STU", "FREE", "LIST"])),
            "starts_on": start, "ends_on": draw(st.sampled_from([ends, ends, ends, ends, ends, None])),
            "dues": draw(st.sampled_from([100.0, 100.0, 120.0, 0.0, None])),
            "paid_on": draw(st.sampled_from([paid, paid, None])), "ended_by": None, "recorded_at": recorded,
        }  # fmt: skip
        rows.append(row)
        for _ in range(draw(st.integers(0, 2))):  # billed first and paid later, resigned, extended, taken back
            end = row["ends_on"]
            change = draw(
                st.sampled_from([
                    {"paid_on": paid}, {"paid_on": None}, {"ends_on": end and end + 60 * DAY},
                    {"ends_on": start + 20 * DAY, "ended_by": "resigned"}, {"ended_by": "merged"},
                    {"ends_on": start - DAY},
                ])
            )  # fmt: skip
            row = row | change | {"recorded_at": row["recorded_at"] + draw(st.integers(1, 200)) * DAY}
            rows.append(row)
        start = ends + draw(st.sampled_from([1, 1, 1, 1, 40, 200])) * DAY
    return rows


def rules() -> st.SearchStrategy[Membership]:
    extension = st.builds(
        FreeExtension,
        since=st.just(EXTENSION_SINCE),
        until=st.just(EXTENSION_UNTIL),
        days=st.sampled_from([60, 90]),
        types=st.sampled_from([(), ("REG",)]),
        recorded=st.sampled_from(["ends_moved", "granted_term", "not_recorded"]),
    )
    return st.builds(
        Membership,
        grace_days=st.sampled_from([{"default": 30}, {"default": 0}, {"default": 30, "STU": 60}]),
        lifetime_types=st.just(("LIFE",)),
        complimentary_types=st.just(("FREE",)),
        list_billed_types=st.just(("LIST",)),
        accrual=st.booleans(),
        free_extensions=st.lists(extension, max_size=2).map(tuple),
    )


def person(organization: int | None, deceased_on: dt.date | None) -> pl.DataFrame:
    return pl.DataFrame(
        [{
            "member": 1, "valid_from": dt.datetime(2010, 1, 1), "record_type": "individual",
            "join_date": dt.date(2015, 5, 1), "organization": organization, "objects_to_profiling": None,
            "deceased_on": deceased_on,
        }],
        schema={
            "member": pl.Int64, "valid_from": pl.Datetime("us"), "record_type": pl.String, "join_date": pl.Date,
            "organization": pl.Int64, "objects_to_profiling": pl.Boolean, "deceased_on": pl.Date,
        },
    )  # fmt: skip


def read(versions: list[dict], as_of: dt.date, by: Membership) -> list[Term]:
    """The terms known on the day, one at a time."""
    found, start = [], dt.datetime.combine(as_of, dt.time())
    for term_id in sorted({v["term_id"] for v in versions}):
        known = sorted(
            (v for v in versions if v["term_id"] == term_id and v["recorded_at"] < start),
            key=lambda v: v["recorded_at"],
        )
        if not known:
            continue
        last, first = known[-1], known[0]
        seen = next((v for v in known if v["paid_on"]), first) if by.accrual else first
        term = Term(
            term_id, last["member_type"], last["starts_on"], last["ends_on"], last["dues"],
            last["paid_on"] or seen["recorded_at"].date(), last["ended_by"], first["ends_on"],
        )  # fmt: skip
        unpaid = by.accrual and last["paid_on"] is None and last["ends_on"] is not None and not term.free
        if not unpaid and term.ends >= term.starts_on:
            found.append(term)
    found.sort(key=lambda t: (t.starts_on, t.ends, t.term_id))
    for extension in by.free_extensions:
        found = extend(found, extension, as_of)
    return found


def extend(terms: list[Term], by: FreeExtension, as_of: dt.date) -> list[Term]:
    def concerns(term: Term, ends: dt.date | None) -> bool:
        typed = not by.types or term.member_type in by.types
        return bool(ends and typed and by.since <= ends <= by.until and as_of > by.since)

    kept: list[Term] = []
    paid = False
    for term in terms:
        if by.recorded == "ends_moved" and concerns(term, term.first_ends) and term.ends_on:
            term.extended += min(max((term.ends_on - term.first_ends).days, 0), by.days)
        if by.recorded == "not_recorded" and concerns(term, term.ends_on):
            term.ends_on += by.days * DAY
            term.extended += by.days
        grant = (
            by.recorded == "granted_term" and not term.dues and (term.ends - term.starts_on).days + 1 <= by.days + 7
            and concerns(term, term.starts_on - DAY)
        )  # fmt: skip
        if grant and paid:
            if term.ends > kept[-1].ends:
                kept[-1].extended += (term.ends - kept[-1].ends).days
                kept[-1].ends_on = term.ends_on
            continue
        paid = paid or not grant
        kept.append(term)
    return kept


def read_outcomes(terms: list[Term], as_of: dt.date, by: Membership, organization: int | None, died: dt.date | None):
    """Each renewal with its outcome: `term_id`, end, days given, spell, outcome."""
    answer, spell, reached = [], 0, dt.date.min
    for place, term in enumerate(terms):
        reached = max(reached, term.ends)
        grace = by.grace_of(term.member_type) * DAY
        following = terms[place + 1] if place + 1 < len(terms) else None
        renewed = bool(following) and (reached == FAR or following.paid <= reached + grace)
        deadline = term.ends if term.ends == FAR else term.ends + grace
        listed = term.member_type == "LIST" and organization is not None
        if as_of <= deadline:
            outcome = "pending"
        elif term.ended_by == "merged":
            outcome = "merged"
        elif renewed:
            outcome = "renewed"
        elif died and died <= deadline:
            outcome = "deceased"
        else:
            outcome = "lapsed"
        if term.ends != FAR and not term.free and not listed:
            answer.append((term.term_id, term.ends_on, term.extended, spell, outcome))
        spell += bool(following) and not renewed
    return sorted(answer, key=lambda one: one[1])


@settings(max_examples=300, deadline=None)
@given(
    versions=histories(),
    by=rules(),
    organization=st.sampled_from([None, 7]),
    died=st.sampled_from([None, None, dt.date(2022, 1, 15)]),
    as_of=st.dates(dt.date(2020, 6, 1), dt.date(2026, 6, 1)),
)
def test_outcomes_are_what_a_plain_reading_gives(versions, by, organization, died, as_of):
    """Early and late payment, accrual, grants, moved ends, resignations entered late, list billing, death."""
    table, members = pl.DataFrame(versions, schema=SCHEMA), person(organization, died)
    expected = read_outcomes(read(versions, as_of, by), as_of, by, organization, died)

    found = decisions(table, members, by, as_of=as_of)

    columns = found.select("term_id", "ends_on", "extended", "spell", "outcome")
    assert sorted(columns.rows(), key=lambda one: one[1]) == expected


@settings(max_examples=100, deadline=None)
@given(versions=histories(), by=rules(), as_of=st.dates(dt.date(2020, 6, 1), dt.date(2026, 6, 1)))
def test_the_ledger_tells_every_term_and_outcome_once(versions, by, as_of):
    """Its stretches follow one another without overlap beyond what terms themselves share, and end as decided."""
    table, members = pl.DataFrame(versions, schema=SCHEMA), person(None, None)

    stretches = ledger_of(1, table, members, by, as_of=as_of)

    told = {s.term_id: s.outcome for s in stretches if s.kind == "term" and s.outcome}
    assert told == dict(decisions(table, members, by, as_of=as_of).select("term_id", "outcome").rows())
    assert [s.term_id for s in stretches if s.kind == "term"] == [t.term_id for t in read(versions, as_of, by)]
    assert [s.starts_on for s in stretches] == sorted(s.starts_on for s in stretches)
    assert all(s.reason for s in stretches)
    known = standing(table, members, pl.DataFrame({"row": [0], "member": [1], "as_of": [as_of]}), by)
    if len(known):
        assert known["spells"][0] == 1 + max(s.spell for s in stretches)
