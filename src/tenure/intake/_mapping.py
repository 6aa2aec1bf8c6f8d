"""The mapping: from an installation's queries, columns and codes to the contract, as a file that people can read."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.toml_lines import Lines
from tenure.base.toml_reading import NotToml, read_toml
from tenure.intake._base import whole
from tenure.membership.contract import TABLES

_SECTION = re.compile(r"\[([\w.-]+)\]")

AnyMapping = TypeVar("AnyMapping", bound=BaseModel)


class Section(BaseModel):
    """A section of a mapping file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class From(Section):
    """Where one column of the contract comes from.

    Args:
        column: A column of iMIS; empty for a constant.
        values: What its codes become; a code that is not named becomes nothing.
        take: A part of a date, or a number without its sign.
        value: A constant.
        parts: Columns whose values are put together, to make a key.
        minus_months: A column with a number of months: the day after the date in `column`, so many months earlier.
        if_later: Two columns: the value counts only where the first date is later than the second.
        otherwise: What stands in where there is no value.
    """

    column: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    take: Literal["", "year", "absolute"] = ""
    value: str = ""
    parts: tuple[str, ...] = ()
    minus_months: str = ""
    if_later: tuple[str, ...] = Field(default=(), max_length=2)
    otherwise: From | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_is_column(cls, raw: object) -> object:
        return {"column": raw} if isinstance(raw, str) else raw

    @property
    def named(self) -> list[str]:
        """The columns of iMIS that it needs."""
        own = [name for name in (self.column, *self.parts, self.minus_months, *self.if_later) if name]
        return own + (self.otherwise.named if self.otherwise else [])


class Shape(Section, ABC):
    """How rows of iMIS become rows of a table of the contract, wherever they were read.

    Args:
        columns: By column of the contract.
        ignore: Codes of `kind` that are known and not wanted.
        recorded_after: Where the feed has no `recorded_at`: by kind, how many days after it occurred a thing becomes
            known; `default` for other kinds.
        leave_out: Rows that have one of these values (as text) in one of these columns are no activity.
    """

    columns: dict[str, From]
    ignore: tuple[str, ...] = ()
    recorded_after: dict[str, float] = Field(default_factory=dict)
    leave_out: dict[str, str] = Field(default_factory=dict)

    @property
    @abstractmethod
    def place(self) -> str:
        """What messages call it."""

    @property
    def wanted(self) -> list[str]:
        """The columns of iMIS that it needs, in order."""
        named = [name for source in self.columns.values() for name in source.named]
        return list(dict.fromkeys([*named, *self.leave_out]))


class Feed(Shape):
    """One query or entity of iMIS, and the table that it fills or helps to fill.

    Args:
        query: The path of an IQA; or
        entity: the name of an entity or business object, read in the order of
        order_by: a unique property.
        since: The prompt that asks for rows from an instant on, of an entity the property that is filtered by; empty
            where all are read each time.
        by: The column which that prompt is about.
    """

    query: str = ""
    entity: str = ""
    order_by: str = ""
    since: str = ""
    by: str = ""

    @model_validator(mode="after")
    def _has_one_place(self) -> Feed:
        if bool(self.query) == bool(self.entity):
            raise ValueError("name either a query or an entity")
        if bool(self.since) != bool(self.by):
            raise ValueError("`since` and `by` go together")
        if self.recorded_after and "recorded_at" in self.columns:
            raise ValueError("`recorded_after` is for a feed whose columns lack `recorded_at`")
        return self

    @property
    def place(self) -> str:
        """What messages call it."""
        return self.query or self.entity

    @property
    def wanted(self) -> list[str]:
        """The columns of iMIS that it needs, in order."""
        return list(dict.fromkeys([*super().wanted, *([self.by] if self.by else [])]))


def check_shape(table: str, name: str, shape: Shape) -> None:
    """Check that a feed fills the columns which *table* of the contract has and needs.

    Raises:
        ValueError: It does not; its section [*name*] is named.
    """
    known = {column.name: column.required for column in TABLES[table].columns}
    if unknown := sorted(set(shape.columns) - set(known)):
        raise ValueError(f"[{name}.columns]: {table} has no column {', '.join(unknown)}")
    if absent := [column for column, required in known.items() if required and column not in shape.columns]:
        raise ValueError(f"[{name}.columns] lacks {', '.join(absent)}")


class Past(Section):
    """The log of changes of members' fields.

    Args:
        query: The path of an IQA; or
        entity: the change log of iMIS itself, `ChangeLog`, whose entries hold several changes each.
        member_id, at, field, old: Its columns: whose, when, which field, and what it said before.
        fields: By field of iMIS, the column of the contract.
    """

    query: str = ""
    entity: str = ""
    member_id: str
    at: str
    field: str
    old: str
    fields: dict[str, str]

    @model_validator(mode="after")
    def _has_one_place(self) -> Past:
        if bool(self.query) == bool(self.entity):
            raise ValueError("name either a query or an entity")
        return self

    @property
    def place(self) -> str:
        """What messages call it."""
        return self.query or self.entity


class Members(Feed):
    """The feed of members, with their past where iMIS logs it."""

    past: Past | None = None


class Mapping(Section):
    """All of a mapping file."""

    name: str
    members: Members
    terms: Feed
    activity: dict[str, Feed] = Field(default_factory=dict)
    programs: Feed | None = None
    program_changes: Feed | None = None
    contacts: Feed | None = None

    @model_validator(mode="after")
    def _fits_the_contract(self) -> Mapping:
        for table, name, feed in self.feeds():
            check_shape(table, name, feed)
        return self

    def feeds(self) -> Iterator[tuple[str, str, Feed]]:
        """Table, name and feed, in the order in which they are read."""
        yield "members", "members", self.members
        yield "terms", "terms", self.terms
        for name, feed in self.activity.items():
            yield "activity", f"activity.{name}", feed
        for table in ("programs", "program_changes", "contacts"):
            other: Feed | None = getattr(self, table)
            if other is not None:
                yield table, table, other


def read_mapping(name: str, home: Home) -> Mapping:
    """The mapping called *name*: one that ships with Tenure (`stock`), or a file, a relative one taken from the home.

    Raises:
        UsageError: There is none, or it is not a mapping; what is wrong is named.
    """
    return parse_mapping(*mapping_file(name, home, "stock"))


def mapping_file(name: str, home: Home, usual: str) -> tuple[bytes, str]:
    """The text of the mapping called *name*, and what messages call it; *usual* ships with Tenure.

    Raises:
        UsageError: There is none.
    """
    shipped = resources.files("tenure.intake") / "profiles" / f"{name}.toml"
    if shipped.is_file() and "/" not in name:
        return shipped.read_bytes(), f"the mapping {name}"
    path = home.root / Path(name).expanduser()
    if not path.is_file():
        raise UsageError(
            f"there is no mapping {name}",
            mend=f"`source.mapping` is `{usual}`, or the path of a file; looked for {path}",
        )
    return path.read_bytes(), str(path)


def mapping_path(name: str, home: Home) -> Path | None:
    """The file of the mapping called *name*; None where it ships with Tenure, or is not there."""
    shipped = resources.files("tenure.intake") / "profiles" / f"{name}.toml"
    path = home.root / Path(name).expanduser()
    return path if path.is_file() and not (shipped.is_file() and "/" not in name) else None


def parse_mapping(text: bytes, label: str) -> Mapping:
    """Check the text of a mapping; *label* is for messages.

    Raises:
        UsageError: As for `read_mapping`.
    """
    return parsed(Mapping, text, label)


def parsed(kind: type[AnyMapping], text: bytes, label: str) -> AnyMapping:
    """*text* as a mapping of that kind.

    Raises:
        UsageError: It is none; what is wrong is named.
    """
    try:
        return kind.model_validate(whole(read_toml(text.decode()), label))
    except (NotToml, UnicodeDecodeError) as error:
        raise UsageError(f"{label} is not valid TOML: {error}", mend="mend the line it names") from error
    except ValidationError as error:
        lines = Lines(text.decode())
        faults = "; ".join(_fault(lines, one["loc"], one["msg"]) for one in error.errors()[:6])
        raise UsageError(f"{label} cannot be used: {faults}", mend="docs/mapping.md explains every key") from error


def _fault(lines: Lines, place: tuple[int | str, ...], said: str) -> str:
    """One fault, with the line on which the file speaks of it where it does; what it lacks may be its base's."""
    said = said.removeprefix("Value error, ")
    section = _SECTION.match(said)
    line = lines.of(tuple(section[1].split(".")) if section and not place else place, 0)
    words = f"{'.'.join(map(str, place))}: {said}" if place else said
    return f"line {line}, {words}" if line else words
