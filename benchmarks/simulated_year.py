"""A year in the simulated association under four policies: what contact keeps, by the truth that no log contains.

    python benchmarks/simulated_year.py --members 2000 --weeks 52 --hours 15

Each policy lives through the same world (same seed) from the same day on:

- `none`: nobody is contacted;
- `riskiest`: Tenure scores each week, and staff talk to those of the highest risk whose renewal is due within 45 days
  or who are in grace, once a term, while the hours last;
- `tenure`: the shipped playbooks propose each week, a scripted manager approves what is open in the order of worth and
  talks to those whose task is due, within the same hours; messages go to the members' mailboxes;
- `oracle`: knows the true probabilities and effects, and talks to those whom a talk helps most.

A talk takes 20 minutes. *Kept* is the sum, over contacts, of what the contact took off the true probability of lapsing
on that day (a message half of a talk's effect on the log odds); *lapsed* counts decisions of the year that were lapses.
The kept ones in expectation have hardly any noise; the lapsed ones have that of two worlds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import polars as pl
from django.db.models import F

from tenure.app import playbooks
from tenure.app.commands.init import write_home
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.night import run_night
from tenure.app.settings_file import Answers
from tenure.app.worker import work
from tenure.base.home import Home
from tenure.imis import generic_entity

TALK_MINUTES = 20.0
DAYS_BEFORE = 45
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
        p = pl.col("p_lapse").clip(1e-6, 1 - 1e-6)
        half = ((p / (1 - p)).log() + 0.5 * pl.col("effect")).alias("odds")
        return told.with_columns(days.dt.total_days().alias("days"), half).with_columns(
            gain=pl.when(pl.col("p_lapse") < 1).then(pl.col("p_lapse") - pl.col("p_lapse_contacted")).otherwise(0.0),
            gain_by_letter=pl.when(pl.col("p_lapse") < 1).then(p - 1 / (1 + (-pl.col("odds")).exp())).otherwise(0.0),
        )

    def talk(self, member_id: str) -> None:
        call = {"PartyId": member_id, "ACTIVITY_TYPE": "CALL"}
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
    """What a policy did."""

    talks: int = 0
    letters: int = 0
    minutes: float = 0.0
    kept: float = 0.0
    harmed: float = 0.0
    lapsed: int = 0
    decisions: int = 0
    talked_to: set[tuple[str, str]] = field(default_factory=set)

    def add(self, gain: float, *, letter: bool = False) -> None:
        self.kept += gain
        self.harmed += max(-gain, 0.0)
        self.letters += letter
        self.talks += not letter

    @property
    def per_hour(self) -> float:
        return self.kept / (self.minutes / 60) if self.minutes else 0.0


class Office:
    """An association's office with Tenure: its nights, and a manager who works through the queue in the morning.

    Args:
        place: The world.
        home: Where Tenure keeps things.
        outreach: Whether playbooks propose.
        train_every: Days from one model to the next.
    """

    def __init__(self, place: World, home: Path, *, outreach: bool, train_every: int) -> None:
        self.world, status = place, place.control.get("/status").json()
        answers = Answers(kind="imis", name="Simulated", url=place.url, username="tenure", requests_per_hour=0)
        given: dict[str, str | int | float | bool] = {
            "outreach.enabled": outreach, "outreach.undo_seconds": 0, "outreach.quiet_from": "00:00",
            "outreach.quiet_until": "00:00", "outreach.hardship_purpose": "trial",
            "outreach.displacement_purpose": "trial", "mail.host": "127.0.0.1", "mail.port": status["mail_port"],
            "mail.security": "none", "mail.sender": "office@association.example", "mail.sender_name": "The office",
            "mail.postal_address": "1 Quay Street", "mail.messages_per_minute": 100_000,
            "model.train_every_days": train_every, "capacity.hours_per_month": 15 * 52 / 12,
        }  # fmt: skip
        write_home(Home(home), answers, force=True, password=ACCOUNT, given=given)
        self.house = House.open(home, clock=self.clock)
        self._now = dt.datetime.combine(place.today, dt.time(9), dt.UTC)
        self._prepared = False

    def clock(self) -> dt.datetime:
        """Nine in the morning of the simulated day, and a little later each time, so that order is kept."""
        self._now += dt.timedelta(milliseconds=20)
        return self._now

    def night(self) -> pl.DataFrame:
        """One night; gives `member_id` and `p_lapse_renewal` of everyone scored."""
        self._now = dt.datetime.combine(self.world.today, dt.time(9), dt.UTC)
        if not self._prepared:
            self._prepare()
        run_night(self.house, Console(quiet=True), as_of=self.house.today, dry_run=False, by="trial")
        from tenure.ledger import identities
        from tenure.ledger.models import CurrentScore

        ids = identities.ids_of()
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
            ledger_playbooks.switch(name=kept.name, on=True, by=MANAGER, why="trial", clock=self.clock)
        rollout.set_phase(segment="", number=3, by=MANAGER, why="trial", evidence={}, clock=self.clock)
        self._prepared = True

    def morning(self, truth: pl.DataFrame, minutes: float, tally: Tally) -> None:
        """Approve in the order of worth while the time lasts, carry out, and hold the talks that are due."""
        from tenure.ledger import approvals, identities
        from tenure.ledger.models import OutreachStep, Proposal

        left, settings = minutes, self.house.settings
        for proposal in Proposal.objects.filter(state="open").order_by(F("worth").desc(nulls_last=True), "id"):
            if proposal.minutes > left:
                continue
            seen = {step.pk: step.digest for step in proposal.steps.all()}
            told = approvals.approve(
                proposals=[proposal.pk], by=MANAGER, seen=seen, settings=settings, clock=self.clock
            )
            if told[0].state == "waits":
                told = approvals.second(
                    proposals=[proposal.pk], by=SECOND, seen=seen, settings=settings, clock=self.clock
                )
            if told[0].state == "approved":
                left -= proposal.minutes
        tally.minutes += minutes - left
        before = self._done()
        work(self.house, once=True)
        gains = {row["member_id"]: row for row in truth.iter_rows(named=True)}
        ids, talked = identities.ids_of(), set()
        steps = OutreachStep.objects.filter(state="done").exclude(pk__in=before).select_related("proposal")
        for step in steps.order_by("kind"):
            member_id = ids[step.proposal.member]
            gain = gains.get(member_id, {"gain": 0.0, "gain_by_letter": 0.0, "ends_on": ""})
            if step.kind in TALKS and member_id not in talked:
                self.world.talk(member_id)
                talked.add(member_id)
                tally.add(gain["gain"])
            elif step.kind in LETTERS and member_id not in talked:
                tally.add(gain["gain_by_letter"], letter=True)
                talked.add(member_id)

    def _done(self) -> set[int]:
        from tenure.ledger.models import OutreachStep

        return set(OutreachStep.objects.filter(state="done").values_list("pk", flat=True))


class Policy:
    """Contacts nobody, as long as a policy of its own does not say whom to talk to each week."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        self.world, self.hours, self.tally = place, given.hours, Tally()

    def week(self) -> None:
        """Nothing."""

    def talk_to(self, rows: pl.DataFrame) -> None:
        """Talk to members in the order of *rows*, each once a term, while the hours last."""
        left = self.hours * 60
        for row in rows.iter_rows(named=True):
            key = (row["member_id"], str(row["ends_on"]))
            if left < TALK_MINUTES:
                break
            if key in self.tally.talked_to:
                continue
            self.world.talk(row["member_id"])
            left -= TALK_MINUTES
            self.tally.minutes += TALK_MINUTES
            self.tally.talked_to.add(key)
            self.tally.add(row["gain"])


class Oracle(Policy):
    """Talks to those whom a talk helps most by the truth, near their renewal."""

    def week(self) -> None:
        told = self.world.truth().filter((pl.col("days") <= DAYS_BEFORE) & (pl.col("gain") > 0))
        self.talk_to(told.sort("gain", descending=True))


class Riskiest(Policy):
    """Talks to those of the highest risk, as Tenure scores them."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        super().__init__(place, folder, given)
        self.office = Office(place, folder / "riskiest", outreach=False, train_every=given.train_every)

    def week(self) -> None:
        scores = self.office.night()
        told = self.world.truth().join(scores, on="member_id").filter(pl.col("days") <= DAYS_BEFORE)
        self.talk_to(told.sort("p_lapse_renewal", descending=True))


class WithTenure(Policy):
    """Playbooks propose, a manager approves and carries out what is for people."""

    def __init__(self, place: World, folder: Path, given: argparse.Namespace) -> None:
        super().__init__(place, folder, given)
        self.office = Office(place, folder / "tenure", outreach=True, train_every=given.train_every)

    def week(self) -> None:
        self.office.night()
        self.office.morning(self.world.truth(), self.hours * 60, self.tally)


POLICIES = {"none": Policy, "riskiest": Riskiest, "tenure": WithTenure, "oracle": Oracle}


def lived(name: str, given: argparse.Namespace) -> Tally:
    """A year under one policy."""
    today = dt.date.fromisoformat(given.today)
    with tempfile.TemporaryDirectory() as folder, world(given.members, given.seed, today) as place:
        policy = POLICIES[name](place, Path(folder), given)
        for number in range(given.weeks):
            policy.week()
            place.advance(7)
            print(f"{name}: week {number + 1} of {given.weeks}", end="\r", file=sys.stderr, flush=True)
        made = place.made_since(today)
        policy.tally.decisions, policy.tally.lapsed = made.height, int(made["lapsed"].sum())
        return policy.tally


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=2_000)
    words.add_argument("--weeks", type=int, default=52)
    words.add_argument("--hours", type=float, default=15.0, help="of staff time a week")
    words.add_argument("--seed", type=int, default=3)
    words.add_argument("--today", default="2026-01-05", help="the day on which the year begins")
    words.add_argument("--train-every", type=int, default=91, help="days from one model to the next")
    words.add_argument("--policies", default=",".join(POLICIES))
    words.add_argument("--json", type=Path, help="also write the figures here")
    given = words.parse_args()
    tallies = {name: lived(name, given) for name in given.policies.split(",")}
    oracle = tallies["oracle"].kept if "oracle" in tallies else float("nan")
    print("| policy | talks | messages | staff hours | kept, expected | kept an hour | of the oracle | lapsed |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, one in tallies.items():
        share = one.kept / oracle if oracle else float("nan")
        print(
            f"| {name} | {one.talks} | {one.letters} | {one.minutes / 60:.0f} | {one.kept:.1f} | {one.per_hour:.3f} "
            f"| {share:.2f} | {one.lapsed} of {one.decisions} |"
        )
    if given.json:
        kept = {name: {**vars(one), "talked_to": len(one.talked_to)} for name, one in tallies.items()}
        given.json.write_text(json.dumps(kept, indent=2))


if __name__ == "__main__":
    main()
