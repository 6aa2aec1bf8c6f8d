"""What the pages say when things are not as they should be."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import factories
import polars as pl
import pytest
from sites import MORNING, serving

from tenure.base.errors import BadInput, BelowDataFloor, HeldBack


@pytest.fixture
def world(tmp_path: Path) -> Iterator[factories.World]:
    made = factories.world(tmp_path / "home", members=12, nights=1)
    factories.sign_up()
    yield made
    from django.db import connections

    connections.close_all()


def run_that_ends_by(error: Exception) -> None:
    from tenure.ledger import runs

    with (
        pytest.raises(type(error)),
        runs.start(as_of=factories.DAY, kind="night", by="test", clock=lambda: MORNING) as run,
        run.step("sync"),
    ):
        raise error


def test_before_the_first_night_every_page_says_what_comes_next(tmp_path: Path):
    factories.empty_world(tmp_path / "home")
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    with serving(world) as site, site.staff() as client:
        assert "There are no scores yet." in client.get("/").text
        assert "No model has been trained yet." in client.get("/model/").text
        assert "No night has run yet" in client.get("/runs/").text
        assert "There are no scores so far." in client.get("/gone/").text
        assert client.get("/today.csv").status_code == 404
        assert client.get("/today.json").json()["error"] == "There is nothing at this address"
        run_that_ends_by(BelowDataFloor("11 lapses and 240 renewals are known", mend="wait for 9 more lapses"))
        html = client.get("/").text
        assert "11 lapses and 240 renewals are known." in html
        assert "Wait for 9 more lapses" in html


@pytest.mark.parametrize(
    ("error", "said", "kind"),
    [
        (HeldBack("7 % of terms are bad", mend="open Runs"), "Held back.", "stale"),
        (BadInput("terms.csv lacks `ends_on`"), "The last run failed.", "error"),
    ],
)
def test_a_night_that_went_wrong_is_said_first_and_yesterdays_scores_stay(
    world: factories.World, error: BadInput, said: str, kind: str
):
    run_that_ends_by(error)
    with serving(world) as site, site.staff() as client:
        html = client.get("/?all=1").text
        notice = re.search(r'<div class="notice (\w+)".*?</div>', html, re.DOTALL)
        assert notice.group(1) == kind
        assert said in notice.group(0)
        assert "still those of March 1, 2025" in notice.group(0)
        assert len(re.findall(r'<li>\s*<div class="who">', html)) == 12
        link = re.search(r'<a href="(/runs/\d+/)">See the run', html).group(1)
        assert error.message[:20] in client.get(link).text.replace("&#x27;", "'")


def test_old_scores_say_how_old_they_are(world: factories.World):
    with serving(world, dt.datetime(2025, 3, 12, 9, tzinfo=dt.UTC)) as site, site.staff() as client:
        assert "Old scores." in client.get("/").text
        assert "11 days ago" in client.get("/").text


def test_a_night_that_stays_away_is_said_in_red_after_26_hours(world: factories.World):
    from tenure.ledger import runs

    ended = runs.last_whole_night()
    for hours, red in ((25.9, False), (26.1, True)):
        with serving(world, ended + dt.timedelta(hours=hours)) as site, site.staff() as client:
            html = client.get("/").text
            assert ('<div class="notice error"' in html) is red
            assert ("No night ended well for 26 hours." in html) is red


def test_a_broken_page_gives_a_number_and_tells_nothing(world: factories.World):
    (world.home.lake / "manifest.json").write_text("{")
    member = world.id_of_rank()
    with serving(world) as site, site.staff() as client:
        answer = client.get(f"/members/{member}/")
        reference = re.search(r'class="reference">([A-Z0-9]{8})<', answer.text).group(1)
        log = (world.home.logs / "web.log").read_text()
        assert answer.status_code == 500
        assert answer.headers["cache-control"] == "no-store"
        for secret in ("Traceback", "manifest.json", str(world.home.root), "DamagedStore"):
            assert secret not in answer.text
        assert reference in log
        assert "member DamagedStore" in log
        assert member not in log
        assert client.get("/").status_code == 200, "the list does not need the lake"


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ settings.SECRET_KEY }}{% debug %}",
    "</svg><script>alert(1)</script>",
    "'-alert(1)-'",
]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1+1", "  =1", "＋1", "－1", "＠a"]


def hostile_world(root: Path) -> factories.World:
    """Everything that a source can say, said by an attacker."""
    from tenure.ledger import contacts, scores

    world = factories.world(root, members=max(len(PAYLOADS), len(FORMULAS)), nights=1)
    factories.sign_up()
    dice, members = random.Random(1), list(world.members)
    contacts.replace(
        frame=pl.DataFrame(
            {
                "member": members,
                "first_name": [FORMULAS[i % len(FORMULAS)] for i in range(len(members))],
                "last_name": [PAYLOADS[i % len(PAYLOADS)] for i in range(len(members))],
            }
        )
    )
    columns = ("reason_1", "reason_2", "against", "member_type", "chapter_id")
    texts = {name: [dice.choice(PAYLOADS + FORMULAS) for _ in members] for name in columns}
    scores.replace(frame=world.scores.with_columns(pl.Series(name, values) for name, values in texts.items()))
    return world


def test_what_a_source_says_is_never_run_nor_computed(tmp_path: Path):
    world = hostile_world(tmp_path / "home")
    with serving(world) as site, site.staff() as client:
        for address in ("/", "/?all=1", f"/members/{world.id_of_rank()}/", "/?q=%3Cscript%3E", "/?type=%3Cscript%3E"):
            html = client.get(address).text
            assert "<script>alert" not in html
            assert "<img" not in html
            assert world.home.root.joinpath("secrets/web.key").read_text().strip() not in html
        body = client.get("/today.csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(body, newline="")) for cell in row]
    starts = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(starts)]
    assert sum(cell.startswith("'") for cell in cells) >= len(FORMULAS)


@pytest.mark.parametrize("member_id", ["A/7", "x y", "ü%2F", "00012?a=b", "1#2"])
def test_ids_of_any_form_open_their_page(tmp_path: Path, member_id: str):
    from tenure.ledger.models import Identity

    world = factories.world(tmp_path / "home", members=12, nights=1)
    factories.sign_up()
    Identity.objects.filter(member=next(iter(world.members))).update(member_id=member_id)
    with serving(world) as site, site.staff() as client:
        href = next(
            h for h in re.findall(r'<h3><a href="([^"]+)"', client.get("/?all=1").text) if "/000" not in h or "%3F" in h
        )
        answer = client.get(href.replace("&amp;", "&"))
        assert answer.status_code == 200
        assert "iMIS ID" in answer.text


def test_a_member_without_a_score_still_has_a_page(world: factories.World):
    from tenure.ledger.models import CurrentScore

    CurrentScore.objects.filter(member=next(m for m, i in world.members.items() if i == "00003")).delete()
    with serving(world) as site, site.staff() as client:
        html = client.get("/members/00003/").text
        assert "Not an active member" in html
        assert "Timeline" in html


def test_a_lifetime_member_has_no_renewal_to_predict(tmp_path: Path):
    world = factories.world(tmp_path / "home", members=150, nights=2)
    factories.sign_up()
    lifetime = world.scores.filter(pl.col("renewal_due_on").is_null())["member"][0]
    with serving(world) as site, site.staff() as client:
        html = client.get(f"/members/{world.members[lifetime]}/").text
    assert "No renewal to predict" in html
    assert "What stands behind" not in html
    assert "<figure" not in html
    assert "members like this one" not in html


def test_pages_follow_the_ledger_that_was_put_in_the_place_of_the_one_they_had(world: factories.World, tmp_path: Path):
    """They keep connections, and a restore moves the file of those aside."""
    ledger, other = world.home.ledger, tmp_path / "other.sqlite3"
    with serving(world) as site, site.staff() as client:
        page = f"/members/{world.id_of_rank()}/"
        assert "Zebulon" not in client.get(page).text
        with closing(sqlite3.connect(ledger)) as ours, closing(sqlite3.connect(other)) as theirs:
            ours.backup(theirs)
            theirs.execute("UPDATE ledger_contact SET first_name = 'Zebulon'")
            theirs.commit()
        for part in ("", "-wal", "-shm"):
            moved = Path(f"{ledger}{part}")
            if moved.exists():
                moved.rename(tmp_path / f"aside{part}")
        other.rename(ledger)
        assert "Zebulon" in client.get(page).text


@pytest.mark.slow
def test_a_list_of_fifty_thousand_is_read_a_page_at_a_time(tmp_path: Path):
    """As many rows and as light a page as for a hundred; how quickly it answers, benchmarks/staff_pages.py tells."""
    world = factories.world(tmp_path / "home", members=50_000, nights=1)
    factories.sign_up()
    with serving(world) as site, site.staff() as client:
        for address in ("/?all=1", "/?all=1&page=2000", "/?band=medium&chapter=Gulf&sort=date", "/?q=villanueva+fern"):
            answer = client.get(address)
            assert answer.text.count("<h3>") == 20 < len(world.members)
            assert answer.num_bytes_downloaded < 300_000
