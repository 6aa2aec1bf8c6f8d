"""The terms on which records are read, and who answered for them."""

from __future__ import annotations

from pathlib import Path

from calls import set_, tenure


def test_each_term_of_extraction_is_answered_for_by_name_and_another_source_opens_them_again(night: Path) -> None:
    """What was answered is a row of the log, and the doctor says what is open."""
    told = tenure("doctor", "--home", night).out
    assert "nobody has answered for these terms" in told
    asked = [row["question"] for row in tenure("extraction", "--home", night, "--json").json["questions"]]
    assert len(asked) == 8
    for question in asked:
        reply = "no" if question == "notice" else "yes"
        said = ("--reply", reply, "--by", "ada", "--why", "file 7")
        done = tenure("extraction", "answer", question, "--home", night, *said)
        assert done.code == 0, done.told
    assert "none of 8 still open" in done.out
    assert "somebody answered `no`: notice" in tenure("doctor", "--home", night).out

    again = ("answer", "notice", "--home", night, "--reply", "yes", "--by", "ben", "--why", "notice of May")
    assert tenure("extraction", *again).code == 0
    shown = tenure("extraction", "--home", night).out
    assert "yes: ben" in shown
    assert "notice of May" in shown
    assert "somebody has answered for each" in tenure("doctor", "--home", night).out
    rows = tenure("audit", "show", "--home", night, "--json").out
    assert rows.count("extraction:term:answer") == 9
    assert tenure("audit", "verify", "--home", night).code == 0

    set_(night, path=str(night.parent))
    assert "open again: ben answered" in tenure("extraction", "--home", night).out


def test_an_answer_needs_a_question_a_name_and_what_it_rests_on(night: Path) -> None:
    """Nothing is written down otherwise."""
    good = {"--reply": "yes", "--by": "ada", "--why": "contract 7"}
    for question, wrong in (("license", {}), ("licence", {"--by": " "}), ("licence", {"--why": " "})):
        given = [part for pair in (good | wrong).items() for part in pair]
        done = tenure("extraction", "answer", question, "--home", night, *given)
        assert done.code == 2, done.told
        assert "mend" in done.told or "pass" in done.told or "one of" in done.told
    assert all(row["by"] is None for row in tenure("extraction", "--home", night, "--json").json["questions"])
