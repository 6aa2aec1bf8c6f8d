"""What the operations share: parts of lists and their addresses, names, and who asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

from tenure.ledger import contacts, identities
from tenure.web.api.shapes import Pages


def part_of(request: HttpRequest, asked: Pages, found: QuerySet[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The rows of the part that was *asked* for, and what is said of the whole: how many, which part, what is next."""
    first = (asked.page - 1) * asked.size
    return list(found[first : first + asked.size]), told_of(request, asked, found.count())


def told_of(request: HttpRequest, asked: Pages, total: int) -> dict[str, Any]:
    """What is said of a whole of which a part was *asked* for: how many, which part, what is next."""
    given = {**asked.model_dump(exclude_defaults=True, exclude_none=True), "size": asked.size, "page": asked.page + 1}
    more = f"{request.path}?{urlencode(given)}" if asked.page * asked.size < total else None
    return {"total": total, "page": asked.page, "size": asked.size, "next": more}


def known(members: Iterable[int]) -> dict[int, dict[str, str]]:
    """Id and name of each of *members*; the name may be empty."""
    wanted = list(members)
    ids, names = identities.ids_of(members=wanted), contacts.names_of(members=wanted)
    return {member: {"member_id": ids.get(member, ""), "name": names.get(member, "")} for member in wanted}


def needs(scope: str) -> dict[str, Any]:
    """What the description says of an operation that needs *scope*."""
    return {"security": [{"token": [scope]}]}
