"""What people told Tenure that bears on why members leave, as the ledger knew it on a day.

Answers of members, offers to pay in parts that they took up, and the words of changes that staff entered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tenure.insights.stated import is_about_leaving, stated_reason

if TYPE_CHECKING:
    from tenure.app.house import House

_SAID = {"member": pl.Int64, "on": pl.Date, "reason": pl.String}
_ANSWERS = {"member": pl.Int64, "on": pl.Date, "value": pl.String, "question": pl.String, "asks_why": pl.Boolean}
_PARTS = {"member": pl.Int64, "on": pl.Date}
_CHANGES = {"changed_on": pl.Date, "change": pl.String, "scope": pl.String}


@dataclass(frozen=True)
class Told:
    """What was noted before the start of a day (00:00 UTC).

    Args:
        said: `member`, `on`, `reason`: answers to questions about leaving that name one of
            `tenure.insights.REASONS`, oldest first.
        in_parts: `member`, `on`: offers to pay in parts that were taken up.
        changes: `changed_on`, `change`, `scope`: what staff entered and had not withdrawn.
    """

    said: pl.DataFrame
    in_parts: pl.DataFrame
    changes: pl.DataFrame

    @classmethod
    def nothing(cls) -> Told:
        """Where no ledger is asked."""
        return cls(pl.DataFrame(schema=_SAID), pl.DataFrame(schema=_PARTS), pl.DataFrame(schema=_CHANGES))

    @property
    def latest(self) -> pl.DataFrame:
        """The last that each member said."""
        return self.said.unique("member", keep="last", maintain_order=True)


def told(house: House, as_of: dt.date) -> Told:
    """What the ledger of *house* knew before *as_of*.

    Raises:
        DamagedStore: It knows less than it did.
    """
    house.open_ledger()
    from tenure.ledger import change_ledger
    from tenure.ledger.models import Response

    begins = dt.datetime.combine(as_of, dt.time(), tzinfo=dt.UTC)
    known = Response.objects.filter(noted_at__lt=begins, at__lt=begins, step__isnull=False).order_by("at", "pk")
    answers = known.filter(kind="answered").values_list("member", "at", "value", "step__details")
    rows = [(member, at.date(), value, *_asked(details)) for member, at, value, details in answers]
    about = _about_leaving(pl.DataFrame(rows, _ANSWERS, orient="row"))
    said = about.with_columns(reason=stated_reason(about["value"]))
    parts = known.filter(kind="accepted", step__kind="offer").values_list("member", "at")
    entered = [
        (one.changed_on, one.change, one.scope)
        for one in change_ledger.entries()
        if max(one.entered_at.date(), one.changed_on) < as_of
        and (one.withdrawn_at is None or one.withdrawn_at.date() >= as_of)
    ]
    return Told(
        said.drop_nulls("reason").select(list(_SAID)),
        pl.DataFrame([(member, at.date()) for member, at in parts], _PARTS, orient="row"),
        pl.DataFrame(entered, _CHANGES, orient="row"),
    )


def _asked(details: Mapping[str, Any]) -> tuple[str, bool | None]:
    """The question of a step, and whether the step says that it asks why somebody leaves; None where it does not."""
    asks_why = details.get("asks_why")
    return str(details.get("question", "")), asks_why if isinstance(asks_why, bool) else None


def _about_leaving(answers: pl.DataFrame) -> pl.DataFrame:
    """Those of *answers* to questions about leaving: as the step says, and else by the words of the question."""
    by_words = is_about_leaving(answers["question"])
    return answers.filter(pl.coalesce("asks_why", by_words))
