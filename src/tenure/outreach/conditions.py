"""Conditions of a playbook: tests of the situation's columns, written as data and turned into one expression.

    [who]
    stage = "before"                            # is this
    band = ["high", "medium"]                   # is one of these
    reason = { not = ["not clear"] }            # is none of these; who has none is let in
    days_to_renewal = { from = 40, to = 45 }    # both ends included, either may be left out
    auto_renew = false
    driver = { known = true }                   # there is one, or there is none
    any = [{ chapter_drift = true }, { active_weeks_90 = 0 }]    # one of these holds
    none = [{ top_value = true }]                                # none of these holds

All of a table must hold. What is not known meets no test, except `not` and `known = false`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from difflib import get_close_matches
from typing import Annotated, Any, cast

import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from tenure.insights import REASONS
from tenure.outreach.situation import COLUMNS

VOCABULARIES: dict[str, tuple[str, ...]] = {
    "record_type": ("individual", "organization"),
    "stage": ("before", "grace", "lapsed", "dormant"),
    "band": ("high", "medium", "low", "new"),
    "band_before": ("high", "medium", "low", "new"),
    "reason": REASONS,
}
"""The words that a column can hold, where they are the same for every association."""


class Table(BaseModel):
    """A table of the file that has its own keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Choice(Table):
    """A test of a column of words."""

    one_of: tuple[str, ...] = Field(default=(), alias="is")
    none_of: tuple[str, ...] = Field(default=(), alias="not")
    known: bool | None = None

    def holds(self, column: pl.Expr) -> pl.Expr:
        """Whether a row meets it; never null."""
        tests = [column.is_in(list(self.one_of)).fill_null(value=False)] if self.one_of else []
        tests += [~column.is_in(list(self.none_of)).fill_null(value=False)] if self.none_of else []
        return _all([*tests, *_knowing(column, self.known)])

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that it names."""
        return (*self.one_of, *self.none_of)


class Between(Table):
    """A test of a column of numbers or days; both ends belong to it."""

    lowest: float | dt.date | None = Field(default=None, alias="from")
    highest: float | dt.date | None = Field(default=None, alias="to")
    known: bool | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Between:
        low, high = self.lowest, self.highest
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            raise ValueError("`from` lies above `to`")
        return self

    def holds(self, column: pl.Expr) -> pl.Expr:
        """Whether a row meets it; never null."""
        tests = [(column >= self.lowest).fill_null(value=False)] if self.lowest is not None else []
        tests += [(column <= self.highest).fill_null(value=False)] if self.highest is not None else []
        return _all([*tests, *_knowing(column, self.known)])


class Flag(Table):
    """A test of a column that is true or false."""

    value: bool | None = None
    known: bool | None = None

    def holds(self, column: pl.Expr) -> pl.Expr:
        """Whether a row meets it; never null."""
        tests = [(column == self.value).fill_null(value=False)] if self.value is not None else []
        return _all([*tests, *_knowing(column, self.known)])


def _knowing(column: pl.Expr, known: bool | None) -> list[pl.Expr]:
    return [] if known is None else [column.is_not_null() if known else column.is_null()]


def _all(tests: list[pl.Expr]) -> pl.Expr:
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _as_choice(given: Any) -> Any:
    if isinstance(given, str):
        return {"is": (given,)}
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        return {"is": tuple(given)}
    if isinstance(given, dict):
        return {name: (words,) if isinstance(words, str) else words for name, words in given.items()}
    return _is_no("write a word, a list of words, or { not = [...] }")


def _as_between(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"from": given, "to": given}
    if isinstance(given, dict) and not any(isinstance(given.get(end), bool | str) for end in ("from", "to")):
        return given
    return _is_no("write a number, or { from = 1, to = 9 }")


def _as_days(given: Any) -> Any:
    if isinstance(given, dt.date):
        return {"from": given, "to": given}
    ends = [given[end] for end in ("from", "to") if end in given] if isinstance(given, dict) else [given]
    if isinstance(given, dict) and all(isinstance(end, dt.date) for end in ends):
        return given
    return _is_no("write a day such as 2026-01-31, or { from = 2026-01-01, to = 2026-03-31 }")


def _as_flag(given: Any) -> Any:
    if isinstance(given, bool):
        return {"value": given}
    return given if isinstance(given, dict) else _is_no("write true or false")


def _is_no(words: str) -> Any:
    raise ValueError(words)


def _known_words(column: str) -> Callable[[Choice], Choice]:
    """Refuse a word that *column* cannot hold."""

    def check(choice: Choice) -> Choice:
        allowed = VOCABULARIES.get(column, ())
        for word in choice.words:
            if allowed and word not in allowed:
                raise ValueError(f"`{word}` is none of {', '.join(allowed)}")
        return choice

    return check


class Conditions(Table):
    """What a member has to be like; one field per column of the situation is added below."""

    any: tuple[Conditions, ...] = ()
    none: tuple[Conditions, ...] = ()

    def holds(self) -> pl.Expr:
        """An expression over a situation that is true for the rows that meet every condition; never null."""
        return _all([*self._own(), *self._grouped()])

    def columns(self) -> set[str]:
        """The columns that are looked at."""
        own = {name for name in COLUMNS if getattr(self, name, None) is not None}
        return own.union(*(one.columns() for one in self._inner))

    @property
    def _inner(self) -> list[Conditions]:
        return [*self.any, *self.none]

    def _own(self) -> list[pl.Expr]:
        tests = ((name, getattr(self, name, None)) for name in COLUMNS)
        return [test.holds(pl.col(name)) for name, test in tests if test is not None]

    def _grouped(self) -> list[pl.Expr]:
        wanted = [one.holds() for one in self.any]
        refused = [~one.holds() for one in self.none]
        return [*([pl.any_horizontal(wanted)] if wanted else []), *refused]


def _field(name: str, kind: pl.DataType) -> Any:
    if kind == pl.Boolean:
        return Annotated[Flag, BeforeValidator(_as_flag)]
    if kind == pl.String:
        return Annotated[Choice, AfterValidator(_known_words(name)), BeforeValidator(_as_choice)]
    return Annotated[Between, BeforeValidator(_as_days if kind == pl.Date else _as_between)]


def _made() -> type[Conditions]:
    """`Conditions` with a field for each column that can be tested, and groups of itself."""
    fields: dict[str, Any] = {
        name: (_field(name, kind) | None, None) for name, (kind, _) in COLUMNS.items() if name not in ("member",)
    }
    fields |= {"any": ("tuple[Who, ...]", ()), "none": ("tuple[Who, ...]", ())}
    made = cast("type[Conditions]", create_model("Who", __base__=Conditions, **fields))
    made.model_rebuild(_types_namespace={"Who": made, "tuple": tuple})
    return made


Who = _made()


def nearest(word: str, words: list[str]) -> str:
    """The one of *words* that somebody who wrote *word* may have meant; empty when none is like it."""
    return next(iter(get_close_matches(word, words, n=1, cutoff=0.6)), "")
