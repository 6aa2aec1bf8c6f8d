"""The staff pages in a real Chromium."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import factories
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import NAMES, RULES, Visit, launched, sign_in, visit, walk_by_tab
from playwright.sync_api import Browser, Locator, Page
from playwright.sync_api import Error as PlaywrightError
from sites import Site

from tenure.briefing import Brief, Part, letter
from tenure.charts import Column, Month, Table
from tenure.charts import months as months_chart

pytestmark = pytest.mark.browser

WIDTHS = (1440, 1024, 390, 320)


@pytest.fixture
def seen(site: Site, browser: Browser, signed_in: Path) -> Iterator[Visit]:
    with browser.new_context(storage_state=signed_in, viewport={"width": 1440, "height": 900}) as context:
        made = visit(site, context)
        yield made
        made.check()


def addresses(site: Site) -> dict[str, str]:
    member = site.world.id_of_rank()
    return {
        "today": "/",
        "filtered": "/?q=jun&band=medium&sort=date",
        "nobody": "/?q=zzzz",
        "everyone": "/?all=1",
        "last page": "/?all=1&page=12",
        "member": f"/members/{member}/",
        "timeline": f"/members/{member}/?show=events",
        "call": f"/members/{member}/call",
        "receipt": f"/members/{member}/receipt/",
        "gone": "/gone/?days=30",
        "membership": "/membership/",
        "model": "/model/",
        "runs": "/runs/",
        "run": "/runs/3/",
    }


def test_the_morning_sign_in_filter_page_open_and_sign_out(site: Site, browser: Browser):
    """What staff do: each view is an address, and Back brings the former one."""
    with browser.new_context(accept_downloads=True) as context:
        made = visit(site, context)
        page = made.page
        sign_in(page, site)
        page.get_by_role("navigation", name="Views").get_by_role("link", name="Everyone").click()
        assert page.locator(".work > li").count() == 20
        page.get_by_text("Narrow the list").click()
        page.get_by_label("Band", exact=True).select_option("medium")
        page.get_by_label("Sort by").select_option("date")
        page.get_by_role("button", name="Show").click()
        assert "band=medium" in page.url
        assert "sort=date" in page.url
        assert {text.split("\n")[0] for text in page.locator(".work .risk-word").all_inner_texts()} == {"Medium"}
        shown = page.locator(".work h3").all_inner_texts()

        page.get_by_role("link", name="Next", exact=True).click()
        assert "page=2" in page.url
        assert "band=medium" in page.url
        assert page.locator(".work h3").all_inner_texts() != shown

        with page.expect_download() as waiting:
            page.get_by_role("link", name="CSV").click()
        rows = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(rows) == 1 + site.world.scores.filter(site.world.scores["band"] == "medium").height

        name = page.locator(".work h3 a").first.inner_text()
        page.locator(".work h3 a").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == name
        page.go_back()
        assert "page=2" in page.url
        page.get_by_role("button", name="Sign out").first.click()
        page.wait_for_url("**/sign-in")
        made.check()


def test_the_slash_key_goes_to_the_search_and_only_outside_of_fields(seen: Visit):
    page = seen.go("/model/")
    page.keyboard.press("/")
    page.keyboard.type("00012/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=00012%2F")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["today", "filtered", "nobody", "member", "timeline", "gone", "membership", "model", "runs", "run"]
)
def test_axe_finds_nothing(site: Site, browser: Browser, signed_in: Path, name: str, theme: str):
    with browser.new_context(storage_state=signed_in, color_scheme=theme) as context:
        made = visit(site, context)
        page = made.go(addresses(site)[name])
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        found = Axe().run(page, options=RULES)
        made.check()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("address", ["/sign-in", "/nowhere"])
def test_axe_finds_nothing_before_signing_in(site: Site, browser: Browser, address: str):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(site.url + address)
        found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways_and_no_target_is_too_small(seen: Visit, site: Site, width: int):
    seen.page.set_viewport_size({"width": width, "height": 900})
    for name, address in addresses(site).items():
        page = seen.go(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), .nav a, .views a, h3 a")]
                .filter((e) => e.checkVisibility() && !e.closest(".skip"))
                .map((e) => [e.textContent.trim().slice(0, 20), e.getBoundingClientRect(), e.type])
                .filter(([, box, type]) => type !== "checkbox" && (box.height < 23.5 || box.width < 23.5))
                .map(([text]) => text)"""
        )
        assert small == [], name


@pytest.mark.parametrize("width", [1280, 1440])
def test_no_table_of_a_chart_is_cut_on_a_laptop(seen: Visit, site: Site, width: int):
    seen.page.set_viewport_size({"width": width, "height": 900})
    for name in ("today", "member", "membership", "model"):
        page = seen.go(addresses(site)[name])
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        cut = page.evaluate(
            """() => [...document.querySelectorAll(":is(aside, .split, .halves) .scroll")]
                .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
                .map((e) => e.getAttribute("aria-label"))"""
        )
        assert cut == [], name


@pytest.mark.parametrize("width", WIDTHS)
def test_a_name_of_one_long_word_is_neither_cut_nor_runs_into_its_neighbor(seen: Visit, width: int):
    seen.page.set_viewport_size({"width": width, "height": 900})
    page = seen.go("/?q=donaudampf")
    link = page.locator(".work h3 a")
    assert factories.LONGEST in link.inner_text()
    over = "e => e.getBoundingClientRect().right - e.closest('.who').getBoundingClientRect().right"
    assert link.evaluate(over) <= 0.5
    link.click()
    page.wait_for_url("**/members/**")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").evaluate("e => e.scrollWidth - e.clientWidth") <= 0


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 640)])
def test_on_a_telephone_today_begins_with_somebody(
    site: Site, browser: Browser, signed_in: Path, width: int, height: int
):
    """Views and filters fold into a line that says which of them hold."""
    size = {"width": width, "height": height}
    with browser.new_context(storage_state=signed_in, viewport=size, has_touch=True, is_mobile=True) as context:
        made = visit(site, context)
        page = made.go("/?all=1")
        assert page.locator(".work > li .risk-num").first.bounding_box()["y"] < height - 24
        page = made.go("/?q=jun&band=medium")
        assert page.locator(".work > li h3").first.bounding_box()["y"] < height - 48
        assert page.locator(".narrowing > summary").inner_text() == "Narrowed by 2: “jun”, medium risk"
        made.check()


@pytest.mark.parametrize("width", [360, 640])
def test_a_report_by_email_fits_a_telephone_with_its_pictures_off(browser: Browser, width: int):
    """However long a name and a hash are: no mail program scrolls sideways well."""
    named = ("Member", "In 100", "Range", "Renewal", "Why")
    columns = tuple(Column(name, is_number=name in ("In 100", "Range")) for name in named)
    names = ("Ada", factories.LONGEST)
    rows = tuple((name, "65", "26–91", "12 days into grace", "No login for 94 days") for name in names)
    months = [
        Month(dt.date(2025, m, 1), 10 * m, float(m), ((m, m), (m - 1, m + 1), (m - 2, m + 2))) for m in range(3, 9)
    ]
    chart = months_chart(months, about="Terms that end")
    parts = (Part("Call", table=Table("Most first", columns, rows)), Part(chart.finding, ("0f" * 32,), figure=chart))
    page = browser.new_page(viewport={"width": width, "height": 800})
    brief = Brief("daily", dt.date(2025, 3, 4), "", factories.LONGEST, "", parts)
    page.set_content(letter.as_html(brief, "", {chart.key: "cid:gone"}))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "Jul 2025; Due 70" in page.locator("img").get_attribute("alt")
    heights = page.locator("tbody th").evaluate_all("all => all.map((e) => e.getBoundingClientRect().height)")
    assert heights[0] <= 48
    page.close()


@pytest.mark.parametrize("width", [1440, 1366, 1280, 1024])
def test_reasons_have_room_beside_the_alerts(seen: Visit, width: int):
    seen.page.set_viewport_size({"width": width, "height": 900})
    page = seen.go("/")
    widths = page.locator(".work .why").evaluate_all("all => all.map((e) => e.getBoundingClientRect().width)")
    assert min(widths) >= 240
    over = page.locator(".work .why").first.evaluate(
        "e => e.getBoundingClientRect().right - e.closest('li').getBoundingClientRect().right"
    )
    assert over <= 0.5


def test_every_chart_has_a_name_a_reading_and_its_numbers(seen: Visit, site: Site):
    """A figure without a finding, a title, a description or a table with its numbers fails."""
    charts = 0
    for address in addresses(site).values():
        page = seen.go(address)
        for figure in page.locator("figure.chart").all():
            charts += 1
            assert len(figure.locator("h2").inner_text()) > 10
            assert len(figure.locator("svg > desc").text_content()) > 20
            key = figure.locator("svg").get_attribute("aria-labelledby").split()[0]
            assert page.locator(f"#{key}").count() == 1
            room = figure if figure.locator("table").count() else figure.locator("xpath=..")
            assert room.locator("table tbody tr").count() >= 2
            file, table = of_file(page, figure), of_table(room)
            assert file, "a chart without numbers"
            assert file <= table, f"not in the table: {sorted(file - table)[:5]}"
            for form in ("CSV", "SVG"):
                assert figure.get_by_role("link", name=form).count() == 1
        assert page.locator("canvas").count() == 0
        assert page.locator("main svg").evaluate_all(_UNNAMED) == [], address
    assert charts >= 4


_UNNAMED = """all => all.filter((e) => e.getAttribute("aria-hidden") !== "true")
  .filter((e) => e.getAttribute("role") !== "img" || !(e.getAttribute("aria-label") ||
    (e.getAttribute("aria-labelledby") || "").split(" ").some((id) => document.getElementById(id)?.textContent.trim())))
  .map((e) => e.outerHTML.slice(0, 100))"""


def of_file(page: Page, figure: Locator) -> set[str]:
    """The numbers of a chart's CSV."""
    address = figure.get_by_role("link", name="CSV").get_attribute("href")
    rows = csv.reader(io.StringIO(page.request.get(urljoin(page.url, address)).text()))
    return _numbers(" ".join(_as_the_page_says(cell) for row in list(rows)[1:] for cell in row))


def _as_the_page_says(cell: str) -> str:
    """A day of a file in the words of the page."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return cell
    day = dt.date.fromisoformat(cell)
    return f"{day:%B} {day.day}, {day.year}"


def of_table(room: Locator) -> set[str]:
    """The numbers of the table beside or beneath a chart, which may be set otherwise than the file."""
    html = room.locator("table").first.inner_html()
    return _numbers(re.sub(r"<[^>]*>", " ", html))


def _numbers(text: str) -> set[str]:
    return {found.rstrip(".,") for found in re.findall(r"\d[\d.,]*", re.sub(r"(\d),(\d{3})\b", r"\1\2", text))}


def test_without_a_script_everything_still_works(site: Site, browser: Browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, site)
        page.get_by_text("Narrow the list").click()
        page.get_by_label("Type", exact=True).select_option("Academic")
        page.get_by_role("button", name="Show").click()
        assert "type=Academic" in page.url
        page.locator(".work h3 a").first.click()
        page.get_by_role("link", name="Events").click()
        assert "show=events" in page.url


_PAPER = {"width": 688, "height": 1016}
"""A4 in CSS pixels, less the margins of `@page`."""


@pytest.mark.parametrize("name", ["today", "membership", "model", "member", "runs"])
def test_pages_print_whole_with_every_link_as_text(seen: Visit, site: Site, name: str):
    """AX-6, and WA-3 on paper: each chart fits on a page and is not parted, folded numbers are unfolded, no control."""
    page = seen.go(addresses(site)[name])
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.set_viewport_size(_PAPER)
    page.emulate_media(media="print")
    for hidden in (".rail", ".filters", ".paging", ".page-foot", ".acts"):
        assert not any(part.is_visible() for part in page.locator(hidden).all()), hidden
    for figure in page.locator("figure.chart").all():
        assert figure.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
        box = figure.bounding_box()
        assert box["height"] <= _PAPER["height"], figure.locator("h2").inner_text()
        assert box["x"] + box["width"] <= _PAPER["width"] + 0.5
        assert figure.locator("svg").first.is_visible()
    assert all(table.is_visible() for table in page.locator("main details table").all())
    links = page.locator("main a:visible").evaluate_all("all => all.map((e) => e.innerText.trim())")
    assert links
    assert all(links), "a link that is no text leads nowhere on paper"


@pytest.mark.parametrize("name", ["today", "member", "membership", "model", "run"])
def test_by_tab_alone_every_stop_is_marked_and_in_sight(seen: Visit, site: Site, name: str):
    page = seen.go(addresses(site)[name])
    assert walk_by_tab(page) > 15


@pytest.mark.parametrize("name", ["today", "member", "membership", "model"])
def test_pointing_at_things_breaks_no_policy(seen: Visit, site: Site, name: str):
    """WA-3: what the fixture watches for, while the pointer goes over links, charts and rows."""
    page = seen.go(addresses(site)[name])
    for thing in page.locator("main :is(a, button, figure svg, li, tr):visible").all()[:40]:
        thing.hover(force=True, position={"x": 2, "y": 2})


def test_members_to_call_are_gone_through_by_keys(seen: Visit):
    page = seen.go("/")
    first = urljoin(page.url, page.locator(".work h3 a").first.get_attribute("href"))
    page.goto(first)
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != first)
    assert "2 of " in page.locator("main .head").inner_text()
    page.keyboard.press("k")
    page.wait_for_url(first)


def test_the_first_tab_goes_past_the_menu(seen: Visit):
    page = seen.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_chromium_that_does_not_start_is_not_taken_for_a_missing_one(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    broken = tmp_path / NAMES[0]
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises((PlaywrightError, pytest.skip.Exception)) as caught:
        launched(browser.browser_type)
    assert caught.errisinstance(PlaywrightError)
