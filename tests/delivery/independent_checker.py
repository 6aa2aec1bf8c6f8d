"""Holds an export of the audit log against a mail sink, and knows nothing else: no code of Tenure, no database.

    python independent_checker.py AUDIT.jsonl FOLDER-OF-EML [--ended]

Every message must have left by one step that was begun once more than it was put back, under an approval for exactly
what the step then was, by somebody who was allowed to give it, that had not ended. With `--ended`, when no worker runs
any more, everything approved must also have come to an end that the log names, and what the log calls delivered must
be in the sink. Prints what is wrong, line by line, and ends with 1 if anything is.
"""

from __future__ import annotations

import email
import email.policy
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MAY_APPROVE = {"liaison", "manager", "director"}
MAY_SECOND = {"manager", "director"}
ENDS_APPROVAL = {"step:member:void", "proposal:member:undo", "proposal:member:revoke", "proposal:member:edit"}
ENDS_STEP = {"step:member:deliver", "step:member:drop", "step:member:fail", "step:member:cancel"}
MAILED = {"email", "offer", "survey"}

Row = dict[str, Any]


def references_in(folder: Path) -> list[str]:
    """The reference of every message in the sink, in the order of arrival."""
    found = []
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append(str(message["X-Tenure-Reference"] or f"none in {path.name}"))
    return found


def check(rows: list[Row], references: list[str], *, ended: bool) -> Iterator[str]:
    """What is wrong, in words."""
    by_reference: dict[str, list[Row]] = {}
    for row in rows:
        if str(row["act"]).startswith("step:member:"):
            by_reference.setdefault(str(row["details"]["reference"]), []).append(row)
    for reference, count in Counter(references).items():
        if count > 1:
            yield f"{reference}: sent {count} times"
        if reference.startswith("notice:"):
            if not any(row["act"] == "notice:staff:send" and row["subject"] == reference for row in rows):
                yield f"{reference}: a notice that the log does not know"
            continue
        yield from _sent(reference, by_reference.get(reference, []), rows)
    if ended:
        yield from _ended(rows, by_reference, set(references))


def _sent(reference: str, steps: list[Row], rows: list[Row]) -> Iterator[str]:
    begun = [row for row in steps if row["act"] == "step:member:begin"]
    if not begun:
        yield f"{reference}: in the sink, and never begun"
    for row in begun:
        yield from _approved(reference, row, rows)


def _approved(reference: str, begun: Row, rows: list[Row]) -> Iterator[str]:
    """Whether, just before *begun*, a good approval for just that content stood."""
    step, number = begun["details"]["step"], begun["number"]
    of_step = [row for row in rows if row["number"] < number and row["details"].get("step") == step]
    approvals = [row for row in of_step if row["act"] == "proposal:member:approve"]
    if not approvals:
        yield f"{reference}: begun without an approval"
        return
    last = approvals[-1]
    after = [row for row in of_step if row["number"] > last["number"]]
    if last["details"]["digest"] != begun["details"]["digest"]:
        yield f"{reference}: begun as something else than was approved"
    if any(row["act"] in ENDS_APPROVAL for row in after):
        yield f"{reference}: begun after its approval had ended"
    if _role(last["by"], last["number"], rows) not in MAY_APPROVE:
        yield f"{reference}: approved by {last['by']}, who may not"
    if last["details"].get("needs_second"):
        seconds = [row for row in after if row["act"] == "proposal:member:approve-second" and row["by"] != last["by"]]
        if not any(_role(row["by"], row["number"], rows) in MAY_SECOND for row in seconds):
            yield f"{reference}: begun without its second person"


def _role(name: str, before: int, rows: list[Row]) -> str:
    """The role that somebody had at a moment, as the log tells it."""
    role = ""
    for row in rows:
        if row["number"] < before and str(row["act"]).startswith("staff:") and row["subject"] == name:
            role = str(row["details"].get("role", role))
            role = "" if row["act"] == "staff:account:close" else role
    return role


def _ended(rows: list[Row], by_reference: dict[str, list[Row]], sink: set[str]) -> Iterator[str]:
    for row in rows:
        if row["act"] != "proposal:member:approve":
            continue
        reference = str(row["details"]["reference"])
        later = [step for step in by_reference.get(reference, []) if step["number"] > row["number"]]
        undone = any(
            other["act"] in ENDS_APPROVAL and other["details"].get("step") == row["details"]["step"]
            for other in rows if other["number"] > row["number"]
        )  # fmt: skip
        if not undone and not any(step["act"] in ENDS_STEP for step in later):
            yield f"{reference}: approved, and lost"
        for step in later:
            if step["act"] == "step:member:deliver" and step["details"]["kind"] in MAILED and reference not in sink:
                yield f"{reference}: delivered, and not in the sink"


def read(lines: Iterable[bytes]) -> list[Row]:
    """The rows of an export."""
    return [json.loads(line) for line in lines if line.strip()]


def main(arguments: list[str]) -> int:
    """Check what the command line names."""
    log, folder = Path(arguments[0]), Path(arguments[1])
    rows, references = read(log.read_bytes().splitlines()), references_in(folder)
    wrong = list(check(rows, references, ended="--ended" in arguments))
    told = [*wrong, f"{len(references)} messages, {len(rows)} rows of the log, {len(wrong)} wrong"]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
