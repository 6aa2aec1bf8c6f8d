"""A member's first pseudonym, by which goes what may never change; see `tenure.base.pseudonym`."""

from __future__ import annotations

from django.conf import settings as django_settings

from tenure.base.pseudonym import Pseudonyms


def pseudonyms() -> Pseudonyms:
    """Those of the home whose ledger is open."""
    return Pseudonyms.of(django_settings.TENURE_HOME)


def first_of(member: int) -> int:
    """The first pseudonym of whoever goes by *member* now."""
    return pseudonyms().first(member)


def present_of(first: int) -> int:
    """By what whoever's *first* pseudonym it is goes now."""
    return pseudonyms().present(first)
