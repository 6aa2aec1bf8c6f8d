"""A served association for each module."""

from __future__ import annotations

from collections.abc import Iterator

import factories
import httpx
import pytest
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
    with site.staff() as client:
        yield client
