"""Where the password of the iMIS account comes from: the environment first, then the home's secrets, then a prompt."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tenure.base.errors import UsageError
from tenure.base.home import Home, write_atomically

VARIABLE = "TENURE_IMIS_PASSWORD"


def password_of(home: Home) -> str:
    """The password to sign in to iMIS with.

    Raises:
        UsageError: It is in none of the places, and no person is there to be asked.
    """
    found = _known(home)
    if found:
        return found
    if not sys.stdin.isatty():
        raise UsageError(
            f"the password of the iMIS account is not set; looked in: ${VARIABLE}, {_file(home)}",
            mend=f"set the environment variable {VARIABLE}",
        )
    answer: str = click.prompt("Password of the iMIS account", hide_input=True, err=True)
    return answer


def is_known(home: Home) -> bool:
    """Whether the password can be had without asking a person."""
    return bool(_known(home))


def keep_password(home: Home, password: str) -> None:
    """Keep *password* in the home's secrets, readable by this account alone, so that nights need nobody."""
    write_atomically(_file(home), password.encode(), mode=0o600)


def _known(home: Home) -> str:
    path = _file(home)
    return os.environ.get(VARIABLE, "") or (path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else "")


def _file(home: Home) -> Path:
    return home.root / "secrets" / "imis.password"
