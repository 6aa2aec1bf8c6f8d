"""Champion and challenger: which model serves, and how another takes over or is taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.app.models import manifest_for, rules_now, rules_of
from tenure.base.errors import DamagedStore, UsageError

if TYPE_CHECKING:
    from tenure.ledger.models import ModelPromotion
    from tenure.risk.contest import Contest
    from tenure.risk.shadow import ShadowNight


@dataclass(frozen=True)
class Admission:
    """What became of a new model.

    Args:
        serves: Whether it is the champion now.
        words: Why, in a sentence.
    """

    serves: bool
    words: str


def admit(house: House, manifest: dict[str, Any], as_of: dt.date) -> Admission:
    """Let a model just trained serve from the night *as_of* on, or wait as a challenger.

    The first one serves at once, as does one after a champion that learnt by other rules for what a lapse is. Another
    takes over by itself when it is no worse than the champion on the same past renewals and has scored in shadow for as
    many nights as the settings say; but not where they leave it to a person, nor after a person has rolled back, until
    one promotes again.
    """
    version = str(manifest["version"])
    if _serves(house, version, as_of):
        return Admission(True, f"{version} serves already")
    try:
        champion = _whole_champion(house, as_of, besides=version)
    except DamagedStore as error:
        # Who damaged a model must not thereby choose the next one.
        _begin_shadow(house, version)
        return _wait_for_a_person(version, error.message)
    if champion is None:
        return _serve(house, version, "", as_of, "there was no model before it", {})
    _note(house, champion)
    held = _held(house, as_of)
    if held:
        _begin_shadow(house, version)
        return _wait(version, champion, held)
    if rules_of(house, champion["version"]) not in (None, rules_now(house)):
        why = "the one before it learnt by other rules for grace and types"
        return _serve(house, version, champion["version"], as_of, why, {})
    return _by_contest(house, version, champion, as_of)


def _whole_champion(house: House, as_of: dt.date, *, besides: str) -> dict[str, Any] | None:
    """The manifest of the model that serves, other than *besides*; None for none.

    Raises:
        DamagedStore: A file of it is missing or was changed.
    """
    champion = manifest_for(house, as_of, besides=besides)
    trouble = house.registry.trouble(champion["version"]) if champion else None
    if trouble is not None:
        raise trouble
    return champion


def _note(house: House, champion: dict[str, Any]) -> None:
    from tenure.ledger import serving

    serving.note(champion, house.clock)


def _serves(house: House, version: str, as_of: dt.date) -> bool:
    """Whether *version* is the champion made again: from the same records it is the same to the last byte."""
    house.open_ledger()
    from tenure.ledger import promotions

    rows = promotions.until(as_of)
    return bool(rows) and rows[-1].version == version


def _by_contest(house: House, version: str, champion: dict[str, Any], as_of: dt.date) -> Admission:
    found = _contest(house, version, champion)
    if not found.passed:
        return _wait(version, champion, found.words)
    if _begin_shadow(house, version):
        many = _nights(house.settings.model.shadow_nights)
        return _wait(version, champion, f"{found.words}, and it scores in shadow for {many} first")
    return _serve(house, version, champion["version"], as_of, found.words, found.evidence)


def _contest(house: House, version: str, champion: dict[str, Any]) -> Contest:
    from tenure.risk.contest import compare

    ours, theirs = house.registry.decisions(version), house.registry.decisions(champion["version"])
    return compare(ours, theirs, house.lake.members(), house.lake.terms())


def _begin_shadow(house: House, version: str) -> bool:
    """Let *version* have its nights in shadow; whether there are any."""
    if not house.settings.model.shadow_nights:
        return False
    from tenure.risk import shadow

    shadow.begin(house.home.models / version)
    return True


def after_shadow(house: House, version: str, as_of: dt.date, nights: list[ShadowNight]) -> Admission:
    """Let a challenger serve from the night after *as_of* on, its *nights* in shadow being over, or wait for a person.

    It waits where on one of them it would have moved more members to another band than a write-back may.
    """
    champion = manifest_for(house, as_of, besides=version)
    assert champion is not None
    held = _held(house, as_of)
    if held:
        return _wait(version, champion, held)
    most, cap = max(nights, key=lambda night: night.other_band), house.settings.writeback.max_band_changes
    if most.other_band > cap:
        moved = f"{100 * most.other_band:.0f} in 100 members into another band (at most {100 * cap:.0f})"
        why = f"on {most.as_of} it put {moved}"
        return _wait(version, champion, why)
    found = _contest(house, version, champion)
    if not found.passed:
        return _wait(version, champion, found.words)
    why = f"{found.words}, after {_nights(len(nights))} in shadow"
    evidence = found.evidence | {"shadow": [asdict(night) for night in nights]}
    return _serve(house, version, champion["version"], as_of + dt.timedelta(days=1), why, evidence)


def _nights(many: int) -> str:
    return f"{many} night" if many == 1 else f"{many} nights"


def _held(house: House, as_of: dt.date) -> str:
    """Why no model may take over by rule; empty when it may."""
    from tenure.ledger import promotions

    if house.settings.model.promotion == "by-person":
        return "the settings leave it to a person"
    rows = promotions.until(as_of)
    if rows and rows[-1].how == promotions.How.ROLLBACK:
        return f"{rows[-1].by} rolled back on {rows[-1].at:%Y-%m-%d}, and nobody has promoted a model since"
    return ""


def _serve(house: House, version: str, before: str, as_of: dt.date, why: str, evidence: dict[str, Any]) -> Admission:
    house.open_ledger()
    from tenure.ledger import promotions, serving

    promotions.record(
        version=version, replaced=before, effective_on=as_of, how=promotions.How.AUTOMATIC, by=serving.BY_RULE,
        why=why, evidence=evidence, clock=house.clock,
    )  # fmt: skip
    return Admission(True, f"{version} serves: {why}")


def _wait(version: str, champion: dict[str, Any], why: str) -> Admission:
    words = (
        f"the new model {version} is a challenger, and {champion['version']} goes on serving: {why}; "
        f"`tenure model promote {version}` lets it serve"
    )
    return Admission(False, words)


def _wait_for_a_person(version: str, trouble: str) -> Admission:
    words = (
        f"the new model {version} is a challenger, and the one that serves cannot score: {trouble}; "
        f"`tenure model promote {version} --by NAME --why WORDS` lets the new one serve"
    )
    return Admission(False, words)


def promote(house: House, version: str, *, by: str, why: str, night: dt.date | None) -> str:
    """As `tenure.ledger.serving.promote`, for the models of *house*."""
    house.open_ledger()
    from tenure.ledger import serving

    return serving.promote(house.registry, version, by=by, why=why, night=night, clock=house.clock)


def rollback(house: House, *, by: str, why: str, night: dt.date | None) -> tuple[str, str]:
    """As `tenure.ledger.serving.rollback`, for the models of *house*."""
    house.open_ledger()
    from tenure.ledger import serving

    return serving.rollback(house.registry, by=by, why=why, night=night, clock=house.clock)


def sign(house: House, version: str, *, by: str, why: str) -> None:
    """Let this home's key sign *version*, for which *by* vouches; the audit trail says so, or nothing is signed.

    Raises:
        UsageError: There is no such model, or nobody or no reason.
        DamagedStore: Its files are not those that it names.
    """
    if not (house.home.models / version / "manifest.json").is_file():
        raise UsageError(f"there is no model `{version}`", mend=f"see which there are in {house.home.models}")
    house.open_ledger()
    from tenure.ledger import promotions

    with promotions.vouched(version=version, by=by, why=why, clock=house.clock):
        house.registry.sign(version)


def standing(house: House) -> list[dict[str, Any]]:
    """Every model with its part: `champion`, `challenger` (newer than it, never served), `former`; oldest first.

    `damaged` says what is the matter with one that is not as it was made, and is None for all others. Of one whose
    manifest cannot be believed nothing is told that stands in it.
    """
    house.open_ledger()
    from tenure.ledger import serving
    from tenure.risk import shadow

    registry = house.registry
    told = {str(one["version"]): one for one in registry.manifests()}
    versions = sorted(registry.names(), key=lambda name: serving.age(told[name]) if name in told else (name[:10], ""))
    parts = serving.parts(versions, serving.serves(registry) or "")
    return [
        {
            **_told(told.get(version, {"version": version}), *parts[version]),
            "shadow": [asdict(night) for night in shadow.nights(house.home.models / version) or []],
            "damaged": trouble.message if (trouble := registry.trouble(version)) else None,
        }
        for version in versions
    ]


def _told(manifest: dict[str, Any], part: str, last: ModelPromotion | None) -> dict[str, Any]:
    return {
        "version": manifest["version"],
        "part": part,
        "as_of": manifest.get("as_of"),
        "trained_at": manifest.get("trained_at"),
        "learner": manifest.get("learner"),
        "grade": (manifest.get("grade") or {}).get("letter"),
        "serves_from": str(last.effective_on) if last else None,
        "by": last.by if last else None,
        "how": last.how if last else None,
        "why": last.why if last else None,
    }
