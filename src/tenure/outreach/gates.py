"""The gates between the phases of the rollout: what each looks at, and the named person who opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import HeldBack, UsageError
from tenure.base.home import Home
from tenure.base.settings import Settings
from tenure.ledger import anchors, guards, rollout
from tenure.ledger.workload import SEGMENTS, overrides, reception
from tenure.outreach.rollout import PHASES, read_segment

FARTHEST_OFF = 0.05
"""By how much, as a share of members, expected and actual lapses may differ in the back-test."""
MOST_OVERRIDDEN = 0.30
"""Share of decided proposals that staff may have rejected or edited."""
FEWEST_DECIDED = 30
"""Decided proposals below which their share says nothing."""

FEWEST_SENT = 30
"""Messages below which what came of them says nothing."""
MOST_COMPLAINED, MOST_UNSUBSCRIBED, MOST_BOUNCED = 0.003, 0.02, 0.05
"""Shares of messages at most. Large mail providers take who is complained of more often for a sender of spam."""

NO_MODEL, CALIBRATION, FEW, OVERRIDES, FEW_SENT, UNWELCOME, AUDIT = (
    "no-model",
    "calibration-off",
    "few-decided",
    "overridden",
    "few-sent",
    "unwelcome",
    "audit-broken",
)
FIRM = frozenset({AUDIT, NO_MODEL})
"""What nobody can open a gate in spite of."""


@dataclass(frozen=True)
class Evidence:
    """One thing that a gate looks at.

    Args:
        code: What it is called when it speaks against opening; `--despite` takes it.
        holds: Whether it speaks for opening.
        words: What was found.
        figures: The same for programs.
    """

    code: str
    holds: bool
    words: str
    figures: dict[str, Any]


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
        """What the gate to phase *number* looks at, as it is now; nothing for phase 1."""
        if number == 1:
            return []
        found = [_calibrated(self.manifest), self._audited()]
        return [*found, _overridden(segment), _received(segment)] if number == 3 else found

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


def _calibrated(manifest: Mapping[str, Any] | None) -> Evidence:
    if manifest is None:
        return Evidence(NO_MODEL, holds=False, words="there is no model yet", figures={})
    ours = manifest["backtest"]["models"]["tenure"]
    off, low, high = (ours.get(f"calibration_in_the_large{end}") for end in ("", "_low", "_high"))
    figures = {"model": manifest["version"], "off": off, "low": low, "high": high,
               "error": ours.get("calibration_error"), "decisions": manifest["backtest"]["decisions"]}  # fmt: skip
    if off is None:
        return Evidence(CALIBRATION, holds=False, words="calibration cannot be told yet", figures=figures)
    words = (
        f"in the back-test of {manifest['version']} the expected share of lapses was off by {100 * off:+.1f} in 100 "
        f"({100 * low:+.1f} to {100 * high:+.1f}); {100 * FARTHEST_OFF:.0f} at most"
    )
    return Evidence(CALIBRATION, holds=abs(off) <= FARTHEST_OFF, words=words, figures=figures)


def _overridden(segment: str) -> Evidence:
    column, value = read_segment(segment)
    decided, rejected, edited = overrides(column=column, value=value)
    figures = {"decided": decided, "rejected": rejected, "edited": edited}
    if decided < FEWEST_DECIDED:
        words = f"{decided} proposals were decided; {FEWEST_DECIDED} at least tell something"
        return Evidence(FEW, holds=False, words=words, figures=figures)
    share = (rejected + edited) / decided
    words = (
        f"of {decided} decided proposals staff rejected {rejected} and edited {edited}, {share:.0%} in all; "
        f"{MOST_OVERRIDDEN:.0%} at most"
    )
    return Evidence(OVERRIDES, holds=share <= MOST_OVERRIDDEN, words=words, figures=figures)


def _received(segment: str) -> Evidence:
    """What came of the messages; of a single one that was complained of or went back nothing follows."""
    column, value = read_segment(segment)
    told = reception(column=column, value=value)
    of_all = "" if not segment or column in SEGMENTS else ", of all segments"
    if told.sent < FEWEST_SENT:
        words = f"{told.sent} messages were sent{of_all}; {FEWEST_SENT} at least tell something"
        return Evidence(FEW_SENT, holds=False, words=words, figures=asdict(told))
    words = (
        f"of {told.sent} messages{of_all} {told.complained} were complained of, {told.unsubscribed} ended in "
        f"unsubscribing and {told.bounced} went back; {MOST_COMPLAINED:.1%}, {MOST_UNSUBSCRIBED:.0%} and "
        f"{MOST_BOUNCED:.0%} at most, and one is let pass. {told.answered} were answered"
    )
    limits = (
        (told.complained, MOST_COMPLAINED), (told.unsubscribed, MOST_UNSUBSCRIBED), (told.bounced, MOST_BOUNCED)
    )  # fmt: skip
    holds = all(count <= max(1, most * told.sent) for count, most in limits)
    return Evidence(UNWELCOME, holds=holds, words=words, figures=asdict(told))


def _mend(against: list[Evidence]) -> str:
    codes = [one.code for one in against]
    if NO_MODEL in codes:
        return "`tenure train` makes a model"
    if AUDIT in codes:
        return "`tenure audit verify` says what was found; nobody can pass this gate in spite of it"
    return f"wait for more; or let somebody who may answer for it pass --despite {' --despite '.join(codes)}"


def _stands(segment: str) -> int:
    rows = rollout.phases()
    row = rows.get(segment) or rows.get("")
    return row.number if row else 1
