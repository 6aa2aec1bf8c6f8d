"""Reading an answer: the JSON in it, or what iMIS means by refusing."""

from __future__ import annotations

import re
from typing import Any

import orjson

from tenure.imis._wire import Reply
from tenure.imis.errors import (
    AlreadyThere,
    Busy,
    Failed,
    Garbled,
    ImisRefused,
    ImisUnavailable,
    Invalid,
    NotAllowed,
    NotFound,
    NotImis,
    NotOffered,
    Redirected,
    TooLarge,
)

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which another attempt may help."""

_LONGEST_QUOTE = 240
LONGEST_REFUSAL = 1 << 20
"""Bytes of a refusal beyond which it is not looked into."""

_MOST_VALUES = 4_000_000
# Of Python's own, beside the ones for names of hosts, none takes more than in proportion.
_SLOW_CHARSETS = frozenset({"idna", "punycode"})


def json_of(reply: Reply, what: str) -> Any:
    """The JSON of a good answer; *what* was asked for is for messages.

    Raises:
        Garbled: It is HTML, or JSON cut short, or not in the charset that it claims.
        TooLarge: It is of so many small values that they would take forty times its bytes.
    """
    if reply.media_type in ("text/html", "application/xhtml+xml") or reply.body.lstrip()[:1] == b"<":
        raise Garbled(
            f"{what}: iMIS answered with a web page in place of JSON (HTTP {reply.status})",
            mend="open the address in a browser: a maintenance page, a sign-in page or a firewall may stand in front",
        )
    if sum(map(reply.body.count, (b",", b"{", b"["))) > _MOST_VALUES:
        raise TooLarge(
            f"{what}: the answer of {len(reply.body):,} bytes has more than {_MOST_VALUES:,} values",
            mend="let the query return only the columns in use, or set a smaller `source.page_size`",
        )
    try:
        return orjson.loads(_utf8(reply))
    except (orjson.JSONDecodeError, UnicodeError, LookupError) as error:
        raise Garbled(
            f"{what}: the answer of {len(reply.body):,} bytes is not whole JSON ({_json_fault(error)})",
            mend="try again; if it stays, something between here and iMIS cuts or changes answers",
        ) from error


def _utf8(reply: Reply) -> bytes:
    charset = re.search(r"charset=\"?([\w.:-]+)", str(reply.headers.get("content-type", "")), re.IGNORECASE)
    body = reply.body.removeprefix(b"\xef\xbb\xbf")
    if charset is None or charset[1].lower() in ("utf-8", "utf8", "us-ascii"):
        return body
    if charset[1].lower() in _SLOW_CHARSETS:
        raise LookupError(charset[1])
    return body.decode(charset[1]).encode()


def _json_fault(error: Exception) -> str:
    # orjson's message holds a position and no content; a decoder's would quote bytes.
    return str(error) if isinstance(error, orjson.JSONDecodeError) else f"its charset is wrong: {type(error).__name__}"


def trouble(reply: Reply, what: str) -> ImisUnavailable:
    """The error for an answer whose status is one of `TRANSIENT`."""
    if reply.status == 429:
        return Busy(
            f"{what}: iMIS asked us to slow down (HTTP 429)", mend=_LATER + "; lower `source.requests_per_hour`"
        )
    if reply.status == 503:
        return Busy(f"{what}: iMIS is not available at present (HTTP 503)", mend=_LATER)
    return Failed(
        f"{what}: iMIS failed (HTTP {reply.status}{_quote(reply)})",
        mend=_LATER + "; if it stays, run the same query inside iMIS and look at its system log",
    )


_LATER = "run again later: what was read and written so far stays"


def refusal(reply: Reply, what: str) -> ImisRefused:
    """The error for an answer that says no."""
    return _REFUSALS.get(reply.status, _other)(reply, what)


def _invalid(reply: Reply, what: str) -> ImisRefused:
    faults, fields = faults_of(reply.body)
    return Invalid(
        f"{what}: iMIS refused it (HTTP 400): {'; '.join(faults) or 'without saying why'}",
        mend="mend what it names",
        faults=faults,
        fields=fields,
    )


def _duplicate(reply: Reply, what: str) -> ImisRefused:
    return AlreadyThere(f"{what}: iMIS already has a row by this key (HTTP 409)", mend="read it and update it")


def _forbidden(reply: Reply, what: str) -> ImisRefused:
    return NotAllowed(
        f"{what}: Tenure's account has no right to it (HTTP 403)",
        mend="give the account the right named in docs/imis.md; for a panel source also switch on "
        "'Available via the REST API' on its Security tab",
    )


def _not_found(reply: Reply, what: str) -> ImisRefused:
    return NotFound(f"{what}: iMIS has no such thing, or doesn't show it to Tenure's account (HTTP 404{_quote(reply)})")


def _not_offered(reply: Reply, what: str) -> ImisRefused:
    return NotOffered(
        f"{what}: this iMIS doesn't offer that (HTTP {reply.status})",
        mend="compare the version of iMIS with docs/imis.md",
    )


def _redirected(reply: Reply, what: str) -> ImisRefused:
    target = str(reply.headers.get("location", "")).partition("?")[0] or "somewhere it doesn't say"
    return Redirected(
        f"{what}: the server sends us to {target} (HTTP {reply.status})",
        mend="Tenure doesn't follow redirects with a password; if that is the right address, put it in `source.url`",
    )


def _other(reply: Reply, what: str) -> ImisRefused:
    if 300 <= reply.status < 400:
        return _redirected(reply, what)
    return ImisRefused(f"{what}: iMIS answered HTTP {reply.status}{_quote(reply)}", mend="compare with docs/imis.md")


_REFUSALS = {400: _invalid, 403: _forbidden, 404: _not_found, 405: _not_offered, 409: _duplicate, 501: _not_offered}


def faults_of(body: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a refusal's body says is wrong: messages, and the properties they name; nothing where it is a book."""
    if len(body) > LONGEST_REFUSAL:
        return (), ()
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = _one_line(body.decode("utf-8", "replace"))
        return ((text,) if text and not text.startswith("<") else ()), ()
    if isinstance(found, str):
        return (_one_line(found),), ()
    if not isinstance(found, dict):
        return (), ()
    results = found.get("ValidationResults", found)
    errors = results.get("Errors") if isinstance(results, dict) else None
    listed = errors.get("$values", []) if isinstance(errors, dict) else []
    messages = [_one_line(str(e.get("Message", ""))) for e in listed if isinstance(e, dict)]
    named = [e.get("FieldName") or e.get("PropertyName") for e in listed if isinstance(e, dict)]
    fields = [str(name) for name in named if name]
    if not any(messages):
        messages = [_one_line(str(found[key])) for key in ("Summary", "Message", "error_description") if found.get(key)]
    return tuple(filter(None, messages[:5])), tuple(fields[:5])


def _quote(reply: Reply) -> str:
    """A short plain text of the server's own, if that is what it sent; never JSON, which may hold data."""
    text = _one_line(reply.body[:1000].decode("utf-8", "replace"))
    return f": {text}" if text and text[0] not in "<{[" else ""


def _one_line(text: str) -> str:
    flat = " ".join(text.strip().strip('"').split())
    return flat if len(flat) <= _LONGEST_QUOTE else flat[: _LONGEST_QUOTE - 1] + "…"


def not_imis(base: object, why: str) -> NotImis:
    """The error for a server that answers, but not as an iMIS."""
    return NotImis(
        f"{base} does not answer as an iMIS does: {why}",
        mend="check `source.url`: the address under which `/token` and `/api` are found, such as "
        "https://example.imiscloud.com, or https://host/Asi.Scheduler_Name for an older iMIS of your own",
    )
