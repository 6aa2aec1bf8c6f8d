"""The receipt of a score on a page: what the night kept, and whether it still holds."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from html import unescape

import factories
import httpx
import polars as pl
import pytest
from manifests import MODEL, manifest, write_manifest
from sites import Site, serving

from tenure.risk import scoring_code


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = factories.world(tmp_path_factory.mktemp("web") / "home", members=24, nights=2)
    factories.sign_up()
    with serving(world) as running:
        yield running


def receipt(staff: httpx.Client, site: Site, query: str = "") -> dict:
    return staff.get(f"/members/{site.world.id_of_rank()}/receipt.json{query}").json()


def holding(found: dict) -> dict[str, bool | None]:
    return {one["what"]: one["holds"] for one in found["checks"]}


def test_the_receipt_says_what_the_score_was_made_from_and_that_it_holds(staff: httpx.Client, site: Site):
    """AU-7: from the member's page to day, model and digest, rules, records, every value, interval and calibration."""
    member = site.world.id_of_rank()
    assert f'href="/members/{member}/receipt/"' in staff.get(f"/members/{member}/").text
    html = unescape(staff.get(f"/members/{member}/receipt/").text)
    score = site.world.scores.filter(pl.col("member") == site.world.member_of_rank()).row(0, named=True)
    found = receipt(staff, site)

    assert "The start of March 1, 2025, UTC: only what was recorded before it was seen" in html
    assert f"{MODEL}, learnt from what was known on Mar 1, 2025; digest {manifest()['hash'][:12]}" in html
    assert f"Version {site.world.lake.version} of the lake, last read" in html
    assert f"Digest {found['page']['code'][:12]}, the code that these pages run on" in html
    assert f"{100 * score['p_lapse_renewal']:.0f} in 100" in html
    assert f"Range {100 * score['p_low']:.0f}–{100 * score['p_high']:.0f}" in html
    assert "; each was scored before it was known." in html
    assert all(score[f"reason_{n}"] in html for n in (1, 2, 3))
    assert f'<span class="n quiet">+{score["reason_1_points"]:.0f}</span>' in html
    assert f"tenure receipt {member} --as-of 2025-03-01" in html
    assert html.count("<b>Holds.</b>") == 4
    assert "4 of 4 comparisons hold" in html
    assert holding(found) == dict.fromkeys(
        ("Digest, counted again", "Digest, in the run’s log", "Model", "Score"), True
    )

    kept = pl.read_parquet(site.world.home.receipts / "2025-03-01.parquet")
    mine = kept.filter(pl.col("member") == score["member"]).row(0, named=True)
    told = {one["name"]: one["value"] for one in found["features"]}
    assert len(told) == len(manifest()["features"]) + 5
    assert told["logins_0"] == mine["logins_0"]
    assert told["logins_1"] is None
    assert told["member_type"] == score["member_type"]
    assert "unknown" in html
    rows = staff.get(f"/members/{member}/receipt.csv").text.lstrip("\ufeff")
    assert len(list(csv.DictReader(io.StringIO(rows)))) == len(told)
    assert str(score["member"]) not in html + json.dumps(found) + rows, "the pseudonym"


def test_it_tells_of_members_alike_what_their_page_tells(staff: httpx.Client, site: Site):
    """For the night that pages show; a night before has the model's own table."""
    from tenure.ledger.models import CurrentScore

    shown = CurrentScore.objects.filter(member=site.world.member_of_rank())
    before = shown.values("like_decided", "like_lapsed", "like_low", "like_high").get()
    shown.update(like_decided=100, like_lapsed=75, like_low=0.71, like_high=0.83)
    address, first = f"/members/{site.world.id_of_rank()}/receipt/", site.world.lake.score_dates()[0]
    now, earlier = (unescape(staff.get(f"{address}{query}").text) for query in ("", f"?night={first}"))
    shown.update(**before)

    assert "Of 100 past decisions scored 71 to 83 in 100, 75 lapsed (range 67–81 in 100); each was scored before" in now
    then = site.world.lake.scores(first).filter(pl.col("member") == site.world.member_of_rank())
    near = min(
        manifest()["backtest"]["calibration"], key=lambda one: abs(one["predicted"] - then["p_lapse_renewal"][0])
    )
    alike = f"scored about {100 * near['predicted']:.0f} in 100, {100 * near['observed']:.0f} in 100 lapsed"
    assert f"Of 902 past decisions {alike}" in earlier


def test_what_no_longer_is_as_it_was_kept_is_said(staff: httpx.Client, site: Site):
    """A rule that was rewritten, another model of that name, a score that the lists show otherwise, a torn file."""
    from tenure.ledger.models import CurrentScore

    page = site.world.home.receipts / "2025-03-01.json"
    whole = page.read_text()
    mine = CurrentScore.objects.filter(member=site.world.member_of_rank())
    chance = mine.get().p_lapse_renewal
    try:
        page.write_text(whole.replace('"high": 0.5', '"high": 0.4'))
        assert holding(receipt(staff, site))["Digest, counted again"] is False
        page.write_text(re.sub(r'"receipt": "\w+"', '"receipt": "0000000000000000"', whole))
        assert holding(receipt(staff, site))["Digest, in the run’s log"] is False
        html = staff.get(f"/members/{site.world.id_of_rank()}/receipt/").text
        assert "<dd>No</dd><dd>2 of 4 comparisons hold</dd>" in html
        page.write_text(re.sub(r'"software": "[^"]+"', '"software": "0.0.1"', whole))
        assert holding(receipt(staff, site))["Digest, counted again"] is None
        page.write_text(re.sub(r'"code": "\w+"', f'"code": "{"0" * 64}"', whole))
        assert holding(receipt(staff, site))["Digest, counted again"] is False
        html = staff.get(f"/members/{site.world.id_of_rank()}/receipt/").text
        assert "Digest 000000000000, not the code that these pages run on" in html
        page.write_text(whole[:40])
        torn = staff.get(f"/members/{site.world.id_of_rank()}/receipt/").text
        assert "what the night 2025-03-01 was made from cannot be read" in torn.lower()
        page.write_text(whole)
        write_manifest(site.world.home.models, MODEL, hash="0" * 64)
        assert holding(receipt(staff, site))["Model"] is False
        write_manifest(site.world.home.models)
        mine.update(p_lapse_renewal=chance / 2)
        assert holding(receipt(staff, site))["Score"] is False
    finally:
        page.write_text(whole)
        write_manifest(site.world.home.models)
        mine.update(p_lapse_renewal=chance)
    assert set(holding(receipt(staff, site)).values()) == {True}


def test_a_night_before_is_asked_for_by_its_day_and_one_without_a_receipt_says_so(staff: httpx.Client, site: Site):
    before = factories.DAY - dt.timedelta(days=7)
    then = site.world.lake.scores(before).filter(pl.col("member") == site.world.member_of_rank()).row(0, named=True)
    found = receipt(staff, site, f"?night={before}")
    assert found["score"]["p_lapse_renewal"] == then["p_lapse_renewal"]
    assert found["score"]["reason_1"] == then["reason_1"]
    assert (found["features"], found["page"]) == ([], None)
    address = f"/members/{site.world.id_of_rank()}/receipt/"
    html = staff.get(f"{address}?night={before}").text
    assert "The values are not kept" in html
    assert 'href="?night=2025-03-01" rel="next"' in html
    assert f'href="?night={before}" rel="prev"' in staff.get(address).text
    assert staff.get(f"{address}?night=2025-02-02").status_code == 404
    assert staff.get("/members/nobody/receipt/").status_code == 404


def test_pages_say_whether_they_run_on_the_code_that_scored_whatever_was_installed_since(
    site: Site, staff: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    """An update does not reach a process that runs."""
    address = f"/members/{site.world.id_of_rank()}/receipt/"
    scoring_code.code_digest.cache_clear()
    with serving(site.world):
        monkeypatch.setattr(scoring_code, "digest_of_sources", lambda root: "1" * 64)
        assert re.search(r"Digest \w{12}, the code that these pages run on", staff.get(address).text)
