"""Champion and challenger: which model serves, and how another takes over or is taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tenure.app.house import House
from tenure.app.models import manifest_for, rules_now, rules_of, version_named
from tenure.base.errors import UsageError

BY_RULE = "tenure train"
"""Who is named where no person decided."""


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

    The first one serves at once. Another takes over by itself when it is no worse than the champion on the same past
    renewals, or when the champion learnt by other rules for what a lapse is; but not where the settings leave it to a
    person, nor after a person has rolled back, until one promotes again.
    """
    version = str(manifest["version"])
    champion = manifest_for(house, as_of, besides=version)
    if _serves(house, version, as_of):
        return Admission(True, f"{version} serves already")
    if champion is None:
        return _serve(house, version, "", as_of, "there was no model before it", {})
    _note(house, champion)
    held = _held(house, as_of)
    if held:
        return _wait(version, champion, held)
    if rules_of(house, champion["version"]) not in (None, rules_now(house)):
        why = "the one before it learnt by other rules for grace and types"
        return _serve(house, version, champion["version"], as_of, why, {})
    return _by_contest(house, version, champion, as_of)


def _serves(house: House, version: str, as_of: dt.date) -> bool:
    """Whether *version* is the champion made again: from the same records it is the same to the last byte."""
    house.open_ledger()
    from tenure.ledger import promotions

    rows = promotions.until(as_of)
    return bool(rows) and rows[-1].version == version


def _by_contest(house: House, version: str, champion: dict[str, Any], as_of: dt.date) -> Admission:
    from tenure.risk.contest import compare

    ours, theirs = house.registry.decisions(version), house.registry.decisions(champion["version"])
    found = compare(ours, theirs, house.lake.members(), house.lake.terms())
    if not found.passed:
        return _wait(version, champion, found.words)
    return _serve(house, version, champion["version"], as_of, found.words, found.evidence)


def _held(house: House, as_of: dt.date) -> str:
    """Why no model may take over by rule; empty when it may."""
    from tenure.ledger import promotions

    if house.settings.model.promotion == "by-person":
        return "the settings leave it to a person"
    rows = promotions.until(as_of)
    if rows and rows[-1].how == promotions.How.ROLLBACK:
        return f"{rows[-1].by} rolled back on {rows[-1].at:%Y-%m-%d}, and nobody has promoted a model since"
    return ""


def _note(house: House, champion: dict[str, Any]) -> None:
    """Write down that *champion* serves, where it did so only for being the newest."""
    from tenure.ledger import promotions
    from tenure.ledger.models import ModelPromotion

    if not ModelPromotion.objects.filter(version=champion["version"]).exists():
        promotions.record(
            version=champion["version"], replaced="", effective_on=dt.date.fromisoformat(champion["as_of"]),
            how=promotions.How.AUTOMATIC, by=BY_RULE, why="it was the newest", clock=house.clock,
        )  # fmt: skip


def _serve(house: House, version: str, before: str, as_of: dt.date, why: str, evidence: dict[str, Any]) -> Admission:
    house.open_ledger()
    from tenure.ledger import promotions

    promotions.record(
        version=version, replaced=before, effective_on=as_of, how=promotions.How.AUTOMATIC, by=BY_RULE, why=why,
        evidence=evidence, clock=house.clock,
    )  # fmt: skip
    return Admission(True, f"{version} serves: {why}")


def _wait(version: str, champion: dict[str, Any], why: str) -> Admission:
    words = (
        f"the new model {version} is a challenger, and {champion['version']} goes on serving: {why}; "
        f"`tenure model promote {version}` lets it serve"
    )
    return Admission(False, words)


def promote(house: House, version: str, *, by: str, why: str, night: dt.date | None) -> str:
    """Let *version* serve from *night* on, by a person's word; gives the version that served before.

    Args:
        house: The association's.
        version: Which model.
        by: Who says so.
        why: And for what reason.
        night: From which night on; from the latest night scored where none is given.

    Raises:
        UsageError: There is nobody or no reason, the model serves already, or is from after *night*.
        DamagedStore: A file of it is missing or was changed.
    """
    manifest = version_named(house, version)
    day = night or _from(house, manifest)
    champion = manifest_for(house, day)
    if manifest["as_of"] > day.isoformat():
        raise UsageError(f"model {version} knows what came after {day}", mend="choose a later --as-of")
    if champion is not None and champion["version"] == version:
        raise UsageError(f"model {version} serves already", mend="`tenure model list` shows which are challengers")
    house.registry.load(version)
    if champion is not None:
        _note(house, champion)
    from tenure.ledger import promotions

    before = champion["version"] if champion else ""
    promotions.record(
        version=version, replaced=before, effective_on=day, how=promotions.How.PERSON, by=by, why=why,
        clock=house.clock,
    )  # fmt: skip
    return before


def rollback(house: House, *, by: str, why: str, night: dt.date | None) -> tuple[str, str]:
    """Let the model serve again that served before the present one; gives both, the present one first.

    Arguments as for `promote`.

    Raises:
        UsageError: There is none before it, or nobody or no reason is named.
        DamagedStore: A file of it is missing or was changed.
    """
    present = version_named(house, None)
    day = night or _from(house, present)
    from tenure.ledger import promotions

    former = promotions.before_last(day)
    if former is None:
        raise UsageError(f"no model served before {present['version']}", mend="`tenure train` makes another")
    house.registry.load(former)
    promotions.record(
        version=former, replaced=present["version"], effective_on=day, how=promotions.How.ROLLBACK, by=by, why=why,
        clock=house.clock,
    )  # fmt: skip
    return present["version"], former


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


def _from(house: House, manifest: dict[str, Any]) -> dt.date:
    """The latest night that was scored, so that scoring it anew is with the model; its own day where that is later."""
    house.open_ledger()
    from tenure.ledger import promotions, scores

    current = scores.current()
    made = dt.date.fromisoformat(manifest["as_of"])
    taken = [row.effective_on for row in promotions.until()][-1:]
    return max([made, *taken, *([current.as_of] if current else [])])


def standing(house: House) -> list[dict[str, Any]]:
    """Every model with its part: `champion`, `challenger` (newer than it, never served), `former`; oldest first."""
    champion = manifest_for(house)
    house.open_ledger()
    from tenure.ledger import promotions

    rows = promotions.until()
    answer = []
    for version in house.registry.versions():
        manifest = house.registry.manifest(version)
        mine = [row for row in rows if row.version == version]
        part = "challenger" if not mine else "former"
        if champion is not None and version == champion["version"]:
            part = "champion"
        last = mine[-1] if mine else None
        answer.append({
            "version": version,
            "part": part,
            "as_of": manifest["as_of"],
            "trained_at": manifest["trained_at"],
            "learner": manifest["learner"],
            "grade": manifest["grade"]["letter"],
            "serves_from": str(last.effective_on) if last else None,
            "by": last.by if last else None,
            "how": last.how if last else None,
            "why": last.why if last else None,
        })  # fmt: skip
    return answer
