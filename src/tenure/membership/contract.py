"""The contract: the tables that every source is conformed to, as data.

`members`, `terms`, `activity`, `programs` and `program_changes` are what features, labels and models are built
from; `contacts` is kept in the ledger alone. A source's `member_id` becomes the lake's `member` (a pseudonym, see
`tenure.base.pseudonym`) and so does `organization_id` → `organization`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["string", "timestamp", "date", "double", "int", "bool"]


@dataclass(frozen=True)
class Column:
    """One column of a table of the contract.

    Args:
        name: As in the source's file or the mapping.
        type: What its values are; timestamps are UTC.
        required: Whether the column must be there and every row must have a value.
        personal: Kept in the ledger only, never in the lake.
        audit_only: Kept apart from what features can read.
    """

    name: str
    type: ColumnType
    required: bool = False
    personal: bool = False
    audit_only: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Args:
        name: Its name, and the stem of its file.
        columns: In the order of the contract.
        key: The columns that tell one row from another.
        required: Whether a source must have it.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False

    def column(self, name: str) -> Column:
        """The column called *name*."""
        return next(column for column in self.columns if column.name == name)


MEMBERS = Table(
    "members",
    (
        Column("member_id", "string", required=True),
        Column("valid_from", "timestamp"),
        Column("record_type", "string", required=True),
        Column("organization_id", "string"),
        Column("member_type", "string", required=True),
        Column("join_date", "date", required=True),
        Column("chapter_id", "string"),
        Column("industry", "string"),
        Column("region", "string"),
        Column("country", "string"),
        Column("employer", "string"),
        Column("job_title", "string"),
        Column("birth_year", "int", audit_only=True),
        Column("gender", "string", audit_only=True),
        Column("profile_completeness", "double"),
        Column("email_allowed", "bool"),
        Column("sms_allowed", "bool"),
        Column("phone_allowed", "bool"),
        Column("objects_to_profiling", "bool"),
        Column("deceased_on", "date"),
    ),
    key=("member_id", "valid_from"),
    required=True,
)

TERMS = Table(
    "terms",
    (
        Column("term_id", "string", required=True),
        Column("member_id", "string", required=True),
        Column("member_type", "string", required=True),
        Column("starts_on", "date", required=True),
        Column("ends_on", "date"),
        Column("dues", "double"),
        Column("billed_on", "date"),
        Column("due_on", "date"),
        Column("paid_on", "date"),
        Column("auto_renew", "bool"),
        Column("installments", "bool"),
        Column("ended_by", "string"),
        Column("recorded_at", "timestamp", required=True),
    ),
    key=("term_id", "recorded_at"),
    required=True,
)

ACTIVITY = Table(
    "activity",
    (
        Column("activity_id", "string", required=True),
        Column("member_id", "string", required=True),
        Column("kind", "string", required=True),
        Column("occurred_at", "timestamp", required=True),
        Column("recorded_at", "timestamp"),
        Column("value", "double"),
        Column("ref", "string"),
        Column("chapter_id", "string"),
    ),
    key=("activity_id",),
)

PROGRAMS = Table(
    "programs",
    (
        Column("ref", "string", required=True),
        Column("kind", "string", required=True),
        Column("title", "string"),
        Column("starts_at", "timestamp"),
        Column("chapter_id", "string"),
        Column("price", "double"),
        Column("format", "string"),
    ),
    key=("ref",),
)

PROGRAM_CHANGES = Table(
    "program_changes",
    (
        Column("changed_on", "date", required=True),
        Column("change", "string", required=True),
        Column("scope", "string"),
    ),
    key=("changed_on", "change", "scope"),
)

CONTACTS = Table(
    "contacts",
    (
        Column("member_id", "string", required=True, personal=True),
        Column("first_name", "string", personal=True),
        Column("last_name", "string", personal=True),
        Column("email", "string", personal=True),
        Column("phone", "string", personal=True),
        Column("time_zone", "string", personal=True),
        Column("language", "string", personal=True),
    ),
    key=("member_id",),
)

TABLES: dict[str, Table] = {
    table.name: table for table in (MEMBERS, TERMS, ACTIVITY, PROGRAMS, PROGRAM_CHANGES, CONTACTS)
}

KINDS: tuple[str, ...] = (
    "login", "page_view", "event_invited", "event_declined", "event_registered", "event_cancelled",
    "event_attended", "event_no_show", "session_feedback", "committee_joined", "committee_left",
    "committee_meeting", "committee_led", "volunteer_assigned", "volunteer_completed", "email_sent",
    "email_opened", "email_clicked", "email_bounced", "email_unsubscribed", "sms_sent", "sms_replied",
    "community_post", "community_comment", "resource_download", "learning_started", "learning_completed",
    "career_center_used", "invoice_issued", "notice_sent", "payment", "payment_failed", "card_expiring",
    "plan_missed", "address_changed", "profile_updated", "ticket_opened", "ticket_closed", "gift",
)  # fmt: skip
"""The vocabulary of `activity.kind`; a mapping may add to it."""

COMPETING = frozenset({"deceased", "transferred", "merged"})
"""Ends of a term that are outcomes of their own and not churn."""

UNPAID = "payment_failed"
"""End of a term by a payment that could not be taken, where the source says so."""

SCORE_COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("member_id", "string"),
    ("as_of", "date"),
    ("renewal_due_on", "date"),
    ("p_lapse_30", "double"),
    ("p_lapse_60", "double"),
    ("p_lapse_90", "double"),
    ("p_lapse_renewal", "double"),
    ("p_low", "double"),
    ("p_high", "double"),
    ("risk_score", "int"),
    ("risk_rank", "double"),
    ("band", "string"),
    ("predicted_lapse_on", "date"),
    ("lapse_earliest_on", "date"),
    ("lapse_latest_on", "date"),
    ("reason_1", "string"),
    ("reason_2", "string"),
    ("reason_3", "string"),
    ("reason_1_points", "double"),
    ("reason_2_points", "double"),
    ("reason_3_points", "double"),
    ("model_version", "string"),
)
"""The columns of an export of scores, in order."""

NOTHING, NOTHING_ELSE = "Nothing stands out", "Nothing else stands out"
"""What stands in the place of the first reason, and of another, where nothing raises the risk."""

DECISION_COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("member_id", "string"),
    ("ends_on", "date"),
    ("as_of", "date"),
    ("p_lapse_renewal", "double"),
    ("lapsed", "int"),
)
"""The columns of an export of decisions, in order."""
