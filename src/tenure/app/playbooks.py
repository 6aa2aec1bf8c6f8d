"""The association's playbooks, read out of the ledger; those that ship are put in when it is opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenure.app.house import House
from tenure.base.errors import BadInput, UsageError
from tenure.base.pseudonym import Pseudonyms

if TYPE_CHECKING:
    from tenure.ledger.playbooks import Kept
    from tenure.ledger.wordings import Wording
    from tenure.outreach.playbook import Playbook

_LONGEST_FILE = 200_000


def opened(house: House) -> None:
    """Open the ledger, with the playbooks that ship in it; call this before its room `playbooks` is used."""
    house.open_ledger()
    from tenure.ledger import playbooks
    from tenure.outreach.reading import shipped

    playbooks.seed(texts=shipped(), clock=house.clock)


def in_use(house: House) -> tuple[list[Playbook], list[str]]:
    """The playbooks that are on, by their order, and in words which of them cannot be read any more.

    One that cannot be read proposes nothing; the others go on.
    """
    opened(house)
    from tenure.ledger import playbooks

    good: list[Playbook] = []
    faults: list[str] = []
    for kept in playbooks.every():
        if kept.is_on:
            try:
                good.append(read(kept))
            except BadInput as error:
                faults.append(error.message)
    return sorted(good, key=lambda one: (one.order, one.name)), faults


def read(kept: Kept) -> Playbook:
    """What a version that the ledger keeps says.

    Raises:
        BadInput: It is no playbook by the rules of this version of Tenure.
    """
    from tenure.outreach.reading import read_playbook

    return read_playbook(kept.text, kept.name, version=kept.number, file=f"{kept.name}.toml, version {kept.number}")


def of_file(path: Path) -> tuple[str, Playbook]:
    """The text of a file and the playbook that it is.

    Raises:
        UsageError: There is no such file, or its name is none for a playbook.
        BadInput: It is no playbook; the message has line and key.
    """
    from tenure.outreach.reading import read_playbook

    if path.suffix != ".toml" or not path.is_file():
        raise UsageError(f"{path} is no file that ends in .toml", mend="give the path of a playbook's file")
    if path.stat().st_size > _LONGEST_FILE:
        raise UsageError(f"{path} is larger than {_LONGEST_FILE // 1000} kB", mend="a playbook is a page or two")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text", mend="save it as UTF-8") from error
    return text, read_playbook(text, path.stem, file=str(path))


def named(house: House, name: str) -> Playbook:
    """The playbook *name* as it is now, on or off; or that of a file, where *name* is the path of one."""
    if name.endswith(".toml"):
        return of_file(Path(name))[1]
    opened(house)
    from tenure.ledger import playbooks

    return read(playbooks.current(name))


def add(house: House, path: Path, *, by: str, why: str) -> tuple[str, int]:
    """Keep a file as the next version of the playbook of its name; gives both.

    Raises:
        UsageError, BadInput: As for `of_file`.
        NotAllowed: *by* may not edit playbooks.
    """
    text, playbook = of_file(path)
    opened(house)
    from tenure.ledger import playbooks

    return playbook.name, playbooks.add(name=playbook.name, text=text, by=by, why=why, clock=house.clock)


def lists_of(house: House, wanted: Iterable[Playbook]) -> dict[str, set[int]]:
    """The members of each list that *wanted* name, from `lists/NAME.txt` in the home: one member id a line.

    Raises:
        BadInput: A list is named that is not there.
    """
    found: dict[str, set[int]] = {}
    for playbook in wanted:
        name = playbook.trigger.list_name
        if name and name not in found:
            path = house.home.root / "lists" / f"{name}.txt"
            if not path.is_file():
                raise BadInput(
                    f"playbook `{playbook.name}` needs lists/{name}.txt, which is not there",
                    mend="put the file into the home, one member id a line",
                )
            lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
            ids = sorted({line for line in lines if line and not line.startswith("#")})
            found[name] = set(Pseudonyms.of(house.home).many(ids))
    return found


def listed(house: House) -> list[dict[str, Any]]:
    """Every playbook, by its order: `name`, `version`, `on`, `order`, `title`, `minutes`, `mandatory`, `note`."""
    opened(house)
    from tenure.ledger import playbooks
    from tenure.outreach.reading import shipped

    texts = shipped()
    rows = [_line(kept, texts.get(kept.name)) for kept in playbooks.every()]
    return sorted(rows, key=lambda row: (row["order"], row["name"]))


def _line(kept: Kept, ships: str | None) -> dict[str, Any]:
    from tenure.ledger.playbooks import digest_of

    body: dict[str, Any] = {"name": kept.name, "version": kept.number, "on": kept.is_on, "order": 1000}
    newer = ships is not None and digest_of(ships) not in (kept.shipped, digest_of(kept.text))
    note = "a newer text ships: `tenure playbook show NAME --shipped`" if newer else ""
    try:
        playbook = read(kept)
    except BadInput as error:
        return body | {"title": "cannot be read", "minutes": 0.0, "mandatory": False, "note": error.message}
    return body | {"order": playbook.order, "title": playbook.title, "minutes": playbook.minutes,
                   "mandatory": playbook.is_mandatory, "note": note}  # fmt: skip


def shown(house: House, name: str, number: int | None, *, shipped_text: bool = False) -> dict[str, Any]:
    """The text of a playbook: its current version, version *number*, or as it ships.

    Raises:
        UsageError: There is none.
    """
    opened(house)
    from tenure.ledger import playbooks
    from tenure.outreach.reading import shipped

    if shipped_text:
        texts = shipped()
        if name not in texts:
            raise UsageError(f"no playbook `{name}` ships", mend=f"these do: {', '.join(sorted(texts))}")
        return {"name": name, "version": None, "text": texts[name]}
    kept = playbooks.current(name) if number is None else playbooks.version(name, number)
    return {"name": name, "version": kept.number, "on": kept.is_on, "text": kept.text}


def wordings(house: House, name: str, days: int) -> list[dict[str, Any]]:
    """How staff took the words of each template in the last *days*, of the playbook *name* or of all.

    Raises:
        UsageError: There is no such playbook.
    """
    house.open_ledger()
    from tenure.ledger import playbooks
    from tenure.ledger.wordings import wordings as found

    if name:
        playbooks.current(name)
    since = house.clock() - dt.timedelta(days=days)
    return [
        {"template": one.template, "kind": one.kind, "unchanged": one.unchanged, "edited": one.edited,
         "changed": one.changed, "rejected": one.rejected, "reasons": one.reasons, "said": _taken(one)}
        for one in found(since=since, playbook=name)
    ]  # fmt: skip


def _taken(one: Wording) -> str:
    from tenure.ledger.proposals import REASONS

    edited = f"{one.edited:,} edited" + (
        f" ({100 * one.changed:.0f} % of the words)" if one.changed is not None else ""
    )
    why = ", ".join(f"{REASONS.get(name, name).lower()} {count:,}" for name, count in sorted(one.reasons.items()))
    rejected = f"{one.rejected:,} rejected" + (f" ({why})" if why else "")
    return f"{one.template:<40} {one.kind:<9} {one.unchanged:,} approved as drafted, {edited}, {rejected}"
