"""What makes a row bad, table by table, as data.

A rule is a condition in SQL over the typed columns of a staged row (`member` is the pseudonym of a member that is
known, else null), the words that staff read, and what to do about it. A row is set aside for the first rule it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenure.membership.contract import Column

REPEATED = "repeated"
"""Marks a row that is there twice, word for word: left out, but nothing bad."""

FUTURE = "`{}` lies in the future"
MALFORMED = "the line does not have as many values as the header"
DUPLICATE = "the key is used again with other values"
OVERLAP = "overlaps another term of the same member"


@dataclass(frozen=True)
class Rule:
    """One way in which a row can be bad.

    Args:
        words: What is wrong, for staff.
        broken: SQL; true for a bad row. `{at}` stands for the instant of the sync.
        mend: What to do about it.
    """

    words: str
    broken: str
    mend: str = ""


def not_given(column: Column) -> Rule:
    """A needed value is missing."""
    return Rule(f"no value in `{column.name}`", f'NOT ("given_{column.name}")', "every row needs it")


def unreadable(column: Column, what: str) -> Rule:
    """A value is there and is not of its type."""
    return Rule(
        f"`{column.name}` is not {what}",
        f'"given_{column.name}" AND "{column.name}" IS NULL',
        "write dates and times as 2025-03-31 or 2025-03-31T09:30:00Z, numbers as 1234.5"
        if column.type != "bool"
        else "write true or false",
    )


_UNKNOWN = Rule(
    "the member is not in members",
    "member IS NULL",
    "mend the rows of members that were set aside, export members without a filter, and ids as text in every file: "
    "00123 and 123 are two members",
)


def _future(column: str) -> Rule:
    return Rule(
        FUTURE.format(column),
        f'"{column}" > {{at}}',
        "check the clocks and time zones; times here are UTC",
    )


def _implausible(column: str) -> Rule:
    return Rule(
        f"`{column}` is before 1900 or after 2199",
        f"\"{column}\" < DATE '1900-01-01' OR \"{column}\" > DATE '2199-12-31'",
        "leave a date empty that is not known; a lifetime term has no `ends_on`",
    )


RULES: dict[str, tuple[Rule, ...]] = {
    "members": (
        Rule(
            "`record_type` is neither individual nor organization",
            "record_type NOT IN ('individual', 'organization')",
            "write individual or organization",
        ),
        Rule(
            "`profile_completeness` is not between 0 and 1",
            "profile_completeness NOT BETWEEN 0 AND 1",
            "it is a share: write 0.75 for 75 %",
        ),
        _future("valid_from"),
        _implausible("join_date"),
    ),
    "terms": (
        _UNKNOWN,
        # A term taken back before it began is told by `ended_by`; without it the dates are a mistake.
        Rule(
            "ends before it starts",
            "ends_on < starts_on AND ended_by IS NULL",
            "mend the dates, or say in `ended_by` why the term ended before it began",
        ),
        Rule("`dues` is negative", "dues < 0", "write what was charged; leave credits out"),
        _future("recorded_at"),
        # The day after is today where clocks are ahead of UTC.
        Rule(
            FUTURE.format("paid_on"),
            '"paid_on" > {at} + INTERVAL 1 DAY',
            "`paid_on` is the day on which the money came; leave it empty until then",
        ),
        *(_implausible(column) for column in ("starts_on", "ends_on", "billed_on", "due_on", "paid_on")),
    ),
    "activity": (_UNKNOWN, _future("recorded_at"), _implausible("occurred_at")),
    "programs": (),
    "program_changes": (),
    "contacts": (),
}
"""The rules of each table beyond missing and unreadable values."""

MENDS: dict[str, str] = {
    MALFORMED: "put values that hold the delimiter or a line break into double quotes",
    DUPLICATE: "give every row a key of its own; of these, the last in the file was kept",
    OVERLAP: "`ends_on` is the last day, inclusive: the next term starts the day after, or later",
}
"""What to do about faults that are found across rows."""
