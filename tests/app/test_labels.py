"""The labels of an association shown, signed, voided by other rules, and refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from calls import AS_OF, set_, tenure


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
    assert tenure(*sign, "--despite", "grace-outlasts-term").code == 2, "a reason is missing"
    assert tenure(*sign, "--despite", "grace-outlasts-term", "--why", "members pay every other year").code == 0
    assert "contradict" not in tenure("train", "--home", night, "--as-of", "2021-01-01").told
