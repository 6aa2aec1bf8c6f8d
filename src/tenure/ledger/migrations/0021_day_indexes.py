"""What the lists of the day are sifted by, so that a page of fifty thousand members reads a few thousand rows."""

# ruff: noqa: RUF012
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0020_row_digests")]

    operations = [
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(fields=["-risk_rank", "renewal_due_on"], name="score_by_rank"),
        ),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(fields=["-dues", "member"], condition=~Q(payment_trouble=""), name="score_by_payment"),
        ),
        migrations.AddIndex(
            model_name="currentscore",
            index=models.Index(fields=["joined_on"], condition=Q(joined_on__isnull=False), name="score_by_joining"),
        ),
    ]
