"""The guide to the sandbox says what is there."""

from __future__ import annotations

import re
from pathlib import Path

from served_sandbox import Sandbox

GUIDE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
WITHOUT_A_LIST = {"Message", "QueryParameterDefinition"}


def test_every_fault_is_in_the_guide(sandbox: Sandbox) -> None:
    known = sandbox.control.get("/faults").json()["known"]
    assert len(known) > 30
    assert [name for name in known if f"`{name}`" not in GUIDE] == []


def test_every_entity_that_the_guide_names_answers(sandbox: Sandbox) -> None:
    table = GUIDE[GUIDE.index("| Subject | Entities |") : GUIDE.index("Contacts and what is theirs")]
    named = set(re.findall(r"`([A-Z]\w+)`", table)) - WITHOUT_A_LIST
    assert len(named) > 70
    answers = {name: sandbox.staff.get(f"/api/{name}?Limit=1").status_code for name in named if name.isidentifier()}
    assert {name: code for name, code in answers.items() if code not in (200, 501)} == {}
    assert {name for name, code in answers.items() if code == 501} <= {"COMMITTEE"}


def test_every_query_of_the_guide_answers(sandbox: Sandbox) -> None:
    named = set(re.findall(r"`(\$/Tenure/\w+)`", GUIDE)) - {"$/Tenure/NotPublished"}
    assert len(named) >= 11
    for path in named:
        assert sandbox.staff.get("/api/query", params={"QueryName": path, "Limit": 1}).status_code == 200, path
