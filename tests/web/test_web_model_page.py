"""The Model page: what a grade comes to, how groups fare, what the nights watch found."""

from __future__ import annotations

import json

import factories
import httpx
import pytest
from manifests import MODEL, write_manifest
from sites import Site, read_csv

from tenure.features.facts import CATEGORIES


def test_the_model_page_compares_and_names_the_numbers(staff: httpx.Client):
    html = staff.get("/model/").text
    for words in ("Good: rank by it", "9,021 past decisions", "Against simpler ways", "Points score", "Life table",
                  "Season by season", "What it looks at", "Known on", "84 times in 100"):  # fmt: skip
        assert words in html
    assert html.count('role="img"') == 4
    assert len(read_csv(staff.get("/model/calibration.csv"))) == 10


def test_the_model_page_opens_with_what_the_grade_comes_to(staff: httpx.Client, site: Site):
    said = "of the tenth of members that it ranked highest, 53 in 100 lapsed. The grade may lie between B and C."
    write_manifest(site.world.home.models, grade={"letter": "B", "sentence": f"Good: {said}"})
    html = staff.get("/model/").text
    write_manifest(site.world.home.models)
    assert '<h1 class="opening">Good. Scores can be taken at their word' in html
    assert f'<p class="sub">O{said[1:]} Model {MODEL}, grade B' in html


def test_groups_that_are_scored_too_low_and_do_not_differ_are_told_in_heading_and_file(staff: httpx.Client, site: Site):
    """As a card of now has them; a verdict that was worded otherwise is made from its numbers."""
    path = site.world.home.models / MODEL / "card.json"
    whole = path.read_text()
    card = json.loads(whole)
    groups = [
        one | {"surely_off": True} for one in card["fairness"]["groups"] if one["value"] in ("South", "Caribbean")
    ]
    path.write_text(json.dumps(card | {"fairness": card["fairness"] | {"groups": groups}}))
    try:
        html, rows = staff.get("/model/").text, staff.get("/model/groups.csv").text
    finally:
        path.write_text(whole)
    heading = (
        "No difference found between 1 group; 1 is scored too low or too high all the same; 1 is too small to tell"
    )
    assert heading in html
    assert "<b>Scored too low, though not clearly unlike the others</b>" in html
    assert "scored too low, though not clearly unlike the others" in rows
    assert "no difference found" not in rows


def test_the_model_page_tells_groups_drift_capacity_and_versions(staff: httpx.Client):
    html = staff.get("/model/").text
    for words in (
        "Your 150 calls a month reach 21 % of those who lapse", "1 of 3 groups differs from all others; 1 is too small",
        "Too few to tell", "−1.2 (−4.0 to +1.1)", "+3.1 (+0.8 to +5.4)",
        "Perhaps scored too low, though not clearly unlike the others",
        "Not recorded: gender", "1 drift warning", "Email moved by 0.31",
        "Of 120 renewals scored on past nights 17 in 100 were said to lapse; 15 did.", "Served before",
        "No worse than the one before it.",
    ):  # fmt: skip
        assert words in html, words
    assert "Age and gender are never inputs; region, type and chapter are" in html
    assert {"region", "member_type", "chapter_id"} <= set(CATEGORIES)
    assert not {"age_band", "gender"} & set(CATEGORIES)
    assert "Let it serve" not in html, "a manager may not"
    card = staff.get(f"/model/{MODEL}/card.html")
    assert "attachment" in card.headers["content-disposition"]
    assert staff.get("/model/2025-01-01-77ab01/card.html").status_code == 404
    assert staff.get("/model/..%2F..%2Fsecrets/card.html").status_code == 404


def test_the_nights_watch_is_drawn_with_the_night_of_its_warning(staff: httpx.Client):
    """The week before came to 60 of 100; the last night passed it."""
    assert "Email moved farthest; warned since March 1" in staff.get("/model/").text
    rows = read_csv(staff.get("/model/watch.csv"))
    assert [list(row.values()) for row in rows] == [
        ["2025-03-01", "Email", "155", "Yes"],
        ["2025-02-22", "Email", "60", "No"],
    ]
    assert "<svg" in staff.get("/model/watch.svg").text


@pytest.mark.parametrize(
    ("came", "words"),
    [
        ({"decisions": 1, "said": 0.01, "lapsed": 0.0}, "1 renewal is decided: too few to tell."),
        (
            {"decisions": 0, "selected": 9},
            "no renewal is decided yet, the holdout standing for 9 that playbooks selected.",
        ),
        (
            {"decisions": 120, "selected": 1400, "said": 0.2, "lapsed": 0.15},
            "Of 120 renewals scored on past nights, the holdout standing for 1,400 that playbooks selected, "
            "20 in 100 were said to lapse; 15 did.",
        ),
    ],
)
def test_what_became_of_past_nights_is_said_with_how_many_it_speaks_for(
    staff: httpx.Client, site: Site, came: dict[str, object], words: str
):
    path = site.world.home.receipts / f"{factories.DAY}.drift.json"
    kept = path.read_text()
    try:
        path.write_text(json.dumps({**json.loads(kept), "matured": came}))
        assert words in staff.get("/model/").text
    finally:
        path.write_text(kept)
