"""What is sent to the pages and the API, or answered to them, to use up this machine."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections.abc import Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import factories
import httpx
import pytest
from sites import MORNING, Site, point_at, serving, token_of

from memory import in_little_memory
from tenure.base.settings import Oidc

MAPPING = 'base = "stock"\n'
BILLION_LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
TEXTS = {
    "a key of very many parts": ("a." * 20_000 + "b = 1", "a key of more than 32 parts (at line 2)"),
    "a table of very many parts": ("[" + "a." * 20_000 + "b]", "a key of more than 32 parts (at line 2)"),
    "arrays within arrays": ("a = " + "[" * 20_000, "more than 32 arrays or tables within each other"),
    "closed arrays within arrays": ("a = " + "[" * 60 + "]" * 60, "more than 32 arrays or tables within each other"),
    "tables within tables": ("a = " + "{b = " * 9_000, "more than 32 arrays or tables within each other"),
    "a number without end": ("a = " + "1" * 20_000, "a number of thousands of digits"),
    "more than it can hold": ("# " + "x" * 300_000, "characters"),
    "no list where one belongs": ("without = 5", "`without` is no list"),
}
"""What is written below the first line of a mapping or a playbook, and what is said of it."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from tenure.base.settings import Source

    world = factories.empty_world(tmp_path_factory.mktemp("hostile") / "home")
    (world.home.root / "ours.toml").write_text(MAPPING)
    source = Source(kind="imis", url="https://imis.example", username="tenure", mapping="ours.toml")
    world.settings = world.settings.model_copy(update={"source": source})
    for role in ("administrator", "director"):
        factories.sign_up(role, role)
    with serving(world) as running:
        yield running


@pytest.mark.parametrize("name", TEXTS)
def test_a_mapping_that_would_use_up_the_machine_is_refused_with_its_line(site: Site, name: str):
    text, said = TEXTS[name]
    path = site.world.home.root / "ours.toml"
    with site.staff("administrator") as client, in_little_memory():
        page = client.get("/settings/mapping/").text
        seen = re.search(r'name="seen" value="(\w+)"', page).group(1)
        form = {"csrfmiddlewaretoken": token_of(client), "seen": seen, "why": "Try", "text": MAPPING + text}
        answer = client.post("/settings/mapping/keep", data=form)
    assert (answer.status_code, said in unescape(answer.text)) == (422, True), unescape(answer.text)[:2000]
    assert [one.name for one in path.parent.glob("*.toml") if one.name.startswith("ours")] == ["ours.toml"]
    assert path.read_text() == MAPPING


@pytest.mark.parametrize("name", list(TEXTS)[:-1])
def test_a_playbook_that_would_use_up_the_machine_is_refused(site: Site, name: str):
    from tenure.ledger import playbooks
    from tenure.outreach.reading import shipped

    text, said = TEXTS[name]
    first = shipped()["expiring-card"]
    if not [one for one in playbooks.every() if one.name == "expiring-card"]:
        playbooks.add(name="expiring-card", text=first, by="director", why="", clock=lambda: MORNING)
    with site.staff("director") as client, in_little_memory():
        form = {"csrfmiddlewaretoken": token_of(client), "seen": "1", "why": "Try", "text": "# ours\n" + text}
        answer = client.post("/playbooks/expiring-card/", data=form)
    assert (answer.status_code, said in unescape(answer.text)) == (422, True), unescape(answer.text)[:2000]
    assert playbooks.current("expiring-card").text == first


BODIES = {
    "arrays within arrays": (b"[" * 500_000, {}),
    "objects within objects": (b'{"a":' * 100_000, {}),
    "a number without end": (b'{"decision": ' + b"1" * 900_000 + b"}", {}),
    "XML with entities": (BILLION_LAUGHS, {"Content-Type": "application/xml"}),
    "a compressed body": (gzip.compress(bytes(50 << 20)), {"Content-Encoding": "gzip"}),
    "no text": (b"\xff\xfe\x00", {}),
    "a form of files": (
        b'--b\r\nContent-Disposition: form-data; name="a"; filename="../../x.zip"\r\n\r\nPK\x03\x04\r\n--b--\r\n',
        {"Content-Type": "multipart/form-data; boundary=b"},
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_request_is_refused_in_the_form_of_the_api(site: Site, name: str):
    from tenure.ledger import tokens

    body, headers = BODIES[name]
    token = tokens.make(
        owner="administrator", name=name, scopes=("webhooks:manage",), by="administrator", days=9, clock=lambda: MORNING
    )[1]
    with in_little_memory():
        asked = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        answer = httpx.post(f"{site.url}/api/v1/webhooks", content=body, headers=asked)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("told", ["Content-Length: 1073741824", "Transfer-Encoding: chunked"])
def test_a_body_beyond_the_limit_is_refused_before_it_is_held(site: Site, told: str):
    """By what is told of it at once, else when the limit is passed; the pages go on answering."""
    host, port = site.url.removeprefix("http://").split(":")
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as line, in_little_memory():
        line.sendall(f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n{told}\r\n\r\n".encode())
        if "chunked" in told:
            line.sendall(chunk * 17)
        assert b" 413 " in line.recv(100)
    assert httpx.get(f"{site.url}/health").text == "ok\n"


def test_a_header_beyond_the_limit_is_refused(site: Site):
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line, in_little_memory():
        try:
            line.sendall(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * (8 << 20))
        except (BrokenPipeError, ConnectionResetError):
            return
        assert b" 431 " in line.recv(100)


class _Swelling(BaseHTTPRequestHandler):
    """Answers whatever is asked by a few kilobytes that unpack to gigabytes."""

    zeros = gzip.compress(b" " * (64 << 20))

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        for _ in range(64):
            self.wfile.write(self.zeros)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def swelling() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Swelling) as server:
        server.handle_error = lambda *args: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_identity_provider_whose_answer_swells_is_given_up(site: Site, swelling: str):
    oidc = Oidc(issuer=swelling, client_id="tenure", name="Harbor ID")
    kept = site.world.settings
    site.world.settings = kept.model_copy(update={"oidc": oidc})
    point_at(site.world)
    try:
        with in_little_memory(200):
            answer = httpx.get(f"{site.url}/sign-in/provider", timeout=30)
    finally:
        site.world.settings = kept
        point_at(site.world)
    assert answer.status_code == 502
    assert "did not work" in answer.text


def test_no_room_takes_files_or_unpacks_what_came_from_elsewhere():
    """Whoever opens archives, workbooks or XML anywhere else has to come here, and to docs/limits.md."""
    import tenure

    root = Path(tenure.__file__).parent
    opening = "zipfile|tarfile|gzip|bz2|lzma|zlib|openpyxl|xlrd|xml|lxml|pickle|yaml"
    used = re.compile(rf"^\s*(?:import|from) ({opening})\b|\brequest\.(FILES)\b", re.M)
    found: dict[str, set[str]] = {}
    for path in root.rglob("*.py"):
        for match in used.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(str(path.relative_to(root)), set()).add(match[1] or match[2])
    assert found == {
        "custody/_archive.py": {"gzip", "tarfile", "zlib"},
        "imis/_wire.py": {"zlib"},
        "briefing/letter.py": {"xml"},  # our own letter
        "charts/svg.py": {"xml"},  # escaping alone
    }
