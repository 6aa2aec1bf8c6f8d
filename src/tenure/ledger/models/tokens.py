"""Keys by which programs open the API."""

from __future__ import annotations

from django.db import models


class ApiToken(models.Model):
    """A program's key to the API, for somebody's account: it never opens more than `scopes`, nor more than that role.

    The key itself is not kept; `digest` is its SHA-256, and `hint` its first letters, by which people tell keys apart.
    """

    owner = models.ForeignKey("ledger.Staff", on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        db_table = "ledger_api_token"
