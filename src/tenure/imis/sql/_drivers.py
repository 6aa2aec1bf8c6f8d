"""Which databases can be read, with which driver, and how a connection is kept from writing and from hanging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tenure.base.errors import UsageError
from tenure.imis.sql.errors import WouldWrite

_DRIVERS = {"mssql": "mssql+pymssql", "postgresql": "postgresql+psycopg"}
_EXAMPLE = "mssql+pymssql://tenure@server.example.org:1433/iMIS"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_ASKING = ("select", "show")


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Args:
        url: With the driver, without a password.
    """

    url: sa.URL

    @property
    def dialect(self) -> str:
        """`mssql` or `postgresql`."""
        return self.url.get_backend_name()

    @property
    def place(self) -> str:
        """Host and database, for messages."""
        return f"{self.url.host}/{self.url.database}"


def address_of(url: str) -> Address:
    """Check an address as `source.url` has it.

    Raises:
        UsageError: It is none, holds a password, or lacks a host, login or database.
    """
    try:
        found = sa.make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError("`source.url` is not the address of a database", mend=f"write it as {_EXAMPLE}") from None
    if found.password:
        raise UsageError("`source.url` holds a password", mend="take it out, and set TENURE_SQL_PASSWORD instead")
    if found.get_backend_name() not in _DRIVERS:
        raise UsageError(
            f"`source.url` is the address of a {found.get_backend_name()[:20]} database",
            mend=f"iMIS keeps its records in SQL Server; write {_EXAMPLE}",
        )
    missing = [name for name in ("host", "username", "database") if not getattr(found, name)]
    if missing:
        raise UsageError(f"`source.url` names no {' and no '.join(missing)}", mend=f"write it as {_EXAMPLE}")
    plain = found.drivername in _DRIVERS
    return Address(found.set(drivername=_DRIVERS[found.get_backend_name()]) if plain else found)


def engine_of(address: Address, password: str, timeout: float) -> sa.Engine:
    """An engine whose connections only read; nothing is sent yet.

    Raises:
        UsageError: The driver is not installed.
    """
    extra = _for_sql_server(address, timeout) if address.dialect == "mssql" else _for_postgresql(timeout)
    try:
        engine = sa.create_engine(
            address.url.set(password=password), poolclass=NullPool, connect_args=extra, hide_parameters=True
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise UsageError(
            f"the driver {address.url.drivername} is not installed",
            mend="install it: pip install 'tenure[sqlserver]', and write the address with mssql+pymssql://",
        ) from error
    sa.event.listen(engine, "before_cursor_execute", _refuse_to_write)
    return engine


def _for_sql_server(address: Address, timeout: float) -> dict[str, Any]:
    if not address.url.drivername.endswith("+pymssql"):
        return {}
    # What is read are people's records: nothing but the same machine may be spoken to in the clear.
    secured = {} if address.url.host in _LOCAL or "encryption" in address.url.query else {"encryption": "require"}
    seconds = max(1, round(timeout))
    return {"timeout": seconds, "login_timeout": min(seconds, 30), "appname": "Tenure", "read_only": True} | secured


def _for_postgresql(timeout: float) -> dict[str, Any]:
    told = f"-c default_transaction_read_only=on -c statement_timeout={round(timeout * 1000)}"
    return {"options": told, "connect_timeout": max(2, min(round(timeout), 30)), "application_name": "Tenure"}


def _refuse_to_write(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    """Nothing but a question leaves, whatever the account may do."""
    if not statement.lstrip().lower().startswith(_ASKING) or ";" in statement:
        raise WouldWrite
