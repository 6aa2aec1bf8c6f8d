"""Where the password of the source comes from: the environment first, then the home's secrets, then a prompt."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tenure.base.errors import UsageError
from tenure.base.home import Home, write_atomically

VARIABLE = "TENURE_IMIS_PASSWORD"
SQL_VARIABLE = "TENURE_SQL_PASSWORD"
_VARIABLES = {"imis": VARIABLE, "sql": SQL_VARIABLE}
_WHOSE = {"imis": "the iMIS account", "sql": "the database login"}


def password_of(home: Home, kind: str = "imis", *, ask: bool = True) -> str:
    """The password to sign in with: to iMIS (`imis`), or to its database (`sql`); with *ask* a person may be asked.

    Raises:
        UsageError: It is in none of the places, and no person is there to be asked.
    """
    found = known_password(home, kind)
    if found:
        return found
    if not ask or not sys.stdin.isatty():
        raise no_password(home, kind)
    answer: str = click.prompt(f"Password of {_WHOSE[kind]}", hide_input=True, err=True)
    return answer


def no_password(home: Home, kind: str) -> UsageError:
    """The error for a password that is in none of its places."""
    return UsageError(
        f"the password of {_WHOSE[kind]} is not set; looked in: ${_VARIABLES[kind]}, {_file(home, kind)}",
        mend=f"set the environment variable {_VARIABLES[kind]}",
    )


def known_password(home: Home, kind: str = "imis") -> str:
    """The password, as far as it can be had without asking a person; else empty."""
    path = _file(home, kind)
    kept = path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else ""
    return os.environ.get(_VARIABLES[kind], "") or kept


def is_known(home: Home, kind: str = "imis") -> bool:
    """Whether the password can be had without asking a person."""
    return bool(known_password(home, kind))


def keep_password(home: Home, password: str, kind: str = "imis") -> None:
    """Keep *password* in the home's secrets, readable by this account alone, so that nights need nobody."""
    write_atomically(_file(home, kind), password.encode(), mode=0o600)


def _file(home: Home, kind: str) -> Path:
    return home.root / "secrets" / f"{kind}.password"
