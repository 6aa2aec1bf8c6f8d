"""Second factors, their recovery codes, and whom identity providers know."""

# ruff: noqa: RUF012

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _person(name: str) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name=name, to=settings.AUTH_USER_MODEL
    )


def _number() -> models.BigAutoField[Any, Any]:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0018_membership_figures"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="factor",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("word", models.CharField(max_length=64)),
                ("confirmed_at", models.DateTimeField()),
                ("step", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "ledger_second_factor"},
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", _number()),
                ("digest", models.CharField(max_length=64)),
                ("used_at", models.DateTimeField(null=True)),
                ("person", _person("recovery_codes")),
            ],
            options={"db_table": "ledger_recovery_code", "ordering": ["pk"]},
        ),
        migrations.CreateModel(
            name="OutsideIdentity",
            fields=[
                ("id", _number()),
                ("issuer", models.CharField(max_length=300)),
                ("subject", models.CharField(max_length=255)),
                ("at", models.DateTimeField()),
                ("person", _person("outside_identities")),
            ],
            options={
                "db_table": "ledger_outside_identity",
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "subject"), name="outside_identity_once"),
                    models.UniqueConstraint(fields=("person", "issuer"), name="outside_identity_one_a_provider"),
                ],
            },
        ),
    ]
