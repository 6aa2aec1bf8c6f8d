"""Answers that are slow, endless, swollen, cut, garbled or from the wrong server end in an error with a mend."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from scripted_server import FakeTime, Says, Server, paged

from memory import in_little_memory
from tenure.base.errors import TenureError, UsageError
from tenure.imis import (
    ColumnsMissing,
    Garbled,
    ImisClient,
    Invalid,
    NoSuchQuery,
    NotAllowed,
    NotOffered,
    Redirected,
    TooLarge,
    TooSlow,
    Unreachable,
    Untrusted,
    require_columns,
)

CERTIFICATES = Path(__file__).parent / "certificates"
ROWS = [{"ID": n, "Name": "x" * 50} for n in range(3)]


def read(client: ImisClient) -> list[dict[str, object]]:
    return [row for page in client.query("$/Tenure/Terms") for row in page]


@pytest.mark.parametrize(
    "answer",
    [
        Says(body=b"<!DOCTYPE html><html>Scheduled maintenance</html>", type="text/html"),
        Says(body=b"  <html>", type="application/json"),
    ],
)
def test_a_web_page_in_place_of_json(server: Server, client: ImisClient, answer: Says):
    server.script = lambda asked: answer
    with pytest.raises(Garbled, match=r"query \$/Tenure/Terms: iMIS answered with a web page") as caught:
        read(client)
    assert "maintenance page" in caught.value.mend
    assert "Scheduled" not in str(caught.value)


def test_json_cut_short_is_asked_for_again(server: Server, client: ImisClient):
    whole = paged(ROWS)
    faults = [Says(body=b'{"Items": {"$values": [{"ID": 1'), Says({"Items": None})]
    server.script = lambda asked: faults.pop() if faults else whole(asked)
    assert len(read(client)) == 3
    assert len(server.asked) == 3


def test_json_that_stays_cut_short(server: Server, client: ImisClient):
    server.script = lambda asked: Says(body=b'{"Items": {"$values": [{"Name": "Ada Byron"')
    with pytest.raises(Garbled, match="is not whole JSON") as caught:
        read(client)
    assert "Ada" not in str(caught.value)


def test_a_body_that_ends_before_its_length(server: Server, client: ImisClient):
    faults = [Says(ROWS, cut=10)]
    server.script = lambda asked: faults.pop() if faults else paged(ROWS)(asked)
    assert len(read(client)) == 3


def test_a_dropped_answer(server: Server, client: ImisClient):
    server.script = lambda asked: Says(drop=True)
    with pytest.raises(Unreachable, match="broke off"):
        read(client)
    assert len(server.asked) == 3


def test_a_charset_that_is_declared_is_believed(server: Server, client: ImisClient):
    body = '{"Items": {"$values": [{"ID": "1", "Chapter": "Zürich"}]}, "TotalCount": 1}'.encode("latin-1")
    server.script = lambda asked: Says(body=body, type="application/json; charset=iso-8859-1")
    assert read(client) == [{"ID": "1", "Chapter": "Zürich"}]


def test_a_charset_that_is_wrong_is_named(server: Server, client: ImisClient):
    server.script = lambda asked: Says(body='{"a": "Zürich"}'.encode("latin-1"))
    with pytest.raises(Garbled, match="is not whole JSON"):
        read(client)


@pytest.mark.parametrize("slow", [Says(ROWS, pause=0.05), Says(ROWS, header_pause=0.05)])
def test_bytes_that_trickle_end_at_the_deadline(server: Server, time_: FakeTime, slow: Says):
    server.script = lambda asked: slow
    client = ImisClient(server.url, "tenure", "sandbox", timeout=0.4, time=time_.keeping())
    began = time.monotonic()
    with pytest.raises(TooSlow, match=r"within 0\.4 s"):
        read(client)
    assert time.monotonic() - began < 3 * 0.4 + 1


def test_a_body_beyond_the_limit_is_not_read_to_its_end(server: Server, client: ImisClient):
    server.script = lambda asked: Says(body=b"{", headers={"Content-Length": str(5 * 2**30)})
    with pytest.raises(TooLarge, match="more than 32 MiB"):
        read(client)
    assert len(server.asked) == 1


def test_a_body_without_a_length_ends_at_the_limit(server: Server, client: ImisClient):
    body = b'{"a": "' + b"x" * (33 * 2**20) + b'"}'
    server.script = lambda asked: Says(body=body)
    with pytest.raises(TooLarge):
        read(client)


def test_a_gzip_bomb_is_noticed_early(server: Server, client: ImisClient):
    bomb = gzip.compress(b" " * (400 * 2**20), compresslevel=1)
    server.script = lambda asked: Says(body=bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge):
        read(client)


@pytest.mark.parametrize(
    ("status", "error", "words"), [(200, TooLarge, "more than 4,000,000 values"), (400, Invalid, "")]
)
def test_an_answer_of_very_many_values_is_refused_before_it_is_parsed(
    server: Server, client: ImisClient, status: int, error: type[TenureError], words: str
):
    """Ten million empty objects in 30 MiB would take a gigabyte."""
    body = gzip.compress(b"[" + b"{}," * (10 * 2**20) + b"{}]", compresslevel=1)
    server.script = lambda asked: Says(status=status, body=body, headers={"Content-Encoding": "gzip"})
    with in_little_memory(150), pytest.raises(error, match=words):
        read(client)


def test_honest_gzip_is_read(server: Server, client: ImisClient):
    def script(asked):
        return Says(body=gzip.compress(paged(ROWS)(asked).bytes()), headers={"Content-Encoding": "gzip"})

    server.script = script
    assert len(read(client)) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server: Server, client: ImisClient, status: int):
    server.script = lambda asked: Says(status=status, headers={"Location": "https://elsewhere.example/?token=abc"})
    with pytest.raises(Redirected, match=r"sends us to https://elsewhere\.example/ ") as caught:
        read(client)
    assert "abc" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Says({"Message": "no"}, 403), NotAllowed),
        (Says(status=404), NoSuchQuery),
        (Says({"Message": "Query: $/Tenure/Terms not found."}, 400), NoSuchQuery),
        (Says("Query: $/Tenure/Terms not found.", 400), NoSuchQuery),
        (Says({"Message": "In IQA query, parameters must be Parameter Equal"}, 400), Invalid),
    ],
)
def test_a_no_is_not_asked_again(server: Server, client: ImisClient, answer: Says, error: type[TenureError]):
    server.script = lambda asked: answer
    with pytest.raises(error) as caught:
        read(client)
    assert caught.value.mend
    assert len(server.asked) <= 2, "once by api/query, once by api/iqa"


def test_a_query_that_is_not_served_names_all_three_causes(server: Server, client: ImisClient):
    server.script = lambda asked: Says(status=404)
    with pytest.raises(NoSuchQuery, match=r"\$/Tenure/Terms") as caught:
        read(client)
    for cause in ("renamed", "Available via the REST API", "no right"):
        assert cause in caught.value.mend


def test_a_missing_verb(server: Server, client: ImisClient):
    server.script = lambda asked: Says(status=501)
    with pytest.raises(NotOffered):
        list(client.entities("Activity"))


@pytest.mark.parametrize("named", ["FieldName", "PropertyName"])
def test_validation_faults_are_read_out(server: Server, client: ImisClient, named: str):
    server.script = lambda asked: Says(
        {
            "$type": "Asi.Soa.Core.DataContracts.ValidationResultsData, Asi.Contracts",
            "Errors": {"$values": [{"Message": "Risk band is too long.", named: "RiskBand"}]},
            "Summary": "Risk band is too long.",
        },
        400,
    )
    with pytest.raises(Invalid, match=r"Risk band is too long\.") as caught:
        client.writing_to("AI_Member_Risk").post("AI_Member_Risk", {})
    assert (caught.value.faults, caught.value.fields) == (("Risk band is too long.",), ("RiskBand",))


def test_a_renamed_column_is_named_with_its_likely_new_name():
    with pytest.raises(ColumnsMissing, match="lacks the column `PaidThrough`") as caught:
        require_columns("the query $/Tenure/Terms", {"ID", "PaidThru", "Dues"}, ["ID", "PaidThrough"])
    assert caught.value.columns == ("PaidThrough",)
    assert "`PaidThru` may be what `PaidThrough` is called now" in caught.value.mend


@pytest.fixture
def tls_server(request: pytest.FixtureRequest):
    class Quiet(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"access_token": "t", "expires_in": 600, "userName": "TENURE"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    class Server(HTTPServer):
        def handle_error(self, *_: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{request.param}.pem")
    server = Server(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def tls_client(url: str, ca_file: Path | None, time_: FakeTime) -> ImisClient:
    return ImisClient(url, "tenure", "sandbox", ca_file=ca_file, time=time_.keeping(), timeout=5)


@pytest.mark.parametrize("tls_server", ["good"], indirect=True)
def test_a_server_of_a_private_authority_is_trusted_by_its_file(tls_server: str, time_: FakeTime):
    assert tls_client(tls_server, CERTIFICATES / "authority.pem", time_).whoami() == "TENURE"


@pytest.mark.parametrize(
    ("tls_server", "ca"),
    [("good", None), ("other-host", "authority.pem"), ("expired", "authority.pem")],
    indirect=["tls_server"],
)
def test_any_other_certificate_is_refused(tls_server: str, ca: str | None, time_: FakeTime):
    with pytest.raises(Untrusted, match="not to be trusted") as caught:
        tls_client(tls_server, CERTIFICATES / ca if ca else None, time_).whoami()
    assert "does not connect unchecked" in caught.value.mend


def test_a_tls_handshake_that_stalls_ends_at_the_deadline(time_: FakeTime):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        client = ImisClient(url, "tenure", "sandbox", timeout=0.3, time=time_.keeping())
        began = time.monotonic()
        with pytest.raises(Unreachable, match="no connection before the deadline"):
            client.whoami()
        assert time.monotonic() - began < 3


def test_a_ca_file_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageError, match="cannot be read as certificates"):
        ImisClient("https://127.0.0.1:1", "tenure", "sandbox", ca_file=tmp_path / "ca.pem")
