"""Which of some models serves, by what was decided of them; a rule over names and manifests that opens no ledger."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Any

_DATED = re.compile(r"\d{4}-\d\d-\d\d-")
_LAST_DAY = "9999-12-31"


def version_that_serves(
    manifests: list[dict[str, Any]],
    damaged: Collection[str],
    promoted: Iterable[str],
    as_of: dt.date | None = None,
) -> str | None:
    """The version that serves on the night *as_of*, or now; None where there is no model.

    Args:
        manifests: Of the models that were made by then.
        damaged: The versions whose manifest cannot be believed; one of these may be the one that serves.
        promoted: The versions that were let serve by then, in the order in which they took effect.
        as_of: The night.
    """
    there = {str(one["version"]): age(one) for one in manifests}
    said = [version for version in promoted if version in there or version in damaged]
    if said:
        return said[-1]
    # A damaged one may be the newest: then its name alone tells its day, and it is not passed over in silence.
    until = as_of.isoformat() if as_of else _LAST_DAY
    unsure = {name: (name[:10], _LAST_DAY) for name in damaged if _DATED.match(name) and name[:10] <= until}
    ages = there | unsure
    return max(ages, key=lambda version: ages[version], default=None)


def age(manifest: dict[str, Any]) -> tuple[str, str]:
    """By what models are ordered: of two of one day the one trained last is the newer."""
    return manifest["as_of"], manifest["trained_at"]
