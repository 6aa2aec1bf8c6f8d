"""The checklist of licence and privacy terms on which records are read, with who answered for each (D14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tenure.app.house import House
from tenure.base.errors import UsageError

REPLIES = ("yes", "no", "not-applicable")


class Question(NamedTuple):
    """One line of the checklist.

    Args:
        name: Its name on the command line.
        words: What is asked, so that `yes` is what one wants to hear.
        rests_on: What an answer should name.
    """

    name: str
    words: str
    rests_on: str


QUESTIONS = (
    Question(
        "licence",
        "The licence of the source and its terms of service let this association read its records by a program, "
        "as often as Tenure does",
        "contract, clause",
    ),
    Question(
        "account",
        "The account that reads is Tenure's alone, has the rights it needs and no more, and somebody owns it",
        "name of the account, owner",
    ),
    Question("ground", "The legal ground for foretelling renewals from engagement is written down", "document"),
    Question(
        "notice", "Members are told of it, of what it is for, and that they may object", "privacy notice, version"
    ),
    Question(
        "assessment",
        "Whether an impact assessment is due was decided, also because membership itself may tell of health, "
        "belief or a union",
        "document, decision",
    ),
    Question(
        "processors",
        "Whoever hosts, sends mail and messages, or smooths drafts is bound by contract, within the countries allowed",
        "contracts",
    ),
    Question("retention", "How long what is read and made of it is kept was decided", "schedule"),
    Question("leaving", "What is to be deleted when Tenure is given up is known, and who does it", "document, owner"),
)
"""Tenure cannot know any of it; whoever answers for it says so."""


def source_of(house: House) -> str:
    """Of which source an answer is: another one has other terms."""
    source = house.settings.source
    return f"{source.kind} {source.url or source.path}".strip()


def answer(house: House, question: str, *, reply: str, by: str, why: str) -> None:
    """Keep somebody's answer.

    Raises:
        UsageError: There is no such question, nobody is named, or nothing is said that it rests on.
    """
    asked = {one.name: one for one in QUESTIONS}
    if question not in asked:
        raise UsageError(f"there is no question {question}", mend=f"one of {', '.join(asked)}")
    if not by.strip():
        raise UsageError("an answer needs a name", mend="pass --by NAME")
    if not why.strip():
        wanted = asked[question].rests_on
        raise UsageError("an answer needs what it rests on", mend=f"pass --why WORDS; here: {wanted}")
    house.open_ledger()
    from tenure.ledger import terms_of_use

    terms_of_use.answer(
        question=question, reply=reply, by=by.strip(), why=why.strip(), source=source_of(house), clock=house.clock
    )


def checklist(house: House) -> list[dict[str, Any]]:
    """Each question with its last answer; one that was given of another source counts no more."""
    house.open_ledger()
    from tenure.ledger import terms_of_use

    given, source = terms_of_use.answers(), source_of(house)
    found = []
    for question in QUESTIONS:
        last = given.get(question.name)
        holds = last is not None and last.source == source
        found.append(
            {
                "question": question.name,
                "words": question.words,
                "rests_on": question.rests_on,
                "reply": last.reply if last and holds else None,
                "by": last.by if last else None,
                "at": last.at.isoformat(timespec="seconds") if last else None,
                "why": last.why if last else None,
                "of_another_source": last is not None and not holds,
            }
        )
    return found


def told(rows: list[dict[str, Any]]) -> str:
    """The checklist as lines to read."""
    return "\n".join(line for row in rows for line in _lines(row))


def _lines(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['question']:<12}{row['words']}."
    if row["of_another_source"]:
        yield f"            open again: {row['by']} answered on {row['at'][:10]} for another source"
    elif row["reply"] is None:
        yield f"            open; name what it rests on: {row['rests_on']}"
    else:
        yield f"            {row['reply'].replace('-', ' ')}: {row['by']}, {row['at'][:10]}; {row['why']}"
