"""Every list of every page has the same rows as CSV and JSON: the lists are found on the pages, not named here."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import drafts
import factories
import httpx
import pytest
from sites import MORNING, Site, serving

ROOMS = {"section", "figure", "aside", "main"}
"""What a list and its links stand in together."""

NO_LISTS = {"Keys", "clauses", "Drafts to approve"}
"""What looks like a list and is none: the help, the records beside a draft, a form."""


TELLS_MORE = {"/membership.csv", "/runs.csv"}
"""Whose JSON is a tree, and has its own tests."""


class Page(HTMLParser):
    """The lists of a page, each with the links of the rooms that it stands in, the innermost first."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str]]] = []
        self._rooms: list[list[str]] = []
        self.lists: list[tuple[str, list[str]]] = []
        self.links: list[str] = []
        self.words: set[str] = set()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        if any(tag == "a" for tag, _ in self._open):
            self.words.add(data.strip().lower())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ROOMS or "halves" in given.get("class", "").split():
            self._rooms.append([])
            self._open.append((tag, given | {"is_room": "1"}))
        elif tag not in ("br", "input", "link", "meta", "hr", "wbr", "img"):
            self._open.append((tag, given))
        inside = [" ".join(one.get("class", "").split()) for _, one in self._open]
        is_list = tag == "table" or (tag == "ol" and "clauses" not in inside)
        if is_list and self._rooms:
            around = next((one["aria-label"] for _, one in reversed(self._open[:-1]) if "aria-label" in one), "")
            self.lists.append((given.get("aria-label") or around or given.get("class", ""), self._rooms[-1]))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
            if self._rooms:
                self._rooms[-1].append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, given = self._open.pop()
            if "is_room" in given:
                links = self._rooms.pop()
                if closed == "div" and self._rooms:
                    self._rooms[-1] += links
            if closed == tag:
                return


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With something in every list."""
    world = factories.world(tmp_path_factory.mktemp("twins") / "home", members=120, nights=2)
    factories.sign_up("dana", "director")
    factories.sign_up("ada", "administrator")
    drafts.propose(world, 20)
    from tenure.ledger import passed_over, pausing, playbooks
    from tenure.outreach.reading import shipped

    playbooks.seed(texts=shipped(), clock=lambda: MORNING)
    pausing.pause(by="dana", why="=a wrong price", clock=lambda: MORNING)
    pausing.resume(by="dana", clock=lambda: MORNING)
    held = passed_over.HeldMember(world.member_of_rank(), "renewal-notice", 1, "x", "medium", "staff hours", worth=9.5)
    passed_over.keep(members=[held], as_of=factories.DAY)
    with serving(world) as running:
        yield running


def pages(site: Site) -> dict[str, list[str]]:
    """By who reads them: every page that may show a list."""
    from tenure.ledger import identities
    from tenure.ledger.models import Proposal

    row = Proposal.objects.filter(state="open").order_by("pk").first()
    member = identities.ids_of(members=[row.member])[row.member]
    return {
        "dana": [
            "/", "/?all=1", "/?payment=1", "/gone/?days=30", "/queue/", "/queue/?view=held", "/queue/passed-over/",
            f"/queue/bulk?pick={row.pk}", f"/members/{member}/", f"/members/{member}/receipt/",
            f"/members/{site.world.id_of_rank()}/", "/membership/", "/membership/?by=chapter", "/model/", "/runs/",
            *(f"/runs/{number}/" for number in (1, 2)), "/playbooks/", "/playbooks/renewal-notice/", "/audit/",
            "/sending/", "/keys/", "/settings/phases/", "/settings/left-alone/", "/settings/mapping/",
        ],
        "ada": ["/settings/people/", "/settings/tokens/", "/settings/webhooks/", "/settings/views/",
                "/settings/changes/"],
    }  # fmt: skip


def test_every_list_on_a_page_leads_to_twins_that_say_the_same(site: Site):
    lists, twins, without = 0, set(), []
    for who, addresses in pages(site).items():
        with site.staff(who) as client:
            for address in addresses:
                answer = client.get(address)
                assert answer.status_code == 200, address
                page = Page(answer.text)
                for name, links in page.lists:
                    forms = {urlsplit(link).path.rpartition(".")[2] for link in links}
                    is_twinned = "csv" in forms and bool(forms & {"json", "svg"})  # a chart has SVG
                    lists += 1
                    # The table beside a chart is its CSV, and the chart says whose it is.
                    if not (name in NO_LISTS or is_twinned or f"of {name.lower()}" in page.words):
                        without.append(f"{address}: {name}")
                twins |= {(who, urljoin(address, one)) for one in page.links if re.search(r"\.csv(\?|$)", one)}
            for _, twin in [one for one in twins if one[0] == who]:
                same(client, twin)
    assert not without, "\n".join(without)
    assert lists > 30
    assert len(twins) > 30


def same(client: httpx.Client, csv_address: str) -> None:
    """The JSON of a list has the columns and rows of its CSV, of a long list those of its first page."""
    file = client.get(csv_address)
    assert file.status_code == 200, csv_address
    text = file.text.lstrip("\ufeff")
    assert not re.search(r'(^|,|\n)"?[=@]', text), f"{csv_address}: a cell begins a formula"
    rows = list(csv.DictReader(io.StringIO(text)))
    twin = client.get(csv_address.replace(".csv", ".json", 1))
    if twin.status_code == 404:
        assert client.get(csv_address.replace(".csv", ".svg", 1)).status_code == 200, "a chart has SVG instead"
        return
    if urlsplit(csv_address).path in TELLS_MORE:
        return
    lists = [value for value in twin.json().values() if isinstance(value, list)]
    listed = next((one for one in lists if rows and one and list(one[0]) == list(rows[0])), [])
    assert bool(rows) == bool(listed), f"{csv_address}: other columns than its JSON"
    assert len(rows) >= len(listed), csv_address
