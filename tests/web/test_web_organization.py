"""An organization's page tells how its people take part, and who carries it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from html import unescape

import factories
import httpx
import polars as pl
import pytest
from sites import Site, serving

SINCE, LEFT, GONE = dt.datetime(2024, 2, 1), dt.datetime(2025, 2, 20), dt.datetime(2025, 2, 1)
DAYS = {
    "company": [dt.date(2025, 2, 27)],
    "carried": [dt.date(2024, month, 5) for month in range(3, 13)] + [dt.date(2025, 2, 3), dt.date(2025, 2, 25)],
    "stays": [dt.date(2024, 1, 9), dt.date(2024, 6, 1), dt.date(2025, 1, 7), dt.date(2025, 2, 28)],
    "silent": [],
    "deleted": [dt.date(2024, 7, 1), dt.date(2024, 7, 2)],
    "objects": [dt.date(2024, 8, 1)],
}
"""Days on which each signed in, known at once. What came before they belonged, or after, is none of the company's, and
a year begins on the second of March: 2024-01-09 and 2025-02-25 do not count."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of the people of a company one carried it and has moved on, one was deleted at the source, one objects to being
    profiled and one does nothing but get mail."""
    world = factories.world(tmp_path_factory.mktemp("web") / "home", members=24, nights=2)
    factories.sign_up()
    factories.sign_up("vera", "viewer")
    company, *people = (member(world, name) for name in DAYS)
    own = pl.when(pl.col("member") == company)
    rows = (
        world.lake.members()
        .filter(pl.col("member").is_in([company, *people]))
        .with_columns(
            valid_from=pl.lit(SINCE),
            organization=own.then(None).otherwise(pl.lit(company)),
            record_type=own.then(pl.lit("organization")).otherwise("record_type"),
            objects_to_profiling=pl.col("member") == member(world, "objects"),
        )
    )
    moved = rows.filter(pl.col("member") == member(world, "carried")).with_columns(
        valid_from=pl.lit(LEFT), organization=pl.lit(None, pl.Int64)
    )
    gone = {"member": [member(world, "deleted")], "known_at": [GONE], "gone": [True]}
    with world.lake.batch(source="test", at=dt.datetime(2025, 3, 1, 4, tzinfo=dt.UTC)) as batch:
        batch.replace("activity", pl.DataFrame(acts(world)))
        batch.add_versions("members", pl.concat([rows, moved]))
        batch.upsert("departures", pl.DataFrame(gone))
        batch.commit()
    with serving(world) as running:
        yield running


def acts(world: factories.World) -> list[dict[str, object]]:
    done = [(name, "login", day) for name, days in DAYS.items() for day in days]
    done += [("silent", "email_sent", dt.date(2025, 2, 1)), ("stays", "login", dt.date(2025, 2, 28))]
    at = [dt.datetime.combine(day, dt.time(9)) for _, _, day in done]
    return [
        {"activity_key": key, "member": member(world, name), "kind": kind, "occurred_at": at[key],
         "recorded_at": at[key] + dt.timedelta(hours=1)}
        for key, (name, kind, _) in enumerate(done)
    ]  # fmt: skip


def member(world: factories.World, name: str) -> int:
    return world.member_of_rank(list(DAYS).index(name) + 4)


def source_id(site: Site, name: str) -> str:
    return site.world.members[member(site.world, name)]


def people_on_page(client: httpx.Client, site: Site) -> str:
    html = unescape(client.get(f"/members/{source_id(site, 'company')}/").text)
    return re.search(r'<section aria-labelledby="people".*?</section>', html, re.DOTALL).group()


def beneath(section: str, site: Site, name: str) -> str:
    """What stands beneath a name in the list, without the risk."""
    item = next(one for one in section.split("<li>") if f"/members/{source_id(site, name)}/" in one)
    said = re.search(r'<span class="sub">(.*?)</span>', item).group(1)
    return said.partition(" in 100")[2].removeprefix(" · ")


def test_who_belongs_to_it_is_listed_with_what_they_did(site: Site):
    """Who left, or is at the source no more, is not; and what they did before they came, or was sent to them, counts
    for nothing. Of who objects to being profiled nothing is told."""
    with site.staff() as staff:
        section = people_on_page(staff, site)

    assert '<h2 id="people">3 people</h2><p>2 took part in the last year</p>' in section
    assert beneath(section, site, "stays") == "3 active days in the last year, the last February 28"
    assert beneath(section, site, "silent") == "Nothing in the last year"
    assert beneath(section, site, "objects") == ""
    assert source_id(site, "deleted") not in section


def test_who_carried_it_is_named_though_gone(site: Site):
    """On most days of the year up to three months ago: nine of the thirteen of all of them."""
    with site.staff() as staff:
        section = people_on_page(staff, site)

    link = f'<a href="/members/{source_id(site, "carried")}/">'
    told = section.partition(link)[2].partition("</p>")[0]
    assert told.partition("</a>, ")[2] == (
        "9 of 13 active days in the year up to three months ago, last seen February 3; belongs to it no more."
    )
    assert "Key person</span>" not in section


def test_files_have_the_same_rows_with_plain_numbers(site: Site):
    """A viewer may look and take no names away."""
    address = f"/members/{source_id(site, 'company')}/people."
    with site.staff() as staff, site.staff("vera") as viewer:
        rows = {row.pop("member_id"): row for row in staff.get(f"{address}json").json()["people"]}
        head = staff.get(f"{address}csv").text.removeprefix("\ufeff").splitlines()[0]
        refused = viewer.get(f"{address}csv").status_code
        seen = people_on_page(viewer, site)

    told = {name: rows[source_id(site, name)] for name in ("stays", "silent", "objects")}
    assert len(rows) == 3
    assert {name: (row["active_days_365"], row["last_active_on"]) for name, row in told.items()} == {
        "stays": (3, "2025-02-28"), "silent": (0, None), "objects": (None, None),
    }  # fmt: skip
    assert not any(row["key_person"] for row in rows.values())
    assert head.replace('"', "") == "member_id,name,risk,active_days_365,last_active_on,key_person"
    assert refused == 403
    assert "people.csv" not in seen


def test_a_persons_page_counts_who_belongs_to_the_organization_still(site: Site):
    """Nothing is told there of what the others do."""
    with site.staff() as staff:
        html = unescape(staff.get(f"/members/{source_id(site, 'silent')}/").text)

    assert re.search(r"</a>, 2 others", html)
    assert "Others of" in html
    assert "active day" not in html.partition('id="people"')[2].partition("</section>")[0]
