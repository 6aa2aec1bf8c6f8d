"""Playbooks, proposals, approvals, permissions, control groups, responses, webhooks out; liaisons and auditors."""

# ruff: noqa: RUF012
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0006_sure_reasons"),
    ]

    operations = [
        migrations.CreateModel(
            name="AutoSend",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("template", models.CharField(max_length=100)),
                ("bands", models.JSONField(default=list)),
                ("daily_cap", models.PositiveIntegerField()),
                ("until", models.DateField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("why", models.CharField(max_length=400)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=150)),
            ],
            options={
                "db_table": "ledger_auto_send",
            },
        ),
        migrations.CreateModel(
            name="DoNotWake",
            fields=[
                ("member", models.BigIntegerField(primary_key=True, serialize=False)),
                ("why", models.CharField(max_length=200)),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                ("until", models.DateField(null=True)),
            ],
            options={
                "db_table": "ledger_do_not_wake",
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("url", models.CharField(max_length=500)),
                ("secret", models.CharField(max_length=120)),
                ("old_secret", models.CharField(blank=True, default="", max_length=120)),
                ("old_until", models.DateTimeField(null=True)),
                ("events", models.JSONField(default=list)),
                ("is_full", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=150)),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_why", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "db_table": "ledger_endpoint",
            },
        ),
        migrations.CreateModel(
            name="Playbook",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("is_on", models.BooleanField(default=False)),
                ("current", models.PositiveIntegerField(default=1)),
                ("shipped", models.CharField(blank=True, default="", max_length=64)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=150)),
            ],
            options={
                "db_table": "ledger_playbook",
            },
        ),
        migrations.CreateModel(
            name="SendingPause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("why", models.CharField(max_length=400)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=150)),
            ],
            options={
                "db_table": "ledger_sending_pause",
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("member", models.BigIntegerField(db_index=True, null=True)),
                ("address_digest", models.CharField(blank=True, db_index=True, default="", max_length=64)),
                ("channel", models.CharField(blank=True, default="", max_length=10)),
                ("why", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=100)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("by", models.CharField(max_length=150)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.CharField(blank=True, default="", max_length=150)),
            ],
            options={
                "db_table": "ledger_suppression",
            },
        ),
        migrations.AddField(
            model_name="staff",
            name="chapter_id",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="staff",
            name="role",
            field=models.CharField(
                choices=[
                    ("viewer", "Viewer"),
                    ("liaison", "Chapter liaison"),
                    ("manager", "Membership manager"),
                    ("director", "Director"),
                    ("analyst", "Analyst"),
                    ("administrator", "Administrator"),
                    ("auditor", "Auditor"),
                ],
                default="viewer",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("experiment", models.CharField(max_length=80)),
                ("member", models.BigIntegerField()),
                ("arm", models.CharField(max_length=10)),
                ("stratum", models.CharField(blank=True, default="", max_length=200)),
                ("share", models.FloatField()),
                ("as_of", models.DateField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_assignment",
                "constraints": [
                    models.UniqueConstraint(fields=("experiment", "member"), name="assignment_is_sticky"),
                    models.CheckConstraint(
                        condition=models.Q(("arm__in", ("treated", "control"))), name="assignment_arm"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("member", models.BigIntegerField()),
                ("channel", models.CharField(max_length=10)),
                ("purpose", models.CharField(max_length=40)),
                ("is_given", models.BooleanField()),
                ("is_express", models.BooleanField(default=False)),
                ("source", models.CharField(max_length=100)),
                ("at", models.DateTimeField()),
                ("expires_on", models.DateField(null=True)),
                ("by", models.CharField(max_length=150)),
            ],
            options={
                "db_table": "ledger_consent",
                "indexes": [models.Index(fields=["member", "channel", "purpose", "-at"], name="consent_newest")],
            },
        ),
        migrations.CreateModel(
            name="Phase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("segment", models.CharField(blank=True, default="", max_length=100)),
                ("number", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("why", models.CharField(max_length=400)),
                ("evidence", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "ledger_phase",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1), ("number__lte", 3)), name="phase_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("member", models.BigIntegerField()),
                ("playbook", models.CharField(max_length=60)),
                ("playbook_version", models.PositiveIntegerField()),
                ("occasion", models.CharField(max_length=120)),
                ("cause", models.CharField(max_length=400)),
                ("as_of", models.DateField()),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("before", "Before expiry"),
                            ("grace", "In grace"),
                            ("lapsed", "Lapsed"),
                            ("dormant", "Dormant"),
                        ],
                        max_length=10,
                    ),
                ),
                ("band", models.CharField(blank=True, default="", max_length=10)),
                ("risk_score", models.PositiveSmallIntegerField(null=True)),
                ("p_lapse_renewal", models.FloatField(null=True)),
                ("renewal_due_on", models.DateField(null=True)),
                ("dues", models.FloatField(null=True)),
                ("lifetime_value", models.FloatField(null=True)),
                ("is_top_value", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=60)),
                ("member_type", models.CharField(blank=True, default="", max_length=100)),
                ("chapter_id", models.CharField(blank=True, default="", max_length=200)),
                ("minutes", models.FloatField(default=0)),
                ("worth", models.FloatField(null=True)),
                ("is_exploration", models.BooleanField(default=False)),
                ("context", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("held_back", "Held back"),
                            ("snoozed", "Snoozed"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("done", "Done"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("rule", models.CharField(blank=True, default="", max_length=60)),
                ("why", models.CharField(blank=True, default="", max_length=400)),
                ("snoozed_until", models.DateField(null=True)),
                ("expires_on", models.DateField(null=True)),
                ("assignee", models.CharField(blank=True, default="", max_length=150)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, default="", max_length=150)),
                ("run", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="ledger.run")),
            ],
            options={
                "db_table": "ledger_proposal",
            },
        ),
        migrations.CreateModel(
            name="OutreachStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("task", "iMIS task"),
                            ("callback", "Call"),
                            ("group", "Group"),
                            ("log", "Activity on the record"),
                            ("email", "Email"),
                            ("sms", "Text message"),
                            ("in_app", "In-app message"),
                            ("webhook", "Webhook"),
                            ("offer", "Payment plan"),
                            ("survey", "Question"),
                            ("alert", "Alert to staff"),
                        ],
                        max_length=10,
                    ),
                ),
                ("template", models.CharField(max_length=100)),
                ("wait_days", models.PositiveSmallIntegerField(default=0)),
                ("recipient", models.CharField(blank=True, default="", max_length=320)),
                ("subject", models.CharField(blank=True, default="", max_length=300)),
                ("body", models.TextField(blank=True, default="")),
                ("details", models.JSONField(default=dict)),
                ("claims", models.JSONField(default=list)),
                ("first_subject", models.CharField(blank=True, default="", max_length=300)),
                ("first_body", models.TextField(blank=True, default="")),
                ("edited_by", models.CharField(blank=True, default="", max_length=150)),
                ("digest", models.CharField(max_length=64)),
                ("reference", models.CharField(max_length=120, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("approved", "Approved"),
                            ("sending", "Begun"),
                            ("unknown", "Outcome unknown"),
                            ("done", "Done"),
                            ("dropped", "Dropped at sending"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("leaves_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("rule", models.CharField(blank=True, default="", max_length=60)),
                ("last_error", models.CharField(blank=True, default="", max_length=400)),
                ("receipt", models.CharField(blank=True, default="", max_length=200)),
                ("done_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="ledger.proposal"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_outreach_step",
                "ordering": ["proposal", "position"],
            },
        ),
        migrations.CreateModel(
            name="Exposure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("occasion", models.CharField(max_length=120)),
                ("as_of", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="exposures", to="ledger.assignment"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="ledger.proposal"),
                ),
            ],
            options={
                "db_table": "ledger_exposure",
            },
        ),
        migrations.CreateModel(
            name="Response",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("member", models.BigIntegerField(db_index=True)),
                ("kind", models.CharField(max_length=20)),
                ("value", models.CharField(blank=True, default="", max_length=400)),
                ("source", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("noted_at", models.DateTimeField()),
                (
                    "step",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="responses",
                        to="ledger.outreachstep",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_response",
            },
        ),
        migrations.CreateModel(
            name="EndpointMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=80)),
                ("event", models.CharField(max_length=60)),
                ("body", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("done", "Taken"), ("given_up", "Given up")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="ledger.endpoint"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_endpoint_message",
                "ordering": ["id"],
                "indexes": [models.Index(fields=["state", "next_at"], name="endpoint_message_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "message_id"), name="endpoint_message_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("needs_second", models.BooleanField(default=False)),
                ("second_at", models.DateTimeField(null=True)),
                ("second_by", models.CharField(blank=True, default="", max_length=150)),
                ("rule", models.CharField(blank=True, default="", max_length=60)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, default="", max_length=150)),
                ("ended_why", models.CharField(blank=True, default="", max_length=400)),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="ledger.outreachstep"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_approval",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("step",), name="approval_one_stands"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlaybookVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("why", models.CharField(blank=True, default="", max_length=400)),
                (
                    "playbook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="ledger.playbook"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_playbook_version",
                "ordering": ["playbook", "number"],
                "constraints": [models.UniqueConstraint(fields=("playbook", "number"), name="playbook_version_number")],
            },
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["state", "-worth"], name="proposal_by_worth"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["member", "state"], name="proposal_by_member"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["chapter_id", "state"], name="proposal_by_chapter"),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                fields=("member", "playbook", "occasion"), name="proposal_one_an_occasion"
            ),
        ),
        migrations.AddIndex(
            model_name="outreachstep",
            index=models.Index(fields=["state", "leaves_at"], name="step_by_time"),
        ),
        migrations.AddConstraint(
            model_name="outreachstep",
            constraint=models.UniqueConstraint(fields=("proposal", "position"), name="step_position"),
        ),
        migrations.AddConstraint(
            model_name="exposure",
            constraint=models.UniqueConstraint(
                fields=("assignment", "occasion", "kind"), name="exposure_once_an_occasion"
            ),
        ),
        migrations.AddConstraint(
            model_name="response",
            constraint=models.UniqueConstraint(fields=("source", "reference"), name="response_once"),
        ),
    ]
