"""The gates between the phases of the rollout: what each looks at, and the named person who opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import connection

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack, UsageError
from tenure.base.home import Home
from tenure.base.settings import Settings
from tenure.ledger import anchors, guards, rollout, serving
from tenure.ledger.workload import overrides, reception
from tenure.outreach.rollout import EVERYBODY, PHASES, named, read_segment

FARTHEST_OFF = 0.05
"""By how much, as a share of members, expected and actual lapses may differ in the back-test."""
FEWEST_PAST = 20
"""Lapses, and renewals, of a segment below which its own back-test says nothing."""
MOST_OVERRIDDEN = 0.30
"""Share of decided proposals that staff may have rejected or edited."""
FEWEST_DECIDED = 30
"""Decided proposals below which their share says nothing."""

FEWEST_SENT = 30
"""Messages below which what came of them says nothing."""
MOST_COMPLAINED, MOST_UNSUBSCRIBED, MOST_BOUNCED = 0.003, 0.02, 0.05
"""Shares of messages at most. Large mail providers take who is complained of more often for a sender of spam."""

NO_MODEL, CALIBRATION, FEW_PAST, FEW, OVERRIDES, FEW_SENT, UNWELCOME, AUDIT = (
    "no-model",
    "calibration-off",
    "few-past",
    "few-decided",
    "overridden",
    "few-sent",
    "unwelcome",
    "audit-broken",
)
FIRM = frozenset({AUDIT, NO_MODEL})
"""What nobody can open a gate in spite of."""

_FEW = frozenset({FEW_PAST, FEW, FEW_SENT})
_EVERYONE = "everyone"


@dataclass(frozen=True)
class Evidence:
    """One thing that a gate looks at.

    Args:
        code: What it is called when it speaks against opening; `--despite` takes it.
        holds: Whether it speaks for opening.
        words: What was found.
        figures: The same for programs.
        of: Whose evidence it is: the segment's own, written as the segment is, or `everyone`.
    """

    code: str
    holds: bool
    words: str
    figures: dict[str, Any]
    of: str = _EVERYONE


@dataclass(frozen=True)
class Gates:
    """The gates of one association.

    Args:
        home, settings: Where the anchors of its log lie.
        manifest: Of the model that serves; none where there is no model yet.
    """

    home: Home
    settings: Settings
    manifest: Mapping[str, Any] | None

    def evidence(self, segment: str, number: int) -> list[Evidence]:
        """What the gate to phase *number* looks at, as it is now; nothing for phase 1.

        Of a segment it is its own evidence. Where there is too little to tell, that speaks against opening and can be
        passed in spite of; beside it stands everyone's.
        """
        if number == 1:
            return []
        found = [*_calibrated(self.manifest, segment), self._audited()]
        if number == 3:
            found += [*_own_or_all(_overridden, segment), *_own_or_all(_received, segment)]
        return found

    def shown(self) -> list[dict[str, Any]]:
        """Each segment with its phase, and what the gate to the next one would look at now."""
        rows = rollout.phases()
        body = []
        for segment in sorted({"", *rows}):
            row = rows.get(segment)
            number = row.number if row else 1
            gate = self.evidence(segment, number + 1) if number + 1 in PHASES else []
            body.append({
                "segment": segment, "phase": number, "words": PHASES[number],
                "since": row.at.isoformat(timespec="seconds") if row else None, "by": row.by if row else None,
                "why": row.why if row else None, "evidence": row.evidence if row else {},
                "next": [asdict(one) for one in gate],
            })  # fmt: skip
        return body

    def _audited(self) -> Evidence:
        own, _ = anchors.standing_in(anchors.folder_of(self.home, self.settings))
        verdict = anchors.verify_ledger(list(own))
        is_well = verdict.is_whole and not guards.missing(connection)
        words = f"the audit log of {verdict.rows:,} rows {'is' if is_well else 'is NOT'} as it was written"
        return Evidence(AUDIT, holds=is_well, words=words, figures={"rows": verdict.rows})


def move(
    gates: Gates,
    segment: str,
    number: int,
    *,
    by: str,
    why: str,
    despite: Sequence[str] = (),
    clock: Clock = system_clock,
) -> list[Evidence]:
    """Move *segment* (empty for everyone) to phase *number*, with the evidence of each gate on the way.

    Going back needs no evidence. Each gate between where the segment stands and *number* is looked at.

    Raises:
        HeldBack: A gate's evidence speaks against it, and is not named in *despite*.
        UsageError: There is no such segment or phase, or no reason is given.
        NotAllowed: *by* may not move phases.
    """
    read_segment(segment)
    if number not in PHASES:
        raise UsageError(f"there is no phase {number}", mend="a phase is 1, 2 or 3")
    here = _stands(segment)
    looked = gates.evidence(segment, number) if number > here else []
    against = [one for one in looked if not one.holds and (one.code in FIRM or one.code not in despite)]
    if against:
        raise HeldBack(
            f"the gate to phase {number} stays shut: " + "; ".join(f"{one.words} ({one.code})" for one in against),
            mend=_mend(against),
        )
    shown = {"gate": [asdict(one) for one in looked], "despite": sorted(despite), "from": here}
    rollout.set_phase(segment=segment, number=number, by=by, why=why, evidence=shown, clock=clock)
    return looked


def _calibrated(manifest: Mapping[str, Any] | None, segment: str) -> list[Evidence]:
    """By the back-test: of the segment's own past decisions, or why they tell nothing beside everyone's."""
    if manifest is None:
        return [Evidence(NO_MODEL, holds=False, words="there is no model yet", figures={}, of=_EVERYONE)]
    backtest = manifest["backtest"]
    if not segment:
        return [_off(manifest, segment, backtest["models"]["tenure"], backtest["decisions"])]
    by, value = read_segment(segment)
    parts: Sequence[Mapping[str, Any]] = backtest.get("segments", ())
    own = next((one for one in parts if (one["by"], one["value"]) == (by, value)), {})
    decisions, lapses = (int(own.get(name, 0)) for name in ("decisions", "lapses"))
    if min(lapses, decisions - lapses) >= FEWEST_PAST:
        return [_off(manifest, segment, own, decisions)]
    words = _too_few(segment, manifest["version"], decisions, lapses)
    if "segments" not in backtest:
        words = f"{_few(segment)}: {manifest['version']} was not tested by segment; the next model will be"
    figures = {"model": manifest["version"], "decisions": decisions, "lapses": lapses}
    few = Evidence(FEW_PAST, holds=False, words=words, figures=figures, of=segment)
    return [few, *(_for_all(one, segment) for one in _calibrated(manifest, EVERYBODY))]


def _too_few(segment: str, version: str, decisions: int, lapses: int) -> str:
    if not decisions:
        return (
            f"{_few(segment)}: none of its renewals is in the back-test of {version}; see whether it is written as in "
            "the records"
        )
    return (
        f"{_few(segment)}: of {decisions} past renewals in the back-test of {version} {lapses} lapsed; {FEWEST_PAST} "
        f"lapses and {FEWEST_PAST} renewals at least tell something"
    )


def _off(manifest: Mapping[str, Any], segment: str, found: Mapping[str, Any], decisions: int) -> Evidence:
    """How far expected and actual lapses differ in *found*, with the interval that drawing payers anew gives."""
    of = segment or _EVERYONE
    off, low, high = (found.get(f"calibration_in_the_large{end}") for end in ("", "_low", "_high"))
    figures = {"model": manifest["version"], "off": off, "low": low, "high": high,
               "error": found.get("calibration_error"), "decisions": decisions}  # fmt: skip
    if off is None or low is None or high is None:
        words = f"{_alone(segment)}calibration cannot be told yet"
        return Evidence(CALIBRATION, holds=False, words=words, figures=figures, of=of)
    words = (
        f"{_alone(segment)}in the back-test of {manifest['version']}, of {decisions:,} past renewals, "
        f"{_hundreds(abs(off))} in 100 {'more' if off > 0 else 'fewer'} lapsed than expected ({_hundreds(low, '+')} to "
        f"{_hundreds(high, '+')}); {100 * FARTHEST_OFF:.0f} at most"
    )
    return Evidence(CALIBRATION, holds=abs(off) <= FARTHEST_OFF, words=words, figures=figures, of=of)


def _hundreds(share: float, sign: str = "") -> str:
    """A share as so many in a hundred; with its sign where *sign* is `+`."""
    return f"{100 * share:{sign}.1f}".replace("-", "−")


def _own_or_all(judged: Callable[[str], Evidence], segment: str) -> list[Evidence]:
    """What *judged* finds of the segment; where that is too few to tell, beside what it finds of everyone."""
    own = judged(segment)
    if not segment or own.code not in _FEW:
        return [own]
    of_all = judged(EVERYBODY)
    return [own] if of_all.code in _FEW else [own, _for_all(of_all, segment)]


def _overridden(segment: str) -> Evidence:
    column, value = read_segment(segment)
    decided, rejected, edited = overrides(column=column, value=value)
    figures = {"decided": decided, "rejected": rejected, "edited": edited}
    of = segment or _EVERYONE
    if decided < FEWEST_DECIDED:
        words = f"{_few(segment)}: {decided} proposals were decided; {FEWEST_DECIDED} at least tell something"
        return Evidence(FEW, holds=False, words=words, figures=figures, of=of)
    share = (rejected + edited) / decided
    words = (
        f"{_alone(segment)}of {decided} decided proposals staff rejected {rejected} and edited {edited}, {share:.0%} "
        f"in all; {MOST_OVERRIDDEN:.0%} at most"
    )
    return Evidence(OVERRIDES, holds=share <= MOST_OVERRIDDEN, words=words, figures=figures, of=of)


def _received(segment: str) -> Evidence:
    """What came of the messages; of a single one that was complained of or went back nothing follows."""
    column, value = read_segment(segment)
    told, of = reception(column=column, value=value), segment or _EVERYONE
    if told.sent < FEWEST_SENT:
        words = f"{_few(segment)}: {told.sent} messages were sent; {FEWEST_SENT} at least tell something"
        return Evidence(FEW_SENT, holds=False, words=words, figures=asdict(told), of=of)
    words = (
        f"{_alone(segment)}of {told.sent} messages {told.complained} were complained of, {told.unsubscribed} ended in "
        f"unsubscribing and {told.bounced} went back; {MOST_COMPLAINED:.1%}, {MOST_UNSUBSCRIBED:.0%} and "
        f"{MOST_BOUNCED:.0%} at most, and one is let pass. {told.answered} were answered"
    )
    limits = (
        (told.complained, MOST_COMPLAINED), (told.unsubscribed, MOST_UNSUBSCRIBED), (told.bounced, MOST_BOUNCED)
    )  # fmt: skip
    holds = all(count <= max(1, most * told.sent) for count, most in limits)
    return Evidence(UNWELCOME, holds=holds, words=words, figures=asdict(told), of=of)


def _alone(segment: str) -> str:
    """How the words about a segment's own evidence begin."""
    return f"{named(segment)} alone: " if segment else ""


def _few(segment: str) -> str:
    return f"{_alone(segment)}too few to tell"


def _for_all(found: Evidence, segment: str) -> Evidence:
    """Everyone's evidence where the gate is a segment's: it says so."""
    return replace(found, words=f"everyone: {found.words}") if segment else found


def _mend(against: list[Evidence]) -> str:
    codes = [one.code for one in against]
    if NO_MODEL in codes:
        return serving.way_to_one()
    if AUDIT in codes:
        return "`tenure audit verify` says what was found; nobody can pass this gate in spite of it"
    return f"wait for more; or let somebody who may answer for it pass --despite {' --despite '.join(codes)}"


def _stands(segment: str) -> int:
    rows = rollout.phases()
    row = rows.get(segment) or rows.get("")
    return row.number if row else 1
