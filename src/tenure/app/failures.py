"""What a command says when it ends with an error: words and a mend, never a traceback, never a person.

An error that Tenure raises on purpose is printed as its message, a blank line and `hint: …`. Anything else is a
fault of ours: it gets a reference number and a log in the home's `logs`, which holds the kinds of the errors and
where they arose. Messages of foreign errors and values of variables are left out, since they may hold a person's data.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import secrets
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import click

import tenure
from tenure.base.errors import FAILED, DamagedStore, Stopped, TenureError
from tenure.base.home import Home

_FULL = ("no space left on device", "disk is full", "disk full", "disk quota exceeded")
"""How the operating system, SQLite and PostgreSQL say it; libraries hand it on as text."""

_TORN = (
    "database disk image is malformed", "file is not a database", "malformed database schema",
    "could not decode to utf-8 column",
)  # fmt: skip
"""How SQLite says that its file is not what it wrote."""


def report(error: Exception, *, command: str, root: Path, as_json: bool) -> int:
    """Tell the person at the terminal about *error*, and give the exit code of the command.

    Args:
        error: What ended the command.
        command: Its name, for the log.
        root: The home directory, whose `logs` take the details of a fault of ours.
        as_json: Print one JSON object on standard output besides the words on standard error.
    """
    if isinstance(error, Stopped):
        return _stopped(error, as_json=as_json)
    known = error if isinstance(error, TenureError) else _from_machine(error, root) or _unexpected(error, command, root)
    click.echo(f"error: {known}", err=True)
    if as_json:
        body = {"message": known.message, "hint": known.mend, "kind": type(known).__name__}
        click.echo(json.dumps({"error": body, "exit_code": known.exit_code}, indent=2))
    return known.exit_code


def _stopped(error: Stopped, *, as_json: bool) -> int:
    click.echo(str(error), err=True)
    if as_json:
        click.echo(json.dumps({"stopped": True, "hint": error.mend, "exit_code": error.exit_code}, indent=2))
    return error.exit_code


def _from_machine(error: Exception, root: Path) -> TenureError | None:
    """The words for what the machine itself refuses: room, rights, memory."""
    if isinstance(error, MemoryError):
        return TenureError("this machine ran out of memory", mend="free some, or run on a machine with more")
    said = " ".join(str(link).lower() for link in chain_of(error))
    if any(words in said for words in _FULL):
        return TenureError("the disk is full", mend="free some space and run the same command again")
    if any(words in said for words in _TORN):
        from tenure.ledger.witness import mend_of

        return DamagedStore(f"{Home(root).ledger} is damaged", mend=mend_of(Home(root)))
    if "disk i/o error" in said:
        mend = "free some space on it, see whether it is broken, and run the same command again"
        return TenureError("the disk failed while the ledger was read or written", mend=mend)
    if not isinstance(error, OSError) or error.filename is None:
        return None
    where = f": `{error.filename}`"
    mends = {
        errno.EACCES: (f"no right to use a file{where}", "give the account that runs Tenure the right to it"),
        errno.EPERM: (f"no right to use a file{where}", "give the account that runs Tenure the right to it"),
        errno.EROFS: (f"the disk is read-only{where}", "choose a home directory that can be written"),
    }
    found = mends.get(error.errno or 0)
    return TenureError(found[0], mend=found[1]) if found else None


def _unexpected(error: Exception, command: str, root: Path) -> TenureError:
    reference = secrets.token_hex(4).upper()
    try:
        where = _write_log(root / "logs" if root.is_dir() else Path(tempfile.gettempdir()), error, command, reference)
    except OSError:
        where = None
    at = f" (log: {where})" if where else ""
    return _Fault(
        f"something unexpected went wrong; reference {reference}{at}",
        mend="run `tenure doctor`; if it finds nothing, report the log, which holds no member's data",
    )


class _Fault(TenureError):
    """A fault of Tenure's own."""

    exit_code = FAILED


def _write_log(folder: Path, error: Exception, command: str, reference: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"fault-{reference}.log"
    head = f"{dt.datetime.now(dt.UTC).isoformat(timespec='seconds')} tenure {tenure.__version__} {command}\n"
    path.write_text(head + f"reference {reference}\n" + "\n".join(described(error)) + "\n", encoding="utf-8")
    return path


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """*error* and those behind it, the last one first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def described(error: BaseException) -> list[str]:
    """The chain of errors behind *error* by kind and place (file, line, function), the oldest first."""
    lines: list[str] = []
    for link in chain_of(error):
        frames = traceback.extract_tb(link.__traceback__)
        places = [f"  {'/'.join(Path(f.filename).parts[-2:])}:{f.lineno} in {f.name}" for f in frames]
        lines = [f"{type(link).__module__}.{type(link).__qualname__}", *places, *lines]
    return lines
