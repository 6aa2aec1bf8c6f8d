"""The night's proposals: from scores to drafts that wait, with the lots drawn before anybody sees a list."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from calls import AS_OF, Done, set_, tenure

INVITATION = """
title = "An invitation"
purpose = "Who came to an event is asked to come again."
order = 990
owed = true
measure = "events"
cause = "came to an event"
cap = { per_night = 12 }
[who]
stage = "before"
[trigger]
kind = "list"
list = "came"
[[steps]]
kind = "email"
subject = "Will you come again?"
body = "[[Thank you for coming to {last_event}. ]]We would be glad to see you again."
"""
ON = ("renewal-notice", "personal-reminder", "retention-sequence", "win-back-lapsed", "expiring-card")


@pytest.fixture(scope="module")
def manned(tmp_path_factory: pytest.TempPathFactory, first_night: Path) -> Path:
    """A copy of the first night, with a director, a sender of mail and some playbooks on. Read-only."""
    home = tmp_path_factory.mktemp("manned") / "home"
    shutil.copytree(first_night, home)
    set_(home, sender="office@example.org", sender_name="The office", postal_address="1 Quay Street")
    set_(home, control_share=0.3, holdout_share=0.2)
    for name, role in (("dora", "director"), ("max", "manager")):
        _well(tenure("staff", "add", name, "--role", role, "--home", home, TENURE_STAFF_PASSWORD="four or five words"))
    for name in ON:
        _well(tenure("playbook", "on", name, "--by", "dora", "--home", home))
    return home


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory, manned: Path, exports: Path) -> Path:
    """A home in the last phase after a night of proposals; those who came to events, whose titles hold a link, are
    invited. Read-only.
    """
    folder = tmp_path_factory.mktemp("proposed")
    home = folder / "home"
    shutil.copytree(manned, home)
    shutil.copytree(exports, folder / "exports")
    programs = pl.read_csv(exports / "programs.csv", infer_schema=False)
    linked = pl.when(pl.col("kind") == "event").then(pl.col("title") + " at www.example.net").otherwise("title")
    programs.with_columns(linked.alias("title")).write_csv(folder / "exports" / "programs.csv")
    set_(home, path=str(folder / "exports"))
    came = pl.read_csv(exports / "activity.csv", infer_schema=False).filter(
        (pl.col("kind") == "event_attended") & (pl.col("occurred_at") > "2024")
    )
    (home / "lists").mkdir()
    (home / "lists" / "came.txt").write_text("\n".join(came["member_id"].unique()))
    (folder / "invitation.toml").write_text(INVITATION)
    _well(tenure("playbook", "add", folder / "invitation.toml", "--by", "dora", "--home", home))
    _well(tenure("playbook", "on", "invitation", "--by", "dora", "--home", home))
    _last_phase(home)
    _well(_night(home))
    return home


def _well(done: Done) -> Done:
    assert done.code == 0, done.told
    return done


def _night(home: Path) -> Done:
    return tenure("run", "--home", home, "--as-of", AS_OF, "--json")


def _last_phase(home: Path) -> None:
    despite = [word for rule in ("few-decided", "calibration-off", "few-sent") for word in ("--despite", rule)]
    _well(tenure("phase", "set", "3", "--by", "dora", "--why", "a test", *despite, "--home", home))


def _rows(home: Path, question: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return ledger.execute(question, values).fetchall()


def _step(done: Done) -> dict[str, Any]:
    return next(step for step in done.json["steps"] if step["name"] == "propose")


def test_a_fresh_installation_proposes_nothing_and_says_whom_it_would(tmp_path: Path, manned: Path):
    home = tmp_path / "home"
    shutil.copytree(manned, home)

    step = _step(_well(_night(home)))

    assert step["counts"]["selected"] > 0
    assert step["counts"]["proposed"] == 0
    held = step["counts"]["held_back"]
    assert {name.partition(": ")[2] for name in held} == {"phase"}
    assert sum(held.values()) + step["counts"]["control"] == step["counts"]["selected"]
    assert _rows(home, "SELECT count(*) FROM ledger_proposal") == [(0,)]
    named = _rows(home, "SELECT playbook, rule, as_of, count(*) FROM ledger_passed_over GROUP BY playbook, rule, as_of")
    assert {f"{playbook}: {rule}": count for playbook, rule, _, count in named} == held
    assert {day for *_, day, _ in named} == {AS_OF}


def test_a_proposal_says_of_which_segments_its_member_is(proposed: Path, exports: Path):
    """By region and kind of record as by type and chapter, so that a gate can look at a segment's own."""
    kept = _rows(
        proposed,
        "SELECT member_id, record_type, region FROM ledger_proposal JOIN ledger_identity USING (member)",
    )
    people = pl.read_csv(exports / "members.csv", infer_schema=False)
    said = {row["member_id"]: (row["record_type"], row["region"] or "") for row in people.iter_rows(named=True)}

    assert {one[1:] for one in kept} == {said[one[0]] for one in kept}
    assert all(said[member] == (record, region) for member, record, region in kept)
    assert len({region for _, _, region in kept if region}) > 1


def test_every_proposal_waits_with_drafts_that_leave_by_nobodys_word(proposed: Path):
    states = _rows(proposed, "SELECT DISTINCT state FROM ledger_proposal")
    steps = _rows(proposed, "SELECT DISTINCT state FROM ledger_outreach_step")

    assert states == [("open",)]
    assert steps == [("draft",)]
    assert _rows(proposed, "SELECT count(*) FROM ledger_approval") == [(0,)]


def test_every_factual_clause_stands_beside_its_record(proposed: Path):
    rows = _rows(proposed, "SELECT subject, body, claims FROM ledger_outreach_step WHERE kind = 'email'")

    assert rows
    for subject, body, claims in rows:
        for claim in json.loads(claims):
            text = subject if claim["where"] == "subject" else body
            assert text[claim["start"] : claim["end"]] == claim["text"]
            assert claim["shown"]
    assert any(json.loads(claims) for *_, claims in rows)


def test_whoever_calls_instead_finds_what_to_speak_about(proposed: Path):
    rows = _rows(proposed, "SELECT details FROM ledger_outreach_step WHERE position = 1")

    assert all(json.loads(text)["talking_points"][-1].startswith("Do not mention") for (text,) in rows)
    assert any(len(json.loads(text)["talking_points"]) > 1 for (text,) in rows)


def test_a_title_that_is_not_fit_to_be_said_is_in_no_draft_and_staff_are_told(proposed: Path):
    said = _rows(proposed, "SELECT subject || body FROM ledger_outreach_step WHERE kind IN ('email', 'survey')")
    assert not [text for (text,) in said if "example.net" in text]

    invited = _rows(proposed, "SELECT context FROM ledger_proposal WHERE playbook = 'invitation'")
    assert invited
    for (text,) in invited:
        set_aside = {value: quoted for name, value, *quoted in json.loads(text) if name == "Set aside"}
        (quoted,) = set_aside["`last_event` is not used: its text holds a link or an address"]
        assert "example.net" in quoted


def test_a_step_tells_the_gate_which_experiment_measures_it(proposed: Path):
    rows = _rows(proposed, "SELECT p.playbook, s.details FROM ledger_outreach_step s "
                           "JOIN ledger_proposal p ON p.id = s.proposal_id")  # fmt: skip

    told = {(playbook, json.loads(details).get("experiment")) for playbook, details in rows}
    assert {("invitation", "events"), ("win-back-lapsed", "win-back-lapsed")} <= told
    assert {name for playbook, name in told if playbook in ("renewal-notice", "expiring-card")} <= {None}


def test_a_message_names_the_country_whose_law_stands_below_it(proposed: Path, exports: Path):
    countries = set(pl.read_csv(exports / "members.csv", infer_schema=False)["country"])
    rows = _rows(proposed, "SELECT details FROM ledger_outreach_step WHERE kind = 'email'")

    assert rows
    assert {json.loads(details)["country"] for (details,) in rows} <= countries


def test_nothing_of_risk_or_watching_is_in_what_members_read(proposed: Path):
    said = _rows(proposed, "SELECT subject || ' ' || body FROM ledger_outreach_step WHERE kind IN ('email', 'survey')")

    text = " ".join(words for (words,) in said).lower()
    assert not [word for word in ("risk", "score", "logged in", "login", "predict", "likely to") if word in text]


def test_who_was_drawn_into_the_control_group_is_nowhere_on_the_list(proposed: Path):
    control = {
        tuple(row)
        for row in _rows(
            proposed,
            "SELECT member, experiment FROM ledger_assignment WHERE arm = 'control' AND experiment != 'holdout'",
        )
    }
    held = {
        m
        for (m,) in _rows(
            proposed, "SELECT member FROM ledger_assignment WHERE arm = 'control' AND experiment = 'holdout'"
        )
    }
    listed = set(_rows(proposed, "SELECT member, playbook FROM ledger_proposal"))

    assert control
    assert held
    assert not control & listed
    mandatory = {"renewal-notice", "automatic-renewal-notice"}
    assert not {member for member, playbook in listed if playbook not in mandatory} & held


def test_both_arms_are_exposed_alike_before_anything_is_listed(proposed: Path):
    counted = dict(
        _rows(
            proposed,
            "SELECT a.arm || ' ' || e.kind, count(*) FROM ledger_exposure e "
            "JOIN ledger_assignment a ON a.id = e.assignment_id WHERE a.experiment != 'holdout' GROUP BY 1",
        )
    )

    assert counted["control eligible"] > 0
    assert counted["treated eligible"] >= counted["treated listed"] > 0
    assert "control listed" not in counted


def test_the_same_night_again_proposes_nothing_twice(tmp_path: Path, proposed: Path):
    home = tmp_path / "home"
    shutil.copytree(proposed, home)
    before = _rows(home, "SELECT * FROM ledger_proposal ORDER BY id")

    step = _step(_well(_night(home)))

    assert step["counts"].get("proposed", 0) == 0
    assert _rows(home, "SELECT * FROM ledger_proposal ORDER BY id") == before


def test_a_dry_run_and_a_replay_propose_nothing(tmp_path: Path, manned: Path):
    home = tmp_path / "home"
    shutil.copytree(manned, home)
    _last_phase(home)

    _well(tenure("run", "--home", home, "--as-of", AS_OF, "--dry-run"))
    _well(tenure("run", "--home", home, "--as-of", "2025-02-01"))

    assert _rows(home, "SELECT count(*) FROM ledger_proposal") == [(0,)]


def test_each_proposal_and_each_draw_is_in_the_audit_log(proposed: Path):
    opened = _rows(proposed, "SELECT count(*) FROM ledger_audit_event WHERE act = 'proposal:member:open'")

    assert opened == _rows(proposed, "SELECT count(*) FROM ledger_proposal")
    drawn = _rows(proposed, "SELECT details FROM ledger_audit_event WHERE act = 'experiment:arms:draw'")
    kept = _rows(proposed, "SELECT count(*) FROM ledger_assignment")[0][0]
    assert sum(one.get("control", 0) + one.get("treated", 0) for one in (json.loads(text) for (text,) in drawn)) == kept


def test_the_split_is_as_it_was_designed(proposed: Path):
    rows = _well(tenure("experiment", "list", "--home", proposed, "--json")).json

    by = {row["experiment"]: row for row in rows}
    assert {"holdout", "win-back-lapsed"} <= set(by)
    assert all(row["sound"] for row in rows)
    assert by["holdout"]["share"] == pytest.approx(0.2)
    drawn = by["win-back-lapsed"]["control"] + by["win-back-lapsed"]["treated"]
    assert abs(by["win-back-lapsed"]["control"] - 0.3 * drawn) <= 2  # one a stratum, lapsed in grace or before


def test_without_decided_renewals_the_assumptions_hold(proposed: Path):
    done = _well(tenure("experiment", "effects", "--home", proposed))

    assert done.out.startswith("nothing is known yet")


def test_a_split_that_somebody_bent_is_named(tmp_path: Path, proposed: Path):
    home = tmp_path / "home"
    shutil.copytree(proposed, home)
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        ledger.execute("UPDATE ledger_assignment SET arm = 'treated' WHERE experiment != 'holdout'")
        ledger.execute("UPDATE ledger_assignment SET arm = 'control' WHERE experiment = 'win-back-lapsed'")
        ledger.commit()

    done = tenure("experiment", "list", "--home", home)

    assert done.code == 1
    assert "That is no accident" in done.out


def test_no_file_but_the_ledger_names_a_person(proposed: Path, exports: Path):
    contacts = pl.read_csv(exports / "contacts.csv", infer_schema=False)
    named = {word for name in ("email", "phone") for word in contacts[name].drop_nulls().to_list()}
    texts = [
        path
        for path in proposed.rglob("*")
        if path.is_file() and path.suffix in (".log", ".json", ".jsonl", ".txt", ".html")
    ]

    assert texts
    for path in texts:
        assert not named & set(path.read_text(encoding="utf-8", errors="replace").replace('"', " ").split()), path.name
