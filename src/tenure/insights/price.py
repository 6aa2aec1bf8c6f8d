"""What else the record tells of a price that weighs on a member, beside its own dues and invoices.

Facts and no more: each speaks for price as a reason for leaving only where the model counts the dues against the member
too (`tenure.insights.leaving`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.insights.dearer import is_dearer
from tenure.insights.leaving import PRICE
from tenure.membership.later_terms import kind_of
from tenure.membership.scope import Scope

_MORE = 1.05
_FEWEST_ALIKE = 20
"""Members of a type who pay for terms of one length, for their middle to say what such a term costs."""


def weighs(
    stood: pl.DataFrame,
    changes: pl.DataFrame | None = None,
    said: pl.DataFrame | None = None,
    in_parts: pl.DataFrame | None = None,
) -> NDArray[np.bool_]:
    """Of whom the record holds a fact of price that is no feature of theirs.

    The dues are 5 % and more above the middle of what members of the type pay for a term as long; the association
    raised the dues of all, or of the type, or ended a discount, since the term that holds the day began; the member
    took up an offer to pay in parts since then; or named the price when asked, in this term or before.

    Args:
        stood: Lines of `tenure.membership.standing` of one day.
        changes: `changed_on` (date), `change` (words), `scope`: entries of the change ledger, as known on the day.
        said: `member`, `reason`: what members said when asked, as was known on the day.
        in_parts: `member`, `on` (date): who took up an offer to pay in parts, as was known on the day.

    Returns:
        Shape (n,), in the order of *stood*.
    """
    found = _above_the_usual(stood)
    if changes is not None:
        found |= _dearer(stood, changes)
    if said is not None:
        found |= stood["member"].is_in(said.filter(pl.col("reason") == PRICE)["member"].implode()).to_numpy()
    if in_parts is not None:
        since = stood.select("member", "cycle_began").join(in_parts, on="member")
        asked = since.filter(pl.col("on") >= pl.col("cycle_began"))["member"]
        found |= stood["member"].is_in(asked.implode()).to_numpy()
    return np.asarray(found, bool)


def _above_the_usual(stood: pl.DataFrame) -> NDArray[np.bool_]:
    """Whose dues are above the middle of the type's; two years cost more than one, so like is held against like."""
    free = pl.col("lifetime") | pl.col("complimentary")
    paying = pl.col("dues").filter(~free & (pl.col("dues") > 0))
    days = (pl.col("ends") - pl.col("starts_on")).dt.total_days() + 1 - pl.col("extended")
    above = stood.with_columns(length=kind_of(days)).select(
        above=~free
        & (paying.count().over("member_type", "length") >= _FEWEST_ALIKE)
        & (pl.col("dues") >= _MORE * paying.median().over("member_type", "length"))
    )["above"]
    return above.fill_null(value=False).to_numpy().copy()


def _dearer(stood: pl.DataFrame, changes: pl.DataFrame) -> NDArray[np.bool_]:
    """Whose dues were raised since the term that holds the day began."""
    found = np.zeros(len(stood), bool)
    for day, words, text in changes.select("changed_on", pl.col("change", "scope").fill_null("")).iter_rows():
        if not is_dearer(words):
            continue
        scope = Scope.of(text)
        if scope.field in ("", "member_type"):
            since = stood["cycle_began"] <= day
            concerned = since & (stood["member_type"] == scope.value) if scope.field else since
            found |= concerned.fill_null(value=False).to_numpy()
    return found
