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
    "club": [],
    **{f"one of {place}": [dt.date(2024, 8, 1)] if place else [] for place in range(150)},
    "company": [dt.date(2025, 2, 27)],
    "carried": [dt.date(2024, month, 5) for month in range(3, 13)] + [dt.date(2025, 2, 3), dt.date(2025, 2, 25)],
    "stays": [dt.date(2024, 1, 9), dt.date(2024, 6, 1), dt.date(2025, 1, 7), dt.date(2025, 2, 28)],
    "silent": [],
    "deleted": [dt.date(2024, 7, 1), dt.date(2024, 7, 2)],
    "objects": [dt.date(2024, 8, 1)],
    "office": [],
    "alone": [dt.date(2024, 8, 1), dt.date(2025, 2, 3)],
    "firm": [],
    "carries": [dt.date(2024, 8, 1), dt.date(2024, 8, 2), dt.date(2025, 2, 3)],
    "idle": [],
}
"""Days on which each signed in, known at once. What came before they belonged, or after, is none of the company's, and
a year begins on the second of March: 2024-01-09 and 2025-02-25 do not count."""
PAYERS = ("club", "company", "office", "firm")
"""Each with those who stand behind it as its people."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of the people of a company one carried it and has moved on, one was deleted at the source, one objects to being
    profiled and one does nothing but get mail. An office has nobody but one who objects; a firm one who carries it
    still; and a club many people, the likeliest of whom to leave is the one who does nothing."""
    world = factories.world(tmp_path_factory.mktemp("web") / "home", members=240, nights=2)
    factories.sign_up()
    factories.sign_up("vera", "viewer")
    payers = {member(world, name): member(world, payer) for name, payer in payers_of().items()}
    own = pl.col("organization").is_null()
    rows = (
        world.lake.members()
        .filter(pl.col("member").is_in(list(payers)))
        .with_columns(
            valid_from=pl.lit(SINCE),
            organization=pl.col("member")
            .replace_strict(payers)
            .pipe(lambda to: pl.when(to != pl.col("member")).then(to)),
            objects_to_profiling=pl.col("member").is_in([member(world, name) for name in ("objects", "alone")]),
        )
        .with_columns(record_type=pl.when(own).then(pl.lit("organization")).otherwise("record_type"))
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


def payers_of() -> dict[str, str]:
    """Each name with that of the payer, which is before it."""
    payer, found = "", {}
    for name in DAYS:
        payer = name if name in PAYERS else payer
        found[name] = payer
    return found


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


def people_on_page(client: httpx.Client, site: Site, name: str = "company") -> str:
    html = unescape(client.get(f"/members/{source_id(site, name)}/").text)
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

    assert (
        '<h2 id="people">3 people</h2>'
        "<p>1 of 2 took part in the last year; 1 objects to being profiled and is not counted</p>" in section
    )
    assert beneath(section, site, "stays") == "3 active days in the last year, the last February 28"
    assert beneath(section, site, "silent") == "Nothing in the last year"
    assert beneath(section, site, "objects") == ""
    assert source_id(site, "deleted") not in section


def test_who_carried_it_is_named_though_gone(site: Site):
    """On most days of the year up to three months ago: nine of the twelve of all of them but who objects."""
    with site.staff() as staff:
        section = people_on_page(staff, site)

    link = f'<a href="/members/{source_id(site, "carried")}/">'
    told = section.partition(link)[2].partition("</p>")[0]
    assert told.partition("</a>, ")[2] == (
        "9 of 12 active days in the year up to three months ago, last seen February 3; no longer belongs to it."
    )
    assert "Key person</span>" not in section


def test_who_carries_it_still_is_marked_in_the_list_and_the_file(site: Site):
    """Two of two active days up to three months ago."""
    with site.staff() as staff:
        section = people_on_page(staff, site, "firm")
        rows = staff.get(f"/members/{source_id(site, 'firm')}/people.json").json()["people"]

    marked = [one for one in section.split("<li>")[1:] if '<span class="tag">Key person</span>' in one]
    assert [f"/members/{source_id(site, 'carries')}/" in one for one in marked] == [True]
    assert "2 of 2 active days in the year up to three months ago, last seen February 3." in section
    assert {row["member_id"]: (row["key_person"], row["belongs"]) for row in rows} == {
        source_id(site, "carries"): (True, True), source_id(site, "idle"): (False, True),
    }  # fmt: skip


def test_of_the_one_person_who_objects_nothing_can_be_read_off(site: Site):
    """Who is the only one of an organization has done what all of it has."""
    with site.staff() as staff:
        section = people_on_page(staff, site, "office")

    head = '<h2 id="people">1 person</h2><p>Nothing is told of who objects to being profiled</p>'
    assert head in section
    assert beneath(section, site, "alone") == ""
    assert "took part" not in section
    assert "Key person" not in section


def test_of_many_people_those_at_risk_are_shown_whatever_they_did(site: Site):
    """The likeliest to leave did least of 150, and all of them are looked through for who is at high risk."""
    crowd = [f"one of {place}" for place in range(150)]
    with site.staff() as staff:
        section = people_on_page(staff, site, "club")
        others = unescape(staff.get(f"/members/{source_id(site, crowd[-1])}/").text)

    shown = re.findall(r'<li><span><a class="name" href="/members/(.*?)/">', section)
    bands = site.world.scores.filter(pl.col("member").is_in([member(site.world, name) for name in crowd[:-1]]))["band"]
    assert shown == [source_id(site, name) for name in crowd[:12]]
    assert "12 of 150, those at risk first" in section
    high = (bands == "high").sum()
    assert high > 0
    assert f"</a>, 149 others, {high} high" in others


def test_files_have_the_same_rows_with_plain_numbers(site: Site):
    """And the key person who has left, marked as such. A viewer may look and take no names away."""
    address = f"/members/{source_id(site, 'company')}/people."
    with site.staff() as staff, site.staff("vera") as viewer:
        rows = {row.pop("member_id"): row for row in staff.get(f"{address}json").json()["people"]}
        head = staff.get(f"{address}csv").text.removeprefix("\ufeff").splitlines()[0]
        refused = viewer.get(f"{address}csv").status_code
        seen = people_on_page(viewer, site)

    told = {name: rows[source_id(site, name)] for name in ("stays", "silent", "objects")}
    assert len(rows) == 4
    assert {name: (row["active_days_365"], row["last_active_on"]) for name, row in told.items()} == {
        "stays": (3, "2025-02-28"), "silent": (0, None), "objects": (None, None),
    }  # fmt: skip
    key = rows.pop(source_id(site, "carried"))
    assert (key["key_person"], key["belongs"], key["active_days_365"], key["last_active_on"]) == (
        True, False, 11, "2025-02-03",
    )  # fmt: skip
    assert all(row["belongs"] and not row["key_person"] for row in rows.values())
    assert head.replace('"', "") == "member_id,name,risk,active_days_365,last_active_on,key_person,belongs"
    assert refused == 403
    assert "people.csv" not in seen


def test_a_persons_page_counts_who_belongs_to_the_organization_still(site: Site):
    """Nothing is told there of what the others do."""
    with site.staff() as staff:
        html = unescape(staff.get(f"/members/{source_id(site, 'silent')}/").text)

    assert re.search(r"</a>, 2 others", html)
    assert "Others of" in html
    assert "active day" not in html.partition('id="people"')[2].partition("</section>")[0]
