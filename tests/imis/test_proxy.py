"""Through a proxy: which one, for which hosts, and what it gets to see."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy
from scripted_server import FakeTime, Says, Server

from tenure.base.errors import UsageError
from tenure.imis import ImisClient, ProxyRefused, Unreachable

CERTIFICATES = Path(__file__).parent / "certificates"
SITE = "https://example.org"
"""The server's certificate is for this host; the proxy leads there."""
NOWHERE = "https://imis.example.test"
"""No name server knows this host."""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a TLS server that signs everybody in."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"access_token": "t", "expires_in": 600, "userName": "TENURE"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "other-host.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """A proxy to that server, and an environment that names none."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    proxy = ConnectProxy(port)
    yield proxy
    proxy.close()


def client(time_: FakeTime, proxy: str = "", url: str = SITE) -> ImisClient:
    ca_file = CERTIFICATES / "authority.pem"
    return ImisClient(url, "tenure", "s3cret", ca_file=ca_file, proxy=proxy, time=time_.keeping(), timeout=5)


def test_the_proxy_of_the_setting_is_gone_through_and_sees_a_host_alone(proxy: ConnectProxy, time_: FakeTime):
    """TLS is with iMIS itself, so neither password nor path passes in the clear."""
    assert client(time_, proxy.url).whoami() == "TENURE"

    assert proxy.asked == ["CONNECT example.org:443 HTTP/1.1"]
    assert b"s3cret" not in proxy.passed
    assert b"/token" not in proxy.passed


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_gone_through(
    proxy: ConnectProxy, time_: FakeTime, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, proxy.url)
    assert client(time_).whoami() == "TENURE"
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("hosts", ["imis.example.test", ".example.test", "a.test,example.test", "*"])
def test_a_host_of_no_proxy_is_reached_without(
    proxy: ConnectProxy, time_: FakeTime, monkeypatch: pytest.MonkeyPatch, hosts: str
):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", hosts)
    with pytest.raises(Unreachable, match=r"imis\.example\.test"):
        client(time_, url=NOWHERE).whoami()
    assert proxy.asked == []


def test_the_setting_none_goes_without(proxy: ConnectProxy, time_: FakeTime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(Unreachable, match="no host by the name"):
        client(time_, "none", NOWHERE).whoami()
    assert proxy.asked == []


def test_the_setting_wins_over_the_environment(proxy: ConnectProxy, time_: FakeTime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    assert client(time_, proxy.url).whoami() == "TENURE"


def test_a_proxy_that_wants_an_account_gets_it_from_the_environment(
    proxy: ConnectProxy, time_: FakeTime, monkeypatch: pytest.MonkeyPatch
):
    """Percent signs and all; refused, it is asked once and the password is told to nobody."""
    proxy.account = "who:pa55 word"
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//who:pa55%20word@"))
    assert client(time_).whoami() == "TENURE"

    proxy.account, proxy.asked = "who:another", []
    with pytest.raises(ProxyRefused, match="407") as caught:
        client(time_).whoami()
    assert len(proxy.asked) == 1
    assert "HTTPS_PROXY" in caught.value.mend
    assert "pa55" not in str(caught.value)


def test_a_proxy_that_forbids_the_host_is_named(proxy: ConnectProxy, time_: FakeTime):
    proxy.status = 403
    with pytest.raises(ProxyRefused, match=r"the proxy http://127\.0\.0\.1:\d+ .* example\.org \(HTTP 403\)"):
        client(time_, proxy.url).whoami()


def test_a_proxy_that_fails_is_tried_again(proxy: ConnectProxy, time_: FakeTime):
    proxy.status = 502
    with pytest.raises(Unreachable, match="HTTP 502"):
        client(time_, proxy.url).whoami()
    assert len(proxy.asked) == 3


def test_a_proxy_where_nothing_listens_is_named(proxy: ConnectProxy, time_: FakeTime):
    with pytest.raises(Unreachable, match=r"nothing answers at the proxy http://127\.0\.0\.1:9") as caught:
        client(time_, "http://127.0.0.1:9").whoami()
    assert "source.proxy" in caught.value.mend


def test_plain_http_never_goes_through_a_proxy(proxy: ConnectProxy, server: Server, time_: FakeTime):
    """Within a private network it is allowed, and there it stays."""
    server.script = lambda asked: Says({})
    assert client(time_, proxy.url, server.url).whoami() == "tenure"
    assert proxy.asked == []


@pytest.mark.parametrize("setting", ["http://who:s3cret@127.0.0.1:8080", "socks5://127.0.0.1", "http://"])
def test_a_setting_that_cannot_be_a_proxy_is_refused(setting: str, time_: FakeTime):
    with pytest.raises(UsageError, match=r"source\.proxy") as caught:
        client(time_, setting)
    assert "s3cret" not in str(caught.value)
