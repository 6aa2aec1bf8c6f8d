"""The labels of an association shown, signed, voided by other rules, and refused."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path
from typing import Any

from calls import AS_OF, set_, tenure


def signatures(home: Path) -> list[dict[str, Any]]:
    """What the audit log says of each signature of labels."""
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        found = ledger.execute("SELECT details FROM ledger_audit_event WHERE act = 'labels:signature:record'")
        return [json.loads(details) for (details,) in found]


def test_labels_are_shown_and_signed_and_other_rules_void_the_signature(night: Path):
    """The training says so each time."""
    shown = tenure("labels", "--home", night, "--as-of", AS_OF)
    assert shown.code == 0, shown.told
    assert "Not signed." in shown.out
    assert "If grace were other" in shown.out

    done = tenure("labels", "sign", "--home", night, "--as-of", AS_OF, "--by", "A. Director", "--json")
    body = tenure("labels", "--home", night, "--as-of", AS_OF, "--json").json
    assert done.code == 0, done.told
    assert body["signature"]["valid"]
    assert body["signature"]["summary"] == body["summary"] == done.json["summary"]
    assert sum(row["lapsed"] for row in body["table"]) == body["summary"]["lapsed"] > 100
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        rows = ledger.execute("SELECT \"by\" FROM ledger_audit_event WHERE act = 'labels:signature:record'").fetchall()
    assert rows == [("A. Director",)]

    set_(night, default=45)
    assert "is void: the rules have changed" in tenure("labels", "--home", night, "--as-of", AS_OF).out
    trained = tenure("run", "--home", night, "--as-of", AS_OF)
    assert "what A. Director signed is void" in trained.told


def test_training_refuses_labels_that_cannot_be_until_somebody_signs_in_spite(night: Path):
    """Exit code 3, a mend, and yesterday's scores stay; a name and a reason let it through."""
    set_(night, default=400)
    refused = tenure("run", "--home", night, "--as-of", AS_OF)
    assert refused.code == 3
    assert "the labels contradict the record" in refused.err
    assert "--despite grace-outlasts-term" in refused.err

    sign = ("labels", "sign", "--home", night, "--as-of", AS_OF, "--by", "A. Director")
    assert tenure(*sign).code == 2
    for strange in ("nonsense", "free-extension"):
        done = tenure(*sign, "--despite", "grace-outlasts-term", "--despite", strange, "--why", "x")
        assert done.code == 2
        assert f"nothing is refused by the name of {strange}" in done.err
        assert "--despite takes what is refused now: grace-outlasts-term" in done.err
    assert not signatures(night)
    assert tenure(*sign, "--despite", "grace-outlasts-term").code == 2, "a reason is missing"
    assert tenure(*sign, "--despite", "grace-outlasts-term", "--why", "members pay every other year").code == 0
    (signed,) = signatures(night)
    assert signed["overruled"] == ["grace-outlasts-term"]
    assert signed["why"] == "members pay every other year"
    assert "contradict" not in tenure("train", "--home", night, "--as-of", "2021-01-01").told


def test_nothing_can_be_overruled_where_nothing_is_refused(night: Path):
    """A code that names no refusal is a mistake, and is not signed with."""
    sign = ("labels", "sign", "--home", night, "--as-of", AS_OF, "--by", "A. Director", "--why", "x")
    done = tenure(*sign, "--despite", "paid-after-grace")

    assert done.code == 2
    assert "leave --despite out: nothing is refused now" in done.err
    assert not signatures(night)


def test_labels_of_a_day_long_after_the_record_ends_are_signed_as_the_record_stood(night: Path):
    """Today lies far behind these exports: who renewed since looks lapsed, and the words and the mend say so."""
    body = tenure("labels", "--home", night, "--json").json
    day = str(dt.date.fromisoformat(body["newest_record"]) + dt.timedelta(days=1))
    assert body["silent_days"] > 30
    shown = tenure("labels", "--home", night).out
    assert f"Nothing was recorded in the {body['silent_days']} days before {body['as_of']}." in shown
    assert f"--as-of {day}" in shown

    sign = ("labels", "sign", "--home", night, "--by", "A. Director")
    done = tenure(*sign)
    assert done.code == 0, done.told
    assert f"as of {day}, since nothing was recorded after that" in done.out
    assert [one["as_of"] for one in signatures(night)] == [day]
    assert tenure(*sign, "--as-of", body["as_of"], "--json").json["as_of"] == body["as_of"], "who names a day means it"
    fresh = tenure("labels", "--home", night, "--as-of", day)
    assert "Nothing was recorded" not in fresh.out
    assert "\n\nundated: renewed, without a date of payment" in fresh.out


def test_a_day_before_the_first_term_says_that_there_is_none(night: Path):
    """An empty table is no good news."""
    shown = tenure("labels", "--home", night, "--as-of", "1990-01-01").out

    assert "No terms are on record by 1990-01-01" in shown
    assert "Nothing in the record speaks against" not in shown
    assert "undated" not in shown
