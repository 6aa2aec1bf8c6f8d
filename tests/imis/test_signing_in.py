"""How Tenure signs in, keeps its token, and never tries a refused password twice."""

from __future__ import annotations

import pytest
from scripted_server import Asked, FakeTime, Says, Server, paged

from tenure.base.errors import SourceRefused, SourceUnavailable, UsageError
from tenure.imis import (
    ImisClient,
    ImisRefused,
    LockedOut,
    NotImis,
    TokenRefused,
    Unreachable,
    Untrusted,
    WrongCredentials,
)

ROWS = [{"ID": n} for n in range(3)]


def read(client: ImisClient) -> list[dict[str, object]]:
    return [row for page in client.query("$/Tenure/Members") for row in page]


def test_the_password_goes_as_a_form_and_the_token_as_a_bearer(server: Server, client: ImisClient):
    server.script = paged(ROWS)
    seen: list[Asked] = []

    def token(asked: Asked) -> Says:
        seen.append(asked)
        return Says({"access_token": "abc", "expires_in": 600, "userName": "TENURE_SVC"})

    server.token = token
    read(client)
    assert seen[0].body == b"grant_type=password&username=tenure&password=sandbox"
    assert server.asked[0].headers["Authorization"] == "Bearer abc"
    assert client.whoami() == "TENURE_SVC"


def test_it_introduces_itself_honestly(server: Server, client: ImisClient):
    server.script = paged(ROWS)
    read(client)
    assert server.asked[0].headers["User-Agent"].startswith("Tenure/")


def test_a_wrong_password_is_tried_once_and_never_again(server: Server, client: ImisClient):
    server.token = lambda asked: Says({"error": "invalid_grant", "error_description": "incorrect"}, 400)
    for _ in range(3):
        with pytest.raises(WrongCredentials) as caught:
            read(client)
    assert server.tokens == 1
    assert isinstance(caught.value, SourceRefused)
    assert "TENURE_IMIS_PASSWORD" in caught.value.mend
    assert "sandbox" not in str(caught.value)


def test_a_locked_account_is_called_locked(server: Server, client: ImisClient):
    server.token = lambda asked: Says({"error": "invalid_grant", "error_description": "Account is locked out."}, 400)
    with pytest.raises(LockedOut, match="locked"):
        read(client)


@pytest.mark.parametrize(
    "answer",
    [
        Says(body=b"<html>Welcome</html>", type="text/html"),
        Says({"hello": "world"}),
        Says(status=404, body=b"no such page", type="text/plain"),
        Says(status=405, body=b""),
    ],
)
def test_a_server_that_is_no_imis_is_named_as_such(server: Server, client: ImisClient, answer: Says):
    server.token = lambda asked: answer
    with pytest.raises(NotImis, match="does not answer as an iMIS"):
        read(client)
    assert server.tokens == 1


def test_a_firewall_before_the_token_is_named(server: Server, client: ImisClient):
    server.token = lambda asked: Says(status=403, body=b"Blocked")
    with pytest.raises(ImisRefused, match="in front of iMIS"):
        read(client)


def test_a_token_endpoint_that_fails_for_a_moment_is_tried_again(server: Server, client: ImisClient):
    server.script = paged(ROWS)
    answers = [Says(status=503), Says({"access_token": "t", "expires_in": 600})]
    server.token = lambda asked: answers.pop(0)
    assert len(read(client)) == 3


def test_one_401_costs_one_new_token(server: Server, client: ImisClient):
    refused = iter([True])
    server.script = lambda asked: Says(status=401) if next(refused, False) else paged(ROWS)(asked)
    assert len(read(client)) == 3
    assert server.tokens == 2
    assert server.asked[1].headers["Authorization"] == "Bearer t2"


def test_a_second_401_ends_it(server: Server, client: ImisClient):
    server.script = lambda asked: Says({"Message": "Authorization has been denied for this request."}, 401)
    with pytest.raises(TokenRefused):
        read(client)
    assert (server.tokens, len(server.asked)) == (2, 2)


def test_a_storm_of_401s_ends_too(server: Server, client: ImisClient):
    """Each fresh token works once: three renewals an hour are enough to see that."""
    worked: set[str] = set()

    def script(asked: Asked) -> Says:
        token = asked.headers["Authorization"]
        if token in worked:
            return Says(status=401)
        worked.add(token)
        return paged(ROWS)(asked)

    server.script = script
    for _ in range(4):
        read(client)
    with pytest.raises(TokenRefused):
        read(client)
    with pytest.raises(TokenRefused):
        read(client)
    assert server.tokens == 4


def test_a_token_is_renewed_before_it_ends(server: Server, client: ImisClient, time_: FakeTime):
    server.script = paged(ROWS)
    server.token = lambda asked: Says({"access_token": f"t{server.tokens}", "expires_in": 1200})
    read(client)
    time_.now += 800
    read(client)
    assert server.tokens == 1
    time_.now += 200
    read(client)
    assert server.tokens == 2


def test_a_token_that_ends_in_the_middle_of_a_list_is_renewed_there(
    server: Server, client: ImisClient, time_: FakeTime
):
    server.script = paged([{"ID": n} for n in range(1500)])
    server.token = lambda asked: Says({"access_token": f"t{server.tokens}", "expires_in": 1200})
    pages = []
    for page in client.query("$/Tenure/Members"):
        pages.append(len(page))
        time_.now += 1000
    assert pages == [500, 500, 500]
    assert server.tokens == 3


def test_an_address_where_nothing_listens(time_: FakeTime):
    client = ImisClient("http://127.0.0.1:9/", "tenure", "sandbox", time=time_.keeping())
    with pytest.raises(Unreachable, match=r"nothing answers at http://127\.0\.0\.1:9: connection refused") as caught:
        client.whoami()
    assert "source.url" in caught.value.mend
    assert isinstance(caught.value, SourceUnavailable)


@pytest.mark.parametrize("url", ["https://no-such-host.invalid", "http://no-such-host.invalid/api/"])
def test_a_host_that_nobody_knows(url: str, time_: FakeTime):
    with pytest.raises(Unreachable, match=r"no host by the name no-such-host\.invalid is known"):
        ImisClient(url, "tenure", "sandbox", time=time_.keeping()).whoami()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org",
        "https://",
        "https://user:secret@example.org",
        "ftp://user:secret@host",
        "http://exa mple",
    ],
)
def test_an_address_that_cannot_be_one(url: str):
    with pytest.raises(UsageError) as caught:
        ImisClient(url, "tenure", "sandbox")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/"])
def test_an_address_is_taken_as_people_write_it(server: Server, tail: str, time_: FakeTime):
    server.script = paged(ROWS)
    client = ImisClient(server.url + tail, "tenure", "sandbox", time=time_.keeping())
    assert len(read(client)) == 3
    assert server.asked[0].path == "/api/query"


def test_an_imis_below_a_path(server: Server, time_: FakeTime):
    server.script = lambda asked: Says({"access_token": "t"}) if asked.path.endswith("/token") else paged(ROWS)(asked)
    client = ImisClient(server.url + "/Asi.Scheduler_Test", "tenure", "sandbox", time=time_.keeping())
    assert len(read(client)) == 3
    assert [asked.path for asked in server.asked] == ["/Asi.Scheduler_Test/token", "/Asi.Scheduler_Test/api/query"]


def test_a_password_never_goes_over_plain_http_to_the_public_network(time_: FakeTime):
    with pytest.raises(Untrusted, match="plain http"):
        ImisClient("http://8.8.8.8", "tenure", "sandbox", time=time_.keeping()).whoami()
