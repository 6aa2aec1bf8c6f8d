"""What can go wrong between Tenure and an iMIS, and what to do about each.

    SourceUnavailable               trying again later may help
    └── ImisUnavailable
        ├── Unreachable             no such host, refused, reset, not resolvable
        ├── TooSlow                 no whole answer before the deadline
        ├── Busy                    429, or a wait longer than Tenure waits within a night
        ├── Failed                  408, 5xx, three times
        ├── Garbled                 an answer that is not the JSON it ought to be
        │   └── PagingBroken        pages that contradict each other
        ├── CircuitOpen             too many failures in a row; nothing is sent for a while
        └── OutcomeUnknown          a write whose answer was lost: it may or may not have been saved
    SourceRefused                   trying again will not help
    └── ImisRefused
        ├── NotImis                 something answers there, but it isn't an iMIS
        ├── Untrusted               TLS certificate not to be trusted, or no TLS at all
        ├── ProxyRefused            a proxy between wants an account, or forbids the host
        ├── Redirected              the address sends us elsewhere
        ├── WrongCredentials        user name or password; never tried a second time
        │   └── LockedOut           the account is locked
        ├── TokenRefused            401 even with a fresh token
        ├── NotAllowed              403
        ├── NotFound                404
        │   └── NoSuchQuery         404 on a query, which has three causes
        ├── NotOffered              501 or 405: the entity lacks this operation
        ├── Invalid                 400: iMIS says what is wrong with the request
        │   └── AlreadyThere        409
        ├── TooLarge                more than the body limit
        ├── ColumnsMissing          a query or table lacks columns that Tenure wants
        └── WriteNotPermitted       our own gate: a write to a place that was not opened

No message holds a row, a value of a member or a password: hosts, paths, names of columns and counts only.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from tenure.base.errors import SourceRefused, SourceUnavailable


class ImisUnavailable(SourceUnavailable):
    """iMIS did not give an answer that can be used. Trying again later may help."""


class Unreachable(ImisUnavailable):
    """Nothing answers at the address."""


class TooSlow(ImisUnavailable):
    """No whole answer came before the deadline of the call."""


class Busy(ImisUnavailable):
    """iMIS asked us to come back later. `seconds` is how long, when it said so."""

    def __init__(self, message: str, *, mend: str = "", seconds: float | None = None) -> None:
        super().__init__(message, mend=mend)
        self.seconds = seconds


class Failed(ImisUnavailable):
    """iMIS answered with an error of its own."""


class Garbled(ImisUnavailable):
    """The answer isn't the JSON that it ought to be."""


class PagingBroken(Garbled):
    """Pages of one list contradict each other, so that rows may be missing."""


class CircuitOpen(ImisUnavailable):
    """Too many calls failed in a row; nothing is sent until `seconds` have passed."""

    def __init__(self, message: str, *, mend: str = "", seconds: float = 0.0) -> None:
        super().__init__(message, mend=mend)
        self.seconds = seconds


class OutcomeUnknown(ImisUnavailable):
    """A write was sent and its answer lost: read back before doing anything else."""


class ImisRefused(SourceRefused):
    """iMIS, or our own caution, said no. Trying again will not help."""


class NotImis(ImisRefused):
    """Something answers at the address, but not as an iMIS does."""


class Untrusted(ImisRefused):
    """The server cannot prove who it is."""


class ProxyRefused(ImisRefused):
    """A proxy between here and iMIS does not let us through; tried again, it might lock an account."""


class Redirected(ImisRefused):
    """The address sends its callers elsewhere, and credentials don't follow."""


class WrongCredentials(ImisRefused):
    """iMIS refused the user name and password. Never tried a second time, since iMIS locks accounts."""


class LockedOut(WrongCredentials):
    """The account is locked or disabled."""


class TokenRefused(ImisRefused):
    """iMIS answers 401 even with a token it has just given."""


class NotAllowed(ImisRefused):
    """The account lacks the right."""


class NotFound(ImisRefused):
    """There is no such thing."""


class NoSuchQuery(NotFound):
    """The query is not there, or not for us: iMIS doesn't say which."""

    def __init__(self, path: str, base: str) -> None:
        super().__init__(
            f"iMIS at {base} does not serve the query {path}: HTTP 404",
            mend="one of three things: (1) the path is wrong or the query was moved or renamed; (2) on its Security "
            "tab, 'Available via the REST API' is off; (3) Tenure's account has no right to the query or its folder",
        )
        self.path = path


class NotOffered(ImisRefused):
    """The entity is known but doesn't offer this operation."""


class Invalid(ImisRefused):
    """iMIS names what is wrong with the request; `faults` are its words, `fields` the properties it names."""

    def __init__(self, message: str, *, mend: str = "", faults: Sequence[str] = (), fields: Sequence[str] = ()) -> None:
        super().__init__(message, mend=mend)
        self.faults = tuple(faults)
        self.fields = tuple(fields)


class AlreadyThere(Invalid):
    """A row by this key exists."""


class TooLarge(ImisRefused):
    """The answer is larger than Tenure reads into memory."""


class ColumnsMissing(ImisRefused):
    """A query or table no longer has the columns that Tenure wants: `columns`."""

    def __init__(self, place: str, columns: Sequence[str], found: Collection[str]) -> None:
        super().__init__(
            f"{place} lacks the column{'s' if len(columns) > 1 else ''} {', '.join(map(_quoted, columns))}; "
            f"it has {', '.join(map(_quoted, sorted(found))) or 'none'}",
            mend=_near_names(columns, found)
            + "give the column its alias back in the query, or name the new one in the mapping",
        )
        self.columns = tuple(columns)


class WriteNotPermitted(ImisRefused):
    """Tenure was about to write where it has no business; nothing was sent."""


def require_columns(place: str, found: Collection[str], wanted: Collection[str]) -> None:
    """Check that *place* (named in the message) gives every column in *wanted*.

    Raises:
        ColumnsMissing: Some are not there; the hint names the nearest that are.
    """
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ColumnsMissing(place, missing, found)


def _near_names(columns: Sequence[str], found: Collection[str]) -> str:
    pairs = [(name, difflib.get_close_matches(name, found, n=1, cutoff=0.6)) for name in columns]
    said = ", ".join(f"{_quoted(near[0])} may be what {_quoted(name)} is called now" for name, near in pairs if near)
    return f"{said}; " if said else ""


def _quoted(name: str) -> str:
    return f"`{name}`"
