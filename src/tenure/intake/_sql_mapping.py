"""The mapping of a database: from its tables, columns and codes to the contract, as a file that people can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.imis.sql import Condition, Join, Question, is_secret
from tenure.intake._mapping import Section, Shape, check_shape, mapping_file, parse_mapping, parsed


class Wanted(Section):
    """What a column must be like; see `tenure.imis.sql.Condition`. A text or a list alone stands for `one_of`."""

    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    like: str = ""
    unlike: str = ""
    given: bool | None = None
    past: bool = False

    @model_validator(mode="before")
    @classmethod
    def _text_is_one(cls, raw: object) -> object:
        if isinstance(raw, str):
            return {"one_of": [raw]}
        return {"one_of": raw} if isinstance(raw, list) else raw

    def condition(self) -> Condition:
        """The same for the client."""
        return Condition(**self.model_dump())


class Joined(Section):
    """A further table, of which each row of the first has at most one; see `tenure.imis.sql.Join`."""

    table: str
    on: dict[str, str] = Field(min_length=1)
    optional: bool = False


class Asked(Section):
    """Rows of one table or view, and what is joined to it.

    Args:
        table: The table or view.
        key: Columns that tell its rows apart, by which they are read in order.
        joins: Further tables.
        where: Conditions by column.
    """

    table: str
    key: tuple[str, ...] = Field(min_length=1)
    joins: tuple[Joined, ...] = ()
    where: dict[str, Wanted] = Field(default_factory=dict)

    def asking(self, columns: list[str], **more: object) -> Question:
        """The question for *columns*."""
        joins = tuple(Join(join.table, join.on, join.optional) for join in self.joins)
        where = {name: wanted.condition() for name, wanted in self.where.items()}
        return Question(self.table, tuple(columns), self.key, joins, where, **more)  # type: ignore[arg-type]


class SqlFeed(Asked, Shape):
    """One table or view, and the table of the contract that it fills or helps to fill.

    Args:
        version: Its row version, which grows with every change; not needed to be there.
        by: The date by which rows are new, where there is no row version; with neither, all are read each time.
        totals: Rows of one key are taken together, and these columns are summed up so; others by the highest value.
        may_lack: The table may not be there; then the feed is left out, and the report says so.
    """

    version: str = ""
    by: str = ""
    totals: dict[str, Literal["sum", "min", "max"]] = Field(default_factory=dict)
    may_lack: bool = False

    @property
    def place(self) -> str:
        """What messages call it."""
        return self.table

    @property
    def wanted(self) -> list[str]:
        """The columns of the database that it needs, in order."""
        return list(dict.fromkeys([*super().wanted, *([self.by] if self.by else [])]))

    @property
    def question(self) -> Question:
        """What is asked. Raises UsageError."""
        return self.asking(self.wanted, totals=self.totals, version=self.version, by=self.by)


class SqlPast(Asked):
    """The log of changes of members' fields, one line of text a change.

    Args:
        member_id, at: Its columns: whose change, and when.
        text: The column with the line.
        pattern: A regular expression whose first group is the field and whose second is what it said before.
        fields: By field of iMIS, the column of the contract.
    """

    member_id: str
    at: str
    text: str
    pattern: str
    fields: dict[str, str]

    @property
    def question(self) -> Question:
        """What is asked. Raises UsageError."""
        return self.asking([self.member_id, self.at, self.text])


class SqlMembers(SqlFeed):
    """The feed of members, with their past where iMIS logs it."""

    past: SqlPast | None = None


class SqlMapping(Section):
    """All of a mapping file for a database.

    Args:
        name: What it is called.
        db_schema: The part of the database that its tables are in; `schema` in the file.
        terms, activity: Any number of feeds each, by name.
    """

    name: str
    db_schema: str = Field(default="dbo", alias="schema")
    members: SqlMembers
    terms: dict[str, SqlFeed] = Field(min_length=1)
    activity: dict[str, SqlFeed] = Field(default_factory=dict)
    programs: SqlFeed | None = None
    program_changes: SqlFeed | None = None
    contacts: SqlFeed | None = None

    @model_validator(mode="after")
    def _fits_the_contract(self) -> SqlMapping:
        for table, name, feed in self.feeds():
            check_shape(table, name, feed)
            if secret := [column for column in feed.wanted if is_secret(column)]:
                raise ValueError(f"[{name}] names {secret[0]}, which may hold a password or the number of a card")
            if feed.recorded_after and "recorded_at" in feed.columns:
                raise ValueError(f"[{name}]: `recorded_after` is for a feed whose columns lack `recorded_at`")
            try:
                _ = feed.question
            except UsageError as error:
                raise ValueError(f"[{name}]: {error.message}") from error
        return self

    def feeds(self) -> Iterator[tuple[str, str, SqlFeed]]:
        """Table, name and feed, in the order in which they are read."""
        yield "members", "members", self.members
        for table, feeds in (("terms", self.terms), ("activity", self.activity)):
            for name, feed in feeds.items():
                yield table, f"{table}.{name}", feed
        for table in ("programs", "program_changes", "contacts"):
            other: SqlFeed | None = getattr(self, table)
            if other is not None:
                yield table, table, other

    def questions(self) -> Iterator[Question]:
        """All that is ever asked."""
        yield from (feed.question for _, _, feed in self.feeds())
        if self.members.past is not None:
            yield self.members.past.question


def read_sql_mapping(name: str, home: Home) -> SqlMapping:
    """The mapping called *name*: one that ships with Tenure (`sql`), or a file, a relative one taken from the home.

    Raises:
        UsageError: There is none, or it is not the mapping of a database; what is wrong is named.
    """
    # `stock` is what the setting says when nobody set it.
    return parsed(SqlMapping, *mapping_file("sql" if name == "stock" else name, home, "sql"))


def check_mapping(text: bytes, kind: str, label: str) -> None:
    """Check *text* as a night would read it for a source of *kind* (`imis` or `sql`); *label* is for messages.

    Raises:
        UsageError: It cannot be used; what is wrong is named, with its line.
    """
    parsed(SqlMapping, text, label) if kind == "sql" else parse_mapping(text, label)
