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
from dataclasses import asdict, dataclass
from typing import Any

from tenure.app.commands.init import write_home
from tenure.app.commands.staff import give_account
from tenure.app.console import Console, spell_seconds
from tenure.app.house import House
from tenure.app.night import Report, run_night
from tenure.app.sandbox_process import sandbox
from tenure.app.settings_file import Answers
from tenure.base.clock import Clock
from tenure.base.errors import UsageError
from tenure.base.home import Home, write_atomically

ASSOCIATION = "Harbor Society of Engineers (simulated)"
ACCOUNT = "tenure"
USER = "demo"


@dataclass(frozen=True)
class Demo:
    """What a demo needs to be the same again.

    Args:
        members: How many the association has.
        seed: Of the simulation.
        today: The day that the simulation has reached.
        port: Where the sandbox listens.
        sandbox_password: Of the sandbox's account.
        password: Of the demo's sign-in.
    """

    members: int
    seed: int
    today: str
    port: int
    sandbox_password: str
    password: str

    @property
    def day(self) -> dt.date:
        """The day that the simulation has reached."""
        return dt.date.fromisoformat(self.today)


def find_or_make(place: Home, members: int | None, clock: Clock) -> Demo:
    """The demo in *place*, made when there is none.

    Raises:
        UsageError: The home is somebody's real one, or its demo has another number of members.
    """
    path = place.root / "secrets" / "demo.json"
    if not path.is_file():
        if place.settings_file.exists():
            raise UsageError(f"{place.root} holds an association, not a demo", mend="pass another directory as --home")
        demo = _new(members or 3000, clock)
        write_atomically(path, json.dumps(asdict(demo), indent=2).encode(), mode=0o600)
        return demo
    demo = Demo(**json.loads(path.read_text(encoding="utf-8")))
    if members not in (None, demo.members):
        raise UsageError(
            f"the demo in {place.root} has {demo.members:,} members, not {members:,}",
            mend="pass another directory as --home, or delete that one",
        )
    return demo


def _new(members: int, clock: Clock) -> Demo:
    return Demo(
        members=members,
        seed=1,
        today=clock().date().isoformat(),
        port=free_port(),
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
def opened(place: Home, demo: Demo, console: Console) -> Iterator[House]:
    """The demo's house, with its sandbox running for the length of the block."""
    with ExitStack() as stack:
        with console.step(f"Simulate an association of {demo.members:,} members") as step:
            address = stack.enter_context(sandbox(_arguments(demo)))
            step.outcome = f"an iMIS sandbox answers at {address}"
        answers = Answers(kind="imis", name=ASSOCIATION, url=address, username=ACCOUNT, requests_per_hour=0)
        write_home(place, answers, force=True, password=demo.sandbox_password)
        yield House.open(place.root)


def _arguments(demo: Demo) -> list[str]:
    return [
        "--port", str(free_port(demo.port)), "--members", str(demo.members), "--seed", str(demo.seed),
        "--today", demo.today, "--user", ACCOUNT, "--password", demo.sandbox_password,
    ]  # fmt: skip


def night(house: House, demo: Demo, console: Console) -> Report:
    """One night of the demo, and its sign-in."""
    report = run_night(house, console, as_of=demo.day, dry_run=False, by="tenure demo")
    from tenure.ledger import staff

    if staff.find(username=USER) is None:
        give_account(house, username=USER, password=demo.password, role="administrator", full_name="Demo")
    return report


def summary(house: House, demo: Demo, report: Report) -> str:
    """What the demo did, for somebody who sees it for the first time."""
    steps = {step.name: step for step in report.steps}
    manifest = house.registry.manifest(report.model)
    times = ", ".join(f"{step.name} {spell_seconds(step.seconds)}" for step in report.steps)
    scored = steps["score"].counts.get("members", 0)
    lines = [
        "",
        f"Members simulated    {demo.members:,}, with five years of history up to {demo.today}",
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


def serve(house: House, console: Console, demo: Demo, port: int) -> None:
    """Serve the demo's pages until stopped, and show them in a browser where there is one."""
    from tenure import web

    chosen = free_port(port)
    if chosen != port:
        console.warn(f"something else listens on port {port}, so the pages are on {chosen}")
    server = web.create_server(house.home, house.settings, "127.0.0.1", chosen)
    address = f"http://127.0.0.1:{chosen}"
    console.result(f"\nStaff pages          {address}")
    console.result(f"Sign in as           {USER}\nwith the password    {demo.password}\n")
    console.say("stop with Ctrl-C")
    if sys.stdout.isatty():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server.run()
    finally:
        server.close()
