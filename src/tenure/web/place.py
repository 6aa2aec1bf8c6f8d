"""What the pages stand on: the home, its settings, its lake and models, and the clock."""

from __future__ import annotations

import datetime as dt

from django.conf import settings as django_settings

from tenure.base.home import Home
from tenure.base.settings import Settings
from tenure.lake import Lake


def home() -> Home:
    """The home directory that is served."""
    return django_settings.TENURE_HOME


def key_made() -> int:
    """When the key of the pseudonyms was last changed, as a number: what names members is to be kept no longer."""
    key = home().key_file
    return key.stat().st_mtime_ns if key.exists() else 0


def settings() -> Settings:
    """Its settings."""
    return django_settings.TENURE_SETTINGS


def lake() -> Lake:
    """Its lake.

    Raises:
        DamagedStore: The lake is not as Tenure wrote it.
    """
    return Lake.open(home().lake)


def session_now() -> dt.datetime:
    """The instant by which sessions age; in a demo, whose days jump, the machine's own."""
    return django_settings.TENURE_SESSION_CLOCK()


def now() -> dt.datetime:
    """The present instant, UTC."""
    return django_settings.TENURE_CLOCK()
