"""Which model serves, and how a person lets another one serve or takes one back; commands and pages come here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import TenureError, UsageError
from tenure.ledger import promotions, scores
from tenure.ledger.models import ModelPromotion

if TYPE_CHECKING:
    from tenure.risk.registry import Registry

BY_RULE = "tenure train"
"""Who is named where no person decided."""

CHAMPION, CHALLENGER, FORMER = "champion", "challenger", "former"


def champion(registry: Registry, as_of: dt.date | None = None, *, besides: str = "") -> dict[str, Any] | None:
    """The manifest of the model that serves on the night *as_of*, or now.

    It was made with what was known on *as_of* or earlier, since a later one would know the future of that night. Where
    nobody and no rule has said which one serves, it is the newest.

    Args:
        registry: The models that there are.
        as_of: The night.
        besides: A version that is left out of account.
    """
    return chosen([one for one in made_by(registry, as_of) if one["version"] != besides], as_of)


def chosen(manifests: list[dict[str, Any]], as_of: dt.date | None = None) -> dict[str, Any] | None:
    """Which of the models with *manifests*, which were made by then, serves on the night *as_of*, or now."""
    fitting = {one["version"]: one for one in manifests}
    if not fitting:
        return None
    said = [row.version for row in promotions.until(as_of) if row.version in fitting]
    return fitting[said[-1]] if said else max(fitting.values(), key=age)


def made_by(registry: Registry, as_of: dt.date | None) -> list[dict[str, Any]]:
    """The manifests of the models made with what was known on *as_of* or earlier; of all for None."""
    manifests = [registry.manifest(version) for version in registry.versions()]
    return [one for one in manifests if as_of is None or one["as_of"] <= as_of.isoformat()]


def age(manifest: dict[str, Any]) -> tuple[str, str]:
    """By what models are ordered: of two of one day the one trained last is the newer."""
    return manifest["as_of"], manifest["trained_at"]


def named(registry: Registry, version: str | None) -> dict[str, Any]:
    """The manifest of *version*, or of the model that serves.

    Raises:
        TenureError: There is none.
    """
    manifest = champion(registry) if version is None else None
    if version is not None and version in registry.versions():
        manifest = registry.manifest(version)
    if manifest is None:
        raise TenureError(
            f"there is no model `{version}`" if version else "there is no model yet",
            mend="`tenure evaluate --list` names those there are; `tenure train` makes one",
        )
    return manifest


def promote(
    registry: Registry, version: str, *, by: str, why: str, night: dt.date | None = None, clock: Clock = system_clock
) -> str:
    """Let *version* serve from *night* on, by a person's word; gives the version that served before.

    Args:
        registry: The models that there are.
        version: Which model.
        by: Who says so.
        why: And for what reason.
        night: From which night on; from the latest night scored where none is given.
        clock: Gives the present instant.

    Raises:
        UsageError: There is nobody or no reason, the model serves already, or is from after *night*.
        DamagedStore: A file of it is missing or was changed.
    """
    manifest = named(registry, version)
    day = night or _from(manifest)
    present = champion(registry, day)
    if manifest["as_of"] > day.isoformat():
        raise UsageError(f"model {version} knows what came after {day}", mend="choose a later --as-of")
    if present is not None and present["version"] == version:
        raise UsageError(f"model {version} serves already", mend="`tenure model list` shows which are challengers")
    registry.load(version)
    if present is not None:
        note(present, clock)
    before = present["version"] if present else ""
    promotions.record(
        version=version, replaced=before, effective_on=day, how=promotions.How.PERSON, by=by, why=why, clock=clock
    )
    return before


def rollback(
    registry: Registry, *, by: str, why: str, night: dt.date | None = None, clock: Clock = system_clock
) -> tuple[str, str]:
    """Let the model serve again that served before the present one; gives both, the present one first.

    Arguments as for `promote`.

    Raises:
        UsageError: There is none before it, or nobody or no reason is named.
        DamagedStore: A file of it is missing or was changed.
    """
    present = named(registry, None)
    day = night or _from(present)
    former = promotions.before_last(day)
    if former is None:
        raise UsageError(f"no model served before {present['version']}", mend="`tenure train` makes another")
    registry.load(former)
    promotions.record(
        version=former, replaced=present["version"], effective_on=day, how=promotions.How.ROLLBACK, by=by, why=why,
        clock=clock,
    )  # fmt: skip
    return present["version"], former


def would_serve_again(manifest: dict[str, Any]) -> str | None:
    """The version to which a rollback would return from the model of *manifest*, which serves; None for none."""
    return promotions.before_last(_from(manifest))


def note(manifest: dict[str, Any], clock: Clock) -> None:
    """Write down that the model of *manifest* serves, where it did so only for being the newest."""
    if not ModelPromotion.objects.filter(version=manifest["version"]).exists():
        promotions.record(
            version=manifest["version"], replaced="", effective_on=dt.date.fromisoformat(manifest["as_of"]),
            how=promotions.How.AUTOMATIC, by=BY_RULE, why="it was the newest", clock=clock,
        )  # fmt: skip


def parts(versions: list[str], serving: str) -> dict[str, tuple[str, ModelPromotion | None]]:
    """Of each of *versions*: its part (champion, challenger, former), and the last change that let it serve.

    A challenger never served; the champion is *serving*.
    """
    last: dict[str, ModelPromotion] = {row.version: row for row in promotions.until()}
    return {
        version: (CHAMPION if version == serving else FORMER if version in last else CHALLENGER, last.get(version))
        for version in versions
    }


def _from(manifest: dict[str, Any]) -> dt.date:
    """The latest night that was scored, so that scoring it anew is with the model; its own day where that is later."""
    current = scores.current()
    made = dt.date.fromisoformat(manifest["as_of"])
    taken = [row.effective_on for row in promotions.until()][-1:]
    return max([made, *taken, *([current.as_of] if current else [])])
