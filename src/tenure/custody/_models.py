"""The models of a backup. One that was damaged before the backup was made hinders nothing, unless it is to serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tenure.base.errors import DamagedStore
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer
from tenure.risk import Registry


def damaged_in(
    folder: Path, home: Home, text: str, promoted: Callable[[], list[str]], *, mend: str
) -> dict[str, DamagedStore]:
    """Load every model in *folder*; of each version that is damaged and does not serve, what is the matter.

    That its files are those which the backup says it has was looked at when they were unpacked, so that whatever is
    damaged here was damaged before.

    Args:
        folder: The models, unpacked.
        home: Whose models they are, or will be.
        text: The key that signed them.
        promoted: Gives which versions were let serve, in order; asked only where a model is damaged.
        mend: What to do where it is the one that serves.

    Raises:
        DamagedStore: The model that serves is not whole. Nothing would be scored with what came back.
    """
    registry = Registry(folder, Signer(Pseudonyms.read(text).secret("models")))
    found: dict[str, DamagedStore] = {}
    for version in registry.names():
        try:
            registry.load(version)
        except DamagedStore as error:
            found[version] = DamagedStore(error.message, mend=_left_or_moved(home, version))
    if not found:
        return found
    from tenure.ledger.choosing import version_that_serves

    serves = version_that_serves(registry.manifests(), registry.damaged(), promoted())
    if serves in found:
        raise DamagedStore(f"{found[serves].message}, and it is the model that serves", mend=mend)
    return found


def _left_or_moved(home: Home, version: str) -> str:
    return (
        f"leave it, since it hinders nothing while it does not serve, or move {home.models / version} away; "
        "a rollback or a promotion to it is refused"
    )
