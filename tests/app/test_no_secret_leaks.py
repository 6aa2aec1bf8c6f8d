"""PR-2: a secret stands where it is kept and nowhere else: in no log, answer, page, list of processes or backup.

One home has one of each kind, every one unlike anything else. A night and all that prints or serves is then run, with
every logger at its finest, against servers that repeat what they are told as they refuse it.
"""

from __future__ import annotations

import base64
import html
import http.server
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pyotp
import pytest
from calls import AS_OF, BIN, Site, set_, tenure
from django.db import connections

import proposing
from tenure import ledger
from tenure.app import audit_map
from tenure.app.cli import cli
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.settings import parse_settings, read_settings
from tenure.lake import Lake

LOUD = """
import logging, sys
logging.basicConfig(filename={path!r}, level=1, format="%(name)s %(message)s")
logging.lastResort = None
"""
"""What each process of Tenure begins with (`sitecustomize`): every logger tells all that it has to tell."""

MANY = """
import json, sys
from tenure.app.cli import main
for arguments in json.load(sys.stdin):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        print(f"exit code {end.code}", flush=True)
"""
"""Calls of `tenure`, one after the other in one process, since each of its own would take a second."""

PROPOSING = (
    ("sync",), ("train", "--as-of", AS_OF),
    ("staff", "add", "dora", "--role", "director"), ("playbook", "on", "personal-reminder", "--by", "dora"),
    ("playbook", "on", "retention-sequence", "--by", "dora"),
    ("phase", "set", "3", "--by", "dora", "--why", "a test", "--despite", "few-decided", "--despite", "calibration-off",
     "--despite", "few-sent"),
)  # fmt: skip
READING = (
    ("doctor", "--json"), ("evaluate", "--json"), ("model", "list", "--json"), ("webhook", "list", "--json"),
    ("token", "list", "--json"), ("audit", "show", "--json"), ("audit", "verify", "--json"),
    ("phase", "show", "--json"), ("autosend", "list", "--json"), ("donotwake", "list", "--json"),
    ("experiment", "list", "--json"),
    ("extraction", "show", "--json"), ("backup", "--list"), ("webhook", "describe"),
)  # fmt: skip
"""What prints of a home, and what describes Tenure to others."""


@dataclass
class World:
    """What was heard where, and which words must be in none of it."""

    home: Path
    heard: dict[str, str] = field(default_factory=dict)
    canaries: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def hear(self, place: str, text: str) -> str:
        """Keep *text* as having been seen at *place*."""
        self.heard[place] = self.heard.get(place, "") + text
        return text


class Echo(http.server.BaseHTTPRequestHandler):
    """Repeats all that it is told as it refuses it; and describes itself as an identity provider."""

    server: Any

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        sent = self.rfile.read(length).decode(errors="replace")
        told = f"{self.path} {self.headers} {sent}"
        self.server.told.append(told)
        here = f"http://127.0.0.1:{self.server.server_port}"
        status, body = (
            self.server.status,
            {"error": parse_qs(sent).get("password", [told])[0], "error_description": told, "message": told},
        )
        if self.path.endswith("/.well-known/openid-configuration"):
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            status, body = 200, {"issuer": here, **{name: f"{here}/{name}" for name in names}}
            body["id_token_signing_alg_values_supported"] = ["RS256"]
        answer = json.dumps(body).encode()
        self.send_response(status, "no " + told.split()[0])
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


@contextmanager
def echoing(status: int = 400) -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.told, server.status = [], status
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


@contextmanager
def mail_that_refuses(told: list[str]) -> Iterator[int]:
    """A mail server that says back what one signed in with, and keeps it in *told*; its port."""
    import socketserver

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                elif verb == b"AUTH":
                    given = base64.b64decode(line.split()[2]).replace(b"\0", b" ")
                    told.append(given.decode())
                    self.wfile.write(b"535 no: " + line.strip() + b" is " + given + b"\r\n")
                else:
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def process_list(world: World) -> Iterator[None]:
    """Keep what the machine's list of processes shows meanwhile."""
    over, seen = threading.Event(), set()

    def look() -> None:
        while not over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes().replace(b"\0", b" "))
                except OSError:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        world.hear("the list of processes", b"\n".join(seen).decode(errors="replace"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, site_url: str) -> Iterator[World]:
    """The home, and all that it said through a night and a day."""
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "sitecustomize.py").write_text(LOUD.format(path=str(folder / "everything.log")))
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{before}" if before else str(folder)
    world = World(folder / "home")
    try:
        with echoing() as echo, mail_that_refuses(world.told) as port, process_list(world):
            _made(world, site_url, echo.server_port, port)
            _night(world, Site(site_url), f"http://127.0.0.1:{echo.server_port}")
            _a_day(world)
            world.told += echo.told
            _refused_sign_ins(world)
        world.hear("logs of everything", (folder / "everything.log").read_text(errors="replace"))
        _kept(world)
        yield world
    finally:
        os.environ["PYTHONPATH"] = before
        if not before:
            del os.environ["PYTHONPATH"]


def _call(world: World, *arguments: object, **environment: str) -> str:
    done = tenure(*arguments, **environment)
    return world.hear(f"tenure {' '.join(map(str, arguments[:3]))}", done.told)


def _many(world: World, *calls: tuple[str, ...]) -> None:
    """Several calls about the home."""
    with_home = [[*one, *(() if one == ("webhook", "describe") else ("--home", str(world.home)))] for one in calls]
    done = subprocess.run(
        [sys.executable, "-c", MANY], input=json.dumps(with_home), capture_output=True, text=True, timeout=250
    )
    assert done.stdout.count("exit code ") == len(calls), done.stdout + done.stderr
    assert "exit code 2" not in done.stdout, "a call is not understood"
    world.hear("commands that read", done.stdout + done.stderr)


def _canary(world: World, what: str) -> str:
    world.canaries[what] = f"cnry-{secrets.token_urlsafe(18)}"
    return world.canaries[what]


def _made(world: World, imis: str, echo: int, mail: int) -> None:
    home, here = world.home, f"http://127.0.0.1:{echo}"
    account = {"name": "canary", "password": _canary(world, "password of iMIS")}
    httpx.post(f"{imis}/_sandbox/accounts", json=account, timeout=60).raise_for_status()
    told = ("--source", "imis", "--url", imis, "--username", "canary", "--requests-per-hour", 0)
    _call(world, "init", "--home", home, *told, TENURE_IMIS_PASSWORD=account["password"])
    set_(home, refits=4, threads=1)
    set_(home, mail__host="127.0.0.1", mail__port=mail, mail__security="none", mail__username="office")
    set_(home, mail__sender="office@association.example", mail__postal_address="1 Quay Street")
    set_(home, oidc__issuer=here, oidc__client_id="tenure-of-tests")
    set_(home, webhooks__networks=["127.0.0.0/8"], in_app__url=f"{here}/in-app")
    set_(home, language_model__url=here, language_model__model="m", sms__url=f"{here}/sms")
    for name in ("mail.password", "oidc.secret", "language_model.key", "ledger.password", "sql.password"):
        kept = home / "secrets" / name
        kept.write_text(_canary(world, name))
        kept.chmod(0o600)
    world.canaries["key of the pseudonyms"] = (home / "secrets" / "pseudonym.key").read_text()


def _night(world: World, site: Site, here: str) -> None:
    site.empty("AI_Member_Risk", "PartyId")
    _call(world, "staff", "add", "ada", "--role", "administrator", "--home", world.home, "--json",
          TENURE_STAFF_PASSWORD=_canary(world, "password of staff"))  # fmt: skip
    _many(world, *PROPOSING)
    _call(world, "run", "--home", world.home, "--as-of", AS_OF)
    for what, *told in (
        ("secret of a webhook", "webhook", "add", "crm", f"{here}/hook", "--by", "ada"),
        ("token", "token", "add", "crm", "--scope", "scores:read", "--by", "ada"),
        ("secret of a service", "webhook", "secret", "sms"),
    ):
        done = tenure(*told, "--home", world.home)
        found = re.findall(r"\S{24,}", done.out)
        assert done.code == 0, done.told
        world.canaries[what] = found[-1]
    world.canaries["key of sessions"] = (world.home / "secrets" / "web.key").read_text().split()[0]


def _a_day(world: World) -> None:
    _ask_for_a_sample(world.home)
    _call(world, "work", "--once", "--home", world.home, "--json")
    _many(world, *READING, ("audit", "export", "--to", str(world.home / "log.jsonl")))
    with _served(world) as visitor:
        _sign_in(world, visitor)
        _by_the_provider(world, str(visitor.base_url))
        _every_page(world, visitor)
        _broken_pages(world, visitor)
    _call(world, "backup", "--home", world.home, "--json")


def _ask_for_a_sample(home: Path) -> None:
    """Something has to be on its way for the mail server to be asked at all."""
    place = Home(home)
    ledger.setup(place, read_settings(place))
    from tenure.ledger import samples, staff
    from tenure.ledger.models import OutreachStep

    proposing.known_staff(marta="manager")
    staff.set_email(username="marta", email="marta@association.example", by="test")
    (pk,) = proposing.opened(proposing.new(member=int(Lake.open(place.lake).scores()["member"][0])))
    samples.ask(step=OutreachStep.objects.get(proposal=pk).pk, by="marta")
    connections.close_all()


@contextmanager
def _served(world: World) -> Iterator[httpx.Client]:
    command = [BIN / "tenure", "serve", "--home", world.home, "--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=kept) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with httpx.Client(base_url=url, timeout=60) as visitor:
                yield visitor
        finally:
            process.terminate()
            world.hear("tenure serve", "".join(process.communicate(timeout=30)))


def _sign_in(world: World, visitor: httpx.Client) -> None:
    """As administrator, with a second factor, of which the seed and the codes are shown once."""
    form = {"username": "ada", "password": world.canaries["password of staff"], **_token(visitor, "/sign-in")}
    wrong = visitor.post("/sign-in", data=form | {"username": "adam"})
    world.hear("a refused sign-in", wrong.text)
    assert visitor.post("/sign-in", data=form).status_code == 302
    page = visitor.get("/settings/second-factor/")
    seed = re.search(r"<code>((?:[A-Z2-7]{4} ?){8})</code>", page.text)[1].replace(" ", "")
    told = {"code": pyotp.TOTP(seed).now(), "password": form["password"], **_token(visitor, "/settings/second-factor/")}
    shown = visitor.post("/settings/second-factor/", data=told).text
    world.canaries["seed of the second factor"] = seed
    world.canaries["recovery code"] = re.findall(r"<li><code>([a-z2-9]{5}-[a-z2-9]{5})</code></li>", shown)[0]
    world.canaries["session"] = visitor.cookies["tenure"]


def _token(visitor: httpx.Client, page: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get(page).text)
    assert found is not None, page
    return {"csrfmiddlewaretoken": found[1]}


def _by_the_provider(world: World, url: str) -> None:
    """Back from an identity provider that refuses the code and repeats the secret that came with it."""
    with httpx.Client(base_url=url, timeout=60) as browser:
        away = urlsplit(browser.get("/sign-in/provider").headers["location"])
        state = parse_qs(away.query)["state"][0]
        answer = browser.get("/sign-in/provider/done", params={"code": "x", "state": state})
        assert answer.status_code == 502
        world.hear("a sign-in that the provider refused", f"{away} {answer.headers} {answer.text}")


def _every_page(world: World, visitor: httpx.Client) -> None:
    """What links lead to, from Today on, one of each kind; the API's description, and what a token opens."""
    waiting, known, kinds = ["/"], {"/"}, set()
    while waiting:
        address = waiting.pop()
        answer = visitor.get(address)
        world.hear("pages", f"{answer.headers} {answer.text}")
        for found in re.findall(r'(?:href|src|action)="(/[^"#]*)"', answer.text):
            there = urlsplit(html.unescape(found))
            kind = re.sub(r"\d+", "0", there.path), tuple(sorted(parse_qs(there.query)))
            if there.path.startswith(("/sign-out", "/static")) or kind in kinds:
                continue
            kinds.add(kind)
            waiting.append(html.unescape(found))
            known.add(there.path)
    world.hear("addresses", " ".join(sorted(known)))
    bearer = {"authorization": f"Bearer {world.canaries['token']}"}
    for address in ("/api/v1/openapi.json", "/api/v1/members", "/api/v1/runs", "/api/v1/nothing"):
        for headers in (bearer, {"authorization": "Bearer wrong"}, {}):
            world.hear("the API", httpx.get(f"{visitor.base_url}{address}", headers=headers, timeout=60).text)


def _broken_pages(world: World, visitor: httpx.Client) -> None:
    for address in ("/nothing/", "/members/%00/", "/settings/people/999/", "/sign-in/provider/done?code=x&state=y"):
        world.hear("error pages", visitor.get(address).text)
    world.hear("error pages", visitor.post("/settings/people/", data={"username": "x"}).text)
    manifest = world.home / "lake" / "manifest.json"
    kept = manifest.read_bytes()
    manifest.write_text("{")
    member = next(one for one in world.heard["addresses"].split() if re.fullmatch(r"/members/[^/]+/", one))
    broken = visitor.get(member)
    manifest.write_bytes(kept)
    world.hear("error pages", broken.text)


def _refused_sign_ins(world: World) -> None:
    """Servers of every kind that refuse the password and repeat it, and an address where nobody is."""
    home, gone = world.home.parent / "other", "postgresql://reader@127.0.0.1:1/imis"
    for status in (400, 403, 500):
        with echoing(status) as echo:
            told = ("--source", "imis", "--url", f"http://127.0.0.1:{echo.server_port}", "--username", "tenure")
            password = world.canaries["password of iMIS"]
            _call(world, "init", "--home", home, "--force", *told, "--json", TENURE_IMIS_PASSWORD=password)
            assert any(quote(password) in one for one in echo.told)
    told = ("--source", "sql", "--url", gone, "--json")
    _call(world, "init", "--home", home, "--force", *told, TENURE_SQL_PASSWORD=world.canaries["sql.password"])


def _kept(world: World) -> None:
    """Every file of the homes but those in `secrets/`, and what is in the backups."""
    for path in sorted(world.home.parent.rglob("*")):
        if path.is_file() and "secrets" not in path.parts and path.name != "everything.log":
            world.hear(f"file {path.relative_to(world.home.parent)}", path.read_bytes().decode("latin-1"))
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for one in archive.getmembers():
                    body = archive.extractfile(one)
                    world.hear(f"backup: {one.name}", body.read().decode("latin-1") if body else "")


def _forms(secret: str) -> set[str]:
    """How a secret may be written: as it is, in an address, and in base 64 wherever in it a triple begins."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe="")}
    for lead in range(3):
        written = base64.b64encode(b"\0" * lead + raw).decode()
        forms.add(written[4 if lead else 0 : len(written) - 4])
    return forms


def _is_told(secret: str, text: str) -> bool:
    return any(form in text for form in _forms(secret))


def test_no_secret_is_anywhere_but_where_it_is_meant_to_be(world: World):
    found = {
        (what, place)
        for what, secret in world.canaries.items()
        for place, text in world.heard.items()
        if _is_told(secret, text)
    }
    assert found <= {("session", "file home/ledger.sqlite3"), ("session", "file home/ledger.sqlite3-wal")}


def test_the_sweep_heard_what_it_was_made_for(world: World):
    """Each kind of secret was used, each door answered, and each server repeated what it was told."""
    for used in ("oidc.secret", "language_model.key", "mail.password"):
        assert any(_is_told(world.canaries[used], told) for told in world.told), used
    assert any("/hook" in told for told in world.told)
    assert len(world.canaries) == 15
    assert len(world.heard["addresses"].split()) > 60
    assert "This page could not be made" in world.heard["error pages"]
    assert "tenure run" in world.heard["the list of processes"]
    assert "django" in world.heard["logs of everything"]
    assert {"backup: ledger.sqlite3", "backup: tenure.toml", "file home/log.jsonl"} <= set(world.heard)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("night", 'ping_url = "https://watch:{}@example.org/ping"'), ("oidc", 'issuer = "https://a:{}@example.org"'),
        ("language_model", 'url = "https://key:{}@example.org/v1"'), ("reports", 'staff_url = "https://a:{}@example.org"'),
        ("mail", 'password = "{}"'), ("oidc", 'secret = "{}"'), ("source", 'password = "{}"'),
    ],
)  # fmt: skip
def test_a_secret_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, where: str, line: str):
    secret = "cnry-in-the-settings"
    head = '[source]\nkind = "files"\n' + ("" if where == "source" else f"[{where}]\n")
    with pytest.raises(UsageError) as told:
        parse_settings((head + line.format(secret)).encode(), tmp_path)
    assert "settings that cannot be" in told.value.message
    assert secret not in f"{told.value.message} {told.value.mend}"


def test_no_command_takes_a_secret_as_an_option_and_one_in_an_address_is_refused_or_noted(tmp_path: Path, world: World):
    """By name; and what an address could carry, by the commands that take one."""
    named = {
        f"{path} {name}"
        for path, command in audit_map._leaves(cli, "")
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
        if re.search(r"passw|secret|token|-pin$|credential", name)
    }
    assert named == set()
    secret = "cnry-in-an-address"
    new = ("--home", tmp_path / "h")
    for call in (
        ("init", *new, "--source", "imis", "--url", f"https://a:{secret}@127.0.0.1", "--username", "a"),
        ("init", *new, "--source", "sql", "--url", f"postgresql://a:{secret}@127.0.0.1/imis"),
        ("restore", world.home / "tenure.toml", *new, "--database", f"postgresql://a:{secret}@127.0.0.1/b"),
        ("webhook", "add", "crm", f"https://a:{secret}@example.org/", "--by", "ada", "--home", world.home),
    ):
        done = tenure(*call)
        assert done.code == 2, done.told
        assert secret not in done.told
