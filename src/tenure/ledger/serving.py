"""Which model serves, and how a person lets another one serve or takes one back; commands and pages come here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, TenureError, UsageError
from tenure.ledger import promotions, runs, scores
from tenure.ledger.choosing import age as age
from tenure.ledger.choosing import version_that_serves
from tenure.ledger.models import ModelPromotion

if TYPE_CHECKING:
    from tenure.risk.registry import Registry

BY_RULE = "tenure train"
"""Who is named where no person decided."""

CHAMPION, CHALLENGER, FORMER = "champion", "challenger", "former"


def champion(registry: Registry, as_of: dt.date | None = None, *, besides: str = "") -> dict[str, Any] | None:
    """The manifest of the model that serves on the night *as_of*, or now.

    Arguments as for `serves`.

    Raises:
        DamagedStore: Its manifest is not what this home signed. No other model stands in for it unasked.
    """
    version = serves(registry, as_of, besides=besides)
    if version is None:
        return None
    try:
        return registry.manifest(version)
    except DamagedStore as error:
        raise cannot_serve(registry, version, error) from error


def serves(registry: Registry, as_of: dt.date | None = None, *, besides: str = "") -> str | None:
    """The version that serves on the night *as_of*, or now, be it whole or damaged; None where there is no model.

    It was made with what was known on *as_of* or earlier, since a later one would know the future of that night. Where
    nobody and no rule has said which one serves, it is the newest.

    Args:
        registry: The models that there are.
        as_of: The night.
        besides: A version that is left out of account.
    """
    manifests = [one for one in made_by(registry, as_of) if one["version"] != besides]
    return version_chosen(manifests, [version for version in registry.damaged() if version != besides], as_of)


def chosen(
    manifests: list[dict[str, Any]], as_of: dt.date | None = None, *, damaged: Collection[str] = ()
) -> dict[str, Any] | None:
    """Which of the models with *manifests*, which were made by then, serves on the night *as_of*, or now; None where
    there is none, or where it is one of those *damaged*."""
    version = version_chosen(manifests, damaged, as_of)
    return next((one for one in manifests if one["version"] == version), None)


def version_chosen(
    manifests: list[dict[str, Any]], damaged: Collection[str], as_of: dt.date | None = None
) -> str | None:
    """The same by name, which may be that of one of those *damaged*."""
    promoted = [row.version for row in promotions.until(as_of)]
    return version_that_serves(manifests, damaged, promoted, as_of)


def cannot_serve(registry: Registry, version: str, error: DamagedStore) -> DamagedStore:
    """*error* about *version*, which was to serve, with the way to another model that is whole, where there is one."""
    way = way_to_another(registry, version)
    return DamagedStore(error.message, mend=f"{way}; or {error.mend}") if way else error


def way_to_another(registry: Registry, version: str) -> str:
    """By which command another model that is whole serves in place of *version*; empty where there is none."""
    rows = promotions.until()
    former = promotions.before_last() if rows and rows[-1].version == version else None
    not_these = {version, *(row.version for row in rows[-1:])}
    others = [one for one in reversed(registry.versions()) if one not in not_these and registry.trouble(one) is None]
    if former in others:
        return f"`tenure model rollback --by NAME --why WORDS` lets {former} serve again"
    return f"`tenure model promote {others[0]} --by NAME --why WORDS` lets another one serve" if others else ""


def made_by(registry: Registry, as_of: dt.date | None) -> list[dict[str, Any]]:
    """The manifests of the models made with what was known on *as_of* or earlier; of all for None. Damaged ones have
    none that could be believed."""
    return [one for one in registry.manifests() if as_of is None or one["as_of"] <= as_of.isoformat()]


def named(registry: Registry, version: str | None) -> dict[str, Any]:
    """The manifest of *version*, or of the model that serves.

    Raises:
        TenureError: There is none.
        DamagedStore: It is not what this home signed.
    """
    if version is not None and version in registry.names():
        return registry.manifest(version)
    manifest = champion(registry) if version is None else None
    if manifest is None:
        raise TenureError(
            f"there is no model `{version}`" if version else "there is no model yet",
            mend="`tenure evaluate --list` names those there are" if version else way_to_one(),
        )
    return manifest


def way_to_one(as_of: dt.date | None = None) -> str:
    """What to do where there is no model: what the last training was held back for, or else to train, as of a night
    that was asked for."""
    row = runs.last_refusal("train")
    if row is None:
        then = f" --as-of {as_of}" if as_of else ""
        return f"`tenure train{then}` makes one once enough is known: 20 lapses and 20 renewals"
    mend = f"; {row.mend}" if row.mend else ""
    return f"the training of {row.run.as_of} was held back: {row.trouble}{mend}"


def promote(
    registry: Registry, version: str, *, by: str, why: str, night: dt.date | None = None, clock: Clock = system_clock
) -> str:
    """Let *version* serve from *night* on, by a person's word; gives the version that served before, be it damaged or
    no longer there.

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
    assert day is not None
    before = _on_record(registry, day)
    if manifest["as_of"] > day.isoformat():
        raise UsageError(f"model {version} knows what came after {day}", mend="choose a later --as-of")
    if before == version:
        raise UsageError(f"model {version} serves already", mend="`tenure model list` shows which are challengers")
    registry.load(version)
    present = _whole(registry, before)
    if present is not None:
        note(present, clock)
    promotions.record(
        version=version, replaced=before, effective_on=day, how=promotions.How.PERSON, by=by, why=why, clock=clock
    )
    return before


def rollback(
    registry: Registry, *, by: str, why: str, night: dt.date | None = None, clock: Clock = system_clock
) -> tuple[str, str]:
    """Let the model serve again that served before the present one; gives both, the present one first, be it damaged or
    no longer there.

    Arguments as for `promote`.

    Raises:
        UsageError: There is none before it, or nobody or no reason is named.
        DamagedStore: A file of it is missing or was changed.
    """
    present = _on_record(registry) or str(named(registry, None)["version"])
    day = night or _from(_whole(registry, present))
    former = promotions.before_last(day)
    if former is None or day is None:
        raise UsageError(f"no model served before {present}", mend="`tenure train` makes another")
    try:
        registry.load(former)
    except DamagedStore as error:
        raise cannot_serve(registry, former, error) from error
    promotions.record(
        version=former, replaced=present, effective_on=day, how=promotions.How.ROLLBACK, by=by, why=why, clock=clock
    )
    return present, former


def _on_record(registry: Registry, day: dt.date | None = None) -> str:
    """The version that serves on *day* by what was decided last, also where it has been moved away since; where nothing
    was decided, the newest; empty where there is none."""
    rows = promotions.until(day)
    return rows[-1].version if rows else serves(registry, day) or ""


def _whole(registry: Registry, version: str) -> dict[str, Any] | None:
    """The manifest of *version*; None where it is damaged or not there."""
    return next((one for one in registry.manifests() if one["version"] == version), None)


def would_serve_again(manifest: dict[str, Any] | None) -> str | None:
    """The version to which a rollback would return from the model of *manifest*, which serves; None for none. A damaged
    one has no *manifest*."""
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


def _from(manifest: dict[str, Any] | None) -> dt.date | None:
    """The latest night that was scored, so that scoring it anew is with the model; its own day where that is later.
    None where nothing was scored or decided and there is no *manifest* to tell a day."""
    current = scores.current()
    made = [dt.date.fromisoformat(manifest["as_of"])] if manifest else []
    taken = [row.effective_on for row in promotions.until()][-1:]
    return max([*made, *taken, *([current.as_of] if current else [])], default=None)
