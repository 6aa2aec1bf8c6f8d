"""What models say of themselves, read without loading them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer


def manifests(home: Home) -> list[dict[str, Any]]:
    """The manifests of all versions, newest first; one that cannot be read, or that the home has not signed, is left
    out."""
    signer = _signer(home)
    found = [_read(path, signer) for path in home.models.glob("[!.]*/manifest.json")]
    return sorted(filter(None, found), key=lambda manifest: str(manifest.get("trained_at", "")), reverse=True)


def damaged(home: Home) -> list[str]:
    """The versions that `manifests` leaves out: they are there, and what they say of themselves cannot be believed."""
    told = {manifest["version"] for manifest in manifests(home)}
    found = (path.parent.name for mark in ("json", "sig") for path in home.models.glob(f"[!.]*/manifest.{mark}"))
    return sorted(set(found) - told)


def manifest_of(home: Home, version: str) -> dict[str, Any]:
    """The manifest of one *version*; empty where there is none that can be read and that the home has signed."""
    return _read(home.models / version / "manifest.json", _signer(home)) or {}


def _signer(home: Home) -> Signer:
    return Signer(Pseudonyms.of(home).secret("models"))


def _read(path: Path, signer: Signer) -> dict[str, Any] | None:
    try:
        data, signature = path.read_bytes(), path.with_suffix(".sig").read_text(encoding="ascii")
        manifest = json.loads(data) if signer.is_good(path.parent.name, data, signature.strip()) else None
    except (OSError, ValueError):
        return None
    return {**manifest, "version": manifest.get("version") or path.parent.name} if isinstance(manifest, dict) else None


def card_of(home: Home, version: str) -> dict[str, Any]:
    """The card that training wrote beside a model; empty where there is none. *version* is one of `manifests`."""
    path = home.models / version / "card.json"
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def drift_of(home: Home, night: object) -> dict[str, Any]:
    """What the watch of a *night* found; empty where none was kept."""
    path = home.receipts / f"{night}.drift.json"
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
