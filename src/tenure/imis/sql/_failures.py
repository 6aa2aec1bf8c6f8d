"""From what a driver raises to Tenure's errors. A driver's own words may hold values, and so go no further."""

from __future__ import annotations

import re

from tenure.base.errors import TenureError
from tenure.imis.errors import Busy, Failed, NotAllowed, NotFound, TooSlow, Unreachable
from tenure.imis.sql.errors import CannotRead, LoginRefused

_LOGIN = "login"
_DATABASE = "database"
_DENIED = "denied"
_ABSENT = "absent"
_SLOW = "slow"
_BUSY = "busy"
_AWAY = "away"
_VALUE = "value"

# Numbers of SQL Server and of DB-Library, and states of PostgreSQL.
_NUMBERS = {
    18456: _LOGIN, 18452: _LOGIN, 18470: _LOGIN, 18486: _LOGIN, 18487: _LOGIN, 18488: _LOGIN,
    4060: _DATABASE, 911: _DATABASE, 916: _DATABASE, 229: _DENIED, 230: _DENIED, 262: _DENIED, 297: _DENIED,
    207: _ABSENT, 208: _ABSENT, 20003: _SLOW, 1205: _BUSY, 1222: _BUSY, 10928: _BUSY, 10929: _BUSY, 40501: _BUSY,
    40197: _BUSY, 40613: _BUSY, 20002: _AWAY, 20004: _AWAY, 20006: _AWAY, 20009: _AWAY, 20047: _AWAY, 17142: _AWAY,
    6005: _AWAY, 241: _VALUE, 242: _VALUE, 245: _VALUE, 8114: _VALUE, 8115: _VALUE, 102: _VALUE, 156: _VALUE,
}  # fmt: skip
_STATES = {
    "28": _LOGIN, "3D000": _DATABASE, "42501": _DENIED, "42P01": _ABSENT, "42703": _ABSENT, "57014": _SLOW,
    "40": _BUSY, "55P03": _BUSY, "53": _BUSY, "57P": _AWAY, "08": _AWAY, "22": _VALUE, "42": _VALUE,
}  # fmt: skip
# psycopg knows no state before a connection stands.
_PHRASES = (
    (r"password authentication failed|no password supplied|role \".*\" does not exist|no pg_hba.conf entry", _LOGIN),
    (r"database \".*\" does not exist", _DATABASE),
    (r"timed? ?out|timeout expired", _AWAY),
    (r"connection (failed|refused|is (bad|closed|lost))", _AWAY),
    (r"could not (connect|translate)|server closed|adaptive server", _AWAY),
)


def cause_of(error: BaseException) -> str:
    """What an error of a driver is about, or empty."""
    original = getattr(error, "orig", None) or error
    state = str(getattr(original, "sqlstate", None) or "")
    for length in (5, 3, 2):
        if state[:length] in _STATES:
            return _STATES[state[:length]]
    text = " ".join(map(str, getattr(original, "args", ())))
    # A refused login is followed by a message that the connection failed: the first number that is known tells.
    numbers = [int(number) for number in re.findall(r"(?<![\d.])\d{3,5}(?![\d.])", text)]
    told = [_NUMBERS[number] for number in numbers if number in _NUMBERS]
    if _LOGIN in told:
        return _LOGIN
    if told:
        return told[0]
    return next((cause for words, cause in _PHRASES if re.search(words, text, re.IGNORECASE)), "")


def failure(error: BaseException, place: str, doing: str, seconds: float) -> TenureError:
    """What to raise for *error* of a driver.

    Args:
        error: As SQLAlchemy or the driver raised it.
        place: Host and database, for the message.
        doing: What was asked, such as `reading Name`.
        seconds: After which a statement is given up.
    """
    where = f"the database {place}"
    cause = cause_of(error)
    if cause == _LOGIN:
        return LoginRefused(
            f"{where} refused the login",
            mend="check the name in `source.url` and TENURE_SQL_PASSWORD; it was tried once, since logins get locked",
        )
    if cause == _DATABASE:
        return LoginRefused(f"{where} is not there, or not for this login", mend="mend the name after the host")
    if cause == _DENIED:
        return NotAllowed(
            f"{where} does not permit {doing}",
            mend="have SELECT on it granted to Tenure's login; docs/sql.md has the statements",
        )
    if cause == _ABSENT:
        return NotFound(f"{where} lacks a table or column for {doing}", mend="let `tenure doctor` name it")
    return _passing(error, cause, where, doing, seconds)


def _passing(error: BaseException, cause: str, where: str, doing: str, seconds: float) -> TenureError:
    if cause == _SLOW:
        return TooSlow(
            f"{where} did not finish {doing} within {seconds:g} seconds",
            mend="raise `source.timeout_seconds`, or have an index made on the columns in `key`",
        )
    if cause == _BUSY:
        return Busy(f"{where} was too busy for {doing}", mend="try again later, outside of its backups and closings")
    if cause == _AWAY:
        return Unreachable(
            f"{where} does not answer", mend="check host and port in `source.url`, the server, and firewalls between"
        )
    if cause == _VALUE:
        return CannotRead(
            f"{where} does not understand what it was asked while {doing}",
            mend="check the conditions and columns of that feed in the mapping against the types of the table",
        )
    return Failed(f"{where} failed while {doing} ({type(error).__name__})", mend="see the server's own log")
