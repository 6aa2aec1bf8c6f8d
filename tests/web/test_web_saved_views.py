"""Views of Today and of the queue that staff save under names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import drafts
import factories
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, sign_in, visit
from playwright.sync_api import Browser
from sites import Site, send, serving

SAVE, CHANGE = "/settings/views/save", "/settings/views/change"
PEOPLE = {"marta": "manager", "ida": "director", "vic": "viewer", "lin": "liaison"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("views") / "home", members=80, nights=1)
    for name, role in PEOPLE.items():
        factories.sign_up(name, role, chapter="Gulf" if role == "liaison" else "")
    drafts.propose(world, 24)
    with serving(world) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_saved(request: pytest.FixtureRequest, site: Site, _pointed_at_the_site: None) -> None:
    from tenure.ledger.models import SavedView

    if "browser" not in request.fixturenames:  # beside whose loop the ledger is not asked
        SavedView.objects.all().delete()


def save(client: httpx.Client, name: str, back: str = "band=high", *, of: str = "today", **more: str) -> httpx.Response:
    return send(client, SAVE, of=of, back=back, name=name, **more)


def change(client: httpx.Client, view: str, do: str, **more: str) -> httpx.Response:
    return send(client, CHANGE, view=number_of(view), do=do, **more)


def number_of(view: str) -> int:
    from tenure.ledger.models import SavedView

    return SavedView.objects.get(name=view).pk


def tabs(client: httpx.Client, address: str) -> dict[str, tuple[str, int, bool]]:
    """By name: where each saved view leads to, its count, and whether it is the one that is shown."""
    found = re.findall(
        r'<a class="saved" href="([^"]+)"( aria-current="page")?>([^<]+)<span class="count">([\d,]+)',
        client.get(address).text,
    )
    return {unescape(name): (unescape(to), int(n.replace(",", "")), bool(now)) for to, now, name, n in found}


def acts() -> list[tuple[str, str]]:
    from tenure.ledger.models import AuditEvent

    return [(row.act, row.by) for row in AuditEvent.objects.filter(act__startswith="view:").order_by("number")]


@pytest.mark.parametrize(
    ("of", "back", "twin"),
    [
        ("today", "band=medium&due=3650&sort=date&page=2", "/today.json"),
        ("today", "all=1", "/today.json"),
        ("today", "", "/today.json"),
        ("queue", "view=open&chapter=Gulf&page=2&open=3&pick=4", "/queue.json"),
        ("queue", "view=done&who=nobody", "/queue.json"),
    ],
)
def test_what_a_list_is_asked_for_is_saved_under_a_name_and_leads_back_to_it(site: Site, of: str, back: str, twin: str):
    with site.staff() as marta:
        answer = save(marta, "  Mine,\n of “today” & <more> ", back, of=of)
        address = answer.headers["location"]
        assert answer.status_code == 302
        ((name, (to, count, is_current)),) = tabs(marta, address.partition("#")[0]).items()
        assert (name, to, is_current) == ("Mine, of “today” & <more>", address, True)
        assert not re.search(r"[?&](page|open|pick)=", address)
        asked = address.partition("?")[2].partition("#")[0]
        assert count == marta.get(f"{twin}?{asked}").json()["total"]
        assert not any(
            now for _, _, now in tabs(marta, "/?payment=1" if of == "today" else "/queue/?view=held").values()
        )
        with site.staff("ida") as ida:
            assert tabs(ida, "/") == tabs(ida, "/queue/") == {}


def test_words_that_were_looked_for_are_not_kept(site: Site):
    """They may be a member's name, which would outlive the member's erasure."""
    from tenure.ledger.models import AuditEvent, SavedView

    with site.staff() as marta:
        to_save = unescape(
            re.search(r'save-view">[^<]*<a href="([^"]+)"', marta.get("/?q=bielak&band=high").text).group(1)
        )
        form = marta.get(to_save).text
        assert "words that you looked for are left out" in form
        assert "bielak" not in form.partition("saving")[2].lower()
        assert save(marta, "Some of them", "q=bielak&band=high").headers["location"] == "/?band=high&sort=rank#work"
    assert SavedView.objects.get().asks == {"band": "high", "sort": "rank"}
    told = AuditEvent.objects.filter(act="view:list:save").latest("number").details
    assert told == {"room": "today", "owner": "marta", "shared": False}, "the log, which forgets nothing, has no name"


def test_a_view_is_renamed_removed_and_put_back_each_with_its_row_in_the_audit_log(site: Site):
    before = len(acts())
    with site.staff() as marta:
        save(marta, "First")
        save(marta, "Second", "band=low")
        assert "there already" in change(marta, "First", "rename", name="SECOND").text
        assert change(marta, "First", "rename", name="Third").status_code == 302
        gone = change(marta, "Third", "remove")
        assert set(tabs(marta, "/")) == {"Second"}
        form = gone.text.partition('class="undo"')[2].partition("</form>")[0]
        back = {name: unescape(text) for name, text in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
        assert send(marta, SAVE, **{**back, "csrfmiddlewaretoken": back.pop("csrfmiddlewaretoken")}).status_code == 302
        assert set(tabs(marta, "/")) == {"Second", "Third"}
        assert change(marta, "Third", "nonsense").status_code == 404
        assert send(marta, CHANGE, view="999", do="remove").status_code == 422
    verbs = ("save", "save", "rename", "remove", "save")
    assert acts()[before:] == [(f"view:list:{verb}", "marta") for verb in verbs]


def test_the_team_sees_what_those_who_may_share_and_nobody_elses(site: Site):
    with site.staff() as marta, site.staff("ida") as ida, site.staff("vic") as vic, site.staff("lin") as lin:
        assert save(vic, "Own").status_code == 302, "everyone saves for themselves"
        assert save(vic, "For all", "band=low", shared="1").status_code == 403
        assert change(vic, "Own", "share").status_code == 403
        save(marta, "Gulf", "chapter=Gulf")
        assert tabs(vic, "/").keys() == {"Own"}
        assert change(marta, "Gulf", "share").status_code == 302
        save(marta, "Pacific", "chapter=Pacific", shared="1")
        assert tabs(vic, "/").keys() == {"Own", "Gulf", "Pacific"}
        assert tabs(lin, "/").keys() == {"Gulf"}, "a liaison is shown nothing of other chapters"
        assert tabs(lin, "/")["Gulf"][1] == tabs(marta, "/")["Gulf"][1] > 0

        assert "there already" in save(ida, "gulf", "band=low", shared="1").text
        for do in ("rename", "remove"):
            assert change(ida, "Gulf", do, name="x").status_code == 403
        assert change(vic, "Gulf", "withdraw").status_code == 403
        assert send(ida, CHANGE, view=number_of("Own"), do="withdraw").status_code == 422, "private is unseen"
        assert change(ida, "Gulf", "withdraw").status_code == 302
        assert tabs(vic, "/").keys() == {"Own", "Pacific"}
        assert tabs(marta, "/").keys() == {"Gulf", "Pacific"}, "withdrawn, it is its owner's still"
        listed = vic.get("/settings/views.json").json()["views"]
        assert [(row["name"], row["account"], row["shared"]) for row in listed] == [
            ("Own", "vic", False),
            ("Pacific", "marta", True),
        ]


@pytest.mark.parametrize("name", ["", " \t ", "x" * 61, "a\u202eb", "zero\u200bwidth", "bell\x07"])
def test_a_name_that_cannot_be_read_or_is_too_long_is_refused(site: Site, name: str):
    from tenure.ledger.models import SavedView

    with site.staff() as marta:
        answer = save(marta, name)
        assert (answer.status_code, SavedView.objects.count()) == (422, 0)
        assert 'id="v-name"' in answer.text, "the form is there to be mended"


def test_there_are_some_dozens_at_most_and_none_twice(site: Site):
    from tenure.ledger import saved_views
    from tenure.ledger.models import SavedView

    with site.staff("vic") as vic:
        for days in range(1, saved_views.MOST + 1):
            saved_views.save(by="vic", room="today", name=f"Due in {days}", asks={"due": str(days), "sort": "rank"})
        assert "as many as there may be" in save(vic, "One more").text
        assert save(vic, "Of the queue", of="queue", back="view=high").status_code == 302
        assert "saved already, as “Of the queue”" in unescape(save(vic, "b", of="queue", back="view=high").text)
        assert save(vic, "x", of="elsewhere").status_code == 422
        assert len(tabs(vic, "/")) == saved_views.MOST == SavedView.objects.count() - 1


@pytest.mark.browser
@pytest.mark.parametrize(
    ("theme", "width", "script", "sort"), [("light", 1280, True, "date"), ("dark", 320, False, "dues")]
)
def test_a_view_is_saved_by_keyboard_with_and_without_a_script(
    site: Site, browser: Browser, theme: str, width: int, script: bool, sort: str
):
    name = f"High risk along the Gulf coast and elsewhere, sorted by {sort}"[:60]
    with browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}) as context:
        made = visit(site, context)
        sign_in(made.page, site)
        with browser.new_context(
            color_scheme=theme, viewport={"width": width, "height": 900}, java_script_enabled=script,
            storage_state=context.storage_state(),
        ) as plain:  # fmt: skip
            page = plain.new_page()
            page.goto(f"{site.url}/?band=high&sort={sort}")
            page.get_by_role("link", name="Save this view…").press("Enter")
            page.get_by_label("Name", exact=True).fill(name)
            page.get_by_label("Show it to everyone on the team").press("Space")
            page.get_by_label("Name", exact=True).press("Enter")
            page.wait_for_url(f"**/?band=high&sort={sort}#work")
            if width < 640:
                page.get_by_text(f"View: {name}").press("Enter")
            shown = page.get_by_role("navigation", name="Views").get_by_role("link", name=name)
            assert shown.get_attribute("aria-current") == "page"
        for address in (f"/?band=high&sort={sort}", "/settings/views/?of=queue&back=view%3Dhigh"):
            page = made.go(address)
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, f"{address}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        made.check()
