"""Letting another model serve and taking it back, on pages that say what follows; thresholds and what they select."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import factories
import httpx
import polars as pl
import pytest
from sites import Site, send, serving

from association import invent
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer
from tenure.risk import train
from tenure.risk.registry import Registry
from trained_association import SETTINGS

ROLES = ("manager", "director", "analyst")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A factory's world whose models are real: the same one under three names, none of which anybody let serve."""
    root = tmp_path_factory.mktemp("web")
    world = factories.world(root / "home", members=120, nights=1)
    invented = invent(root / "lake", members=150)
    signer = Signer(Pseudonyms.of(world.home).secret("models"))
    _forget_models(world)
    registry = Registry(world.home.models, signer)
    made = train(invented.lake, SETTINGS, invented.last, registry)
    for role in ROLES:
        factories.sign_up(role, role=role)
    for name, trained in (("2025-01-01-aaaaaa", "2025-01-01"), ("2025-02-01-bbbbbb", "2025-02-01")):
        _copied(registry, world.home.models, made["version"], name, trained, signer)
    (world.home.models / made["version"]).rename(root / "away")
    with serving(world) as running:
        yield running


def _forget_models(world: factories.World) -> None:
    from tenure.ledger.models import ModelPromotion

    for path in world.home.models.glob("*/*"):
        path.unlink()
    ModelPromotion.objects.all().delete()


def _copied(registry: Registry, models: Path, version: str, name: str, day: str, signer: Signer) -> None:
    """The model *version* under another name and day, signed again."""
    folder = models / name
    folder.mkdir()
    for path in (models / version).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    told = json.loads((folder / "manifest.json").read_bytes())
    data = json.dumps({**told, "version": name, "as_of": day, "trained_at": f"{day}T02:00:00Z"}).encode()
    (folder / "manifest.json").write_bytes(data)
    (folder / "manifest.sig").write_text(signer.sign(name, data))


OLD, NEW = "2025-01-01-aaaaaa", "2025-02-01-bbbbbb"


def state_of(client: httpx.Client) -> dict[str, str]:
    rows = re.findall(
        r"<tr><th scope=\"row\"><a href=\"\?version=([^\"]+)\".*?</th><td>(.*?)</td>", client.get("/model/").text
    )
    return {version: re.sub("<[^>]+>", "", state) for version, state in rows}


def test_numbers_whose_extremes_surely_do_not_hold_are_a_word_less_good(site: Site):
    """A small distance on average hides that the few at the ends are far off."""
    folder = site.world.home.models / NEW
    kept = {name: (folder / name).read_bytes() for name in ("manifest.json", "manifest.sig")}
    signer = Signer(Pseudonyms.of(site.world.home).secret("models"))
    said = {}
    for name, slope in {"right": (0.97, 0.90, 1.04), "steep": (0.84, 0.75, 0.93), "unsure": (0.84, 0.60, 1.08)}.items():
        told = json.loads(kept["manifest.json"])
        ends = dict(zip(("calibration_slope", "calibration_slope_low", "calibration_slope_high"), slope, strict=True))
        told["backtest"]["models"]["tenure"] |= {**ends, "calibration_error": 0.02}
        data = json.dumps(told).encode()
        (folder / "manifest.json").write_bytes(data)
        (folder / "manifest.sig").write_text(signer.sign(NEW, data))
        with site.staff("analyst") as client:
            page = client.get(f"/model/?version={NEW}").text
        said[name] = re.findall(r"Numbers: ([a-z ]+)<.*?(Extremes[a-z ]+)", page, re.DOTALL)
    for name, data in kept.items():
        (folder / name).write_bytes(data)

    assert said == {
        "right": [("good", "Extremes hold")],
        "steep": [("fair", "Extremes are overstated")],
        "unsure": [("good", "Extremes may be overstated")],
    }


def test_a_challenger_says_how_its_nights_in_shadow_went(site: Site):
    """Of two nights the one on which it would have moved the most members."""
    folder = site.world.home.models / "2025-01-01-aaaaaa"
    told = {"members": 120, "same_top": 0.75, "said": 0.16, "served": 0.15}
    nights = [{"as_of": f"2025-03-0{day}", "other_band": moved, **told} for day, moved in ((1, 0.04), (2, 0.07))]
    (folder / "shadow.json").write_text(json.dumps(nights))
    with site.staff("analyst") as analyst:
        page = " ".join(analyst.get("/model/").text.split())
    (folder / "shadow.json").unlink()

    assert "In shadow for 2 of 3 nights: at most 7 in 100 members in another band" in page


def test_a_model_is_promoted_and_taken_back_by_those_who_may_with_their_reason(site: Site):
    from tenure.ledger import promotions
    from tenure.ledger.models import AuditEvent

    with site.staff("manager") as client:
        assert state_of(client) == {NEW: "Serves", OLD: "Waits"}
        assert f"/model/{OLD}/promote" not in client.get("/model/").text
        assert client.get(f"/model/{OLD}/promote").status_code == 403
        assert send(client, f"/model/{OLD}/promote", why="it is mine").status_code == 403
    with site.staff("analyst") as client:
        page = client.get(f"/model/{OLD}/promote").text
        assert "It is older than the one that serves" in page
        assert "The scores of March 1, 2025 stay as they are" in page
        assert send(client, f"/model/{OLD}/promote", why="  ").status_code == 422
        assert promotions.until() == []
        assert send(client, f"/model/{OLD}/promote", why="the new one is stretched").status_code == 302
        assert state_of(client) == {NEW: "Served before", OLD: "Serves"}
        assert "analyst, Mar 1, 2025" in client.get("/model/").text
    with site.staff("director") as client:
        assert f"Roll back to {NEW}?" in client.get("/model/rollback").text
        stale = send(client, "/model/rollback", why="it was right", to=OLD)
        assert (stale.status_code, "By now a rollback leads to" in stale.text) == (409, True)
        assert send(client, "/model/rollback", why="it was right", to=NEW).status_code == 302
        assert state_of(client)[NEW] == "Serves"
        assert client.get("/model/rollback").status_code == 404, "there is nothing left to go back to"
    acts = AuditEvent.objects.filter(act__startswith="model:").order_by("number")
    assert [(row.act, row.by) for row in acts if row.by in ROLES] == [
        ("model:promotion:record", "analyst"), ("model:rollback:record", "director"),
    ]  # fmt: skip


def test_a_damaged_model_does_not_serve(site: Site):
    path = site.world.home.models / OLD / "parts.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    try:
        with site.staff("director") as client:
            answer = send(client, f"/model/{OLD}/promote", why="a test")
            assert answer.status_code == 409
            assert "is missing or was changed" in answer.text
            assert state_of(client)[NEW] == "Serves"
    finally:
        path.write_bytes(whole)


def test_no_model_is_shown_as_serving_in_place_of_a_damaged_one(site: Site):
    """The page names the damaged one and what it hinders; another one can be let serve in its place."""
    path = site.world.home.models / NEW / "manifest.json"
    whole = path.read_bytes()
    path.write_bytes(whole + b"x")
    try:
        with site.staff("director") as client:
            page = " ".join(client.get("/model/").text.split())
            assert f"{NEW} is damaged and never used. {NEW} is to serve, so that no night can score" in page
            assert "Serves" not in state_of(client).values()
            asked = client.get(f"/model/{OLD}/promote")
            assert (asked.status_code, f"{NEW} serves now." in asked.text) == (200, True)
    finally:
        path.write_bytes(whole)


def near(site: Site) -> pl.DataFrame:
    return site.world.scores.filter(pl.col("renewal_due_on") <= factories.DAY + pl.duration(days=90))


@pytest.mark.parametrize(
    ("query", "at", "keep"),
    [
        ("score=35", 1, pl.col("risk_score") >= 35),
        ("rank=30", 2, pl.col("risk_rank") >= 0.7),
        ("calls=7", 0, pl.col("place") < 7),
        ("score=soon&calls=-3&rank=ten", 2, pl.col("risk_rank") >= 0.9),
    ],
)
def test_a_threshold_says_what_it_selects_wherever_it_is_put(site: Site, query: str, at: int, keep: pl.Expr):
    """Ruling 5: members, expected lapses, those called for nothing, dues at stake and hours, without a script."""
    here = near(site).sort(["p_lapse_renewal", "member"], descending=[True, False]).with_row_index("place")
    chosen = here.filter(keep)
    with site.staff("manager") as client:
        html = client.get(f"/model/?{query}").text
    row = re.findall(r'<th scope="row"><label.*?</tr>', html, re.DOTALL)[at]
    cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r'<td class="n">(.*?)</td>', row)]
    lapses = chosen["p_lapse_renewal"].sum()
    assert cells[0] == f"{chosen.height:,}"
    assert cells[1] == f"{round(lapses):,}"
    assert cells[4] == f"{round(chosen.height - lapses):,}"
    assert cells[5] == f"${(chosen['p_lapse_renewal'] * chosen['dues']).sum():,.0f}"
    assert cells[6] == f"{round(chosen.height * 20 / 60):,}"
    assert f"Of {here.height} members in grace or due within 90 days" in html
