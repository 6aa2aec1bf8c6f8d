"""The client: what Tenure can ask of an iMIS, in the words of iMIS."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import orjson

from tenure.imis import _paging
from tenure.imis._calls import Caller, Exchange, Request
from tenure.imis._manners import Timekeeping
from tenure.imis._paging import Page, Progress
from tenure.imis._replies import json_of
from tenure.imis._values import (
    Row,
    collection,
    contract,
    generic_entity,
    new_rows,
    old_rows,
    parameter,
    plain,
    values_of,
)
from tenure.imis._wire import Reply, Wire, base_url
from tenure.imis.errors import (
    ImisRefused,
    Invalid,
    NoSuchQuery,
    NotAllowed,
    NotFound,
    NotOffered,
    WriteNotPermitted,
)

OnPage = Callable[[Progress], None]
Filter = str | tuple[str, ...]


class ImisClient:
    """Reads one iMIS as one account; to write, see `writing_to`.

    Nothing is sent before the first question. One request is in flight at a time, over one kept-alive connection.

    Args:
        url: The address, with or without a trailing slash or `/api`.
        username, password: Of an account made for Tenure.
        requests_per_hour: Most requests in any hour, attempts and sign-ins counted; 0 for no limit.
        page_size: Rows a page, 500 at most.
        timeout: Seconds that one request may take in all, however slowly its answer trickles.
        ca_file: Further certificates to trust.
        proxy: Address of a proxy, `none`, or empty for what `HTTPS_PROXY` and `NO_PROXY` say.
        time: Clock and sleep, for tests.
        on_request: Told of each request after it ended, for meters; pages fetched ahead tell it from another thread.

    Raises:
        UsageError: The address can't be one.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        requests_per_hour: int = 3600,
        page_size: int = 500,
        timeout: float = 60.0,
        ca_file: Path | None = None,
        proxy: str = "",
        time: Timekeeping | None = None,
        on_request: Callable[[Exchange], None] | None = None,
    ) -> None:
        base = base_url(url)
        self.url = str(base)
        self.page_size = max(1, min(page_size, 500))
        self._wire = Wire(base, timeout=timeout, ca_file=ca_file, user_agent=_user_agent(), proxy=proxy)
        self._caller = Caller(
            self._wire,
            username,
            password,
            requests_per_hour=requests_per_hour,
            time=time or Timekeeping(),
            on_request=on_request,
        )
        self._dialects: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the client can be used again."""
        self._wire.close()

    @property
    def requests_used(self) -> int:
        """Requests sent so far, attempts and sign-ins counted."""
        return self._caller.requests

    @property
    def circuit(self) -> str:
        """`closed` when all is well, `open` while iMIS is left alone after failures, `half open` before a probe."""
        return self._caller.breaker.state

    @property
    def server_ahead(self) -> dt.timedelta | None:
        """By how much the server's clock was ahead of ours at its last answer, to the second; None if it never said."""
        return self._caller.server_ahead

    @property
    def certificate_ends(self) -> dt.datetime | None:
        """The last instant of the server's certificate, UTC; None before the first answer, and without TLS."""
        return self._wire.certificate_ends

    @property
    def proxy(self) -> str:
        """The proxy that is gone through, without its account; empty for none."""
        return self._wire.proxy

    def whoami(self) -> str:
        """Sign in, and give the account's name as iMIS has it."""
        return self._caller.ensure_token()

    # Queries

    def query(
        self,
        path: str,
        prompts: Mapping[str, object] | None = None,
        *,
        start: int = 0,
        on_page: OnPage | None = None,
    ) -> Iterator[list[Row]]:
        """The rows of an IQA, page by page: column → value, ids as strings, dates as iMIS writes them.

        Asks `api/query` with prompts by name; an iMIS that lacks it, or a query that it doesn't serve, is asked
        through `api/iqa` with prompts by position. The order of rows is the query's own and may be none: absorb
        repeats by key.

        Args:
            path: Such as `$/Tenure/Terms`.
            prompts: Value by prompt; None or "" leaves a prompt empty. Several go to `api/iqa` in the order of the
                query's definition, or in this order if it can't be read.
            start: The row to begin with, when going on after an interruption.
            on_page: Told after each page how far reading has come.

        Raises:
            NoSuchQuery: iMIS doesn't serve the query, for one of three causes.
        """
        fetch, first = self._begin(path, prompts or {}, start)
        yield from self._pages(fetch, f"query {path}", start, on_page, first)

    def first_of_query(self, path: str, prompts: Mapping[str, object] | None = None) -> tuple[list[Row], int | None]:
        """The first page of an IQA and how many rows iMIS says there are; one request.

        Raises:
            NoSuchQuery: iMIS doesn't serve the query, for one of three causes.
        """
        _, first = self._begin(path, prompts or {}, 0)
        return first.rows, first.total

    def count_query(self, path: str, prompts: Mapping[str, object] | None = None) -> int | None:
        """How many rows of an IQA iMIS says there are; one request.

        Raises:
            NoSuchQuery: iMIS doesn't serve the query, for one of three causes.
        """
        _, first = self._begin(path, prompts or {}, 0, limit=1)
        return first.total

    def query_definition(self, path: str) -> dict[str, Any] | None:
        """What the query asks and gives (`Parameters`, `Properties`…), or None if it isn't there or not for us."""
        strings = "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib"
        objects = "System.Collections.ObjectModel.Collection`1[[System.Object, mscorlib]], mscorlib"
        body = contract(
            "GenericExecuteRequest",
            OperationName="FindByPath",
            EntityTypeName="QueryDefinition",
            Parameters=collection(objects, [{"$type": "System.String", "$value": path}]),
            ParameterTypeName=collection(strings, ["System.String"]),
            UseJson=False,
        )
        request = Request("POST", "/api/QueryDefinition/_execute", f"definition of the query {path}", body=body)
        try:
            result = self._caller.call(request, lambda reply: json_of(reply, request.what))
        except NotFound:
            return None
        found = result.get("Result") if isinstance(result, dict) and "Result" in result else result
        return plain(found) if isinstance(found, dict) else None

    def _begin(
        self, path: str, prompts: Mapping[str, object], start: int, limit: int | None = None
    ) -> tuple[_paging.Fetch, Page]:
        """The first page of a query in the first of the two dialects that serves it, and how to get the others."""
        # One query that `api/query` serves shows that it is there; then a 404 on another is that query's own.
        known = self._dialects.get(path) or self._dialects.get("")
        for dialect in (known,) if known else ("query", "iqa"):
            fetch = self._query_fetcher(dialect, path, prompts, limit)
            try:
                first = fetch(start)
            except NoSuchQuery:
                continue
            self._dialects["" if dialect == "query" else path] = dialect
            return fetch, first
        raise NoSuchQuery(path, self.url)

    def _query_fetcher(
        self, dialect: str, path: str, prompts: Mapping[str, object], limit: int | None
    ) -> _paging.Fetch:
        if dialect == "query":
            asked = [(name, parameter(value)) for name, value in prompts.items() if value not in (None, "")]
        else:
            names = _prompt_order(self.query_definition(path), prompts) if len(prompts) > 1 else list(prompts)
            asked = [("parameter", parameter(prompts.get(name))) for name in names]
        rows_of = _new_rows if dialect == "query" else _old_rows
        fetch = self._fetcher(f"/api/{dialect}", [("QueryName", path), *asked], f"query {path}", rows_of, limit)
        return lambda offset: _as_no_such_query(fetch, offset, path, self.url)

    # Entities

    def entities(
        self,
        name: str,
        filters: Mapping[str, Filter] | None = None,
        order_by: str | Sequence[str] = (),
        *,
        start: int = 0,
        on_page: OnPage | None = None,
    ) -> Iterator[list[Row]]:
        """The rows of an entity or business object, page by page: property → value, ids as strings.

        Args:
            name: Such as `CsEvent`, `Activity`, or a panel source.
            filters: By property: a value to equal, or an operator and its values, `("between", "a", "b")`.
            order_by: Properties, a descending one as `Name:Descending`. Name a unique one, lest rows move about.
            start: The row to begin with.
            on_page: Told after each page how far reading has come.
        """
        params = [(prop, _filter(value)) for prop, value in (filters or {}).items()]
        params += [("OrderBy", prop) for prop in ([order_by] if isinstance(order_by, str) else order_by)]
        fetch = self._fetcher(f"/api/{_segment(name)}", params, f"entity {name}", _entity_rows)
        yield from self._pages(fetch, f"entity {name}", start, on_page, None)

    def first_of(
        self, name: str, filters: Mapping[str, Filter] | None = None, order_by: str = ""
    ) -> tuple[list[Row], int | None]:
        """The first page of an entity and how many rows iMIS says there are; one request."""
        params = [(prop, _filter(value)) for prop, value in (filters or {}).items()]
        params += [("OrderBy", order_by)] if order_by else []
        first = self._fetcher(f"/api/{_segment(name)}", params, f"entity {name}", _entity_rows)(0)
        return first.rows, first.total

    def count(self, name: str, filters: Mapping[str, Filter] | None = None) -> int | None:
        """How many rows of an entity iMIS says there are; one request."""
        params = [(prop, _filter(value)) for prop, value in (filters or {}).items()]
        request = Request("GET", f"/api/{_segment(name)}", f"entity {name}", [*params, ("Limit", "1"), ("Offset", "0")])
        answer = self._caller.call(request, lambda reply: json_of(reply, request.what))
        total = answer.get("TotalCount") if isinstance(answer, dict) else None
        return int(total) if isinstance(total, int | float) else None

    def get(self, name: str, key: str | Sequence[str]) -> dict[str, Any] | None:
        """One entity as iMIS writes it (`values_of` flattens it), or None if there is none.

        Args:
            name: The entity.
            key: Its id, or the elements of a composite one.
        """
        path, params = _address(name, key)
        request = Request("GET", path, f"one row of {name}", params)
        try:
            answer = self._caller.call(request, lambda reply: json_of(reply, request.what))
        except NotFound:
            return None
        return answer if isinstance(answer, dict) else None

    def may(self, name: str, operation: str) -> bool | None:
        """Whether the account may do *operation* (`Add`, `Update`, `Delete`) on an entity; None if iMIS doesn't say.

        A question, which changes nothing: `_haspermission`.
        """
        request = Request(
            "POST", f"/api/{_segment(name)}/_haspermission/{_segment(operation)}", f"rights on {name}", body={}
        )
        try:
            answer = self._caller.call(request, lambda reply: json_of(reply, request.what))
        except NotAllowed:
            return False
        except (NotFound, NotOffered, Invalid):
            return None
        found = answer.get("Result") if isinstance(answer, dict) else answer
        return found if isinstance(found, bool) else None

    def definition(self, name: str) -> dict[str, Any] | None:
        """The definition of a business object or panel source as iMIS writes it, or None if there is none."""
        return self.get("BOEntityDefinition", name)

    def writing_to(self, *names: str) -> Writer:
        """A writer that can change *names* and nothing else. Only `tenure.writeback` has a use for it."""
        return Writer(self._caller, frozenset(names))

    # Pages

    def _pages(
        self, fetch: _paging.Fetch, what: str, start: int, on_page: OnPage | None, first: Page | None
    ) -> Iterator[list[Row]]:
        waiting = [first] if first is not None else []
        found = _paging.pages(lambda offset: waiting.pop() if waiting else fetch(offset), what, start=start)
        for page, progress in _paging.ahead(found):
            if on_page is not None:
                on_page(progress)
            if page.rows:
                yield page.rows

    def _fetcher(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        what: str,
        rows_of: Callable[[list[Any], Reply], list[Row]],
        limit: int | None = None,
    ) -> _paging.Fetch:
        size = str(limit or self.page_size)

        def fetch(offset: int) -> Page:
            request = Request("GET", path, what, [*params, ("Limit", size), ("Offset", str(offset))])

            def parse(reply: Reply) -> Page:
                return _paging.page_of(json_of(reply, what), offset, lambda items: rows_of(items, reply), what)

            return self._caller.call(request, parse)

        return fetch


class Writer:
    """Creates and updates rows of the entities that it was opened for.

    A write is never repeated blindly: when its answer is lost, `OutcomeUnknown` is raised and the caller reads back.
    """

    def __init__(self, caller: Caller, names: frozenset[str]) -> None:
        self._caller = caller
        self.names = names

    def post(self, name: str, entity: Mapping[str, Any]) -> dict[str, Any]:
        """Create a row; gives it as iMIS then has it, empty when the answer cannot be read.

        Raises:
            AlreadyThere: There is one by this key.
            OutcomeUnknown: It may have been created or not.
            Invalid: iMIS says what is wrong with it.
        """
        return self._send("POST", name, f"/api/{_segment(name)}", (), entity)

    def put(self, name: str, key: str | Sequence[str], entity: Mapping[str, Any]) -> None:
        """Replace a row, whole.

        Raises:
            NotFound: There is none by this key.
            OutcomeUnknown: It may have been saved or not.
            Invalid: iMIS says what is wrong with it.
        """
        path, params = _address(name, key)
        self._send("PUT", name, path, params, entity)

    def _send(
        self, method: str, name: str, path: str, params: Sequence[tuple[str, str]], entity: Mapping[str, Any]
    ) -> dict[str, Any]:
        if name not in self.names:
            raise WriteNotPermitted(
                f"{method} to {name} was not sent: Tenure writes only to {', '.join(sorted(self.names)) or 'nothing'}",
                mend="this is a fault in Tenure; please report it",
            )
        request = Request(method, path, f"{method} of one row of {name}", params, body=entity, changes=True)
        return self._caller.call(request, _row_of)


def _as_no_such_query(fetch: _paging.Fetch, offset: int, path: str, base: str) -> Page:
    try:
        return fetch(offset)
    except (NotFound, NotOffered) as error:
        raise NoSuchQuery(path, base) from error
    except Invalid as error:
        if any("not found" in fault.lower() for fault in error.faults):
            raise NoSuchQuery(path, base) from error
        raise


def _prompt_order(definition: Mapping[str, Any] | None, prompts: Mapping[str, object]) -> list[str]:
    asked = [item for item in (definition or {}).get("Parameters") or [] if item.get("Prompt")]
    by_name = {name.lower(): name for name in prompts}
    names = [by_name.get(str(item.get("PropertyName", "")).lower()) for item in asked]
    if set(names) >= set(prompts):
        return [name or "" for name in names]
    return list(prompts)


def _row_of(reply: Reply) -> dict[str, Any]:
    """The row in the answer to a write, which was carried out whatever the answer looks like."""
    with contextlib.suppress(ValueError):
        row = orjson.loads(reply.body)
        return row if isinstance(row, dict) else {}
    return {}


def _new_rows(items: list[Any], reply: Reply) -> list[Row]:
    return new_rows(items, boxed=b'"$value"' in reply.body)


def _old_rows(items: list[Any], reply: Reply) -> list[Row]:
    return old_rows(items)


def _entity_rows(items: list[Any], reply: Reply) -> list[Row]:
    return [values_of(item) for item in items]


def _filter(value: Filter) -> str:
    return value if isinstance(value, str) else f"{value[0]}:{'|'.join(value[1:])}"


def _segment(name: str) -> str:
    return quote(name, safe="")


def _address(name: str, key: str | Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters of one row. An id that URL encoding would change goes as a parameter, as iMIS wants it."""
    elements = [key] if isinstance(key, str) else list(key)
    text = elements[0] if len(elements) == 1 else "~" + "|".join(elements)
    if quote(elements[0], safe="") != elements[0] and len(elements) == 1:
        return f"/api/{_segment(name)}", [("EntityId", text)]
    return f"/api/{_segment(name)}/{quote(text, safe='~|')}", []


def _user_agent() -> str:
    return f"Tenure/{importlib.metadata.version('tenure')} (member retention; one connection)"


__all__ = ["Exchange", "Filter", "ImisClient", "ImisRefused", "Page", "Progress", "Writer", "generic_entity"]
