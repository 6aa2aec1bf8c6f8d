"""The demo: the whole product on a simulated association, in a home of its own.

The first time everything is made: a seed, a day and a password are chosen and kept in `demo.json`, so that later times
meet the same association on the same day, find that nothing is new, and are quick.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from tenure.app import playbooks
from tenure.app.commands.init import write_home
from tenure.app.commands.staff import give_account
from tenure.app.console import Console, spell_seconds
from tenure.app.house import House
from tenure.app.night import Report, run_night
from tenure.app.sandbox_process import sandbox
from tenure.app.settings_file import Answers
from tenure.base.clock import Clock, system_clock
from tenure.base.errors import TenureError, UsageError
from tenure.base.home import Home, write_atomically

ASSOCIATION = "Harbor Society of Engineers (simulated)"
ACCOUNT = "tenure"
USER = "demo"
COLLEAGUE = "colleague"
"""The second person, for what one alone cannot approve."""
_LOOKED_EVERY_SECONDS = 3.0


@dataclass(frozen=True)
class Demo:
    """What a demo needs to be the same again.

    Args:
        members: How many the association has.
        seed: Of the simulation.
        today: The day on which the simulation began.
        port: Where the sandbox listens.
        mail_port: Where the sandbox takes mail to members.
        sandbox_password: Of the sandbox's account.
        password: Of the demo's sign-in.
        lived: Days that it was let live on since.
    """

    members: int
    seed: int
    today: str
    port: int
    mail_port: int
    sandbox_password: str
    password: str
    lived: int = 0


def find_or_make(place: Home, members: int | None, clock: Clock) -> Demo:
    """The demo in *place*, made when there is none.

    Raises:
        UsageError: The home is somebody's real one, or its demo has another number of members.
    """
    path = _file(place)
    if not path.is_file():
        if place.settings_file.exists():
            raise UsageError(f"{place.root} holds an association, not a demo", mend="pass another directory as --home")
        demo = _new(members or 3000, clock)
        write_atomically(path, json.dumps(asdict(demo), indent=2).encode(), mode=0o600)
        return demo
    demo = _read(path)
    if members not in (None, demo.members):
        raise UsageError(
            f"the demo in {place.root} has {demo.members:,} members, not {members:,}",
            mend="pass another directory as --home, or delete that one",
        )
    return demo


def _read(path: Path) -> Demo:
    known = json.loads(path.read_text(encoding="utf-8"))
    return Demo(**{"mail_port": free_port(), **known})


def note_lived(place: Home, days: int) -> None:
    """Remember that the sandbox of the demo in *place* has lived for *days* since it began."""
    path = _file(place)
    write_atomically(path, json.dumps(asdict(replace(_read(path), lived=days)), indent=2).encode(), mode=0o600)


def _file(place: Home) -> Path:
    return place.root / "secrets" / "demo.json"


def _new(members: int, clock: Clock) -> Demo:
    return Demo(
        members=members,
        seed=1,
        today=clock().date().isoformat(),
        port=free_port(),
        mail_port=free_port(),
        sandbox_password=secrets.token_urlsafe(9),
        password=f"{secrets.token_hex(3)}-{secrets.token_hex(3)}",
    )


def free_port(*wanted: int) -> int:
    """The first of the ports *wanted* on which nothing listens, or else any that is free."""
    for port in (*wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UsageError("no port is free on this machine", mend="close something that listens")


@contextmanager
def opened(place: Home, demo: Demo, console: Console, port: int) -> Iterator[tuple[House, SandboxDays]]:
    """The demo's house and its days, with its sandbox running for the length of the block.

    *port* is where the pages will be, for the links in messages.
    """
    with ExitStack() as stack:
        with console.step(f"Simulate an association of {demo.members:,} members") as step:
            address = stack.enter_context(sandbox(_arguments(demo), demo.sandbox_password))
            step.outcome = f"an iMIS sandbox answers at {address}"
        answers = Answers(kind="imis", name=ASSOCIATION, url=address, username=ACCOUNT, requests_per_hour=0)
        days = SandboxDays(address, demo)
        write_home(place, answers, force=True, password=demo.sandbox_password, given=_settings(days.mail_port, port))
        yield House.open(place.root, clock=days.clock), days


def _settings(mail_port: int, port: int) -> dict[str, str | int | float | bool]:
    """What a real association would set by hand; mail goes to the sandbox's mailboxes and nowhere else."""
    return {
        "capacity.hours_per_month": 60,
        "outreach.quiet_from": "00:00",
        "outreach.quiet_until": "00:00",
        "outreach.hardship_purpose": "demo",
        "outreach.displacement_purpose": "demo",
        "outreach.public_url": f"http://127.0.0.1:{port}",
        "mail.host": "127.0.0.1",
        "mail.port": mail_port,
        "mail.security": "none",
        "mail.sender_name": "Harbor Society of Engineers",
        "mail.sender": "membership@harbor.example",
        "mail.postal_address": "1 Quay Street, Portsmouth NH 03801",
    }


class SandboxDays:
    """The days of a demo: the machine's time of day, on the day that the sandbox has reached.

    Args:
        address: Of the sandbox; it is let live on to where it was when it stopped.
        demo: Whose.
    """

    def __init__(self, address: str, demo: Demo) -> None:
        self.address = address
        self._client = httpx.Client(base_url=f"{address}/_sandbox", timeout=300)
        self._began = dt.date.fromisoformat(demo.today)
        if demo.lived:
            self._client.post("/advance", json={"days": demo.lived}).raise_for_status()
        self._ahead = dt.timedelta()
        self.has_moved()
        self.mail_port = int(self._status()["mail_port"])

    @property
    def lived(self) -> int:
        """Days since the simulation began."""
        return (self.clock().date() - self._began).days

    def clock(self) -> dt.datetime:
        """The present instant of the demo."""
        return system_clock() + self._ahead

    def has_moved(self) -> bool:
        """Look whether the sandbox has lived on, and move along."""
        day = dt.date.fromisoformat(self._status()["today"])
        moved = day != self.clock().date()
        self._ahead = day - system_clock().date()
        return moved

    def _status(self) -> dict[str, Any]:
        return dict(self._client.get("/status").raise_for_status().json())


def _arguments(demo: Demo) -> list[str]:
    return [
        "--port", str(free_port(demo.port)),
        "--mail-port", str(free_port(demo.mail_port)), "--members", str(demo.members), "--seed", str(demo.seed),
        "--today", demo.today, "--user", ACCOUNT,
    ]  # fmt: skip


def night(house: House, demo: Demo, console: Console) -> Report:
    """One night of the demo, and its sign-in."""
    _people(house, demo)
    return run_night(house, console, as_of=house.today, dry_run=False, by="tenure demo")


def _people(house: House, demo: Demo) -> None:
    """The sign-ins of a demo, the first time; whoever has the first one switches every playbook on."""
    playbooks.opened(house)
    from tenure.ledger import playbooks as kept
    from tenure.ledger import rollout, staff

    if staff.find(username=USER) is not None:
        return
    for name, role, full_name in ((USER, "director", "Dana Demo"), (COLLEAGUE, "manager", "Colin Colleague")):
        address = f"{name}@harbor.example"
        give_account(house, username=name, password=demo.password, role=role, full_name=full_name, email=address)
    for one in kept.every():
        kept.switch(name=one.name, on=True, by=USER, why="to be seen in the demo", clock=house.clock)
    rollout.set_phase(segment="", number=3, by=USER, why="to be seen in the demo", evidence={}, clock=house.clock)


def summary(house: House, demo: Demo, report: Report) -> str:
    """What the demo did, for somebody who sees it for the first time."""
    steps = {step.name: step for step in report.steps}
    manifest = house.registry.manifest(report.model)
    times = ", ".join(f"{step.name} {spell_seconds(step.seconds)}" for step in report.steps)
    scored = steps["score"].counts.get("members", 0)
    lines = [
        "",
        f"Members simulated    {demo.members:,}, with five years of history up to {report.as_of}",
        *_learning(manifest),
        f"Scores               {scored:,} active members were scored",
        f"Written into iMIS    {steps['write back'].words}",
        f"Time                 {times}",
    ]
    if steps["sync"].state == "unchanged":
        lines.append(
            "Nothing was new since the last time; a sandbox forgets when it stops, so it was given the scores again."
        )
    return "\n".join(lines)


def _learning(manifest: dict[str, Any]) -> list[str]:
    data, grade = manifest["data"], manifest["grade"]
    return [
        f"Learnt from          {data['decisions']:,} renewal decisions, {data['lapses']:,} of which were lapses",
        f"Grade of the model   {grade['letter']}. {grade['sentence']}",
    ]


class Following:
    """A night for each day that somebody lets the sandbox live on, in a thread beside the pages.

    Args:
        house: The demo's.
        days: Its days.
        console: Where to say what happens.
    """

    def __init__(self, house: House, days: SandboxDays, console: Console) -> None:
        self._house, self._days, self._console = house, days, console
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="days", daemon=True)

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        from django.db import connections

        while not self._over.wait(_LOOKED_EVERY_SECONDS):
            try:
                if self._days.has_moved():
                    self._live()
            except (TenureError, httpx.HTTPError) as error:
                self._console.warn(str(error))
            finally:
                connections.close_all()

    def _live(self) -> None:
        note_lived(self._house.home, self._days.lived)
        self._console.say(f"the sandbox has lived on to {self._house.today}")
        run_night(self._house, self._console, as_of=self._house.today, dry_run=False, by="tenure demo")


def serve(house: House, days: SandboxDays, console: Console, demo: Demo, port: int) -> None:
    """Serve the demo's pages until stopped, and show them in a browser where there is one."""
    from tenure import web
    from tenure.app.worker import Beside

    server = web.create_server(
        house.home, house.settings, "127.0.0.1", port, clock=house.clock, session_clock=system_clock
    )
    address = f"http://127.0.0.1:{port}"
    console.result(f"\nStaff pages          {address}")
    console.result(f"Sign in as           {USER}, or {COLLEAGUE} for a second person")
    console.result(f"with the password    {demo.password}\n")
    console.say(f"what was sent: {days.address}/_sandbox/mail")
    console.say(f"another day: curl -X POST {days.address}/_sandbox/advance -d '{{\"days\": 1}}'")
    console.say("stop with Ctrl-C")
    if sys.stdout.isatty():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        with Beside(house), Following(house, days, console):
            server.run()
    finally:
        server.close()
