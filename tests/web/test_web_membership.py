"""The Membership page over HTTP: what it says, to whom, and what it says when there is little to say."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import factories
import httpx
import pytest
from browsing import visit
from playwright.sync_api import Browser
from sites import Site, point_at, serving

from tenure.base.settings import Membership


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.fixture(scope="module")
def kept(site: Site) -> dict:
    """The figures of everyone, as they are kept."""
    from tenure.ledger import figures

    return figures.kept(part=figures.RECORD).body


def test_the_page_says_what_is_kept(site: Site, staff: httpx.Client, kept: dict):
    text = staff.get("/membership/").text
    now = kept["now"]
    renewed, due = now["renewal"]

    assert f"<dd>{now['at_end']:,}</dd>" in text
    assert f"<b>{100 * renewed / due:.1f} %</b>" in text
    assert "Retention rate =" in text
    assert "(members at the end − new members) ÷ members at the start" in text
    assert f"{now['at_end']:,} members among the" in text
    assert text.count("<figure") == 4
    assert "do not compare it with finished ones" in text
    for row in kept["types"]:
        assert f'?type={row["key"]}">{row["key"]}</a>' in text


@pytest.mark.parametrize("chapter", ["", "Gulf"])
@pytest.mark.parametrize("scored", [None, 0, 17])
def test_the_lines_of_the_count_add_up_to_each_of_its_sums(site: Site, chapter: str, scored: int | None):
    """Whatever the source has and however many are scored: what is not explained has a line of its own."""
    from tenure.web.membership_count import reconciled
    from tenure.web.membership_scope import Asked, shown_for

    def value(count: str) -> int:
        return int(count.replace(",", "").replace("−", "-"))

    shown = shown_for(Asked(chapter=chapter), None)
    shown.body["source"] = {"name": "imis", "on": "2025-03-01", "has": 999}
    shown.body["people"] |= {"objecting": 3, "without_record": shown.body["people"]["without_record"]}
    first, *steps = reconciled(shown, scored)

    running = value(first.count)
    assert running == (999 if not chapter else shown.body["people"]["source"])
    for step in steps:
        if step.is_sum:
            assert value(step.count) == running
        else:
            running += value(step.count)
    assert running == (shown.body["now"]["at_end"] if scored is None else scored)


def test_every_filter_is_in_the_address_and_answers_with_its_own_numbers(site: Site, staff: httpx.Client):
    from tenure.ledger import figures

    both = figures.kept(part=figures.RECORD, chapter="Gulf", member_type="Professional").body
    text = staff.get("/membership/?type=Professional&chapter=Gulf&by=chapter&month=2025-01").text

    assert f"<dd>{both['now']['at_end']:,}</dd>" in text
    assert "Professional, chapter Gulf alone." in text
    assert '<option value="2025-01" selected>' in text
    assert '<option value="chapter" selected>' in text
    assert 'href="/membership/movement.csv?type=Professional&amp;chapter=Gulf&amp;by=chapter&amp;month=2025-01"' in text
    assert staff.get("/membership/?type=%00&chapter=%27&by=x&month=9999-99").status_code == 200
    assert "Nobody is in this view" in staff.get("/membership/?type=None+such").text


def test_the_files_hold_the_numbers_of_the_page(site: Site, staff: httpx.Client, kept: dict):
    rates = rows_of(staff.get("/membership.csv"))
    total = next(row for row in rates if not row["type"] and row["year_to"] == kept["as_of"])
    told = staff.get("/membership.json?chapter=Gulf").json()

    assert [total["renewal_part"], total["renewal_whole"]] == [str(n) for n in kept["now"]["renewal"]]
    assert sum(int(row["at_end"]) for row in rates if row["type"] and row["year_to"] == kept["as_of"]) == int(
        total["at_end"]
    )
    assert told["chapter"] == "Gulf"
    assert told["now"]["at_end"] < kept["now"]["at_end"]
    assert told["formulas"]["Renewal rate"]
    cells = {(row["Joined"], row["Year of membership"]): row for row in rows_of(staff.get("/membership/cohorts.csv"))}
    one = next(one for one in kept["renewals"] if (str(one["joined"]), str(one["year"])) in cells and one["decided"])
    assert cells[str(one["joined"]), str(one["year"])]["Renewed"] == str(one["renewed"])
    for key in ("class", "movement", "retention", "cohorts", "dues"):
        assert staff.get(f"/membership/{key}.svg").text.startswith("<svg")
        assert len(rows_of(staff.get(f"/membership/{key}.csv"))) >= 3
    assert all(float(row["Due, $"]) >= 0 for row in rows_of(staff.get("/membership/dues.csv"))), "no 1,200"
    moved = [row for row in rows_of(staff.get("/membership/movement.csv")) if "so far" not in row["Net"]]
    for row in moved:
        came, left = int(row["New"]) + int(row["Reinstated"]), int(row["Dropped"]) + int(row["Died or moved"])
        assert int(row["Net"]) == came - left
    assert any(int(row["Net"]) for row in moved)
    assert staff.get("/membership/nothing.svg").status_code == 404
    assert staff.get("/membership/class.png").status_code == 404


def test_a_liaison_sees_the_own_chapter_alone_whatever_the_address_says(site: Site):
    from tenure.ledger import figures

    factories.sign_up("gulf", "liaison", "Gulf")
    factories.sign_up("nowhere", "liaison", "Atlantis")
    mine = figures.kept(part=figures.RECORD, chapter="Gulf").body["now"]["at_end"]
    with site.staff("gulf") as client:
        for address in ("/membership/", "/membership/?chapter=Pacific&by=chapter"):
            text = client.get(address).text
            assert f"<dd>{mine:,}</dd>" in text
            assert "Pacific" not in text
            assert 'name="chapter"' not in text
        assert client.get("/membership.json?chapter=Pacific").json()["now"]["at_end"] == mine
    with site.staff("nowhere") as client:
        assert "No figures for your chapter" in client.get("/membership/").text
        assert client.get("/membership.csv").status_code == 404
        assert client.get("/membership/class.csv").status_code == 404


def test_today_tells_of_the_class_at_stake_and_of_a_liaisons_own_alone(site: Site, staff: httpx.Client, kept: dict):
    from tenure.web.membership_figures import class_figure
    from tenure.web.membership_scope import Asked, shown_for
    from tenure.web.renewal_class import at_stake, class_today

    chosen = at_stake(kept["classes"])
    told = class_today(None)

    assert (told.change.renewed, told.change.due) == (chosen["renewed"], chosen["due"])
    assert told.address == f"/membership/?month={chosen['ends'][:7]}#class"
    text = staff.get("/").text
    assert f'<h2 id="class-now">{told.name}</h2>' in text
    assert f"{chosen['renewed']} of {chosen['due']} renewed" in text
    assert f'href="{told.address}"' in text
    daily = staff.get("/reports/daily.html").text
    assert class_figure(shown_for(Asked(), None)).finding in daily.replace("&#x27;", "'"), "the report tells of it too"
    assert class_today("Gulf").change.due < told.change.due
    assert class_today("") is None
    assert class_today("Atlantis") is None


@pytest.mark.parametrize(
    ("rates", "ends"),
    [
        ([(723, 897), (881, 810)], (0.7, 0.9)),
        ([(700, 900)], (0.7, 0.9)),
        ([(800, 800)], (0.7, 0.9)),
        ([(1000, 1000)], (0.9, 1.0)),
        ([(0, 0)], (0.0, 0.1)),
    ],
)
def test_the_line_on_which_rates_are_drawn_holds_all_of_them(rates: list[tuple[int, int]], ends: tuple[float, float]):
    from tenure.web.membership_rates import scale_of

    found = scale_of([{"now": {"renewal": (now, 1000)}, "before": {"renewal": (then, 1000)}} for now, then in rates])

    assert found == pytest.approx(ends)
    assert all(found[0] <= rate / 1000 <= found[1] for pair in rates for rate in pair)


@pytest.mark.parametrize(
    ("net", "least", "words"),
    [
        (5, 5, "12 members, net +5 in a year"),
        (5, 2, "12 members, net +5 in a year, +2 if none of the 3 in grace renews"),
        (0, -1, "12 members, net 0 in a year, −1 if the one in grace does not renew"),
        (900, -350, "12 members, net +900 in a year, −350 if none of the 1,250 in grace renews"),
    ],
)
def test_the_net_of_the_year_says_on_whom_in_grace_it_rests(net: int, least: int, words: str):
    from tenure.web.membership_figures import standing

    assert standing({"at_end": 12, "net": net, "net_at_least": least}) == words


@pytest.mark.parametrize(
    ("counts", "verdict", "said"),
    [
        ((400, 500, 350, 500), "ahead", "The February class runs 10.0 points ahead of last year"),
        ((350, 500, 400, 500), "behind", "The February class runs 10.0 points behind last year"),
        ((352, 500, 350, 500), "alike", "The February class renews as last year’s did by this day"),
        ((7, 12, 300, 500), "few", "The February class is too small to be compared: 7 of 12 have renewed"),
        ((7, 12, 0, 0), "few", "7 of 12 of the February class have renewed"),
    ],
)
def test_a_finding_follows_from_the_numbers_and_their_range(
    site: Site, counts: tuple[int, ...], verdict: str, said: str
):
    from tenure.web.renewal_class import told

    renewed, due, renewed_before, due_before = counts
    one = told({
        "ends": "2025-02-28", "day": 3, "due": due, "renewed": renewed, "due_before": due_before,
        "renewed_before": renewed_before,
    })  # fmt: skip

    assert (one.change.verdict, one.finding) == (verdict, said)
    assert one.when == "3 days after the end of its month"


def test_the_class_at_stake_is_the_one_whose_grace_runs_unless_it_is_small(site: Site):
    from tenure.web.renewal_class import at_stake

    def of(*classes: tuple[int, int]) -> int | None:
        chosen = at_stake([{"day": day, "due": due} for day, due in classes])
        return chosen and chosen["day"]

    assert of((50, 900), (20, 80), (-8, 100), (-39, 90)) == 20
    assert of((20, 8), (-8, 10), (-39, 900)) == -39
    assert of((50, 900), (20, 0), (-8, 0)) == 50
    assert of((20, 0)) is None

    usual = site.world.settings
    shorter = usual.model_copy(update={"membership": Membership(grace_days={"default": 14, "Student": 60})})
    point_at(replace(site.world, settings=shorter))
    assert of((20, 80), (-8, 100)) == -8, "its grace is over"
    point_at(site.world)
    assert of((20, 80), (-8, 100)) == 20


def test_before_the_first_night_and_without_scores_the_page_says_what_comes(tmp_path: Path):
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    with serving(world) as site, site.staff() as client:
        assert "No membership figures yet" in client.get("/membership/").text
        assert client.get("/membership.csv").status_code == 404
        small = factories.tiny(world)
        text = client.get("/membership/").text
        assert "No scores yet" in text
        assert "too few to tell" in text.lower()
        assert "<dd>3</dd>" in text
        assert "of fewer than ten members it would tell of single ones" in text
        assert client.get("/membership/class.svg").status_code == 404
        assert client.get("/membership.json").json()["now"]["at_end"] == len(small) == 3
        assert client.get("/").status_code == 200


def test_the_page_and_its_files_say_who_left_and_how_and_a_liaison_sees_the_own_chapter_alone(tmp_path: Path):
    """Of 80 with low dues 40 lapsed, by turns without a word, resigning, by a failed payment, without a word."""
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    factories.sign_up("gulf", "liaison", "Gulf")
    factories.left_and_stayed(world)
    with serving(world) as site, site.staff() as client, site.staff("gulf") as liaison:
        text = client.get("/membership/").text
        assert "Dues under $250 renew least, 50.0 %; $250 and more most, 100.0 %" in text
        assert "40 members lapsed: 50.0 % without a word, 25.0 % resigned, 25.0 % by a failed payment" in text
        assert "33.3 % of members renew automatically; 2 of 4 with a declined payment paid since" in text
        bands = rows_of(client.get("/membership/bands.csv"))
        assert [(row["dues_from"], row["dues_under"], row["renewed"], row["due"]) for row in bands] == [
            ("", "250.0", "40", "80"), ("250.0", "", "80", "80"),
        ]  # fmt: skip
        ways = {row["way"]: row["members"] for row in rows_of(client.get("/membership/ways.csv"))}
        assert (ways["resigned"], ways["payment"], ways["unsaid"], ways["lapses"]) == ("10", "10", "20", "40")
        told = client.get("/membership/automatic.json").json()
        assert told["as_of"] == factories.DAY.isoformat()
        measures = {row["measure"]: (row["members"], row["of"]) for row in told["membership_automatic"]}
        assert (measures["enrolled"], measures["recovered"]) == ((40, 120), (2, 4))
        whole = client.get("/membership.json?chapter=Gulf").json()["totals"]
        for address in ("/membership/ways.json", "/membership/ways.json?chapter=Pacific"):
            mine = {row["way"]: row["members"] for row in liaison.get(address).json()["membership_ways"]}
            assert mine["lapses"] == sum(whole["ways"]["now"][way] for way in ("resigned", "payment", "unsaid")) == 20
        assert "20 members lapsed: " in liaison.get("/membership/?chapter=Pacific").text
        assert "too few for shares" in liaison.get("/membership/").text
        assert client.get("/membership/ways.svg").status_code == 404


def test_scores_whose_dues_are_not_counted_are_not_told_as_none(tmp_path: Path):
    """As after an update that reads kept figures otherwise, until scores are handed over again."""
    from tenure.ledger import figures

    world = factories.world(tmp_path / "home", members=20, nights=1)
    factories.sign_up()
    figures.replace(part=figures.SCORES, bodies={}, as_of=factories.DAY)
    with serving(world) as site, site.staff() as client:
        text = client.get("/membership/").text
    assert "No scores yet" not in text
    assert text.count("Not counted yet; the next night does") == 2


def test_the_kept_figures_hold_no_one_and_reading_them_asks_little(site: Site, staff: httpx.Client):
    """Five rows of figures at most are read for a page, and no member's pseudonym is in any of them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tenure.ledger.models import MembershipFigures
    from tenure.web.membership_scope import Asked, shown_for

    point_at(site.world)
    with CaptureQueriesContext(connection) as asked:
        assert shown_for(Asked(kind="Professional", chapter="Gulf"), None)
    assert len(asked) <= 5
    text = json.dumps(list(MembershipFigures.objects.values_list("body", flat=True)))
    assert not any(f'"{name}"' in text or str(member) in text for member, name in site.world.members.items())


@pytest.mark.browser
def test_on_paper_no_column_of_a_table_is_cut(site: Site, browser: Browser, signed_in: Path):
    """On a sheet of 720 px every table keeps to its width, in types and in chapters."""
    with browser.new_context(storage_state=signed_in, viewport={"width": 720, "height": 1000}) as context:
        made = visit(site, context)
        for address in ("/membership/", "/membership/?by=chapter"):
            page = made.go(address)
            page.emulate_media(media="print")
            wide = page.evaluate(
                """() => [...document.querySelectorAll("table")].filter((t) => t.checkVisibility())
                    .filter((t) => t.scrollWidth > t.parentElement.clientWidth + 1).map((t) => t.caption.textContent)"""
            )
            assert wide == []
            page.emulate_media(media="screen")
        made.check()
