"""Which model a night scores with, and whether another is due."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.base.errors import TenureError
from tenure.base.home import write_atomically

if TYPE_CHECKING:
    from tenure.risk import Model

_RULES = "rules.json"


def manifest_for(house: House, as_of: dt.date | None = None) -> dict[str, Any] | None:
    """The manifest of the newest model that was made with what was known on *as_of* or earlier.

    A later one would know the future of that night. Of two models of one day the one trained last is the newer.
    """
    manifests = [house.registry.manifest(version) for version in house.registry.versions()]
    fitting = [one for one in manifests if as_of is None or one["as_of"] <= as_of.isoformat()]
    return max(fitting, key=lambda one: (one["as_of"], one["trained_at"]), default=None)


def model_for(house: House, as_of: dt.date) -> Model | None:
    """The model of `manifest_for`, loaded.

    Raises:
        DamagedStore: A file of it is missing or was changed.
    """
    manifest = manifest_for(house, as_of)
    return None if manifest is None else house.registry.load(manifest["version"], threads=house.settings.model.threads)


def version_named(house: House, version: str | None) -> dict[str, Any]:
    """The manifest of *version*, or of the newest model.

    Raises:
        TenureError: There is none.
    """
    manifest = manifest_for(house) if version is None else None
    if version is not None and version in house.registry.versions():
        manifest = house.registry.manifest(version)
    if manifest is None:
        raise TenureError(
            f"there is no model `{version}`" if version else "there is no model yet",
            mend="`tenure evaluate --list` names those there are; `tenure train` makes one",
        )
    return manifest


def is_due(house: House, as_of: dt.date) -> str:
    """Why a model has to be made for the night *as_of*, in words; empty when the one that there is will do."""
    manifest = manifest_for(house, as_of)
    if manifest is None:
        return "there is no model yet"
    if _rules_of(house, manifest["version"]) not in (None, rules_now(house)):
        return "the rules for grace and types have changed"
    age = (as_of - dt.date.fromisoformat(manifest["as_of"])).days
    return f"the last model is {age} days old" if age >= house.settings.model.train_every_days else ""


def rules_now(house: House) -> dict[str, Any]:
    """The settings that decide what counts as a lapse."""
    rules: dict[str, Any] = json.loads(house.settings.membership.model_dump_json())
    return rules


def note_rules(house: House, version: str) -> None:
    """Write down beside the model *version* by which rules its labels were made."""
    text = json.dumps(rules_now(house), indent=1, sort_keys=True)
    write_atomically(house.home.models / version / _RULES, text.encode())


def _rules_of(house: House, version: str) -> dict[str, Any] | None:
    path = house.home.models / version / _RULES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
