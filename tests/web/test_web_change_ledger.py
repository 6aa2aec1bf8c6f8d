"""The change ledger on its page: entered by those who may, withdrawn with a reason, read by everyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import factories
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, sign_in, visit
from playwright.sync_api import Browser
from sites import Site, send, serving

ROOM = "/settings/changes/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("changes") / "home", members=40, nights=1)
    for name, role in {"marta": "manager", "ana": "analyst", "vic": "viewer"}.items():
        factories.sign_up(name, role)
    with serving(world) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_entered(request: pytest.FixtureRequest, site: Site, _pointed_at_the_site: None) -> None:
    from tenure.ledger.models import EnteredChange

    if "browser" not in request.fixturenames:  # beside whose loop the ledger is not asked
        EnteredChange.objects.all().delete()


def enter(client: httpx.Client, **given: str) -> httpx.Response:
    return send(client, f"{ROOM}enter", **{"change": "Dues <up> 8 %", "day": "2026-01-01", **given})


def known(client: httpx.Client, label: str) -> str:
    """The first value that the form offers under *label*."""
    found = re.search(rf'<option value="([^"]+)">{label} ', client.get(ROOM).text)
    assert found is not None, label
    return unescape(found[1])


def listed(client: httpx.Client) -> list[dict[str, object]]:
    return [row for row in client.get("/settings/changes.json").json()["changes"] if row["entry"]]


def test_a_change_is_entered_for_those_on_record_and_withdrawn_with_a_reason(site: Site):
    with site.staff("ana") as ana, site.staff("vic") as vic:
        chosen = known(ana, "Member type")
        assert enter(ana, field="member_type", value=chosen).status_code == 302
        (row,) = listed(vic)
        assert (row["change"], row["changed_on"], row["scope"], row["by"]) == (
            "Dues <up> 8 %", "2026-01-01", f"member_type={chosen}", "ana"
        )  # fmt: skip
        page = vic.get(ROOM).text
        assert "Dues &lt;up&gt; 8 %" in page
        assert f"Member type {chosen} · entered by ana" in page
        assert "/settings/changes/enter" not in page, "who may not enter is shown no form"

        assert send(ana, f"{ROOM}withdraw", entry=str(row["entry"]), why="").status_code == 422
        assert send(ana, f"{ROOM}withdraw", entry=str(row["entry"]), why="it was 6 %").status_code == 302
        assert [(one["withdrawn_by"], one["why_withdrawn"]) for one in listed(vic)] == [("ana", "it was 6 %")]
        assert "<s>Dues &lt;up&gt; 8 %</s>" in vic.get(ROOM).text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"day": ""}, "the day from which it is so"),
        ({"day": "2226-01-01"}, "can hardly be"),
        ({"field": "member_type", "value": "No such type"}, "would concern nobody"),
        ({"value": "Gulf"}, "whom the change concerns is everybody"),
        ({"field": "weather", "value": "bad"}, "names a field"),
        ({"change": " "}, "needs words"),
    ],
)
def test_what_will_not_do_comes_back_with_what_was_written(site: Site, given: dict[str, str], words: str):
    with site.staff("ana") as ana:
        answer = enter(ana, **given)
        assert answer.status_code == 422
        assert words in unescape(answer.text)
        kept = {"change": "Dues <up> 8 %", **given}["change"].strip()
        assert not kept or f'value="{kept.replace("<", "&lt;").replace(">", "&gt;")}"' in answer.text
        assert listed(ana) == []


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_a_change_is_entered_by_keyboard(site: Site, browser: Browser, theme: str, width: int):
    with browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}) as context:
        made = visit(site, context)
        sign_in(made.page, site)
        page = made.go(ROOM)
        page.get_by_label("What changed").fill(f"New website, seen at {width}")
        page.get_by_label("The day from which it is so").fill("2026-02-01")
        page.get_by_label("The day from which it is so").press("Enter")
        page.wait_for_url("**/settings/changes/#c-*")
        assert page.get_by_text(f"New website, seen at {width}").first.is_visible()
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        made.check()
