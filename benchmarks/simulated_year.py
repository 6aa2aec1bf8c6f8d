"""A year in the simulated association under five policies: what contact keeps, by the truth that no log contains.

    python benchmarks/simulated_year.py --members 2000 --weeks 52 --hours 15

Each policy lives through the same world (same seed) from the same day on:

- `none`: nobody is contacted;
- `riskiest`: Tenure scores each week, and staff talk to those of the highest risk whose renewal is due within 45 days
  or who are in grace, once a term, while the hours last;
- `tenure`: the shipped playbooks propose each week, a scripted manager approves what is open in the order of worth and
  talks to those whose task is due, within the same hours; messages go to the members' mailboxes;
- `oracle`: knows the true probabilities and effects, and talks to those whom a talk helps most;
- `letters`: everyone whose renewal is due within 45 days or who is in grace gets one letter a term.

A talk takes 20 minutes, whoever holds it, and a letter 2. *Kept* is the sum, over the decisions that members made, of
what the contact that they remembered then took off the true probability of lapsing: nothing for contact that came too
early, too late, or to somebody who had nothing to decide, once for many contacts, and less than nothing for those whom
contact drives away. Contact of the last weeks counts too: the world lives on until it is forgotten. *Lapsed* counts
the same decisions that were lapses. The kept ones in expectation have little noise; the lapsed ones have that of two
worlds.

The simulated association's billing sends its own renewal notices, in every world alike, so Tenure's two mandatory
notices are off. Hours are those of what was carried out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
from django.db.models import F
from scipy import stats

from tenure.app import playbooks
from tenure.app.commands.init import write_home
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.night import run_night
from tenure.app.settings_file import Answers
from tenure.app.worker import work
from tenure.base.home import Home
from tenure.imis import generic_entity

TALK_MINUTES, LETTER_MINUTES = 20.0, 2.0
DAYS_BEFORE = 45
FORGOTTEN = 76
"""Days after which the simulated members remember no contact any more."""
NOTICES = ("renewal-notice", "automatic-renewal-notice")
ACCOUNT = "sandbox"
MANAGER, SECOND = "trial-director", "trial-manager"
TALKS = {"callback", "task"}
LETTERS = {"email", "offer", "survey"}


class World:
    """The simulated association behind its service, as staff and as the one who knows the truth see it."""

    def __init__(self, url: str) -> None:
        self.url = url
        form = {"grant_type": "password", "username": "tenure", "password": ACCOUNT}
        token = httpx.post(f"{url}/token", data=form, timeout=60).json()["access_token"]
        self.staff = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)
        self.control = httpx.Client(base_url=f"{url}/_sandbox", timeout=600)

    @property
    def today(self) -> dt.date:
        return dt.date.fromisoformat(self.control.get("/status").json()["today"])

    def advance(self, days: int) -> None:
        self.control.post("/advance", json={"days": days}).raise_for_status()

    def truth(self) -> pl.DataFrame:
        told = pl.DataFrame(self.control.get("/truth").json()["columns"], infer_schema_length=None)
        days = pl.col("ends_on").str.to_date() - self.today
        gain = pl.when(pl.col("p_lapse") < 1).then(pl.col("p_lapse") - pl.col("p_lapse_contacted")).otherwise(0.0)
        return told.with_columns(days.dt.total_days().alias("days"), gain.alias("gain"))

    def reach(self, member_id: str, kind: str) -> None:
        call = {"PartyId": member_id, "ACTIVITY_TYPE": kind}
        row = generic_entity("Activity", member_id, call, existing=False)
        self.staff.post("/api/Activity", json=row).raise_for_status()

    def made_since(self, day: dt.date) -> pl.DataFrame:
        told = pl.DataFrame(
            self.control.get("/truth", params={"decisions": "made"}).json()["columns"], infer_schema_length=None
        )
        return told.filter(pl.col("decided_on").str.to_date() >= day)


@contextmanager
def world(members: int, seed: int, today: dt.date) -> Iterator[World]:
    command = [str(Path(sys.executable).with_name("imis-sandbox")), "serve", "--port", "0", "--mail-port", "0"]
    command += ["--members", str(members), "--seed", str(seed), "--today", str(today), "--events-per-year", "45"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield World(url)
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass
class Tally:
    """What a policy did, and what came of it."""

    talks: int = 0
    letters: int = 0
    minutes: float = 0.0
    kept: float = 0.0
    harmed: float = 0.0
    lapsed: int = 0
    decisions: int = 0
    reached: set[tuple[str, str]] = field(default_factory=set)
    contacts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, minutes: float, truth: dict[str, Any], **more: Any) -> None:
        """A contact of a *kind*; the truth of its day is kept beside it, for whoever asks why."""
        self.minutes += minutes
        self.letters += kind in LETTERS
        self.talks += kind in TALKS
        named = {name: truth.get(name) for name in ("member_id", "days", "p_lapse", "gain", "effect", "group")}
        self.contacts.append({"kind": kind, "minutes": minutes, **named, **more})

    def decided(self, made: pl.DataFrame) -> None:
        """Count what the decisions *made* owe to contact."""
        kept = made["p_lapse"] - made["p_lapse_reached"]
        self.kept, self.harmed = float(kept.sum()), float(-kept.clip(upper_bound=0).sum())
        self.decisions, self.lapsed = made.height, int(made["lapsed"].sum())

    @property
    def per_hour(self) -> float:
        return self.kept / (self.minutes / 60) if self.minutes else 0.0


class Office:
    """An association's office with Tenure: its nights, and a manager who works through the queue in the morning.

    Args:
        place: The world.
        home: Where Tenure keeps things.
        outreach: Whether playbooks propose.
        given: The hours of a week, and how often a model is made.
    """

    def __init__(self, place: World, home: Path, *, outreach: bool, given: argparse.Namespace) -> None:
        self.world, status = place, place.control.get("/status").json()
        hours, train_every = given.hours, given.train_every
        answers = Answers(kind="imis", name="Simulated", url=place.url, username="tenure", requests_per_hour=0)
        told: dict[str, str | int | float | bool] = {
            "outreach.enabled": outreach, "outreach.undo_seconds": 0, "outreach.quiet_from": "00:00",
            "outreach.quiet_until": "00:00", "outreach.hardship_purpose": "trial",
            "outreach.displacement_purpose": "trial", "mail.host": "127.0.0.1", "mail.port": status["mail_port"],
            "mail.security": "none", "mail.sender": "office@association.example", "mail.sender_name": "The office",
            "mail.postal_address": "1 Quay Street", "mail.messages_per_minute": 100_000,
            "outreach.public_url": "https://members.association.example",
            "model.train_every_days": train_every, "capacity.hours_per_month": hours * 52 / 12,
        }  # fmt: skip
        write_home(Home(home), answers, force=True, password=ACCOUNT, given=told)
        self.house = House.open(home, clock=self.clock)
        self._now = dt.datetime.combine(place.today, dt.time(9), dt.UTC)
        self._prepared, self._nights = False, 0
        self.minutes: dict[str, float] = {}

    def clock(self) -> dt.datetime:
        """Nine in the morning of the simulated day, and a little later each time, so that order is kept."""
        self._now += dt.timedelta(milliseconds=20)
        return self._now

    def night(self) -> pl.DataFrame:
        """One night; gives `member_id` and `p_lapse_renewal` of everyone scored."""
        # Each night begins a minute later in the day, so that what was proposed a week ago is more than a week old.
        self._nights += 1
        self._now = dt.datetime.combine(self.world.today, dt.time(9), dt.UTC) + dt.timedelta(minutes=self._nights)
        if not self._prepared:
            self._prepare()
        run_night(self.house, Console(quiet=True), as_of=self.house.today, dry_run=False, by="trial")
        from tenure.ledger.models import CurrentScore

        ids = identities_of()
        rows = CurrentScore.objects.values_list("member", "p_lapse_renewal")
        return pl.DataFrame(
            [(ids[member], p) for member, p in rows], schema=["member_id", "p_lapse_renewal"], orient="row"
        )

    def _prepare(self) -> None:
        """Accounts, playbooks on, and the last phase of the rollout from the first day."""
        self.house.open_ledger()
        from tenure.ledger import playbooks as ledger_playbooks
        from tenure.ledger import rollout, staff

        for name, role in ((MANAGER, "director"), (SECOND, "manager")):
            staff.create(username=name, password="a long simulated phrase", by="trial", role=role)
        playbooks.opened(self.house)
        for kept in ledger_playbooks.every():
            if kept.name not in NOTICES:
                ledger_playbooks.switch(name=kept.name, on=True, by=MANAGER, why="trial", clock=self.clock)
        found, _ = playbooks.in_use(self.house)
        every = [
            step for one in found for plan in one.steps for step in (plan, *(plan.by(kind) for kind in plan.instead))
        ]
        self.minutes = {step.template: step.staff_minutes for step in every}
        rollout.set_phase(segment="", number=3, by=MANAGER, why="trial", evidence={}, clock=self.clock)
        self._prepared = True

    def morning(self, truth: pl.DataFrame, minutes: float, tally: Tally) -> None:
        """Approve in the order of worth while the time lasts, carry out what is due, and hold the talks."""
        from tenure.ledger.models import OutreachStep, Proposal

        left = minutes
        for proposal in Proposal.objects.filter(state="open").order_by(F("worth").desc(nulls_last=True), "id"):
            if proposal.minutes <= left and self._approves(proposal):
                left -= proposal.minutes
        before = self._done()
        work(self.house, once=True)
        told, ids = {row["member_id"]: row for row in truth.iter_rows(named=True)}, identities_of()
        steps = OutreachStep.objects.filter(state="done").exclude(pk__in=before).select_related("proposal")
        for step in steps.order_by("pk"):
            member_id, proposal = ids[step.proposal.member], step.proposal
            spent = self.minutes[step.template]
            if step.kind in TALKS:
                spent = max(spent, TALK_MINUTES)
                self.world.reach(member_id, "CALL")
            told_by = {"playbook": proposal.playbook, "risk": proposal.p_lapse_renewal, "stage": proposal.stage}
            tally.add(
                step.kind, spent, told.get(member_id, {"member_id": member_id}), day=str(self.house.today), **told_by
            )

    def _approves(self, proposal: Any) -> bool:
        from tenure.ledger import approvals

        seen = {step.pk: step.digest for step in proposal.steps.all()}
        asked = {"proposals": [proposal.pk], "seen": seen, "settings": self.house.settings, "clock": self.clock}
        told = approvals.approve(by=MANAGER, **asked)
        if told[0].state == "waits":
            told = approvals.second(by=SECOND, **asked)
        return told[0].state == "approved"

    def _done(self) -> set[int]:
        from tenure.ledger.models import OutreachStep

        return set(OutreachStep.objects.filter(state="done").values_list("pk", flat=True))


def identities_of() -> dict[int, str]:
    from tenure.ledger import identities

    return identities.ids_of()


class Policy:
    """Contacts nobody, as long as a policy of its own does not say whom to talk to each week."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        self.world, self.hours, self.tally = place, given.hours, Tally()

    def week(self) -> None:
        """Nothing."""

    def reach(self, rows: pl.DataFrame, kind: str = "CALL", minutes: float = TALK_MINUTES) -> None:
        """Reach members in the order of *rows*, each once a term, while the hours last."""
        left = self.hours * 60
        for row in rows.iter_rows(named=True):
            key = (row["member_id"], str(row["ends_on"]))
            if left < minutes:
                break
            if key in self.tally.reached:
                continue
            self.world.reach(row["member_id"], kind)
            left -= minutes
            self.tally.reached.add(key)
            self.tally.add("callback" if kind == "CALL" else "email", minutes, row, day=str(self.world.today))


class Oracle(Policy):
    """Talks to those whom a talk helps most by the truth, near their renewal."""

    def week(self) -> None:
        told = self.world.truth().filter((pl.col("days") <= DAYS_BEFORE) & (pl.col("gain") > 0))
        self.reach(told.sort("gain", descending=True))


class Riskiest(Policy):
    """Talks to those of the highest risk, as Tenure scores them."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        super().__init__(place, folder, given)
        self.office = Office(place, folder / "riskiest", outreach=False, given=given)

    def week(self) -> None:
        scores = self.office.night()
        told = self.world.truth().join(scores, on="member_id").filter(pl.col("days") <= DAYS_BEFORE)
        self.reach(told.sort("p_lapse_renewal", descending=True))


class Letters(Policy):
    """Writes to everyone near their renewal."""

    def week(self) -> None:
        told = self.world.truth().filter(pl.col("days") <= DAYS_BEFORE)
        self.reach(told.sort("days", "member_id"), "LETTER", LETTER_MINUTES)


class WithTenure(Policy):
    """Playbooks propose, a manager approves and carries out what is for people."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        super().__init__(place, folder, given)
        self.office = Office(place, folder / "tenure", outreach=True, given=given)

    def week(self) -> None:
        self.office.night()
        self.office.morning(self.world.truth(), self.hours * 60, self.tally)


POLICIES = {"none": Policy, "letters": Letters, "riskiest": Riskiest, "tenure": WithTenure, "oracle": Oracle}


def lived(name: str, seed: int, given: argparse.Namespace) -> Tally:
    """A year under one policy."""
    today = dt.date.fromisoformat(given.today)
    with tempfile.TemporaryDirectory() as folder, world(given.members, seed, today) as place:
        policy = POLICIES[name](place, Path(folder), given)
        for number in range(given.weeks):
            policy.week()
            place.advance(7)
            print(f"{name}: week {number + 1} of {given.weeks}", end="\r", file=sys.stderr, flush=True)
        place.advance(FORGOTTEN)
        policy.tally.decided(place.made_since(today))
        return policy.tally


def interval(values: Sequence[float]) -> str:
    """The mean of paired differences, with its 90 % interval by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:+.3f}"
    half = float(stats.t.ppf(0.95, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f})"


def told(by_seed: dict[int, dict[str, Tally]]) -> Iterator[str]:
    """What came of each policy on each seed, and Tenure against the others."""
    yield "| seed | policy | talks | messages | hours | kept, expected | driven away | kept an hour | lapsed |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|--:|"
    for seed, tallies in by_seed.items():
        for name, one in tallies.items():
            yield (
                f"| {seed} | {name} | {one.talks} | {one.letters} | {one.minutes / 60:.1f} | {one.kept:.2f} "
                f"| {one.harmed:.2f} | {one.per_hour:.3f} | {one.lapsed} of {one.decisions} |"
            )
    names = list(next(iter(by_seed.values())))
    for other in names if "tenure" in names else ():
        if other not in ("tenure", "none"):
            pairs = [(tallies["tenure"], tallies[other]) for tallies in by_seed.values()]
            yield (
                f"tenure less {other}: kept {interval([a.kept - b.kept for a, b in pairs])}, "
                f"an hour {interval([a.per_hour - b.per_hour for a, b in pairs])}"
            )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=2_000)
    words.add_argument("--weeks", type=int, default=52)
    words.add_argument("--hours", type=float, default=15.0, help="of staff time a week")
    words.add_argument("--seeds", type=int, nargs="+", default=[3])
    words.add_argument("--today", default="2026-01-05", help="the day on which the year begins")
    words.add_argument("--train-every", type=int, default=91, help="days from one model to the next")
    words.add_argument("--policies", default=",".join(POLICIES))
    words.add_argument("--json", type=Path, help="also write the figures here")
    given = words.parse_args()
    by_seed = {seed: {name: lived(name, seed, given) for name in given.policies.split(",")} for seed in given.seeds}
    print("\n".join(told(by_seed)))
    if given.json:
        kept = {
            seed: {name: {**vars(one), "reached": len(one.reached)} for name, one in tallies.items()}
            for seed, tallies in by_seed.items()
        }
        given.json.write_text(json.dumps(kept, indent=2))


if __name__ == "__main__":
    main()
