"""The dearest that an address can ask for: bounded in rows, in questions and in what the database does for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import drafts
import factories
import httpx
import pytest
from sites import MORNING, Site, serving

_LONG = "a" * 10_000
_LETTERS = " ".join("aeinorstlcdmhukgbpvjyfwzxq")
_PATTERNS = ("%", "_", ".*", "(a+)+$", "[[:alpha:]]*", "^(([a-z])+.)+[A-Z]([a-z])+$", "a|b", "\\", "*a*")
_HUGE = ("1000000", "999999999999999", "-1", "1e9", "0x10", "²", "")
_MEMBERS = 240
_STEPS_EACH = 150
"""Of SQLite's machine, for each member: at fifty thousand, and twenty million a second, less than half a second."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("worst") / "home", members=_MEMBERS, nights=1)
    factories.sign_up("marta", "director")
    drafts.propose(world, 40)
    with serving(world) as running:
        yield running


WORST = (
    *(f"/?{urlencode({'q': text, 'sort': sort})}" for text in ("a", _LETTERS, _LONG) for sort in ("rank", "rise")),
    f"/?{urlencode({'q': ' '.join(['an'] * 5_000)})}",
    "/?q=a&sort=dues&page=1000000",
    "/?all=1&sort=rise&page=1000000",
    "/?change=odd&silent=90&payment=1&due=3650&grace=1&call=1&now=1&band=high&type=x&chapter=y&q=a&sort=date",
    "/today.json?q=a&sort=date&page=1000000",
    f"/queue/?{urlencode({'view': 'open', 'rule': _LONG, 'who': _LONG, 'chapter': _LONG, 'playbook': _LONG})}",
    "/queue/?view=payments&page=999999999999999",
    "/queue/?view=done",
    f"/queue/?{urlencode([('pick', n) for n in range(1, 1_000)])}",
    "/queue.json?view=dropped&rule=none",
    f"/audit/?{urlencode({'act': _LONG, 'by': _LONG, 'member': _LONG, 'proposal': '9' * 15, 'since': '0001-01-01'})}",
    "/audit/?proposal=999999999999999",
    f"/membership/?{urlencode({'type': _LONG, 'chapter': _LONG, 'by': 'chapter', 'month': '0001-01'})}",
    "/runs/?page=999999999999999",
    f"/model/?version={_LONG}",
)
"""For every filter of every page the dearest there is: much that is found, nothing that is found, and the last page."""


@pytest.fixture(scope="module")
def asked(site: Site) -> Callable[[str], tuple[int, list[str], int]]:
    """Gives the status of an address, the questions that its page put to the database, and the steps these took."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tenure.ledger import staff as accounts

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(accounts.find(username="marta"))
    session = client.session
    session.update({"began": int(MORNING.timestamp()), "seen": int(MORNING.timestamp())})
    session.save()
    done: list[int] = []

    def ask(address: str) -> tuple[int, list[str], int]:
        client.get(address)
        done.clear()
        connection.connection.set_progress_handler(lambda: done.append(1), 100)
        try:
            with CaptureQueriesContext(connection) as questions:
                status = client.get(address).status_code
        finally:
            connection.connection.set_progress_handler(None, 100)
        return status, [one["sql"] for one in questions.captured_queries], 100 * len(done)

    return ask


@pytest.mark.parametrize("address", WORST, ids=lambda address: address[:40])
def test_the_dearest_filter_costs_a_bounded_number_of_questions_and_of_steps(
    asked: Callable[[str], tuple[int, list[str], int]], address: str
):
    """How long that takes at fifty thousand members, `benchmarks/staff_pages.py --worst` tells."""
    status, questions, steps = asked(address)
    assert status == (404 if "version" in address else 200)
    assert len(questions) <= 60
    assert steps <= 50_000 + _STEPS_EACH * _MEMBERS


@pytest.mark.parametrize("text", _PATTERNS)
def test_what_somebody_writes_is_compared_and_never_run_as_a_pattern(
    site: Site, asked: Callable[[str], tuple[int, list[str], int]], text: str
):
    addresses = (
        *(f"/?{urlencode({name: text})}" for name in ("q", "type", "chapter")),
        *(f"/queue/?{urlencode({name: text})}" for name in ("playbook", "chapter", "rule", "who")),
        *(f"/audit/?{urlencode({name: text})}" for name in ("act", "by", "member")),
    )
    for address in addresses:
        status, questions, _ = asked(address)
        assert status == 200
        assert not [sql for sql in questions if any(word in sql.upper() for word in (" REGEXP ", " GLOB ", " ~ "))]
    with site.staff() as client:
        for name in ("q", "type", "chapter"):
            assert client.get("/today.json", params={name: text}).json()["total"] == 0


@pytest.mark.parametrize("number", _HUGE)
def test_a_page_holds_no_more_than_its_rows_whatever_size_is_asked_for(site: Site, number: str):
    with site.staff() as client:
        more = dict.fromkeys(("size", "limit", "per_page", "page_size", "rows"), number)
        for page in ({}, {"page": number}):
            assert 1 <= _rows(client, "/", {"all": "1", **more, **page}, r"<h3>") <= 20
            assert 1 <= _rows(client, "/queue/", {**more, **page}, r"open=\d+") <= 12
            assert len(client.get("/today.json", params={**more, **page}).json()["members"]) <= 20
            assert len(client.get("/queue.json", params={**more, **page}).json()["proposals"]) <= 12
            assert client.get("/audit/", params={**more, "before": number}).text.count("<tr") <= 52


def test_an_address_of_thousands_of_fields_is_not_read(site: Site):
    with site.staff() as client:
        assert client.get("/queue/", params={"pick": list(range(1_001))}).status_code == 400


def _rows(client: httpx.Client, address: str, given: dict[str, str], mark: str) -> int:
    answer = client.get(address, params=given)
    assert answer.status_code == 200
    found = re.findall(mark, answer.text)
    return len(found) if mark == "<h3>" else len(set(found))
