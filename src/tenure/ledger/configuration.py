"""Django, configured for one home at a time."""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from asgiref.local import Local
from django.conf import settings as django_settings

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.ledger_address import with_password
from tenure.base.settings import Settings
from tenure.ledger import guards

APPS = ("django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "tenure.ledger")

FORMER_KEYS_LAST = dt.timedelta(days=7)
"""How long a session that the key before signed is good; longer than any session lasts."""

_MIGRATING = 0x74656E757265
"""Names the lock on a PostgreSQL server; any number would do that nobody else uses there."""

# Bulk writes wait for a reader's checkpoint rather than fail at once.
_SECONDS_TO_WAIT_FOR_A_LOCK = 30


def setup(home: Home, settings: Settings, **extra: Any) -> None:
    """Point this process at the ledger of *home*; doing it again changes nothing.

    A second home takes the place of the first (connections of the calling thread are closed), so that one process can
    serve several associations one after the other, never at once.

    Args:
        home: The home directory.
        settings: Its settings; `settings.ledger.database` chooses the database.
        extra: Further Django settings, from the rooms above that need them.

    Raises:
        UsageError: `ledger.database` is not a postgresql:// address.
        DamagedStore: `secrets/web.key` is too short to sign with.
    """
    values = {**_settings(home, settings), **extra}
    if not django_settings.configured:
        django_settings.configure(**values)
        django.setup()
        return
    moved = _place(home, settings) != _place(django_settings.TENURE_HOME, django_settings.TENURE_SETTINGS)
    if not moved:
        # Django has filled in what it was given, so that the two can never be compared.
        del values["DATABASES"]
    for name, value in values.items():
        setattr(django_settings, name, value)
    if moved:
        _reconnect()


def _place(home: Home, settings: Settings) -> tuple[Home, str]:
    """What says which database is meant."""
    return home, settings.ledger.database


def migrate() -> None:
    """Bring the tables of the ledger to this version's form; quick when they have it already.

    Of several processes that ask at once, one does it, and the others wait for it.
    """
    from django.db import connection

    from tenure.ledger import migrating, row_digests

    with _alone():
        if migrating.is_behind():
            migrating.apply_all()
            # A migration of a table itself may have cost it its triggers.
            guards.install(connection)
            row_digests.install(connection)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other processes out; the lock goes with its process, however that ends."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])
        return
    # Also a new file's turn to write-ahead logging bears no company, so the lock is in a file of its own.
    path = f"{connection.settings_dict['NAME']}-migrating"
    with closing(sqlite3.connect(path, timeout=_SECONDS_TO_WAIT_FOR_A_LOCK, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _settings(home: Home, settings: Settings) -> dict[str, Any]:
    signing, *former = _web_keys(home)
    return {
        "SECRET_KEY": signing,
        "SECRET_KEY_FALLBACKS": former,
        "DEBUG": False,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": False,
        "LANGUAGE_CODE": "en-us",
        "INSTALLED_APPS": list(APPS),
        "DATABASES": {"default": database(home, settings.ledger.database)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "AUTH_USER_MODEL": "ledger.Staff",
        "PASSWORD_HASHERS": [
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        "AUTH_PASSWORD_VALIDATORS": _PASSWORD_RULES,
        "TENURE_HOME": home,
        "TENURE_SETTINGS": settings,
        "LOGGING_CONFIG": None,
    }


_PASSWORD_RULES = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]


def database(home: Home, address: str) -> dict[str, Any]:
    """Django's description of the ledger's database.

    Args:
        home: Where the SQLite file lies when *address* is empty.
        address: Empty, or `postgresql://user@host:port/name?sslmode=require`.

    Raises:
        UsageError: *address* is something else.
    """
    return _postgresql(with_password(address, home)) if address else _sqlite(home)


def _sqlite(home: Home) -> dict[str, Any]:
    if not home.ledger.exists():
        home.root.mkdir(parents=True, exist_ok=True)
        home.ledger.touch(mode=0o600)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(home.ledger),
        # Opening one takes longer than most questions that are asked of it; `tenure.ledger.keeping` looks after it.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # Take the write lock when a transaction begins: a reader that turns writer half-way cannot wait for it.
            "transaction_mode": "IMMEDIATE",
            "timeout": _SECONDS_TO_WAIT_FOR_A_LOCK,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
        },
    }


def _postgresql(address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgresql", "postgres") or not name:
        raise UsageError(
            "`ledger.database` is not the address of a PostgreSQL database",
            mend="write postgresql://user@host:5432/name, with the password in secrets/ledger.password, or leave it "
            "empty for SQLite in the home directory",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def rotate_web_key(home: Home, *, clock: Clock = system_clock) -> dt.datetime:
    """Sign sessions by a new key from the next start on; gives until when those by the old one are good as well."""
    path, now = home.root / "secrets" / "web.key", clock()
    until = now + FORMER_KEYS_LAST
    former = [f"{_web_keys(home)[0]} {until.isoformat()}", *_former(path, now)]
    write_atomically(path, "\n".join([secrets.token_hex(32), *former]).encode(), mode=0o600)
    return until


def _web_keys(home: Home) -> list[str]:
    """The key that signs, and those before it that are good for a while."""
    path = home.root / "secrets" / "web.key"
    if not path.exists():
        write_atomically(path, secrets.token_hex(32).encode(), mode=0o600)
    lines = path.read_text().splitlines()
    keys = [line.split()[0] for line in [*lines[:1], *_former(path, system_clock())] if line.strip()]
    if not keys or min(map(len, keys)) < 50:
        raise DamagedStore(f"{path} is too short to sign sessions with", mend="delete it; everyone then signs in again")
    return keys


def _former(path: Path, now: dt.datetime) -> list[str]:
    """Its lines of earlier keys, each with the instant until which it is good, that are not over."""
    lines = [line for line in path.read_text().splitlines()[1:] if line.strip()]
    return [line for line in lines if dt.datetime.fromisoformat(line.split()[1]) > now]


def _reconnect() -> None:
    """Forget the connections to the former database, as Django itself does for caches whose settings change."""
    from django.db import connections

    connections.close_all()
    connections.settings = connections.configure_settings(None)
    connections._settings = connections.settings  # type: ignore[attr-defined]  # private, so not in the stubs
    connections._connections = Local(connections.thread_critical)  # type: ignore[attr-defined]  # likewise
