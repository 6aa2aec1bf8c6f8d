"""Phases of the rollout for the command: the gates of a home, and what they show in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.app.models import manifest_for

if TYPE_CHECKING:
    from tenure.outreach.gates import Evidence, Gates


def move(house: House, segment: str, number: int, *, by: str, why: str, despite: Sequence[str] = ()) -> list[Evidence]:
    """Move *segment* to phase *number*; see `tenure.outreach.gates`."""
    gates = _gates(house)
    from tenure.outreach import gates as ours

    return ours.move(gates, segment, number, by=by, why=why, despite=despite, clock=house.clock)


def shown(house: House) -> list[dict[str, Any]]:
    """Each segment with its phase, and what the gate to the next one would look at now."""
    return _gates(house).shown()


def _gates(house: House) -> Gates:
    house.open_ledger()
    from tenure.outreach.gates import Gates

    return Gates(house.home, house.settings, manifest_for(house))


def words_of(body: list[dict[str, Any]]) -> str:
    """The same for a terminal."""
    return "\n".join(line for one in body for line in _lines(one))


def _lines(one: dict[str, Any]) -> Iterator[str]:
    since = f" since {one['since'][:10]} by {one['by']}: {one['why']}" if one["since"] else ""
    yield f"{one['segment'] or 'everyone'}: phase {one['phase']}, {one['words']}{since}"
    for found in one["evidence"].get("gate", ()):
        yield f"  found then: {found['words']}" + ("" if found["holds"] else "; passed in spite of it")
    if one["next"]:
        yield f"  the gate to phase {one['phase'] + 1}:"
    for found in one["next"]:
        yield f"    {'holds ' if found['holds'] else 'AGAINST'} {found['words']}" + (
            "" if found["holds"] else f" ({found['code']})"
        )
