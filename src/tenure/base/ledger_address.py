"""Where the password of a ledger on a server comes from: the environment, else the home's secrets, else its address."""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit, urlunsplit

from tenure.base.home import Home

VARIABLE = "TENURE_LEDGER_PASSWORD"


def with_password(address: str, home: Home) -> str:
    """*address* with the password of `TENURE_LEDGER_PASSWORD` or `secrets/ledger.password`, where it holds none itself.

    Args:
        address: `postgresql://user@host:port/name`; empty for none.
        home: The home whose ledger it is.
    """
    parts, path = urlsplit(address), home.root / "secrets" / "ledger.password"
    if not parts.username or parts.password:
        return address
    kept = path.read_text(encoding="utf-8").strip("\r\n") if path.is_file() else ""
    password = os.environ.get(VARIABLE, "") or kept
    if not password:
        return address
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


def holds_password(address: str) -> bool:
    """Whether *address* itself holds one, which then stands wherever the address does."""
    return bool(urlsplit(address).password)
