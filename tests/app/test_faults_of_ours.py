"""What nobody foresaw gets a reference number and a log, and neither holds anything of a person."""

from __future__ import annotations

import re
from pathlib import Path

from calls import AS_OF, tenure


def _break(home: Path) -> None:
    """Something that no code of ours expects: rules that are not JSON."""
    for path in (home / "models").glob("*/rules.json"):
        path.write_text('{"canary": "Quetzalcoatl"')


def test_a_fault_of_ours_gets_a_reference_and_a_log(night: Path):
    _break(night)

    done = tenure("run", "--home", night, "--as-of", AS_OF)

    assert done.code == 1
    reference = re.search(r"reference ([0-9A-F]{8})", done.err)
    assert reference is not None
    assert "Traceback" not in done.told
    log = (night / "logs" / f"fault-{reference[1]}.log").read_text()
    assert "JSONDecodeError" in log
    assert "in is_due" in log or "in _rules_of" in log
    assert "Quetzalcoatl" not in log + done.told


def test_with_json_the_error_is_an_object(night: Path):
    _break(night)

    done = tenure("run", "--home", night, "--as-of", AS_OF, "--json")

    assert done.json["exit_code"] == done.code == 1
    assert "reference" in done.json["error"]["message"]


def test_a_home_that_may_not_be_written_is_named(tmp_path: Path, exports: Path):
    (tmp_path / "home").write_text("a file where the home should be")

    done = tenure("init", "--home", tmp_path / "home", "--source", "files", "--path", exports)

    assert done.code == 2
    assert "is a file" in done.err
