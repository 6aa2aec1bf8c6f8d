"""Champion, challenger, rollback: which model a night scores with, and the trail of who said so."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from calls import AS_OF, Done, set_, tenure

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.signing import Signer

LATER = "2025-03-06"


@dataclass(frozen=True)
class Pair:
    """A home with two models: the first, and a second that a person let serve in its place."""

    home: Path
    former: str
    champion: str

    def damage(self, version: str, name: str = "manifest.json") -> None:
        """Append a byte to a file of *version*."""
        with (self.home / "models" / version / name).open("ab") as file:
            file.write(b"x")

    def command(self, *arguments: object) -> Done:
        """Call `tenure model` with *arguments*, by somebody and for some reason."""
        return tenure("model", *arguments, "--home", self.home, "--by", "A. Director", "--why", "odd scores")

    def score(self) -> Done:
        """Score the latest night anew."""
        return tenure("score", "--home", self.home, "--as-of", LATER, "--json")


@pytest.fixture(scope="module")
def made_pair(tmp_path_factory: pytest.TempPathFactory, first_night: Path) -> Pair:
    """Read-only; `pair` is a copy."""
    home = tmp_path_factory.mktemp("pair") / "home"
    shutil.copytree(first_night, home)
    set_(home, promotion="by-person")
    (former,) = parts(home)
    assert tenure("train", "--home", home, "--as-of", LATER).code == 0
    (champion,) = set(parts(home)) - {former}
    pair = Pair(home, former, champion)
    assert pair.command("promote", champion).code == 0
    return pair


@pytest.fixture
def pair(tmp_path: Path, made_pair: Pair) -> Pair:
    """A home of two models, for this test alone."""
    home = tmp_path / "home"
    shutil.copytree(made_pair.home, home)
    return replace(made_pair, home=home)


def parts(home: Path) -> dict[str, str]:
    """Version → part."""
    return {one["version"]: one["part"] for one in tenure("model", "list", "--home", home, "--json").json}


def trail(home: Path) -> list[tuple[str, str, str]]:
    """What the audit trail says of models: act, by, subject."""
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        rows = ledger.execute(
            "SELECT act, \"by\", subject FROM ledger_audit_event WHERE act LIKE 'model:%' ORDER BY id"
        )
        return rows.fetchall()


def as_if_it_had_said(home: Path, version: str, p: pl.Expr) -> None:
    """Give a model another back-test, signed as the home itself would have."""
    as_if_kept(home, version, lambda decisions: decisions.with_columns(p_lapse_renewal=p))


def as_if_kept(home: Path, version: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change the decisions that a model keeps, signed as the home itself would have."""
    folder = home / "models" / version
    path, told = folder / "decisions.parquet", json.loads((folder / "manifest.json").read_text())
    change(pl.read_parquet(path)).write_parquet(path)
    data = json.dumps({**told, "decisions_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}).encode()
    (folder / "manifest.json").write_bytes(data)
    signer = Signer(Pseudonyms.of(Home(home)).secret("models"))
    (folder / "manifest.sig").write_text(signer.sign(version, data))


def test_the_first_model_serves_by_rule_and_the_trail_says_so(night: Path):
    """One promotion, one audit row, in words."""
    (one,) = tenure("model", "list", "--home", night, "--json").json

    assert (one["part"], one["by"], one["how"]) == ("champion", "tenure train", "automatic")
    assert trail(night) == [("model:promotion:record", "tenure train", one["version"])]


def test_by_person_a_new_model_waits_and_a_person_lets_it_serve_and_takes_it_back(night: Path):
    """The night scores with the champion throughout; every change names somebody and why."""
    set_(night, promotion="by-person")
    first = next(iter(parts(night)))
    done = tenure("train", "--home", night, "--as-of", LATER)
    assert done.code == 0, done.told
    new = next(version for version in parts(night) if version != first)

    assert parts(night) == {first: "champion", new: "challenger"}
    assert f"{first} goes on serving: the settings leave it to a person" in " ".join(done.told.split())
    assert tenure("score", "--home", night, "--as-of", LATER, "--json").json["model"] == first

    early = tenure("model", "promote", new, "--home", night, "--by", "A", "--why", "b", "--as-of", AS_OF)
    assert early.code == 2
    assert "knows what came after" in early.err
    unnamed = tenure("model", "promote", new, "--home", night, "--by", " ", "--why", "it is better")
    assert unnamed.code == 2
    done = tenure("model", "promote", new, "--home", night, "--by", "A. Director", "--why", "it is better")
    assert done.code == 0, done.told
    assert parts(night) == {first: "former", new: "champion"}
    assert tenure("score", "--home", night, "--as-of", LATER, "--json").json["model"] == new
    assert tenure("score", "--home", night, "--as-of", AS_OF, "--json").json["model"] == first, "its own day's model"
    assert tenure("model", "promote", new, "--home", night, "--by", "A", "--why", "b").code == 2, "it serves already"

    done = tenure("model", "rollback", "--home", night, "--by", "A. Director", "--why", "odd scores")
    assert done.code == 0, done.told
    assert tenure("score", "--home", night, "--as-of", LATER, "--json").json["model"] == first
    assert tenure("model", "rollback", "--home", night, "--by", "A", "--why", "b").code == 2, "nothing before it"
    assert [act for act, *_ in trail(night)] == ["model:promotion:record"] * 2 + ["model:rollback:record"]
    assert [by for _, by, _ in trail(night)] == ["tenure train", "A. Director", "A. Director"]


def test_after_a_rollback_no_model_takes_over_by_rule(night: Path):
    """Somebody had a reason; the next training does not undo it."""
    set_(night, shadow_nights=0)
    first = next(iter(parts(night)))
    # The champion's back-test as of one who knows nothing: whatever comes next is better.
    as_if_it_had_said(night, first, pl.lit(0.5))
    tenure("train", "--home", night, "--as-of", LATER)
    new = next(version for version in parts(night) if version != first)
    assert parts(night) == {first: "former", new: "champion"}, "what is better takes over"

    assert tenure("model", "rollback", "--home", night, "--by", "Ann", "--why", "odd").code == 0
    done = tenure("train", "--home", night, "--as-of", "2025-03-08")

    assert "Ann rolled back" in done.told
    assert parts(night)[first] == "champion"


def shadow_of(home: Path, version: str) -> list[dict[str, object]]:
    """The nights in shadow that a model has had."""
    return {one["version"]: one["shadow"] for one in tenure("model", "list", "--home", home, "--json").json}[version]


def test_a_new_model_scores_in_shadow_and_then_takes_over(night: Path):
    """Nights are scored with the champion until they are over; what the other says of members is kept nowhere."""
    set_(night, shadow_nights=2)
    first = next(iter(parts(night)))
    done = tenure("train", "--home", night, "--as-of", LATER)
    assert "it scores in shadow for 2 nights first" in " ".join(done.told.split())
    new = next(version for version in parts(night) if version != first)

    one = tenure("run", "--home", night, "--as-of", LATER, "--json").json
    assert one["model"] == first
    assert shadow_of(night, new)[0]["as_of"] == LATER
    assert tenure("model", "list", "--home", night).out.rstrip().endswith("  1 night in shadow")
    kept = pl.read_parquet(night / "lake" / "scores" / f"{LATER}.parquet")
    assert kept["model_version"].unique().to_list() == [first]
    tenure("run", "--home", night, "--as-of", LATER)
    assert len(shadow_of(night, new)) == 1, "the same night counts once"
    assert parts(night)[new] == "challenger"

    done = tenure("run", "--home", night, "--as-of", "2025-03-07")
    assert done.code == 0, done.told
    assert "night 2 of 2" in done.told
    assert parts(night) == {first: "former", new: "champion"}
    assert tenure("run", "--home", night, "--as-of", "2025-03-07", "--json").json["model"] == first, "its own model"
    assert tenure("run", "--home", night, "--as-of", "2025-03-08", "--json").json["model"] == new
    assert trail(night)[-1] == ("model:promotion:record", "tenure train", new)


def test_one_that_would_move_too_many_waits_for_a_person(night: Path):
    """Its back-test is no worse, but a write-back would not let through what it says tonight."""
    set_(night, shadow_nights=1, max_band_changes=0.0)
    first = next(iter(parts(night)))
    told = tenure("train", "--home", night, "--as-of", LATER).told
    assert "it scores in shadow for 1 night first" in " ".join(told.split())
    done = tenure("run", "--home", night, "--as-of", LATER)

    assert "in 100 members into another band (at most 0)" in " ".join(done.told.split())
    assert parts(night)[first] == "champion"
    again = tenure("run", "--home", night, "--as-of", "2025-03-07")
    assert "shadow" not in again.told, "its nights are over"


def test_a_worse_model_does_not_take_over(night: Path):
    """A back-test that is upside down stays a challenger, and the command says why."""
    first = next(iter(parts(night)))
    # The champion's back-test as a seer would have made it: whatever comes next is worse.
    as_if_it_had_said(night, first, 0.02 + 0.96 * pl.col("lapsed"))
    done = tenure("train", "--home", night, "--as-of", LATER)

    assert done.code == 0
    assert parts(night)[first] == "champion"
    assert "worse than the one that serves" in done.told


@pytest.mark.parametrize("arguments", [("promote", "2020-01-01-abcdef"), ("rollback",)])
def test_a_model_that_is_not_there_is_named(night: Path, arguments: tuple[str, ...]):
    """With words and a mend."""
    done = tenure("model", *arguments, "--home", night, "--by", "A", "--why", "b", "--json")

    assert done.code in (1, 2)
    assert json.loads(done.out)["error"]["hint"]


def test_a_model_signed_by_another_home_serves_only_once_somebody_vouches_for_it(night: Path):
    """A night refuses it and says the ways out; a person's word is on the trail, and a second one finds it good."""
    (version,) = parts(night)
    signature = night / "models" / version / "manifest.sig"
    signature.write_text(hmac.new(b"another home's key", b"", "sha256").hexdigest())

    done = tenure("run", "--home", night, "--as-of", LATER)
    assert done.code == 1, done.told
    assert f"model {version} was changed, or was not signed by the key of this home" in " ".join(done.err.split())
    assert tenure("doctor", "--home", night).code != 0

    assert tenure("model", "sign", version, "--home", night, "--by", " ", "--why", "x").code == 2
    assert tenure("model", "sign", "2020-01-01-abcdef", "--home", night, "--by", "A", "--why", "x").code == 2
    done = tenure("model", "sign", version, "--home", night, "--by", "A. Analyst", "--why", "made by our own test site")
    assert done.code == 0, done.told
    assert trail(night)[-1] == ("model:signature:record", "A. Analyst", version)
    assert tenure("run", "--home", night, "--as-of", LATER).code == 0


def test_a_damaged_model_is_listed_with_what_is_the_matter(pair: Pair):
    """By whoever lists models, beside those that are whole."""
    home, former = pair.home, pair.former
    pair.damage(former)

    listed = {one["version"]: one for one in tenure("model", "list", "--home", home, "--json").json}
    assert (listed[former]["part"], listed[pair.champion]["part"]) == ("former", "champion")
    assert f"model {former} was changed" in listed[former]["damaged"]
    assert listed[pair.champion]["damaged"] is None
    assert f"{former}  former      DAMAGED: " in tenure("model", "list", "--home", home).out
    evaluated = tenure("evaluate", "--home", home, "--list", "--json").json
    assert {one["version"]: bool(one["damaged"]) for one in evaluated} == {former: True, pair.champion: False}
    assert f"{former}  DAMAGED: " in tenure("evaluate", "--home", home, "--list").out
    (finding,) = found(home, "other models")
    assert finding["state"] == "note"
    assert former in finding["words"]


def test_a_damaged_model_that_does_not_serve_hinders_nothing(pair: Pair):
    """It is refused by name where it is wanted; all else goes on."""
    home, former = pair.home, pair.former
    pair.damage(former)

    assert tenure("evaluate", "--home", home).code == 0
    assert tenure("run", "--home", home, "--as-of", LATER, "--json").json["model"] == pair.champion
    for arguments in (("promote", former), ("rollback",)):
        refused = pair.command(*arguments)
        assert refused.code == 1
        assert f"model {former} was changed" in " ".join(refused.err.split())
        assert "hint: " in refused.err
    assert pair.score().json["model"] == pair.champion
    assert len(trail(home)) == 2, "nothing was decided"


def test_a_model_whose_files_were_changed_is_listed_as_damaged(pair: Pair):
    """Also where its manifest is as it was signed."""
    pair.damage(pair.former, "parts.json")

    listed = {one["version"]: one["damaged"] for one in tenure("model", "list", "--home", pair.home, "--json").json}

    assert listed[pair.former] == f"file parts.json of model {pair.former} is missing or was changed"
    assert listed[pair.champion] is None


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", "parts.json"])
def test_a_damaged_champion_scores_nothing_and_is_rolled_back(pair: Pair, name: str):
    """No other model stands in for it unasked; the mend names the way back, which leads back."""
    pair.damage(pair.champion, name)

    refused = tenure("score", "--home", pair.home, "--as-of", LATER)
    assert refused.code == 1
    assert f"model {pair.champion}" in " ".join(refused.err.split())
    hint = " ".join(refused.err.partition("hint: ")[2].split())
    assert hint.startswith(f"`tenure model rollback --by NAME --why WORDS` lets {pair.former} serve again; or ")
    assert tenure("run", "--home", pair.home, "--as-of", LATER).code == 1
    assert parts(pair.home) == {pair.former: "former", pair.champion: "champion"}

    done = pair.command("rollback")
    assert done.code == 0, done.told
    assert f"{pair.former} serves now, in place of {pair.champion};" in done.out
    assert pair.score().json["model"] == pair.former
    assert pair.command("promote", pair.champion).code == 1


def test_a_model_made_while_the_champion_is_damaged_waits_for_a_person(pair: Pair):
    """Who damages a model does not thereby choose the next one, though nothing is left to compare it with."""
    set_(pair.home, promotion="automatic", shadow_nights=0)
    pair.damage(pair.champion)

    done = tenure("train", "--home", pair.home, "--as-of", "2025-03-08")
    assert done.code == 0, done.told
    (new,) = set(parts(pair.home)) - {pair.former, pair.champion}
    assert parts(pair.home)[new] == "challenger"
    assert f"`tenure model promote {new} --by NAME --why WORDS` lets the new one serve" in " ".join(done.told.split())

    done = pair.command("promote", new)
    assert done.code == 0, done.told
    assert f"{new} serves now, in place of {pair.champion};" in done.out


def test_a_rollback_says_which_model_it_replaces_also_when_that_one_was_moved_away(pair: Pair, tmp_path: Path):
    """The record knows; what serves for want of it is not what served."""
    (pair.home / "models" / pair.champion).rename(tmp_path / "away")

    done = pair.command("rollback")

    assert done.code == 0, done.told
    assert f"{pair.former} serves now, in place of {pair.champion};" in done.out
    with sqlite3.connect(pair.home / "ledger.sqlite3") as ledger:
        (row,) = ledger.execute("SELECT version, replaced FROM ledger_model_promotion WHERE how = 'rollback'")
    assert row == (pair.former, pair.champion)


def test_a_model_is_audited_by_what_features_cannot_read(night: Path):
    """Gender and age are recorded there; the words name every attribute, and small groups are too few to tell."""
    body = tenure("model", "fairness", "--home", night, "--json").json
    told = tenure("model", "fairness", "--home", night).out

    assert {"age_band", "gender", "member_type"} <= {group["by"] for group in body["groups"]}
    assert any(group["verdict"] == "too few to tell" for group in body["groups"])
    assert any("auc" in group for group in body["groups"])
    assert all(title in told for title in ("Age", "Gender", "Region", "Type", "Chapter"))


def test_where_no_renewals_are_kept_yet_the_audit_says_why(night: Path):
    """As for an association younger than two years: no attribute is called not recorded, and the card says the same."""
    (version,) = parts(night)
    as_if_kept(night, version, lambda decisions: decisions.clear())
    told = " ".join(tenure("model", "fairness", "--home", night).out.split())
    assert tenure("model", "card", "--home", night, "--out", night / "card.html").code == 0
    page = (night / "card.html").read_text()

    assert "nothing can be said of groups yet: renewals are kept with a model for this from two years after" in told
    assert "Nothing can be said of groups yet" in page
    assert "not recorded" not in f"{told} {page}".lower()


def test_each_training_leaves_a_card_that_can_be_mailed(night: Path):
    """One file without anything from elsewhere, no script, names escaped; what it is worth, who let it serve."""
    (version,) = parts(night)
    beside = json.loads((night / "models" / version / "card.json").read_text())
    tenure("labels", "sign", "--home", night, "--as-of", AS_OF, "--by", "A. <b>Director</b>")
    done = tenure("model", "card", "--home", night, "--out", night / "card.html")
    page = (night / "card.html").read_text().replace("http://www.w3.org/2000/svg", "")

    assert done.code == 0, done.told
    assert beside["approvals"][0]["how"] == "By rule"
    assert beside["labels"]["signature"] is None
    assert "Signed by A. &lt;b&gt;Director&lt;/b&gt;" in page
    assert page.count("<h1") == 1
    assert not [word for word in ("<script", "http:", "https:", "src=", "@import", "url(") if word in page]
    assert all(one in page for one in ("What it is for", "there was no model before it", "AUC", "too few to tell"))
    ours = beside["backtest"]["models"]["tenure"]
    assert f"{ours['auc']:.3f} ({ours['auc_low']:.3f} to {ours['auc_high']:.3f})" in page
    assert beside["limits"]
    assert "chapter: " in page
    assert not [word for word in ("chapter id", "age band", "member type:") if word in page]
    assert tenure("model", "card", "--home", night, "--out", night / "card.pdf").code == 2


def test_each_night_looks_for_drift_and_keeps_what_it_found(night: Path):
    """Shown as it was kept; the same when looked at anew; nothing alarms on the day of the model."""
    kept = tenure("model", "drift", "--home", night, "--json").json
    anew = tenure("model", "drift", "--home", night, "--as-of", AS_OF, "--json").json
    told = tenure("model", "drift", "--home", night).out

    assert kept == anew
    assert kept["as_of"] == AS_OF
    assert kept["alarms"] == []
    assert {"overall", "events", "payments"} <= {group["group"] for group in kept["inputs"]}
    assert 0 < kept["expected"]["auc"]["now"] < 1
    assert "No alarm." in told
    assert "no renewal is decided yet" in told


def test_what_so_many_calls_would_have_found_is_told(night: Path):
    """More calls find more of the lapses, and no fewer of them in all."""
    few, many = (tenure("evaluate", "--home", night, "--calls", n, "--json").json["at_calls"] for n in (1, 5))

    assert few["calls_share"] < many["calls_share"] < 1
    assert few["recall_at_calls"] < many["recall_at_calls"]
    assert many["recall_at_calls_low"] < many["recall_at_calls"] < many["recall_at_calls_high"]
    assert "With 5 calls a month" in tenure("evaluate", "--home", night, "--calls", 5).out


def found(home: Path, check: str) -> list[dict[str, str]]:
    """What the doctor says of *check*."""
    return [one for one in tenure("doctor", "--home", home, "--json").json["findings"] if one["check"] == check]


def test_the_doctor_tells_of_unsigned_labels_and_of_a_challenger_that_waits(night: Path):
    """Each with the command that settles it; both are well once somebody has spoken."""
    set_(night, promotion="by-person")
    (first,) = parts(night)
    (labels,), (waiting,) = found(night, "labels"), found(night, "challenger")
    assert (labels["state"], waiting["state"]) == ("note", "ok")
    assert "tenure labels sign --by NAME" in labels["mend"]

    assert tenure("labels", "sign", "--home", night, "--as-of", AS_OF, "--by", "A. Director").code == 0
    assert tenure("train", "--home", night, "--as-of", LATER).code == 0
    (new,) = set(parts(night)) - {first}
    (labels,), (waiting,) = found(night, "labels"), found(night, "challenger")
    assert (labels["state"], waiting["state"]) == ("ok", "note")
    assert f"tenure model promote {new} --by NAME --why WORDS" in waiting["mend"]

    assert tenure("model", "promote", new, "--home", night, "--by", "A", "--why", "it is better").code == 0
    assert found(night, "challenger")[0]["state"] == "ok"
    set_(night, default=45)
    assert "void" in found(night, "labels")[0]["words"]


def flood(path: Path) -> None:
    """Let all that was recorded lately come eight times: more than three alarms of drift."""
    rows = pl.read_csv(path, infer_schema=False)
    lately = rows.filter(pl.col("recorded_at").is_between(pl.lit("2025-02-20"), pl.lit("2025-03-16")))
    again = [lately.with_columns(activity_id=pl.format("{}-{}", "activity_id", pl.lit(n))) for n in range(1, 8)]
    pl.concat([rows, *again]).write_csv(path)


def test_a_red_watch_holds_the_night_back_until_somebody_has_looked(night: Path, tmp_path: Path):
    """All that was recorded lately comes eight times: yesterday's scores stay, and a name lets the night pass."""
    flood(tmp_path / "exports" / "activity.csv")
    before = tenure("export", "scores", "--home", night, "--out", tmp_path / "a.csv", "--json").json

    away = tmp_path / "away"
    shutil.copytree(night, away)
    late = tenure("run", "--home", away, "--as-of", "2025-03-16")
    assert late.code == 0, "scores of more than two weeks ago are no longer kept"
    assert len(tenure("model", "drift", "--home", away, "--json").json["alarms"]) >= 3

    held = tenure("run", "--home", night, "--as-of", LATER)
    assert held.code == 3, held.told
    assert "the world is not as the model learnt it" in " ".join(held.err.split())
    assert "--despite-drift" in held.err
    after = tenure("export", "scores", "--home", night, "--out", tmp_path / "b.csv", "--json").json
    assert after["as_of"] == before["as_of"] == AS_OF
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    shown = tenure("model", "drift", "--home", night).out
    assert f"Drift on {LATER}" in shown
    assert "ALARM" in shown

    assert tenure("run", "--home", night, "--as-of", LATER, "--despite-drift").code == 2, "nobody is named"
    passed = tenure("run", "--home", night, "--as-of", LATER, "--despite-drift", "--by", "A. Analyst")
    assert passed.code == 0, passed.told
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        query = "SELECT \"by\", subject FROM ledger_audit_event WHERE act = 'drift:gate:release'"
        told = ledger.execute(query).fetchall()
    assert told == [("A. Analyst", LATER)]
    again = tenure("run", "--home", night, "--as-of", LATER, "--json")
    assert again.json["unchanged"] is True, "a second run of a night that was let pass asks nobody again"


def model_step(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.told
    return next(step for step in done.json["steps"] if step["name"] == "train")


def test_no_model_is_made_for_its_age_while_the_watch_is_red_and_nobody_has_looked(night: Path, tmp_path: Path):
    """Held back before it would train; where old scores are replaced all the same, it is by the model that there is."""
    flood(tmp_path / "exports" / "activity.csv")
    set_(night, train_every_days=1)
    (first,) = parts(night)
    away = tmp_path / "away"
    shutil.copytree(night, away)

    assert tenure("run", "--home", night, "--as-of", LATER).code == 3
    assert set(parts(night)) == {first}
    shown = model_step(tenure("run", "--home", night, "--as-of", LATER, "--dry-run", "--json"))
    assert "none is made by itself while the drift watch is red" in shown["notices"][0]
    passed = tenure("run", "--home", night, "--as-of", LATER, "--despite-drift", "--by", "A. Analyst", "--json")
    assert "learnt from" in model_step(passed)["words"], "somebody has looked"

    late = tenure("run", "--home", away, "--as-of", "2025-03-16", "--json")
    (said,) = model_step(late)["notices"]
    assert "another model is due" in said
    assert "`tenure train`" in said
    assert late.json["model"] == first
    again = tenure("run", "--home", away, "--as-of", "2025-03-16", "--json")
    assert again.json["unchanged"] is True, again.told
    assert set(parts(away)) == {first}
    assert tenure("train", "--home", away, "--as-of", "2025-03-16").code == 0
    assert len(parts(away)) == 2
