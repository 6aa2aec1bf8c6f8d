"""Playbooks, the audit log, what is being sent, and members' own pages, in a real Chromium."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import drafts
import factories
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, visit
from manifests import FORMER
from playwright.sync_api import Browser, Page
from sites import MORNING, Site, serving

import proposing

pytestmark = pytest.mark.browser

QUESTION = {"question": "What would make you stay?", "answers": ["Lower dues", "More events"], "valid_days": 30}
PLAN = {"installments": 4, "grace_days": 60, "purpose": "payment"}
LINKS: dict[str, list[str]] = {}
"""Members' links by page; made with the site, since the ledger cannot be asked while a browser runs."""

VIEWS = [("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With something in every state: playbooks on and off, a step lost, a webhook off, a pause that ended."""
    world = factories.world(tmp_path_factory.mktemp("seen") / "home", members=60, nights=1)
    factories.sign_up("marta", "director")
    from tenure.ledger import endpoints, passed_over, pausing, playbooks
    from tenure.ledger.models import OutreachStep
    from tenure.outreach.reading import shipped

    playbooks.seed(texts=shipped(), clock=lambda: MORNING)
    playbooks.switch(name="renewal-notice", on=True, by="marta", clock=lambda: MORNING)
    drafts.propose(world, 18, dues=320.0)
    held = [
        passed_over.HeldMember(world.member_of_rank(rank), "renewal-notice", 1, "x", "medium", "staff hours", worth=9.5)
        for rank in range(3)
    ]
    passed_over.keep(members=held, as_of=factories.DAY)
    _lose(next(step for step in OutreachStep.objects.filter(kind="email").order_by("pk")))
    for number, step in enumerate(OutreachStep.objects.filter(state="draft").order_by("pk")):
        step.kind, step.details = ("survey", QUESTION) if number % 2 else ("offer", PLAN)
        step.state = "done"  # a link out of a draft opens nothing
        step.save()
    one = endpoints.add(name="crm", url="https://crm.example", events=(), is_full=False, by="marta")
    endpoints.disable(endpoint=one, why="answers 410", by="tenure work")
    pausing.pause(by="marta", why="a wrong price", clock=lambda: MORNING)
    pausing.resume(by="marta", clock=lambda: MORNING)
    for use, kind in (("unsubscribe", "survey"), ("answer", "survey"), ("offer", "offer")):
        LINKS[use] = [link(world, use, step) for step in OutreachStep.objects.filter(kind=kind).order_by("pk")]
    with serving(world) as running:
        yield running


def _lose(step: object) -> None:
    from tenure.ledger import approvals, deliveries

    before = MORNING - dt.timedelta(hours=2)
    proposal = step.proposal_id  # type: ignore[attr-defined]
    approvals.approve(
        proposals=[proposal], by="marta", seen=proposing.seen(proposal),
        settings=proposing.settings(second_person=()), clock=lambda: before,
    )  # fmt: skip
    step.refresh_from_db()  # type: ignore[attr-defined]
    assert deliveries.begin(step=step, clock=lambda: before)
    deliveries.settle(step=step, state="unknown", error="the line broke", clock=lambda: before)


def link(world: factories.World, use: str, step: object) -> str:
    from tenure.base.pseudonym import Pseudonyms
    from tenure.outreach.tokens import Ticket, Tokens
    from tenure.outreach.tokens import link as made

    ticket = Ticket(step.proposal.member, step.reference, factories.DAY)  # type: ignore[attr-defined]
    return made("https://x", use, Tokens(Pseudonyms.of(world.home)).make(use, ticket)).removeprefix("https://x")


def look(page: Page, name: str, width: int) -> None:
    """AX-1, AX-5: axe finds nothing, nothing scrolls sideways, and each button and field can be hit."""
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, .btn")]
            .filter((e) => e.checkVisibility() && !e.closest(".skip, .sr, label"))
            .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.height < 23.5 || box.width < 23.5).map(([text]) => text)"""
    )
    assert small == [], name


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_telephone_tables_of_words_stand_as_lists_and_filters_are_folded(
    site: Site, browser: Browser, signed_in: Path, width: int
):
    """Nothing is scrolled sideways or cut, what a table says it is remains one, and the first row is soon there."""
    size = {"width": width, "height": 844}
    with browser.new_context(storage_state=signed_in, viewport=size, has_touch=True, is_mobile=True) as context:
        made = visit(site, context)
        for address, rows in (("/playbooks/", 8), ("/audit/", 10), ("/queue/passed-over/?rule=staff%20hours", 3)):
            page = made.go(address)
            table = page.locator("table.stack")
            assert page.locator(".scroll").first.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, address
            assert page.get_by_role("table").first.get_by_role("row").count() > rows, address
            assert page.get_by_role("rowheader").count() >= rows, address
            assert table.locator("tbody tr").first.bounding_box()["y"] < size["height"] / 2, address
        page = made.go("/audit/?by=marta")
        page.get_by_text("Narrowed by 1: by marta").tap()
        assert page.get_by_label("By", exact=True).input_value() == "marta"
        page = made.go("/runs/")
        assert page.get_by_role("list", name="Runs, newest first").bounding_box()["y"] < size["height"] / 2
        made.check()


@pytest.mark.parametrize(("theme", "width"), VIEWS)
def test_axe_finds_nothing_where_staff_govern(site: Site, browser: Browser, signed_in: Path, theme: str, width: int):
    """AX-1: playbooks, the audit log and what is being sent, with something in each of their lists."""
    size = {"width": width, "height": 900}
    with browser.new_context(storage_state=signed_in, color_scheme=theme, viewport=size) as context:
        made = visit(site, context)
        for name, address in {
            "playbooks": "/playbooks/", "playbook": "/playbooks/renewal-notice/", "audit": "/audit/",
            "no rows": "/audit/?member=nobody", "sending": "/sending/", "lost": "/queue/?view=unknown",
            "reports": "/reports/", "rollback": "/model/rollback", "promote": f"/model/{FORMER}/promote",
            "model": f"/model/?version={FORMER}", "who left": "/gone/",
            "settings": "/settings/", "tokens": "/settings/tokens/", "api": "/api/",
            "second factor": "/settings/second-factor/", "phases": "/settings/phases/",
            "passed over": "/queue/passed-over/?rule=staff%20hours",
            "a gate": "/settings/phases/?segment=&number=3",
            "left alone": "/settings/left-alone/", "mapping": "/settings/mapping/", "password": "/settings/password/",
        }.items():  # fmt: skip
            look(made.go(address), name, width)
        made.check()


@pytest.mark.parametrize(("theme", "width"), VIEWS)
def test_axe_finds_nothing_on_members_pages(site: Site, browser: Browser, theme: str, width: int):
    """AX-1: the pages behind links in messages, before and after their button, and for a link that is none."""
    at = VIEWS.index((theme, width))
    with browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800}) as context:
        made = visit(site, context)
        for use, addresses in LINKS.items():
            page = made.go(addresses[at])
            look(page, use, width)
            if marks := page.locator("input[type=radio]").all():
                boxes = [mark.bounding_box() or {} for mark in marks]
                assert len({(box["x"], box["width"], box["height"]) for box in boxes}) == 1, "the answers are no list"
                marks[0].check()
            page.locator("button").last.click()
            page.wait_for_load_state()
            look(page, f"{use}, done", width)
            assert page.locator("button").count() == 0, f"{use}: what was pressed was not taken"
        made.check()
        look(made.go("/m/offer/x"), "no link", width)
