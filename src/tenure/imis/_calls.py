"""One logical call to iMIS: a few attempts at most, one at a time, within every limit of `_manners`."""

from __future__ import annotations

import datetime as dt
import email.utils
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import orjson

from tenure.imis._auth import SignIn, token_refused
from tenure.imis._manners import (
    ATTEMPTS,
    LONGEST_WAIT,
    CircuitBreaker,
    RetryBudget,
    Timekeeping,
    backoff,
    budget_of,
    retry_after,
)
from tenure.imis._replies import TRANSIENT, refusal, trouble
from tenure.imis._wire import NeverSent, Reply, Wire
from tenure.imis.errors import Busy, ImisRefused, ImisUnavailable, OutcomeUnknown

T = TypeVar("T")


@dataclass(frozen=True)
class Exchange:
    """One request that was sent and how it went; for meters and logs. Holds no values of prompts or filters."""

    method: str
    path: str
    status: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Request:
    """What is asked.

    Args:
        method: GET, POST or PUT.
        path: From the address of iMIS on, starting with a slash.
        what: In words, for messages.
        params: Query parameters in order; may repeat.
        body: JSON to send.
        changes: Whether it changes iMIS, so that it must not be repeated blindly.
    """

    method: str
    path: str
    what: str
    params: Sequence[tuple[str, str]] = ()
    body: Any = None
    changes: bool = False


class Caller:
    """Sends requests of one account to one iMIS, one at a time."""

    def __init__(
        self,
        wire: Wire,
        username: str,
        password: str,
        *,
        requests_per_hour: int,
        time: Timekeeping,
        on_request: Callable[[Exchange], None] | None,
    ) -> None:
        self._wire, self._time, self._on_request = wire, time, on_request
        self._in_flight = threading.RLock()
        self.budget = budget_of(str(wire.base), requests_per_hour, time)
        self.requests = 0
        self.server_ahead: dt.timedelta | None = None
        self.retries = RetryBudget()
        self.breaker = CircuitBreaker(time.ticks)
        self.sign_in = SignIn(str(wire.base), username, password, self._post_form, time)

    def call(self, request: Request, parse: Callable[[Reply], T]) -> T:
        """Carry out *request* and give what *parse* makes of a good answer.

        Raises:
            OutcomeUnknown: A request that changes iMIS was sent, and its answer lost or an error.
            ImisUnavailable: No good answer after the attempts that manners allow.
            ImisRefused: iMIS said no.
        """
        with self._in_flight:
            self.retries.call()
            for attempt in range(1, ATTEMPTS + 1):
                self.breaker.admit()
                try:
                    return self._attempt(request, parse)
                except _Again as again:
                    self._prepare_next(again, attempt)
            raise AssertionError("unreachable")

    def ensure_token(self) -> str:
        """Sign in if need be, and give the name of the account as iMIS has it."""
        with self._in_flight:
            self.retries.call()
            for attempt in range(1, ATTEMPTS + 1):
                self.breaker.admit()
                try:
                    self._token()
                    return self.sign_in.user_name
                except _Again as again:
                    self._prepare_next(again, attempt)
            raise AssertionError("unreachable")

    def _attempt(self, request: Request, parse: Callable[[Reply], T]) -> T:
        reply = self._authorized(request)
        if reply.status in TRANSIENT:
            raise self._transient(request, reply)
        self.breaker.succeeded()
        if reply.status >= 300:
            raise refusal(reply, request.what)
        try:
            return parse(reply)
        except ImisUnavailable as error:
            self.breaker.failed()
            raise _Again(error) from error

    def _authorized(self, request: Request) -> Reply:
        reply = self._send(request, self._token())
        if reply.status != 401:
            return reply
        self.sign_in.renew(request.what)
        reply = self._send(request, self._token())
        if reply.status == 401:
            raise token_refused(request.what, "a fresh token")
        return reply

    def _token(self) -> str:
        try:
            return self.sign_in.token()
        except NeverSent as never:
            raise self._failed(never.error) from never
        except ImisUnavailable as error:
            raise self._failed(error) from error

    def _send(self, request: Request, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        body = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(request.body)
        try:
            return self._exchange(request.method, self._url(request), headers, body)
        except NeverSent as never:
            raise self._failed(never.error) from never
        except ImisUnavailable as error:
            raise self._unknown(request, error) if request.changes else self._failed(error) from error

    def _url(self, request: Request) -> httpx.URL:
        url = self._wire.base.copy_with(path=self._wire.base.path.rstrip("/") + request.path)
        return url.copy_with(params=list(request.params)) if request.params else url

    def _post_form(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        base = self._wire.base
        return self._exchange("POST", base.copy_with(path=base.path.rstrip("/") + path), headers, body)

    def _exchange(self, method: str, url: httpx.URL, headers: dict[str, str], body: bytes | None) -> Reply:
        self.budget.spend()
        self.requests += 1
        began, status, size = self._time.ticks(), 0, 0
        try:
            reply = self._wire.exchange(method, url, headers, body)
            status, size = reply.status, len(reply.body)
            self._note_clock(reply)
            return reply
        finally:
            if self._on_request is not None:
                self._on_request(Exchange(method, url.path, status, self._time.ticks() - began, size))

    def _note_clock(self, reply: Reply) -> None:
        try:
            told = email.utils.parsedate_to_datetime(reply.headers["date"])
        except (KeyError, ValueError):
            return
        # A date without a zone is in UTC, as every Date header ought to be.
        self.server_ahead = (told if told.tzinfo else told.replace(tzinfo=dt.UTC)) - self._time.clock()

    def _transient(self, request: Request, reply: Reply) -> Exception:
        error = trouble(reply, request.what)
        wait = retry_after(reply.headers.get("retry-after"), self._time.clock())
        if reply.status == 429:
            return _Again(error, wait)
        self.breaker.failed()
        return self._lost(request, error) if request.changes else _Again(error, wait)

    def _failed(self, error: ImisUnavailable) -> _Again:
        self.breaker.failed()
        return _Again(error)

    def _unknown(self, request: Request, error: ImisUnavailable) -> OutcomeUnknown:
        self.breaker.failed()
        return self._lost(request, error)

    def _lost(self, request: Request, error: ImisUnavailable) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{request.what}: it isn't known whether iMIS saved it. {error.message}",
            mend="Tenure reads it back before it tries again; nothing need be done",
        )

    def _prepare_next(self, again: _Again, attempt: int) -> None:
        """Wait before another attempt, or raise the error if there shall be none."""
        if again.wait is not None and again.wait > LONGEST_WAIT:
            raise Busy(
                f"{again.error.message}; it asks to be left alone for {again.wait / 60:,.0f} minutes",
                mend=f"Tenure waits {LONGEST_WAIT / 60:.0f} minutes at most; run again after that time",
                seconds=again.wait,
            ) from again.error
        if attempt == ATTEMPTS or self.breaker.state != "closed" or not self.retries.take():
            raise again.error
        self._time.sleep(backoff(attempt + 1) if again.wait is None else again.wait)


class _Again(Exception):
    """An attempt failed in a way that another might not."""

    def __init__(self, error: ImisUnavailable, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


__all__ = ["Caller", "Exchange", "ImisRefused", "Request"]
