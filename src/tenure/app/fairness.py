"""The fairness audit of a model, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenure.app.house import House
from tenure.app.models import version_named
from tenure.lake import Lake
from tenure.risk.figures import decimal

_TITLES = {
    "age_band": "Age", "gender": "Gender", "region": "Region", "member_type": "Type", "chapter_id": "Chapter",
}  # fmt: skip
# Name, heading, width and digits. Whether lapsed − said holds nought is told to a tenth, as in the verdict.
_COLUMNS = (
    ("calibration_in_the_large", "lapsed − said", 21, 1),
    ("selection_rate", "on the list", 17, 0),
    ("false_positive_rate", "for nothing", 17, 0),
    ("false_negative_rate", "missed", 17, 0),
    ("auc", "AUC", 17, 0),
)


def audited(house: House, version: str | None, threshold: float | None) -> dict[str, Any]:
    """The audit of *version*, or of the model that serves.

    Returns:
        As `tenure.risk.fairness.audit`, with `model`, and `why_nothing` (empty where there is something to tell).

    Raises:
        TenureError: There is no such model.
    """
    from tenure.risk.fairness import audit

    found = str(version_named(house, version)["version"])
    lake = house.lake
    body = audit(
        house.registry.decisions(found), lake.audit_attributes(), lake.members(), lake.terms(), threshold=threshold
    )
    why = "" if body["decisions"] else _why_nothing(lake)
    return {"model": found, **body, "why_nothing": why}


def _why_nothing(lake: Lake) -> str:
    from tenure.risk.first_years import record_begins

    starts = lake.terms().drop_nulls("ends_on")["starts_on"]
    first = f" ({record_begins(starts)})" if len(starts) else ""
    return (
        "nothing can be said of groups yet: renewals are kept with a model for this from two years after the record of "
        f"terms begins{first}, and of those none is decided yet"
    )


def words_of(body: dict[str, Any]) -> str:
    """The same for a terminal."""
    return "\n".join(_lines(body))


def _lines(body: dict[str, Any]) -> Iterator[str]:
    if not body["decisions"]:
        yield f"Model {body['model']}: {body['why_nothing']}."
        return
    yield (
        f"Model {body['model']} on {body['decisions']:,} past renewals that are kept with it, a month ahead; lapsed, "
        "and lapsed − said, on every day on which they were open. On the list: from "
        f"{100 * body['threshold']:.0f} in 100. In 100, with 95 % intervals:"
    )
    for by, title in _TITLES.items():
        groups = [group for group in body["groups"] if group["by"] == by]
        if by in body["not_recorded"] or not groups:
            yield f"\n{title}: not recorded."
            continue
        heads = "".join(f"  {words:>{width}}" for _, words, width, _ in _COLUMNS)
        yield f"\n{title:<18} {'renewals':>9} {'lapsed':>7}{heads}"
        yield from map(_line, groups)
    yield ""
    yield "Where members of a kind lapse more often, they are on the list more often and called for nothing more often;"
    yield "that alone is no error of the model. Lapsed − said is: it should be nought in every group. Perhaps: its"
    yield "range leaves out nought, as chance alone brings about in one group of twenty."


def _line(group: dict[str, Any]) -> str:
    head = f"  {group['value']:<16} {group['decisions']:>9,} {100 * group['observed']:>7.0f}"
    told = _COLUMNS if "auc" in group else ()
    cells = "".join(f"  {_cell(group, name, digits):>{width}}" for name, _, width, digits in told)
    return f"{head}{cells}  {group['verdict']}"


def _cell(group: dict[str, Any], name: str, digits: int) -> str:
    value, low, high = (group[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None or low is None:
        return "cannot be told"
    shown, least, most = (decimal(100 * share, digits) for share in (value, low, high))
    return f"{shown} ({least} to {most})"
