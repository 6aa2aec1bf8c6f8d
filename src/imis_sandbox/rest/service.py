"""The ASGI application: from addresses to answers, with faults in between."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from imis_sandbox.rest import control, wire
from imis_sandbox.rest.accounts import Account
from imis_sandbox.rest.entities import Call
from imis_sandbox.rest.faults import ANSWERS, BEFORE, Fault, spoil
from imis_sandbox.rest.moving import Moving, moved, told
from imis_sandbox.rest.router import Answer, route, writes, written
from imis_sandbox.rest.site import Site

_log = logging.getLogger(__name__)
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache", "Server": "Microsoft-IIS/10.0"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, RequestVerificationToken",
}
"""What a browser is told that asks before a script of another site calls; a real site is set up for it (a guess)."""
_LOGIN = "Login"
"""Name of the login cookie (a guess)."""
_LARGEST_BODY = 16 * 2**20
_SERVER_ERROR = "An error occurred. Please contact the administrator."
_SPOILING = {"unordered", "repeated_page", "missing_rows", "empty_has_next", "duplicate_keys"} | {
    "new_column", "lost_column", "renamed_column", "type_change", "null_flood", "new_value", "nested",
}  # fmt: skip


def create_app(site: Site) -> Starlette:
    """The application for a site."""
    handler = Handler(site)
    return Starlette(routes=[Route("/{path:path}", handler.answer, methods=_METHODS)])


class Dropped(Exception):
    """The connection is to be dropped without a reply."""


class Handler:
    """Answers requests of one site, one after the other.

    Args:
        site: Whose.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._previous: tuple[str, list[Any]] = ("", [])
        self._moving = Moving(site.faults)
        self._later: set[asyncio.TimerHandle] = set()

    async def answer(self, request: Request) -> Response:
        """Answer one request and count it."""
        parts = [part for part in request.scope["path"].split("/") if part]
        if parts and parts[0].lower() == "_sandbox":
            return await self._control(request, parts[1:])
        self._site.usage.enter()
        response: Response | None = None
        try:
            response = await self._answer(request, parts)
            for _ in range(2):  # lets a request that arrived meanwhile be counted as parallel
                await asyncio.sleep(0)
        except (Dropped, ClientDisconnect):  # a client that was killed amid its request is no fault of the site
            response = _drop(request)
        finally:
            self._site.usage.leave(request.method, response.status_code if response else 0)
        response.headers.setdefault("Date", formatdate(usegmt=True))
        return response

    async def _control(self, request: Request, parts: list[str]) -> Response:
        try:
            body = _json(await request.body())
            if request.method == "POST" and parts == ["notifications"]:
                root = f"{request.url.scheme}://{request.url.netloc}"
                return _plain(200, await self._site.notices.subscribe(body, root))
            found = control.answer(self._site, request.method, parts, dict(request.query_params), body)
        except wire.Refusal as refusal:
            found = refusal.status, refusal.body
        return _plain(*found)

    async def _answer(self, request: Request, parts: list[str]) -> Response:
        address = request.scope["path"] + "?" + request.scope["query_string"].decode("latin-1")
        body = await request.body()
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return Response("", 200, {**_HEADERS, **_PREFLIGHT})
        try:
            early = await self._before(request, address)
            if early is not None:
                return early
            status, answered = self._handled(request, parts, address, body)
        except wire.Refusal as refusal:
            status, answered = refusal.status, refusal.body
        except Dropped:
            raise
        except Exception:
            _log.exception("%s %s could not be answered", request.method, request.scope["path"])
            status, answered = 500, _SERVER_ERROR
        return await self._finish(address, status, answered)

    async def _before(self, request: Request, address: str) -> Response | None:
        """What a fault answers in place of the site."""
        path = request.scope["path"].strip("/").lower()
        apart = set() if "metadata" in path else {"metadata_missing"}
        if path.endswith("token"):
            apart |= {"unauthorized_once", "token_expired", "query_off", "forbidden"}
        names = {name: words for name, words in BEFORE.items() if name not in apart}
        fault = self._site.faults.first(names, address)
        if fault is None:
            return None
        if fault.name == "slow":
            await asyncio.sleep(float(fault.more.get("seconds", 1)))
            return None
        return self._instead(fault, address)

    def _instead(self, fault: Fault, address: str) -> Response:
        if fault.name == "token_expired":
            self._site.accounts.revoke()
        if fault.name in ("token_expired", "unauthorized_once"):
            refusal = wire.denied()
            return _plain(refusal.status, refusal.body)
        if fault.name == "redirect":
            return Response("", 302, {**_HEADERS, "Location": address})
        status, words = _REFUSALS[fault.name]
        headers = dict(_HEADERS)
        if "retry_after" in fault.more or status == 429:
            headers["Retry-After"] = str(fault.more.get("retry_after", 1))
        return Response(words, status, headers, "text/plain; charset=utf-8")

    def _handled(self, request: Request, parts: list[str], address: str, body: bytes) -> Answer:
        if len(parts) < 3 and [part.lower() for part in parts][-1:] == ["token"]:
            return self._token(request, body)
        if len(parts) == 1 and parts[0].lower().endswith(".aspx") and request.method in ("GET", "POST"):
            return 200, self._opened(request, parts[0][:-5], body)
        account = self._account(request)
        params = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        asks = len(parts) > 1 and "_haspermission" in [part.lower() for part in parts]
        data = _json(body) if request.method in ("POST", "PUT") and not asks else {}
        call = Call(account.name, account.master, params, data, party=account.party)
        if not writes(request.method, parts):
            return self._read(request, parts, address, call)
        return self._write(request, parts, address, call)

    def _opened(self, request: Request, name: str, body: bytes) -> _Page:
        """The start page of a client application, or the site's own."""
        if name.lower() not in ("default", "signin"):
            return _Page(self._site.sign_on.start(name, _form(body)))
        text, cookie = self._site.sign_on.visit(request.cookies.get(_LOGIN, ""), _form(body))
        page = _Page(text)
        page.cookie = cookie
        return page

    def _account(self, request: Request) -> Account:
        """Who asks: by token, or from a page of the site by login cookie and verification token; 401 otherwise."""
        bearer, verification = (request.headers.get(name, "") for name in ("authorization", "requestverificationtoken"))
        if verification and not bearer:
            return self._site.sign_on.visitor(request.cookies.get(_LOGIN, ""), verification)
        return self._site.accounts.account_of(bearer)

    def _token(self, request: Request, body: bytes) -> Answer:
        if request.method != "POST":
            raise wire.Refusal(405, "The requested resource does not support this method.")
        return 200, self._site.accounts.grant(_form(body))

    def _read(self, request: Request, parts: list[str], address: str, call: Call) -> Answer:
        stale = self._site.faults.strikes("stale_lists", address)
        if stale is not None:
            call.stale = float(stale.more.get("seconds", 5))
        call.late = self._site.faults.strikes("late_rows", address)
        gone = self._moving.shift(address, call.params)
        if gone:
            call.params = moved(call.params, gone)
        status, answered = route(self._site, request.method, parts, call)
        if self._site.faults.strikes("lost_reply", address):
            raise Dropped
        return status, told(answered, gone) if gone and "TotalCount" in answered else answered

    def _write(self, request: Request, parts: list[str], address: str, call: Call) -> Answer:
        faults = self._site.faults
        record = request.scope["path"].lower() if request.method != "POST" else orjson.dumps(call.body)[:2000].decode()
        if faults.always("refused", address, _record(parts, call) or record):
            raise wire.invalid(("RecordId", "The record is refused."))
        if faults.strikes("duplicate", address):
            raise wire.Refusal(409, "The record already exists.")
        late = faults.strikes("late_commit", address)
        if late is not None:
            self._commit_later(faults.delay(late), request.method, parts, call)
            raise wire.Refusal(500, _SERVER_ERROR)
        found = self._carry_out(request.method, parts, call)
        if faults.strikes("saved_500", address):
            raise wire.Refusal(500, _SERVER_ERROR)
        if faults.strikes("lost_reply", address):
            raise Dropped
        return _zeroed(found) if faults.strikes("ordinal_zero", address) else found

    def _carry_out(self, method: str, parts: list[str], call: Call) -> Answer:
        """Do what a write asks and tell whoever listens."""
        found = route(self._site, method, parts, call)
        if self._site.notices.watched:
            self._site.notices.tell(written(self._site, method, parts, found[1]))
        return found

    def _commit_later(self, seconds: float, method: str, parts: list[str], call: Call) -> None:
        def commit() -> None:
            self._site.faults.waiting -= 1
            try:
                self._carry_out(method, parts, call)
            except wire.Refusal:
                return

        loop = asyncio.get_running_loop()
        self._site.faults.waiting += 1
        self._later.add(loop.call_later(seconds, commit))

    def _page_before(self, address: str, page: wire.Json) -> list[Any]:
        """The rows of the page that was asked for before this one, if it was of the same list."""
        this, (other, rows) = _OFFSET.sub("", address), self._previous
        self._previous = (this, page["Items"]["$values"])
        return rows if this == other and page.get("Offset") else []

    async def _finish(self, address: str, status: int, answered: Any) -> Response:
        faults = self._site.faults
        if not faults.on or status >= 400:
            return _plain(status, answered)
        fault = faults.first({name: words for name, words in ANSWERS.items() if name != "stale_lists"}, address)
        paged = isinstance(answered, dict) and "Items" in answered
        previous = self._page_before(address, answered) if paged else []
        if fault is None:
            return _plain(status, answered)
        if fault.name in _SPOILING:
            return _plain(status, spoil(fault, answered, faults, previous) if paged else answered)
        return _mangled(fault, status, answered)


_OFFSET = re.compile(r"&?offset=\d*", re.IGNORECASE)

_REFUSALS = {
    "unavailable": (503, "Service unavailable."),
    "throttled": (429, "Too many requests."),
    "server_error": (500, _SERVER_ERROR),
    "forbidden": (403, "You do not have permission to do this."),
    "metadata_missing": (501, "Service not implemented"),
    "query_off": (404, "Query: not found."),
}


def _json(body: bytes) -> wire.Json:
    if len(body) > _LARGEST_BODY:
        raise wire.Refusal(413, "Request entity too large.")
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        return {}
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = _loose_json(body)
    return data if isinstance(data, dict) else {"$values": data}


_COMMENT = re.compile(rb'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(rb'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


def _loose_json(body: bytes) -> Any:
    """JSON with comments and commas too many, which the vendor's own samples have and its parser takes."""
    for superfluous in (_COMMENT, _COMMA):
        body = superfluous.sub(lambda found: found[1] or b"", body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise wire.Refusal(400, "The request body could not be read.") from None


class _Page(str):
    """A page of HTML, with the login cookie that it sets; empty for none."""

    __slots__ = ("cookie",)

    def __init__(self, text: str) -> None:
        self.cookie = ""


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body[:65_536].decode("utf-8", "replace"), keep_blank_values=True))


def _plain(status: int, body: Any) -> Response:
    if isinstance(body, _Page):
        login = {"Set-Cookie": f"{_LOGIN}={body.cookie}; Path=/; HttpOnly; SameSite=Lax"} if body.cookie else {}
        return Response(str(body), status, {**_HEADERS, **login}, "text/html; charset=utf-8")
    if isinstance(body, str):
        return Response(body, status, _HEADERS, "text/plain; charset=utf-8" if body else None)
    return Response(orjson.dumps(body), status, _HEADERS, "application/json; charset=utf-8")


def _mangled(fault: Fault, status: int, body: Any) -> Response:
    text, kind = orjson.dumps(body), "application/json; charset=utf-8"
    megabytes = int(fault.more.get("megabytes", 64))
    if fault.name == "html":
        return Response("<html><body><h1>Runtime Error</h1></body></html>", status, _HEADERS, "text/html")
    if fault.name == "truncated":
        return Response(text[: len(text) // 2], status, _HEADERS, kind)
    if fault.name == "wrong_charset":
        return Response(text.replace(b'"Items"', b'"It\xe9ms"'), status, _HEADERS, kind)
    if fault.name == "drip":
        return StreamingResponse(_drip(text, float(fault.more.get("seconds", 1.0))), status, _HEADERS, kind)
    if fault.name == "huge":
        return StreamingResponse(_blanks(megabytes), status, _HEADERS, kind)
    if fault.name == "gzip_bomb":
        packed = gzip.compress(b" " * (megabytes * 2**20))
        return Response(packed, status, {**_HEADERS, "Content-Encoding": "gzip"}, kind)
    skewed = formatdate(time.time() + float(fault.more.get("seconds", 600)), usegmt=True)
    return Response(text, status, {**_HEADERS, "Date": skewed}, kind)


async def _drip(text: bytes, pause: float) -> AsyncIterator[bytes]:
    for place in range(len(text)):
        yield text[place : place + 1]
        await asyncio.sleep(pause)


async def _blanks(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield b" " * 2**20
        await asyncio.sleep(0)


def _drop(request: Request) -> Response:
    """Cut the connection; uvicorn keeps the transport with the receiving half."""
    cycle = getattr(request.receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is not None:
        transport.abort()
    return Response("", 500)


def _record(parts: list[str], call: Call) -> str:
    """What a write is about, so that the same record meets the same fate under POST and PUT."""
    if len(parts) > 2:
        return parts[-1].lower()
    parent = wire.member(call.body, "PrimaryParentIdentity") or {}
    elements = wire.values(wire.member(parent, "IdentityElements", []))
    given = wire.properties(call.body)
    return str(elements[0] if elements else given.get("PartyId") or given.get("ID") or "").lower()


def _zeroed(found: Answer) -> Answer:
    status, body = found
    if isinstance(body, dict) and isinstance(body.get("Identity"), dict):
        elements = body["Identity"]["IdentityElements"]["$values"]
        if len(elements) > 1:
            elements[1] = "0"
    return status, body
