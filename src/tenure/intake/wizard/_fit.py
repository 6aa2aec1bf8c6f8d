"""Whether a query or panel source can fill a table of the contract, and which of its columns would fill which."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.intake._mapping import From, Shape
from tenure.intake.wizard._names import CODES, COLUMNS, KINDS, PROGRAM_KINDS, bare
from tenure.intake.wizard._survey import Sight
from tenure.membership.contract import KINDS as VOCABULARY
from tenure.membership.contract import TABLES

Spec = str | dict[str, Any]
"""A column's recipe, as a mapping file has it."""


@dataclass(frozen=True)
class Fit:
    """How a place would fill a table.

    Args:
        columns: By column of the contract, its recipe.
        lacking: Columns that the table needs and nothing fills.
        spared: Columns that could have been filled and are not.
        unknown: Codes of `kind` that nobody knows, with how often they stand in the sample.
    """

    columns: dict[str, Spec]
    lacking: tuple[str, ...]
    spared: tuple[str, ...]
    unknown: dict[str, int]

    @property
    def serves(self) -> bool:
        """Whether nothing that is needed is lacking."""
        return not self.lacking


def fit(table: str, sight: Sight, like: Shape | None, codes: Mapping[str, str]) -> Fit:
    """How *sight* would fill *table*.

    Args:
        table: Of the contract.
        sight: A place of an installation.
        like: The feed of the profile that it would stand for; its recipes are kept where its columns are there.
        codes: What codes mean in the profile.
    """
    columns: dict[str, Spec] = {}
    unknown: dict[str, int] = {}
    taken: set[str] = set()
    for column in TABLES[table].columns:
        recipe = like.columns.get(column.name) if like else None
        if column.name == "kind" and table == "activity":
            spec, unknown = _kind(sight, recipe, codes, taken)
        elif column.name == "kind":
            spec = _kind_of_program(sight, recipe)
        else:
            spec = _recipe(table, column.name, sight, recipe, taken)
        if spec is not None:
            columns[column.name] = spec
            taken.update(_named(spec))
    needed = [column.name for column in TABLES[table].columns if column.required]
    usual = set(like.columns) if like else set()
    return Fit(
        columns,
        tuple(name for name in needed if name not in columns),
        tuple(sorted(usual - set(columns) - set(needed))),
        unknown,
    )


def _recipe(table: str, name: str, sight: Sight, recipe: From | None, taken: set[str]) -> Spec | None:
    if recipe is not None and set(recipe.named) <= set(sight.columns):
        return written(recipe)
    if name == "activity_id" and len(sight.key) > 1:
        return {"parts": list(sight.key)}
    found = _nearest(table, name, sight, recipe, taken)
    if found is None:
        return None
    if recipe is None or not (recipe.values or recipe.take):
        return found
    return {**_as_dict(recipe), "column": found}


def _nearest(table: str, name: str, sight: Sight, recipe: From | None, taken: set[str]) -> str | None:
    """The column of *sight* that is called what *name* is mostly called."""
    free = {bare(column): column for column in sight.columns if column not in taken}
    wanted = ([recipe.column] if recipe and recipe.column else []) + list(COLUMNS.get(name, ()))
    dated = TABLES[table].column(name).type in ("timestamp", "date")
    for known in wanted:
        column = free.get(bare(known))
        if column is not None and (not dated or sight.has_dates(column)):
            return column
    close = difflib.get_close_matches(bare(wanted[0]), free, n=1, cutoff=0.8) if wanted else []
    return free[close[0]] if close and (not dated or sight.has_dates(free[close[0]])) else None


def _kind(
    sight: Sight, recipe: From | None, codes: Mapping[str, str], taken: set[str]
) -> tuple[Spec | None, dict[str, int]]:
    if recipe is not None and recipe.column in sight.columns:
        strange = {code: n for code, n in sight.codes(recipe.column).items() if code not in recipe.values}
        more = {code: meaning for code in strange if (meaning := _meaning(code, codes))}
        spec = {"column": recipe.column, "values": {**recipe.values, **more}} if more else written(recipe)
        return spec, {code: n for code, n in strange.items() if code not in more}
    column = _nearest("activity", "kind", sight, None, taken)
    found = sight.codes(column) if column else {}
    meant = {code: meaning for code in found if (meaning := _meaning(code, codes))}
    usual = KINDS.get(bare(sight.place.rpartition("/")[2]))
    if meant:
        return {"column": column, "values": meant}, {code: n for code, n in found.items() if code not in meant}
    return ({"value": usual} if usual else None), {}


def _kind_of_program(sight: Sight, recipe: From | None) -> Spec | None:
    """By the profile's column; else what the place is called says it: a status or a type of events is no kind."""
    if recipe is not None and set(recipe.named) <= set(sight.columns):
        return written(recipe)
    usual = PROGRAM_KINDS.get(bare(sight.place.rpartition("/")[2]))
    return {"value": usual} if usual else None


def _meaning(code: str, codes: Mapping[str, str]) -> str:
    known = {bare(name): kind for name, kind in codes.items()} | {bare(kind): kind for kind in VOCABULARY}
    return known.get(bare(code)) or CODES.get(bare(code), "")


def written(recipe: From) -> Spec:
    """*recipe* as a mapping file has it."""
    told = _as_dict(recipe)
    return str(told["column"]) if set(told) == {"column"} else told


def _as_dict(recipe: From) -> dict[str, Any]:
    told = recipe.model_dump(exclude_defaults=True)
    if recipe.otherwise is not None:
        told["otherwise"] = written(recipe.otherwise)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _named(spec: Spec) -> list[str]:
    if isinstance(spec, str):
        return [spec]
    # The parts of a key may well be columns of their own.
    return [spec["column"]] if "column" in spec else []
