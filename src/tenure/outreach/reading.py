"""Reading a playbook's file, and saying on which line it is wrong."""

from __future__ import annotations

from collections.abc import Collection
from importlib import resources
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tenure.base.errors import BadInput
from tenure.base.toml_lines import Lines
from tenure.base.toml_reading import NotToml, read_toml
from tenure.outreach.conditions import Table, nearest
from tenure.outreach.names import TO_MEMBERS, TO_STAFF
from tenure.outreach.placeholders import BadTemplate, read_template
from tenure.outreach.plain_words import refused
from tenure.outreach.playbook import CALL_TO_ACTION, Playbook, StepPlan, Trigger, Wording
from tenure.outreach.situation import COLUMNS

_OURS = ("name", "version", "template")
_PAGE = "docs/playbooks.md explains every key"


def read_playbook(text: str, name: str, *, version: int = 1, file: str = "") -> Playbook:
    """The playbook that *text* describes.

    Args:
        text: TOML.
        name: What it is called; the name of its file without `.toml`.
        version: Which version of it the text is.
        file: What messages call the file; `NAME.toml` where none is given.

    Raises:
        BadInput: The text is not TOML or not a playbook; the message has file, line and key of each fault.
    """
    where = file or f"{name}.toml"
    try:
        raw = read_toml(text)
    except NotToml as error:
        raise BadInput(f"{where} is not valid TOML: {error}", mend="mend the line that it names") from error
    lines = Lines(text)
    for key in _OURS:
        if key in raw:
            raise BadInput(
                f"{where}, line {lines.of((key,))}: `{key}` is not for the file to say",
                mend="take the line out: a playbook is called as its file is, and versions are counted for it",
            )
    try:
        playbook = Playbook.model_validate({**raw, "name": name, "version": version})
    except ValidationError as error:
        errors = _without_echoes(error.errors())
        said = "; ".join(_told(one, lines, raw) for one in errors[:5])
        more = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
        raise BadInput(f"{where}, {said}{more}", mend=_mend(errors[0])) from error

    for place, step in enumerate(playbook.steps):
        _check_words(step, ("steps", place), lines, where)
    return playbook


def _check_words(step: StepPlan, path: tuple[str | int, ...], lines: Lines, where: str) -> None:
    """Refuse placeholders that there are not, and words that no member is to read.

    Raises:
        BadInput: There are such.
    """
    known = TO_MEMBERS if step.reaches_member else TO_STAFF
    for key, wording in (("subject", step.subject), ("body", step.body), ("call_to_action", step.call_to_action)):
        for reason, text in _texts(wording):
            at = (*path, key, "by_reason", reason) if reason else (*path, key)
            # The call to action comes in later, with optional clauses of its own.
            _check_text(text.replace(CALL_TO_ACTION, ""), known, step, f"{where}, {lines.told(at)}")
            if CALL_TO_ACTION in text and key != "body":
                raise BadInput(f"{where}, {lines.told(at)}: {CALL_TO_ACTION} stands in the body alone", mend=_PAGE)
    for reason in step.reasons():
        _check_text(step.said(reason)[1], known, step, f"{where}, {lines.told((*path, 'body'))}")


def _texts(wording: Wording | None) -> list[tuple[str, str]]:
    return [] if wording is None else [("", wording.default), *wording.by_reason.items()]


def _check_text(text: str, known: Collection[str], step: StepPlan, where: str) -> None:
    try:
        template = read_template(text, names=known)
    except BadTemplate as error:
        raise BadInput(f"{where}, in line {error.line} of its text: {error.words}", mend=error.mend) from error
    found = refused(template.literal) if step.reaches_member else ()
    if found:
        raise BadInput(f"{where}: {found[0]}", mend="say it as an association that knows its members would")


def shipped() -> dict[str, str]:
    """The text of each playbook that ships, by its name."""
    folder = resources.files("tenure.outreach") / "shipped"
    files = (one for one in folder.iterdir() if one.name.endswith(".toml"))
    return {one.name.removesuffix(".toml"): one.read_text(encoding="utf-8") for one in files}


def _without_echoes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without complaints that a list is short for want of the very items that are complained of already."""
    return [
        one for one in errors
        if one["type"] != "too_short" or not any(other["loc"][:1] == one["loc"] for other in errors if other is not one)
    ]  # fmt: skip


def _told(error: ErrorDetails, lines: Lines, raw: dict[str, Any]) -> str:
    """Line, key and words of one fault."""
    path = _in_file(error["loc"], raw)
    words = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        words = "there is no such key here"
    elif error["type"] == "missing":
        words = "it is missing"
    return f"{lines.told(path)}: {words[:1].lower()}{words[1:]}"


def _in_file(location: tuple[int | str, ...], raw: dict[str, Any]) -> tuple[int | str, ...]:
    """*location* without the steps that a validator puts in for its own branches; the last one may be missing."""
    path: list[int | str] = []
    here: Any = raw
    for place, step in enumerate(location):
        inside = here[step] if _has(here, step) else None
        if inside is None and place < len(location) - 1:
            continue
        path.append(step)
        here = inside
    return tuple(path)


def _has(here: Any, step: int | str) -> bool:
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and step < len(here)


def _mend(error: ErrorDetails) -> str:
    """What to do about the first fault."""
    if error["type"] == "extra_forbidden":
        near = nearest(str(error["loc"][-1]), _known_keys(error["loc"]))
        return f"did you mean `{near}`? {_PAGE}" if near else _PAGE
    if error["type"] == "missing":
        return f"add `{error['loc'][-1]}`; {_PAGE}"
    return _PAGE


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    if location[0] == "who":
        return [*COLUMNS, "any", "none"]
    models: dict[str, type[Table]] = {"steps": StepPlan, "trigger": Trigger}
    model = models.get(str(location[0]), Playbook)
    return [field.alias or name for name, field in model.model_fields.items()]
