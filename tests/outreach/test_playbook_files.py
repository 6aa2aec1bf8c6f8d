"""A playbook's file: read as it is meant, and refused with line, key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.base.errors import BadInput
from tenure.outreach.reading import read_playbook

GOOD = '''title = "A reminder"
purpose = "Say something before the term ends."
cause = "band {band}, {days_to_renewal} days before the term ends"

[who]
band = ["medium"]
any = [
    { top_value = true },  # a comment with ] and }
    { active_weeks_90 = { from = 1 } },
]

[trigger]
kind = "renewal"
days = { from = 40, to = 45 }

[[steps]]
kind = "email"
subject = "Your membership"
call_to_action = { default = "Renew here.", by_reason = { price = "Ask about dues." } }
body = """
Dear {first_name},
[not a table]
key = "not a key"

{call_to_action}"""

[[steps]]
kind = "callback"
wait_days = 5
subject = "Call"
body = 'It''s a call.'
'''.replace("'It''s a call.'", "'''It's a call.'''")


def test_a_file_is_read_as_it_is_meant() -> None:
    playbook = read_playbook(GOOD, "a-reminder", version=3)

    assert [step.template for step in playbook.steps] == ["a-reminder@3#1", "a-reminder@3#2"]
    assert playbook.minutes == 2 + 15
    assert playbook.experiment == "a-reminder"
    assert playbook.is_about == "renewal:{renewal_due_on}"
    assert playbook.columns() == {"band", "top_value", "active_weeks_90", "days_to_renewal"}
    assert playbook.steps[0].said("disengaged")[1].endswith("\n\nRenew here.")
    assert playbook.steps[0].said("price")[1].endswith("\n\nAsk about dues.")


def test_the_example_of_the_page_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    text = page.split("```toml\n")[1].split("```")[0]

    playbook = read_playbook(text, "renewal-reminder")

    assert "write back, and we will find a way" in playbook.steps[0].said("price")[1]


@pytest.mark.parametrize(
    ("good", "bad", "line", "key", "says"),
    [
        ('title = "A reminder"', 'title = "A reminder', 1, "", "not valid TOML"),
        ('title = "A reminder"\n', "", 1, "title", "missing"),
        ('band = ["medium"]', 'bnd = ["medium"]', 6, "who.bnd", "did you mean `band`?"),
        ('band = ["medium"]', 'band = ["medum"]', 6, "who.band", "`medum` is none of high, medium, low, new"),
        ("{ from = 1 }", '{ from = "1" }', 9, "who.any[2].active_weeks_90", "write a number"),
        ("top_value = true", 'top_value = "yes"', 8, "who.any[1].top_value", "write true or false"),
        ("{band}", "{bnad}", 3, "cause", "did you mean `band`?"),
        ("{band}", "{band.__class__}", 3, "cause", "bare name of a column"),
        ("{ from = 40, to = 45 }", "{ from = 45, to = 40 }", 14, "trigger.days", "`from` lies above `to`"),
        ("{ from = 40, to = 45 }", "45.5", 14, "trigger.days", "both ends"),
        ('kind = "renewal"', 'kind = "event"', 12, "trigger", "needs `event`"),
        ('kind = "email"', 'kind = "letter"', 17, "steps[1].kind", "'email'"),
        ('kind = "email"', 'kind = "email"\nmandatory = true\ncommercial = true', 16, "steps[1]", "never commercial"),
        ('kind = "email"', 'kind = "email"\ninstead = ["task"]', 16, "steps[1]", "`in_app`, `callback` can"),
        ("\n{call_to_action}", "", 16, "steps[1]", "go together"),
        ('subject = "Call"\n', "", 27, "steps[2]", "needs a `subject`"),
        ("wait_days = 5", "wait_dayz = 5", 29, "steps[2].wait_dayz", "did you mean `wait_days`?"),
        ("wait_days = 5", "wait_days = 366", 29, "steps[2].wait_days", "365"),
        ("wait_days = 5", 'details = { "group" = "x" }', 27, "steps[2]", "`details.group` means nothing"),
        ('kind = "callback"\nwait_days = 5', 'kind = "survey"\ndetails = { question = "Why?", asks_why = "yes" }', 27,
         "steps[2]", "`details.asks_why` must be true or false"),
        ("price =", "prise =", 19, "steps[1].call_to_action.by_reason", "`prise` is none of payment failure"),
        ("{first_name}", "{frist_name}", 20, "steps[1].body", "there is no `frist_name`"),
        ("Dear", "We noticed your score,", 20, "steps[1].body", "no member is to read"),
        ('title = "A reminder"', 'title = "A reminder"\nversion = 2', 2, "version", "take the line out"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_line_key_and_mend(good: str, bad: str, line: int, key: str, says: str) -> None:
    assert good in GOOD

    with pytest.raises(BadInput) as raised:
        read_playbook(GOOD.replace(good, bad, 1), "a-reminder", file="plays/a-reminder.toml")

    told = str(raised.value)
    assert told.startswith("plays/a-reminder.toml")
    assert f"line {line}" in told
    assert f"`{key}`" in told if key else True
    assert says in told
    assert raised.value.mend


def test_several_faults_are_told_at_once_each_with_its_line() -> None:
    text = GOOD.replace('band = ["medium"]', "band = 3").replace("wait_days = 5", "wait_days = -1")

    with pytest.raises(BadInput, match=r"line 6, `who\.band`.*line 29, `steps\[2\]\.wait_days`"):
        read_playbook(text, "a-reminder")


def test_a_mandatory_notice_cannot_be_measured() -> None:
    text = GOOD.replace('kind = "email"', 'kind = "email"\nmandatory = true').split('[[steps]]\nkind = "callback"')[0]

    with pytest.raises(BadInput, match="cannot be measured"):
        read_playbook(text, "a-reminder")
    assert read_playbook('measure = ""\n' + text, "a-reminder").is_mandatory
