"""What belongs to a member is found by the tables' own columns, so that none is forgotten; on either database."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

import proposing
from tenure.base.home import Home

pytestmark = pytest.mark.usefixtures("home")
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def test_everything_of_a_member_goes_and_nothing_of_another():
    from tenure.ledger import belonging
    from tenure.ledger.models import (
        Approval,
        Assignment,
        Contact,
        Endpoint,
        EndpointMessage,
        Exposure,
        Identity,
        OutboxRow,
        OutreachStep,
        Response,
    )

    receiver = Endpoint.objects.create(
        name="crm", url="https://example.org", secret="s", created_at=NOON, created_by="t"
    )
    for member, member_id in ((1, "00001"), (2, "00002")):
        Identity.objects.create(member=member, member_id=member_id)
        Contact.objects.create(member=member, email=f"m{member}@example.org")
        OutboxRow.objects.create(
            table="AI", member_id=member_id, payload={}, digest="d", planned_at=NOON, changed_at=NOON
        )
        (proposal,) = proposing.opened(proposing.new(member=member))
        step = OutreachStep.objects.get(proposal=proposal)
        Approval.objects.create(step=step, digest=step.digest, at=NOON, by="marta")
        lot = Assignment.objects.create(
            experiment="holdout", member=member, arm="treated", share=0.1, as_of=NOON.date(), at=NOON
        )
        Exposure.objects.create(
            assignment=lot, proposal_id=proposal, kind="listed", occasion="x", as_of=NOON.date(), at=NOON
        )
        Response.objects.create(
            member=member, step=step, kind="replied", source="mail", reference=f"r{member}", at=NOON, noted_at=NOON
        )
        EndpointMessage.objects.create(
            endpoint=receiver, message_id=f"m{member}", event="x", body={"data": [{"member_id": member_id}]},
            next_at=NOON, created_at=NOON,
        )  # fmt: skip
        EndpointMessage.objects.create(
            endpoint=receiver, message_id=f"n{member}", event="x", body={"data": []}, member=member, next_at=NOON,
            created_at=NOON,
        )  # fmt: skip
    before = _counts()

    with transaction.atomic():
        gone = belonging.erase(member=1, member_id="00001")

    assert {name: count for name, count in _counts().items() if count} == {
        name: count // 2 if name != "Endpoint" else count for name, count in before.items()
    }
    assert gone == {name: count // 2 for name, count in before.items() if name != "Endpoint"}
    assert list(Identity.objects.values_list("member_id", flat=True)) == ["00002"]
    assert sorted(EndpointMessage.objects.values_list("message_id", flat=True)) == ["m2", "n2"]


def _counts() -> dict[str, int]:
    from django.apps import apps

    from tenure.ledger.belonging import APART

    models = (model for model in apps.get_app_config("ledger").get_models() if model not in APART)
    return {model.__name__: count for model in models if (count := model._default_manager.count())}


def test_no_table_names_a_member_in_another_way(home: Home):
    """A column that is called otherwise would be exported and erased with nobody's."""
    from django.apps import apps

    odd = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("ledger").get_models()
        for field in model._meta.local_fields
        if "member" in field.name and field.name not in ("member", "member_id", "member_type")
    ]

    assert odd == []
