"""A real browser, and all that can go wrong on a page."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

import factories
import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page
from playwright.sync_api import Error as PlaywrightError
from sites import Site

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def launched(chromium: BrowserType) -> Browser:
    """The machine's own Chromium, else Playwright's; where there is none, the test is skipped.

    One that is there and does not start is a fault of the machine, and no test must pass it over.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    try:
        return chromium.launch(executable_path=found, args=list(FLAGS))
    except PlaywrightError as error:
        if found is None and "Executable doesn't exist" in error.message:
            pytest.skip("there is no Chromium (apt install chromium, or playwright install chromium)")
        raise


@dataclass
class Visit:
    """A page, and all that went wrong on it."""

    page: Page
    site: Site
    troubles: list[str] = field(default_factory=list)

    def go(self, address: str) -> Page:
        self.page.goto(self.site.url + address)
        return self.page

    def check(self) -> None:
        """No violation of the policy, no error in the console, nothing asked of another host."""
        self.troubles += self.page.evaluate("window.violations || []")
        assert not self.troubles


_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.violations.push(`${e.violatedDirective} ${e.blockedURI}`);
});
"""


def visit(site: Site, context: BrowserContext) -> Visit:
    page = context.new_page()
    page.add_init_script(_WATCH)
    made = Visit(page, site)
    page.on("console", lambda m: made.troubles.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: made.troubles.append(str(error)))
    page.on("request", lambda r: made.troubles.append(r.url) if not r.url.startswith(site.url) else None)
    return made


def sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Name").fill("marta")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/")


_FOCUSED = """() => {
  const now = document.activeElement, box = now.getBoundingClientRect(), style = getComputedStyle(now);
  if (now === document.body) return { end: true };
  const x = box.left + Math.min(box.width / 2, 40), y = box.top + Math.min(box.height / 2, 8);
  const top = document.elementFromPoint(x, y);
  const follows = !window.former || Boolean(window.former.compareDocumentPosition(now) & 4);
  window.former = now;
  return {
    end: false, follows, what: now.outerHTML.slice(0, 120),
    marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: Boolean(top) && (now === top || now.contains(top) || top.contains(now)),
  };
}"""


def walk_by_tab(page: Page, most: int = 150) -> int:
    """AX-3: press Tab through *page*; each stop is marked, in sight and in the order of the page. Gives how many."""
    page.evaluate("() => { window.former = null; document.activeElement.blur(); scrollTo(0, 0) }")
    for stops in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUSED)
        if at["end"]:
            return stops
        assert at["follows"], f"out of order: {at['what']}"
        assert at["marked"], f"focus is not seen: {at['what']}"
        assert at["seen"], f"hidden behind something: {at['what']}"
    return most
