"""Which model a night scores with, and whether another is due."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically

if TYPE_CHECKING:
    from tenure.risk import Model

_RULES = "rules.json"


def manifest_for(house: House, as_of: dt.date | None = None, *, besides: str = "") -> dict[str, Any] | None:
    """The manifest of the champion: the model that serves on the night *as_of*, or now.

    It was made with what was known on *as_of* or earlier, since a later one would know the future of that night. Where
    nobody and no rule has said which one serves, it is the newest.

    Args:
        house: The association's.
        as_of: The night.
        besides: A version that is left out of account.

    Raises:
        DamagedStore: Its manifest is not what this home signed.
    """
    house.open_ledger()
    from tenure.ledger import serving

    return serving.champion(house.registry, as_of, besides=besides)


def newest_for(house: House, as_of: dt.date) -> dict[str, Any] | None:
    """The manifest of the model that was made last with what was known on *as_of* or earlier, champion or not."""
    house.open_ledger()
    from tenure.ledger import serving

    return max(serving.made_by(house.registry, as_of), key=serving.age, default=None)


def model_for(house: House, as_of: dt.date) -> Model | None:
    """The model of `manifest_for`, loaded.

    Raises:
        DamagedStore: A file of it is missing or was changed; the mend names the model to go back to.
    """
    manifest = manifest_for(house, as_of)
    return None if manifest is None else loaded(house, str(manifest["version"]))


def loaded(house: House, version: str) -> Model:
    """The model *version*, which is to serve.

    Raises:
        DamagedStore: A file of it is missing or was changed; the mend names the model to go back to.
    """
    try:
        return house.registry.load(version, threads=house.settings.model.threads)
    except DamagedStore as error:
        from tenure.ledger import serving

        raise serving.cannot_serve(house.registry, version, error) from error


def version_named(house: House, version: str | None) -> dict[str, Any]:
    """The manifest of *version*, or of the model that serves.

    Raises:
        TenureError: There is none.
    """
    house.open_ledger()
    from tenure.ledger import serving

    return serving.named(house.registry, version)


def is_due(house: House, as_of: dt.date) -> str:
    """Why a model has to be made for the night *as_of*, in words; empty when the one that there is will do."""
    manifest = newest_for(house, as_of)
    if manifest is None:
        return "there is no model yet"
    if rules_of(house, manifest["version"]) not in (None, rules_now(house)):
        return "the rules for grace and types have changed"
    age = _age(manifest, as_of)
    return f"the last model is {age} days old" if age >= house.settings.model.train_every_days else ""


def is_due_by_age(house: House, as_of: dt.date) -> bool:
    """Whether a model is due for no other reason than the age of the last; that can wait for a person."""
    manifest = newest_for(house, as_of)
    if manifest is None or rules_of(house, manifest["version"]) not in (None, rules_now(house)):
        return False
    return _age(manifest, as_of) >= house.settings.model.train_every_days


def _age(manifest: dict[str, Any], as_of: dt.date) -> int:
    return (as_of - dt.date.fromisoformat(manifest["as_of"])).days


def rules_now(house: House) -> dict[str, Any]:
    """The settings that decide what counts as a lapse."""
    rules: dict[str, Any] = json.loads(house.settings.membership.model_dump_json())
    return rules


def note_rules(house: House, version: str) -> None:
    """Write down beside the model *version* by which rules its labels were made."""
    text = json.dumps(rules_now(house), indent=1, sort_keys=True)
    write_atomically(house.home.models / version / _RULES, text.encode())


def rules_of(house: House, version: str) -> dict[str, Any] | None:
    """By which rules the labels of *version* were made; None when nobody wrote it down."""
    path = house.home.models / version / _RULES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
