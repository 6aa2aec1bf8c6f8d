"""The sandbox by HTTPS, and what is wrong with a handshake: the client ends by its deadline and nothing is sent."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from connect_proxy import ConnectProxy
from scripted_server import FakeTime

from tenure.imis import ImisClient, Unreachable, Untrusted

WORLD = ["--members", "20", "--years", "1", "--events-per-year", "10", "--today", "2026-03-02"]
COMMAND = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", *WORLD]


class Secured:
    """A sandbox served by HTTPS, and the file that says whom to trust."""

    def __init__(self, url: str, ca: Path) -> None:
        self.url, self.ca = url, ca

    def client(self, ca: Path | None, timeout: float = 5, **options: Any) -> ImisClient:
        time_ = FakeTime().keeping()
        return ImisClient(self.url, "tenure", "sandbox", ca_file=ca, time=time_, timeout=timeout, **options)

    def control(self, name: str, method: str = "GET", **options: Any) -> httpx.Response:
        """Ask the sandbox itself, whatever its certificate."""
        return httpx.request(method, f"{self.url}/_sandbox/{name}", verify=False, timeout=20, **options)


@contextmanager
def secured(ca: Path, *options: str) -> Iterator[Secured]:
    command = [*COMMAND, "--tls", "--tls-ca", str(ca), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on https://127.0.0.1:"), line
        yield Secured(line.split()[-1], ca)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("tls") / "ca.pem") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("tls") / "ca.pem", "--tls-fault", "stalled") as sandbox:
        yield sandbox


def test_it_is_read_by_https_once_its_authority_is_trusted(healthy: Secured):
    with healthy.client(healthy.ca) as client:
        rows = [row for page in client.query("$/Tenure/Terms") for row in page]
        assert len(rows) >= 20
        assert client.certificate_ends is not None
        assert client.certificate_ends - dt.datetime.now(dt.UTC) > dt.timedelta(days=360)


def test_faults_of_requests_strike_by_https_too(healthy: Secured):
    healthy.control("faults", "POST", json={"faults": {"lost_reply": {"match": "api/query", "times": 1}}})
    with healthy.client(healthy.ca) as client:
        assert list(client.query("$/Tenure/Terms"))
    assert [fault["struck"] for fault in healthy.control("faults").json()["on"]] == [1]
    healthy.control("faults", "DELETE")


def test_a_fault_of_the_handshake_is_told_to_be_one_of_the_start(healthy: Secured):
    answer = healthy.control("faults", "POST", json={"faults": {"expired": 1.0}})
    assert (answer.status_code, "--tls --tls-fault expired" in answer.text) == (400, True)
    assert set(healthy.control("faults").json()["at_start"]) == {
        "expired", "wrong-host", "unknown-authority", "stalled",
    }  # fmt: skip


def test_without_its_authority_nothing_is_sent_to_a_healthy_one(healthy: Secured):
    healthy.control("usage", "DELETE")
    with pytest.raises(Untrusted, match="unable to get local issuer certificate"):
        healthy.client(None).whoami()
    assert healthy.control("usage").json()["requests"] == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("expired", "certificate has expired"),
        ("wrong-host", "certificate is not valid for '127.0.0.1'"),
        ("unknown-authority", "self-signed certificate"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused_before_anything_is_sent(tmp_path: Path, fault: str, words: str):
    with secured(tmp_path / "ca.pem", "--tls-fault", fault) as sandbox:
        began = time.monotonic()
        with pytest.raises(
            Untrusted, match=rf"the certificate of 127\.0\.0\.1 is not to be trusted: .*{words}"
        ) as told:
            sandbox.client(sandbox.ca, timeout=5).whoami()
        assert time.monotonic() - began < 5
        assert "`source.ca_file`" in told.value.mend
        assert "does not connect unchecked" in told.value.mend
        assert sandbox.control("usage").json()["requests"] == 0


def test_a_handshake_that_stalls_ends_each_attempt_at_its_deadline(stalled: Secured):
    with stalled.client(stalled.ca, timeout=0.3) as client:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no connection before the deadline") as told:
            client.whoami()
        took = time.monotonic() - began
        assert 0.3 * client.requests_used <= took < 0.3 * client.requests_used + 3
    assert "that iMIS is up and no firewall is between" in told.value.mend


def test_a_server_that_stalls_gets_to_see_a_hello_and_no_more(stalled: Secured):
    between = ConnectProxy(httpx.URL(stalled.url).port or 0)
    client = stalled.client(stalled.ca, timeout=0.3, proxy=between.url)
    with pytest.raises(Unreachable):
        client.whoami()
    between.close()
    assert hellos(between.passed) == client.requests_used == len(between.asked)


def test_a_handshake_that_failed_through_a_proxy_is_not_in_the_way_of_the_next(healthy: Secured):
    between = ConnectProxy(httpx.URL(healthy.url).port or 0)
    client = healthy.client(None, timeout=3, proxy=between.url)
    for _ in range(2):
        with pytest.raises(Untrusted):
            client.whoami()
    between.close()
    assert len(between.asked) == 2


def hellos(stream: bytes) -> int:
    """How many TLS records *stream* is made of, each of them a ClientHello."""
    count = 0
    while stream:
        kind, length, message = stream[0], int.from_bytes(stream[3:5]), stream[5]
        assert (kind, message) == (22, 1)
        stream, count = stream[5 + length :], count + 1
    return count


def test_each_start_has_an_authority_of_its_own(tmp_path: Path, healthy: Secured):
    with secured(tmp_path / "ca.pem") as other, pytest.raises(Untrusted):
        other.client(healthy.ca).whoami()
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem")).get_ca_certs()
    assert "PRIVATE KEY" not in (tmp_path / "ca.pem").read_text()
    assert trusted


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tls-fault", "expired"], "need --tls"),
        (["--tls", "--tls-ca", "no/such/folder/ca.pem"], "cannot be written"),
    ],
)
def test_options_that_cannot_be_are_refused(options: list[str], words: str):
    ended = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=30)
    assert ended.returncode != 0
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
