"""A served association for each module, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import factories
import httpx
import pytest
from browsing import launched, sign_in, visit
from playwright.sync_api import Browser, sync_playwright
from sites import Site, point_at, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("web") / "home")
    factories.sign_up()
    with serving(world) as running:
        yield running


@pytest.fixture(autouse=True)
def _pointed_at_the_site(request: pytest.FixtureRequest) -> None:
    """A test before may have served a world of its own in this process."""
    if "site" in request.fixturenames:
        point_at(request.getfixturevalue("site").world)


@pytest.fixture(scope="module")
def staff(site: Site) -> Iterator[httpx.Client]:
    # What lasts for a module is made before what each test begins with, so a world of another test may be served still.
    point_at(site.world)
    with site.staff() as client:
        yield client


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """A Chromium. *site* comes first, to fill the ledger before a loop runs."""
    with sync_playwright() as playwright:
        browser = launched(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of somebody who signed in by hand."""
    kept = tmp_path_factory.mktemp("browser") / "cookies.json"
    with browser.new_context() as context:
        made = visit(site, context)
        sign_in(made.page, site)
        made.check()
        context.storage_state(path=kept)
    return kept
