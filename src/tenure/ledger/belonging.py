"""Everything in the ledger that belongs to one member, found by the tables' own columns.

A table that holds a member's pseudonym calls it `member`, and one that holds the source's id calls it `member_id`; what
points to their rows belongs to them too. So a table that is added later is exported and erased without being named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet

from tenure.ledger.models import AuditEvent, AuditSeal, EndpointMessage, MemberKey, Suppression

APART = (AuditEvent, AuditSeal, MemberKey)
"""The audit log, which is never changed, and what is sealed beside it, which goes with its key."""


def rows_of(*, member: int, member_id: str) -> Iterator[QuerySet[Any]]:
    """The rows of every table that name the member; of each table once."""
    for model in apps.get_app_config("ledger").get_models():
        names = {field.name for field in model._meta.get_fields()}
        if model in APART:
            continue
        if "member" in names:
            yield model._default_manager.filter(member=member)
        elif "member_id" in names:
            yield model._default_manager.filter(member_id=member_id)


def belonging_to(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """What points to *rows* and would not stand without them, the farthest first."""
    for relation in rows.model._meta.related_objects:
        if relation.on_delete is not models.SET_NULL and not relation.many_to_many:
            others = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": rows})
            yield from belonging_to(others)
            yield others


def erase(*, member: int, member_id: str) -> dict[str, int]:
    """Delete all of it; how many rows of each table. Call it in a transaction.

    A suppression of an address stays as the keyed digest that it is, without the member: an opt-out holds also when the
    same person is entered anew.
    """
    gone: dict[str, int] = {}
    Suppression.objects.filter(member=member).exclude(address_digest="").update(member=None)
    wanted = [*rows_of(member=member, member_id=member_id)]
    for rows in wanted:
        for others in [*belonging_to(rows), rows]:
            _count(gone, others.delete()[1])
    _count(gone, _messages_of(member, member_id).delete()[1])
    return gone


def _messages_of(member: int, member_id: str) -> QuerySet[EndpointMessage]:
    """What other systems were told of the member."""
    named = {str(member), member_id}
    bodies = EndpointMessage.objects.values_list("pk", "body").iterator(chunk_size=1_000)
    return EndpointMessage.objects.filter(pk__in=[pk for pk, body in bodies if named & set(_values(body))])


def _values(body: Any) -> Iterator[str]:
    if isinstance(body, dict | list):
        for each in body.values() if isinstance(body, dict) else body:
            yield from _values(each)
    elif isinstance(body, str | int):
        yield str(body)


def _count(gone: dict[str, int], deleted: dict[str, int]) -> None:
    for label, count in deleted.items():
        name = label.partition(".")[2]
        gone[name] = gone.get(name, 0) + count
