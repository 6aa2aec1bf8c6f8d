"""The night's last step: playbooks select, lots are drawn, drafts are written, and proposals wait for people.

Nothing here reaches a member. The order matters: the control group is drawn before anything is listed, and who is held
back for want of time or of facts is held back only after that, so that both arms stay comparable.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tenure.app import lots, playbooks
from tenure.app.drafting import Drafter
from tenure.app.house import House
from tenure.app.outages import outages
from tenure.app.reaching import by_channel
from tenure.app.situation import Lookup
from tenure.app.staffing import room_of
from tenure.app.walk import Teller, Walk
from tenure.base.pseudonym import Pseudonyms
from tenure.impact import HOLDOUT
from tenure.outreach.capacity import Candidate, Past, Planned, Room, gathered, planned
from tenure.outreach.selecting import select

if TYPE_CHECKING:
    from tenure.ledger.proposals import Added, NewProposal
    from tenure.outreach.playbook import Playbook

STEP = "propose"
BY = "night"


def propose(house: House, walk: Walk, as_of: dt.date, situation: Lookup) -> None:
    """Turn the scores of the night into proposals, and take back what has become pointless.

    Args:
        house: The association's.
        walk: The night.
        as_of: Its day.
        situation: Gives the situation of the night.
    """
    if not house.settings.outreach.enabled:
        return
    with walk.step(STEP, "Propose") as tell:
        _tidy(house, as_of)
        found, faults = playbooks.in_use(house)
        for words in faults:
            tell.notice(words)
        stopped = [outage.feed for outage in outages(house, as_of)]
        if stopped:
            tell.count(stopped_feeds=stopped)
            tell.unchanged(f"nothing is proposed while a feed is stopped: {', '.join(stopped)}")
        elif not found:
            tell.unchanged("no playbook is on; `tenure playbook list` shows them")
        else:
            _Night(house, walk, tell, as_of, {one.name: one for one in found}).propose(situation())


@dataclass
class _Night:
    """One night's proposing.

    Args:
        house: The association's.
        walk: The night.
        tell: The step.
        as_of: Its day.
        playbooks: Those that are on, by name.
    """

    house: House
    walk: Walk
    tell: Teller
    as_of: dt.date
    playbooks: Mapping[str, Playbook]

    def propose(self, situation: pl.DataFrame) -> None:
        self.tell("selecting")
        books, now = list(self.playbooks.values()), self.house.clock()
        room, past = room_of(self.house, books, now, self.as_of, situation)
        wanted = _fresh(self._selected(situation), past)
        gone = self._left_out(wanted)
        draw = Pseudonyms.of(self.house.home).share
        plan = planned(
            self._candidates(wanted, gone, situation, room, past), room, past, draw, seed=self.as_of.isoformat()
        )
        drafter = Drafter(self.house, self.playbooks, self.as_of, self.tell)
        made = list(drafter.proposals(plan.listed))
        added = self._keep(made)
        self._pass_over(plan)
        left = self._leave_by_permission()
        self._count(wanted, gone, plan, made, added, left)

    def _selected(self, situation: pl.DataFrame) -> pl.DataFrame:
        """Whom playbooks select: `member`, `occasion`, `cause`, `playbook`, and what lots are drawn by."""
        lists = playbooks.lists_of(self.house, self.playbooks.values())
        bands = self.house.settings.bands
        found = [
            select(book, situation, bands=bands, lists=lists).with_columns(pl.lit(name).alias("playbook"))
            for name, book in self.playbooks.items()
        ]
        strata = situation.select("member", "band", "stage")
        return pl.concat(found).join(strata, on="member", how="inner", maintain_order="left")

    def _left_out(self, wanted: pl.DataFrame) -> pl.DataFrame:
        measured = {name: book.experiment for name, book in self.playbooks.items() if book.experiment}
        return lots.left_out(self.house, wanted, measured, self.as_of, self.walk.run.fence)

    def _candidates(
        self, wanted: pl.DataFrame, gone: pl.DataFrame, situation: pl.DataFrame, room: Room, past: Past
    ) -> list[Candidate]:
        rest = wanted.join(gone.select("member", "playbook"), on=["member", "playbook"], how="anti")
        chosen = {name: rest.filter(pl.col("playbook") == name) for name in self.playbooks}
        found = gathered(self.playbooks.values(), chosen, situation)
        return by_channel(self.house, found, room.effect, past.reached)

    def _keep(self, made: Sequence[NewProposal]) -> Added:
        from tenure.ledger import proposals

        run = self.walk.run
        added = proposals.propose(proposals=made, by=BY, run=run.row, clock=self.house.clock, fence=run.fence)
        for experiment, rows in self._listed(made).items():
            lots.note(self.house, experiment, rows, "listed", self.as_of, run.fence)
        return added

    def _pass_over(self, plan: Planned) -> None:
        """Keep who is not on the list, and why, for whoever asks."""
        from tenure.ledger import passed_over

        held = (
            passed_over.HeldMember(
                member=one.member, playbook=one.playbook.name, playbook_version=one.playbook.version,
                occasion=one.occasion, cause=one.cause, rule=rule, band=one.row["band"] or "",
                chapter_id=one.row["chapter_id"] or "", worth=one.worth,
            )
            for one, rule in ((held.candidate, held.rule) for held in plan.held)
        )  # fmt: skip
        passed_over.keep(members=held, as_of=self.as_of, fence=self.walk.run.fence)

    def _listed(self, made: Sequence[NewProposal]) -> dict[str, list[tuple[int, str]]]:
        """Who is shown to staff, by experiment; for the holdout too, of which they are the other arm."""
        found: dict[str, list[tuple[int, str]]] = {}
        for new in made:
            experiment = self.playbooks[new.playbook].experiment
            if experiment and new.state == "open":
                for name in (experiment, HOLDOUT):
                    found.setdefault(name, []).append((new.member, new.occasion))
        return found

    def _leave_by_permission(self) -> int:
        from tenure.ledger import autosending

        return autosending.release(as_of=self.as_of, clock=self.house.clock)

    def _count(
        self,
        wanted: pl.DataFrame,
        gone: pl.DataFrame,
        plan: Planned,
        made: Sequence[NewProposal],
        added: Added,
        left: int,
    ) -> None:
        faulty = sum(new.state == "held_back" for new in made)
        proposed = added.new - faulty
        by_playbook = dict(Counter(new.playbook for new in made if new.state == "open"))
        self.tell.count(
            selected=wanted.height,
            control=gone.height,
            proposed=proposed,
            faulty=faulty,
            by_permission=left,
            minutes=round(plan.minutes),
            by_playbook=by_playbook,
            held_back={f"{one['playbook']}: {one['rule']}": one["members"] for one in plan.report()},
        )
        if not wanted.height:
            self.tell.unchanged("nobody new is selected by a playbook")
            return
        parts = [f"proposed {proposed:,} of {wanted.height:,} selected"]
        parts += [f"{gone.height:,} in the control group"] if gone.height else []
        parts += [f"{len(plan.held):,} held back ({_mostly(plan)})"] if plan.held else []
        parts += [f"{faulty:,} to be mended by a person"] if faulty else []
        parts += [f"{left:,} approved by a standing permission"] if left else []
        self.tell.say("; ".join(parts))


def _mostly(plan: Planned) -> str:
    """The rule that held most of them back."""
    rule, count = Counter(one.rule for one in plan.held).most_common(1)[0]
    return rule if count == len(plan.held) else f"mostly {rule}"


def _tidy(house: House, as_of: dt.date) -> None:
    """Open what was put aside until today, and withdraw what nobody decided in time."""
    from tenure.ledger import proposals

    proposals.wake(today=as_of, by=BY, clock=house.clock)
    proposals.expire(today=as_of, by=BY, clock=house.clock)


def _fresh(wanted: pl.DataFrame, past: Past) -> pl.DataFrame:
    """The rows of *wanted* whose occasion was not proposed before."""
    keys = ["member", "playbook", "occasion"]
    schema = {"member": pl.Int64, "playbook": pl.String, "occasion": pl.String}
    return wanted.join(pl.DataFrame(list(past.known), schema=schema, orient="row"), on=keys, how="anti")
