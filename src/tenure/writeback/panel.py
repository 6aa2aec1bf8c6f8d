"""What the risk table in iMIS holds of a member: its columns, and how a score becomes a row of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "decimal", "date"]

_PLACES = 4


@dataclass(frozen=True)
class Column:
    """One property of the panel source.

    Args:
        name: As in iMIS.
        kind: What it holds. Decimals keep four places, dates no time of day.
        source: The column of a score that it is filled from.
        caption: What staff read above it in iMIS.
        length: Most characters of a text.
    """

    name: str
    kind: Kind
    source: str
    caption: str
    length: int = 255

    def normal(self, value: object) -> Any:
        """*value* as it is stored, sent and compared: a string, a number or None. Empty text is None."""
        if value is None or value == "":
            return None
        match self.kind:
            case "integer":
                return round(float(str(value)))
            case "decimal":
                return round(float(str(value)), _PLACES) + 0.0
            case "date":
                return value.isoformat()[:10] if isinstance(value, dt.date) else str(value)[:10]
            case "text":
                return _shortened(str(value), self.length)

    def for_imis(self, value: object) -> Any:
        """*value* as a property of a row wants it."""
        normal = self.normal(value)
        return f"{normal}T00:00:00" if self.kind == "date" and normal is not None else normal


RISK_COLUMNS: tuple[Column, ...] = (
    Column("RiskScore", "integer", "risk_score", "Risk score"),
    Column("RiskBand", "text", "band", "Risk band", 20),
    Column("Probability", "decimal", "p_lapse_renewal", "Probability of not renewing"),
    Column("ProbabilityLow", "decimal", "p_low", "Probability, low end"),
    Column("ProbabilityHigh", "decimal", "p_high", "Probability, high end"),
    Column("Lapse30", "decimal", "p_lapse_30", "Probability of lapsing within 30 days"),
    Column("Lapse60", "decimal", "p_lapse_60", "Probability of lapsing within 60 days"),
    Column("Lapse90", "decimal", "p_lapse_90", "Probability of lapsing within 90 days"),
    Column("RenewalDueOn", "date", "renewal_due_on", "Renewal due on"),
    Column("PredictedLapseOn", "date", "predicted_lapse_on", "Predicted lapse date"),
    Column("Reason1", "text", "reason_1", "Strongest reason"),
    Column("Reason2", "text", "reason_2", "Second reason"),
    Column("Reason3", "text", "reason_3", "Third reason"),
    Column("ModelVersion", "text", "model_version", "Model", 60),
    Column("ScoredOn", "date", "as_of", "Scored on"),
)
"""The columns of `AI_Member_Risk`."""

BAND = "RiskBand"
"""The column whose change over night is capped."""

_COARSE = {"Probability": 2, "ProbabilityLow": 1, "ProbabilityHigh": 1, "Lapse30": 1, "Lapse60": 1, "Lapse90": 1}


@dataclass(frozen=True)
class Wanted:
    """What one member's row in iMIS shall hold: what `tenure.ledger.outbox.plan` takes.

    Args:
        member_id: The source's id, to the letter.
        payload: Value by property, fit for JSON.
        digest: Changes when something changes that is worth a write.
    """

    member_id: str
    payload: dict[str, Any]
    digest: str


def risk_rows(scores: Iterable[Mapping[str, Any]]) -> Iterator[Wanted]:
    """Rows of the risk table for *scores*: mappings with `member_id` and the columns of a score."""
    for score in scores:
        payload = {column.name: column.normal(score.get(column.source)) for column in RISK_COLUMNS}
        yield Wanted(str(score["member_id"]), payload, digest_of(payload))


def digest_of(payload: Mapping[str, Any]) -> str:
    """A fingerprint of what in *payload* is worth a write.

    Time alone moves every probability a little and every "41 days ago" to 42. Writing all members every night for
    that would load iMIS for nothing, so the day of scoring, the numbers inside a reason, and movements smaller than a
    point (of the outer probabilities, than ten points) are left out. A row that is written is written whole and exact.
    """
    material = {name: _material(name, value) for name, value in payload.items() if name != "ScoredOn"}
    return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


def _material(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _COARSE:
        return round(float(value), _COARSE[name])
    if name.startswith("Reason"):
        return re.sub(r"\d+(?:[.,]\d+)*", "#", str(value))
    if name == "PredictedLapseOn":
        return str(value)[:7]
    return value


def _shortened(text: str, length: int) -> str:
    flat = text.strip()
    return flat if len(flat) <= length else flat[: length - 1] + "…"
