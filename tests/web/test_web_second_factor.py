"""The second factor: put on a telephone, asked for at sign-in, guessed at in vain, lost, and asked of some roles."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import factories
import httpx
import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, visit
from playwright.sync_api import Browser, Page
from sites import MORNING, Site, send, serving, sign_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.empty_world(tmp_path_factory.mktemp("factor") / "home", second_factor="approvers")
    for name, role in (("marta", "manager"), ("ada", "administrator"), ("vera", "viewer"), ("gil", "manager")):
        factories.sign_up(name, role)
    with serving(world) as running:
        yield running


def later(site: Site, seconds: int):
    """The same association some time after."""
    return serving(site.world, MORNING + dt.timedelta(seconds=seconds))


def form(client: httpx.Client, address: str, **fields: str) -> httpx.Response:
    return send(client, address, page=address, **fields)


def enrol(client: httpx.Client, seconds: int = 0) -> tuple[pyotp.TOTP, list[str]]:
    """Do what the page says; gives the telephone and the recovery codes."""
    page = client.get("/settings/second-factor/").text
    telephone = pyotp.TOTP(re.search(r"<code>((?:[A-Z2-7]{4} ?){8})</code>", page).group(1).replace(" ", ""))
    code = telephone.at(MORNING + dt.timedelta(seconds=seconds))
    done = form(client, "/settings/second-factor/", code=code, password=factories.PASSWORD)
    assert done.status_code == 200, done.text
    return telephone, re.findall(r"<li><code>([a-z2-9]{5}-[a-z2-9]{5})</code></li>", done.text)


def test_it_is_asked_for_after_the_password_each_code_once_and_recovery_codes_once(site: Site):
    from tenure.ledger.models import AuditEvent, RecoveryCode

    with site.staff("marta") as client, site.staff("marta") as elsewhere:
        telephone, codes = enrol(client)
        assert client.get("/").status_code == 200
        assert elsewhere.get("/").headers["location"].startswith("/sign-in")
    assert len(set(codes)) == 10
    assert not set(codes) & set(RecoveryCode.objects.values_list("digest", flat=True))

    with later(site, 60) as now, now.visitor() as visitor:
        half = sign_in(visitor, "marta", factories.PASSWORD, next="/keys/")
        assert half.headers["location"] == "/sign-in/code"
        assert visitor.get("/").status_code == 302
        code = telephone.at(MORNING + dt.timedelta(seconds=60))
        assert form(visitor, "/sign-in/code", code="000000").status_code == 200
        assert form(visitor, "/sign-in/code", code=code).headers["location"] == "/keys/"
        assert visitor.get("/keys/").status_code == 200
        with now.visitor() as thief:
            sign_in(thief, "marta", factories.PASSWORD)
            assert "was used already" in form(thief, "/sign-in/code", code=code).text
            assert form(thief, "/sign-in/code", code=codes[0].upper().replace("-", " ")).status_code == 302
        with now.visitor() as thief:
            sign_in(thief, "marta", factories.PASSWORD)
            assert "was used already" in form(thief, "/sign-in/code", code=codes[0]).text
        assert "9 of your recovery codes" in visitor.get("/settings/second-factor/").text
    acts = [row.act for row in AuditEvent.objects.filter(by="marta").order_by("number")]
    assert acts.count("staff:factor:begin") == 1
    assert acts.count("staff:factor:recover") == 1
    assert acts.count("staff:session:begin") == 4


def test_codes_are_throttled_and_a_right_password_between_them_changes_nothing(site: Site):
    with site.staff("gil") as client:
        telephone, _ = enrol(client)
    with later(site, 1000) as now, now.visitor() as visitor:
        for _ in range(5):
            sign_in(visitor, "gil", factories.PASSWORD)
            assert form(visitor, "/sign-in/code", code="123123").status_code == 200
        assert sign_in(visitor, "gil", factories.PASSWORD).status_code == 429
        code = telephone.at(MORNING + dt.timedelta(seconds=1000))
        assert form(visitor, "/sign-in/code", code=code).status_code == 429
    with later(site, 2000) as now, now.visitor() as visitor:
        sign_in(visitor, "gil", factories.PASSWORD)
        code = telephone.at(MORNING + dt.timedelta(seconds=2000))
        assert form(visitor, "/sign-in/code", code=code).status_code == 302
    with later(site, 4000) as now, now.visitor() as visitor:
        sign_in(visitor, "gil", factories.PASSWORD)
        cookies = dict(visitor.cookies)
    with later(site, 4000 + 301) as now, httpx.Client(base_url=now.url, cookies=cookies) as visitor:
        assert visitor.get("/sign-in/code").headers["location"] == "/sign-in"


def test_who_may_approve_or_manage_accounts_opens_nothing_before_they_have_one(site: Site):
    with site.staff("ada") as client:
        for address in ("/", "/queue/", "/settings/", "/today.csv"):
            assert client.get(address).headers["location"] == "/settings/second-factor/"
        assert "Nothing else opens before" in client.get("/settings/second-factor/").text
        wrong = form(client, "/settings/second-factor/", code="000000", password=factories.PASSWORD)
        assert (wrong.status_code, "That code is not right" in wrong.text) == (422, True)
        assert form(client, "/settings/second-factor/", code="000000", password="x").status_code == 422
        enrol(client)
        assert client.get("/settings/").status_code == 200
        assert form(client, "/settings/second-factor/", password="x").status_code == 200
        off = "/settings/second-factor/off"
        assert send(client, off, password="x").status_code == 422
        assert send(client, off, password=factories.PASSWORD).status_code == 302
        assert client.get("/").headers["location"] == "/settings/second-factor/"
    with site.staff("vera") as client:
        assert client.get("/").status_code == 200


def test_who_lost_telephone_and_codes_is_let_in_by_whoever_runs_tenure(site: Site):
    from tenure.ledger import factors, staff

    assert factors.end(person=staff.required(username="marta"), by="tenure staff", clock=lambda: MORNING)
    assert not factors.end(person=staff.required(username="marta"), by="tenure staff", clock=lambda: MORNING)
    with site.visitor() as visitor:
        assert sign_in(visitor, "marta", factories.PASSWORD).headers["location"] == "/"


@pytest.mark.browser
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_it_is_set_up_and_asked_for_in_a_browser_without_a_violation(
    site: Site, browser: Browser, theme: str, width: int
):
    """AX-1, WA-3: the QR code, the recovery codes, and the page that asks for a code."""
    with browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900}) as context:
        made = visit(site, context)
        page = made.go("/sign-in?next=/settings/second-factor/")
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        look(page, width)
        telephone = pyotp.TOTP(page.locator("ol code").inner_text().replace(" ", ""))
        page.get_by_role("textbox", name="Code").fill(telephone.at(MORNING))
        page.get_by_label("Your password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Turn it on").click()
        look(page, width)
        codes = page.locator(".codes code").all_inner_texts()
        page.get_by_role("button", name="Sign out").first.click()
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        look(page, width)
        page.get_by_role("textbox", name="Code").fill(codes[0])
        page.get_by_role("button", name="Sign in").click()
        made.go("/settings/second-factor/")
        page.get_by_label("Your password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Turn it off").click()
        assert page.get_by_role("button", name="Turn it on").is_visible()
        made.check()


def look(page: Page, width: int) -> None:
    page.wait_for_load_state()
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
