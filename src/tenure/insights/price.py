"""What else the record tells of a price that weighs on a member, beside its own dues and invoices.

Facts and no more: each speaks for price as a reason for leaving only where the model counts the dues against the member
too (`tenure.insights.leaving`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.insights.leaving import PRICE
from tenure.membership.scope import Scope

_MORE = 1.05
_FEWEST_ALIKE = 20
"""Members of a type who pay, for their middle to say what the type pays."""

_DUES = r"(?:dues|membership fees?|fees?|membership rates?|price of membership)"
_RISES = (
    rf"(?i)\b{_DUES}\b.*\b(?:rais\w*|rise[sn]?|rose|rising|increas\w*|up by|went up|go up|higher|dearer)\b"
    rf"|\b(?:rais\w*|rise|increas\w*|higher)\b.*\b{_DUES}\b"
    r"|\bdiscounts?\b.*\b(?:end\w*|stop\w*|withdrawn|abolished|no longer|dropped|cut|expire\w*)\b"
)


def weighs(
    stood: pl.DataFrame,
    changes: pl.DataFrame | None = None,
    said: pl.DataFrame | None = None,
    in_parts: pl.DataFrame | None = None,
) -> NDArray[np.bool_]:
    """Of whom the record holds a fact of price that is no feature of theirs.

    The dues are 5 % and more above the middle of what members of the type pay; the association raised the dues of all,
    or of the type, or ended a discount, since the term that holds the day began; the member took up an offer to pay in
    parts since then; or named the price when asked, in this term or before.

    Args:
        stood: Lines of `tenure.membership.standing` of one day.
        changes: `changed_on` (date), `change` (words), `scope`: entries of the change ledger, as known on the day.
        said: `member`, `reason`: what members said when asked, as was known on the day.
        in_parts: `member`, `on` (date): who took up an offer to pay in parts, as was known on the day.

    Returns:
        Shape (n,), in the order of *stood*.
    """
    free = pl.col("lifetime") | pl.col("complimentary")
    paying = pl.col("dues").filter(~free & (pl.col("dues") > 0))
    above = stood.select(
        above=~free
        & (paying.count().over("member_type") >= _FEWEST_ALIKE)
        & (pl.col("dues") >= _MORE * paying.median().over("member_type"))
    )["above"]
    found = above.fill_null(value=False).to_numpy().copy()
    if changes is not None:
        found |= _dearer(stood, changes)
    if said is not None:
        found |= stood["member"].is_in(said.filter(pl.col("reason") == PRICE)["member"].implode()).to_numpy()
    if in_parts is not None:
        since = stood.select("member", "cycle_began").join(in_parts, on="member")
        asked = since.filter(pl.col("on") >= pl.col("cycle_began"))["member"]
        found |= stood["member"].is_in(asked.implode()).to_numpy()
    return np.asarray(found, bool)


def _dearer(stood: pl.DataFrame, changes: pl.DataFrame) -> NDArray[np.bool_]:
    """Whose dues were raised since the term that holds the day began."""
    rises = changes.filter(pl.col("change").str.contains(_RISES).fill_null(value=False))
    found = np.zeros(len(stood), bool)
    for day, text in rises.select("changed_on", pl.col("scope").fill_null("")).iter_rows():
        scope = Scope.of(text)
        if scope.field in ("", "member_type"):
            since = stood["cycle_began"] <= day
            concerned = since & (stood["member_type"] == scope.value) if scope.field else since
            found |= concerned.fill_null(value=False).to_numpy()
    return found
