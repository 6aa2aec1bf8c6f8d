"""Pages without anything to show, and with trouble to tell, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import factories
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import RULES, visit
from playwright.sync_api import Browser
from sites import MORNING, Site, serving

from tenure.base.errors import BelowDataFloor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An association whose first night was held back."""
    world = factories.empty_world(tmp_path_factory.mktemp("web") / "home")
    factories.sign_up()
    from tenure.ledger import runs

    with (
        pytest.raises(BelowDataFloor),
        runs.start(as_of=factories.DAY, kind="night", by="test", clock=lambda: MORNING) as run,
        run.step("train"),
    ):
        raise BelowDataFloor("11 lapses and 240 renewals are known", mend="wait until 20 lapses are known")
    with serving(world) as running:
        yield running


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", "/model/", "/runs/", "/runs/1/"])
@pytest.mark.parametrize("width", [1440, 320])
def test_states_are_accessible_and_fit(
    site: Site, browser: Browser, signed_in: Path, address: str, theme: str, width: int
):
    size = {"width": width, "height": 900}
    with browser.new_context(storage_state=signed_in, color_scheme=theme, viewport=size) as context:
        made = visit(site, context)
        page = made.go(address)
        assert "11 lapses and 240 renewals are known." in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options=RULES)
        made.check()
    assert found.violations_count == 0, found.generate_report()
