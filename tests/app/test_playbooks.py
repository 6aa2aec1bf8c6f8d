"""Playbooks by the command line: seeded, checked, edited, switched, and tried on history."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, Done, set_, tenure

DAY = "2024-09-01"
WITHOUT_SCORES = (
    "renewal-notice", "missed-event", "new-member-onboarding", "failed-payment", "win-back-in-grace", "win-back-lapsed",
    "win-back-dormant",
)  # fmt: skip


@pytest.fixture(scope="module")
def director(tmp_path_factory: pytest.TempPathFactory, first_night: Path) -> Path:
    """A copy of the first night with the accounts of a director and a manager."""
    home = tmp_path_factory.mktemp("directed") / "home"
    shutil.copytree(first_night, home)
    for name, role in (("dora", "director"), ("max", "manager"), ("ada", "administrator")):
        done = tenure("staff", "add", name, "--role", role, "--home", home, TENURE_STAFF_PASSWORD="four or five words")
        assert done.code == 0, done.told
    return home


def test_those_that_ship_are_there_and_off(director: Path) -> None:
    rows = tenure("playbook", "list", "--home", director, "--json").json

    assert len(rows) == 16
    assert not any(row["on"] for row in rows)
    assert {row["version"] for row in rows} == {1}
    assert [row["name"] for row in rows if row["mandatory"]] == ["renewal-notice", "automatic-renewal-notice"]


def test_one_is_switched_by_somebody_who_may_and_each_act_is_in_the_log(director: Path) -> None:
    refused = tenure("playbook", "on", "personal-reminder", "--by", "max", "--home", director)
    done = tenure("playbook", "on", "personal-reminder", "--by", "dora", "--why", "pilot", "--home", director)
    again = tenure("playbook", "on", "personal-reminder", "--by", "dora", "--home", director)

    assert (refused.code, done.code, again.code) == (1, 0, 0), refused.told + done.told
    assert "your role does not let you" in refused.err
    assert "already" in again.out
    rows = tenure("playbook", "list", "--home", director, "--json").json
    assert [row["name"] for row in rows if row["on"]] == ["personal-reminder"]
    off = tenure("playbook", "off", "personal-reminder", "--by", "dora", "--home", director)
    assert off.code == 0
    assert not any(row["on"] for row in tenure("playbook", "list", "--home", director, "--json").json)
    assert _acts(director, "playbook:version:switch") == [("dora", "personal-reminder")] * 2


def _acts(home: Path, act: str) -> list[tuple[str, str]]:
    """By whom and to what an act was done, from the log itself."""
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return ledger.execute(
            'SELECT "by", subject FROM ledger_audit_event WHERE act = ? ORDER BY id', [act]
        ).fetchall()


def test_an_edited_text_is_the_next_version_and_the_difference_can_be_seen(director: Path, tmp_path: Path) -> None:
    file = tmp_path / "missed-event.toml"
    text = tenure("playbook", "show", "missed-event", "--home", director).out
    file.write_text(text.replace("order = 110", "order = 111"))

    added = tenure("playbook", "add", file, "--by", "dora", "--why", "later", "--home", director)
    same = tenure("playbook", "add", file, "--by", "dora", "--home", director)
    difference = tenure("playbook", "diff", "missed-event", 1, 2, "--home", director)

    assert (added.code, same.code) == (0, 0), added.told + same.told
    assert "version 2" in added.out
    assert "version 2" in same.out
    assert "-order = 110\n+order = 111" in difference.out
    assert "order = 110" in tenure("playbook", "show", "missed-event", "--version", 1, "--home", director).out


def test_a_file_that_is_wrong_is_refused_with_its_line(director: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    text = tenure("playbook", "show", "missed-event", "--home", director).out
    line = next(place for place, one in enumerate(text.splitlines(), 1) if one.startswith("stage ="))
    file.write_text(text.replace("stage =", "stge ="))

    for done in (
        tenure("playbook", "check", file),
        tenure("playbook", "add", file, "--by", "dora", "--home", director),
        tenure("playbook", "test", file, "--as-of", DAY, "--home", director),
    ):
        assert done.code == 1
        assert f"wrong.toml, line {line}, `who.stge`" in done.err
        assert "did you mean `stage`?" in done.err
    file.write_text(text)
    assert tenure("playbook", "check", file).code == 0


def test_a_trial_tells_what_became_of_those_selected_and_what_it_costs(director: Path, tmp_path: Path) -> None:
    out = tmp_path / "chosen.csv"
    done = tenure(
        "playbook", "test", "win-back-in-grace", "--as-of", "2023-06-01", "--until", "2024-05-31", "--every", 12,
        "--out", out, "--home", director, "--json",
    )  # fmt: skip
    assert done.code == 0, done.told
    trial, rows = done.json, pl.read_csv(out, infer_schema=False)

    assert trial["selected"] == rows.height > 10
    assert trial["lapsed"] + trial["renewed"] + trial["undecided"] + trial["other"] == trial["selected"]
    assert trial["lapsed"] == (rows["outcome"] == "lapsed").sum()
    assert trial["lapse_rate"] > trial["everyone_lapse_rate"] > 0
    assert trial["staff_hours"] == round(rows.height * 12 / 60, 2)
    assert rows.select("member_id", "occasion").is_duplicated().sum() == 0


def test_days_that_are_not_past_or_had_no_model_are_refused(director: Path) -> None:
    future = tenure("playbook", "test", "renewal-notice", "--as-of", "2031-01-01", "--home", director)
    unscored = tenure("playbook", "test", "personal-reminder", "--as-of", DAY, "--home", director)
    scored = tenure("playbook", "test", "personal-reminder", "--as-of", AS_OF, "--home", director, "--json")
    anew = tenure("playbook", "test", "personal-reminder", "--as-of", "2025-03-04", "--home", director, "--json")

    assert (future.code, unscored.code, scored.code, anew.code) == (2, 2, 0, 0), scored.told + anew.told
    assert "records reach to 2025-03" in future.err
    assert f"no model had been made by {DAY}" in unscored.err


def test_a_list_in_the_home_names_whom_a_playbook_selects(director: Path, tmp_path: Path, exports: Path) -> None:
    members = sorted(set(pl.read_csv(exports / "terms.csv", infer_schema=False)["member_id"]))[:6]
    file, out = tmp_path / "invited.toml", tmp_path / "chosen.csv"
    file.write_text(
        'title = "T"\npurpose = "P"\ncause = "on the list"\n[trigger]\nkind = "list"\nlist = "board"\n'
        '[[steps]]\nkind = "group"\ndetails = { group = "Board" }\n'
    )
    asked = ("playbook", "test", file, "--as-of", AS_OF, "--out", out, "--home", director)

    missing = tenure(*asked)
    (director / "lists").mkdir()
    (director / "lists" / "board.txt").write_text("# invited\n" + "\n".join(members) + "\nnobody\n")
    done = tenure(*asked)

    assert (missing.code, done.code) == (1, 0), done.told
    assert "lists/board.txt, which is not there" in missing.err
    chosen = pl.read_csv(out, infer_schema=False)["member_id"].to_list()
    assert chosen
    assert set(chosen) <= set(members)


def test_each_gate_of_the_rollout_wants_its_evidence_and_a_director(director: Path) -> None:
    def moved(number: int, *more: str, by: str = "dora") -> Done:
        return tenure("phase", "set", number, "--by", by, "--why", "the pilot", *more, "--home", director, "--json")

    fresh = tenure("phase", "show", "--home", director, "--json").json
    early = moved(3)
    wrong = moved(2, by="max")
    second = moved(2, "--segment", "member_type=REG")
    third = moved(3, "--segment", "member_type=REG", "--despite", "few-decided", "--despite", "few-sent")
    told = tenure("phase", "show", "--home", director).out

    assert [(one["segment"], one["phase"]) for one in fresh] == [("", 1)]
    assert [one["code"] for one in fresh[0]["next"]] == ["calibration-off", "audit-broken"]
    assert (early.code, wrong.code, second.code, third.code) == (3, 1, 0, 0), second.told + third.told
    assert "(few-decided)" in early.err
    assert "(few-sent)" in early.err
    few = "member type REG alone: too few to tell: 0 messages were sent; 30 at least tell something"
    assert f"found then: {few}; passed in spite of it" in told
    assert all(one["holds"] for one in second.json["evidence"])
    assert [one["of"] for one in second.json["evidence"]] == ["member_type=REG", "everyone"]
    assert second.json["evidence"][0]["figures"]["decisions"] < fresh[0]["next"][0]["figures"]["decisions"]
    assert moved(2, "--segment", "region=Nowhere").code == 3
    shown = {one["segment"]: one for one in tenure("phase", "show", "--home", director, "--json").json}
    assert shown["member_type=REG"]["phase"] == 3
    assert shown["member_type=REG"]["evidence"]["despite"] == ["few-decided", "few-sent"]
    assert shown[""]["phase"] == 1


def test_what_may_leave_by_itself_is_named_by_template_and_never_an_offer(director: Path) -> None:
    def allow(template: str, by: str = "ada") -> Done:
        return tenure(
            "autosend", "allow", template, "--band", "low", "--daily-cap", 5, "--until", dt.date.today(), "--by", by,
            "--why", "looked at two hundred", "--home", director,
        )  # fmt: skip

    assert tenure("autosend", "list", "--home", director).out.strip() == "nothing leaves by itself"
    for template, by, code, words in (
        ("payment-plan@1#1", "ada", 2, "makes an offer"),
        ("top-value-call@1#1", "ada", 2, "rules it out"),
        ("failed-payment@1#2", "ada", 2, "no permission covers a step of kind callback"),
        ("expiring-card@1#2", "ada", 2, "has 1 steps"),
        ("expiring-card@1#1", "dora", 1, "your role does not let you"),
        ("expiring-card@1#1", "ada", 0, "expiring-card@1#1 for low, 5 a day"),
    ):
        done = allow(template, by)
        assert (done.code, words in done.told) == (code, True), done.told
    assert tenure("autosend", "end", 1, "--by", "dora", "--home", director).code == 0
    assert [row["stands"] for row in tenure("autosend", "list", "--home", director, "--json").json] == [False]


def test_a_member_is_put_on_the_list_of_those_left_alone_and_taken_off(director: Path, exports: Path) -> None:
    member = pl.read_csv(exports / "members.csv", infer_schema=False)["member_id"][0]
    asked = ("--by", "max", "--home", director)

    unknown = tenure("donotwake", "add", "nobody", "--why", "asked for it", *asked)
    added = tenure("donotwake", "add", member, "--why", "asked for it", *asked)
    listed = tenure("donotwake", "list", "--home", director, "--json").json
    lifted = tenure("donotwake", "lift", member, *asked)

    assert (unknown.code, added.code, lifted.code) == (2, 0, 0), added.told
    assert [(one["member_id"], one["why"], one["by"]) for one in listed] == [(member, "asked for it", "max")]
    assert tenure("donotwake", "list", "--home", director).out.strip() == "nobody is on the list"


def test_a_trial_selects_the_same_whether_or_not_later_records_exist(tmp_path: Path, exports: Path) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    for path in exports.glob("*.csv"):
        frame = pl.read_csv(path, infer_schema=False)
        stamp = next((name for name in ("recorded_at", "valid_from") if name in frame.columns), None)
        kept = frame if stamp is None else frame.filter(pl.col(stamp).is_null() | (pl.col(stamp) < DAY))
        assert stamp is None or path.stem not in ("terms", "activity") or kept.height < frame.height
        kept.write_csv(cut / path.name)

    whole, past = _selected(tmp_path / "a", exports), _selected(tmp_path / "b", cut)

    assert whole == past
    assert sum(len(rows) for rows in whole.values()) > 20


def _selected(home: Path, exports: Path) -> dict[str, list[tuple[str, ...]]]:
    """Member, occasion and cause of everybody whom each playbook selects on the day."""
    assert tenure("init", "--home", home, "--source", "files", "--path", exports).code == 0
    set_(home, volume_gate=1.0)
    assert tenure("sync", "--home", home).code == 0
    found = {}
    for name in WITHOUT_SCORES:
        out = home / f"{name}.csv"
        done = tenure("playbook", "test", name, "--as-of", DAY, "--out", out, "--home", home)
        assert done.code == 0, done.told
        rows = pl.read_csv(out, infer_schema=False).select("member_id", "occasion", "cause")
        found[name] = sorted(rows.iter_rows())
    return found
