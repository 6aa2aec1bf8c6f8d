"""What the pages ask of Django, beyond what the ledger asks."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.conf import settings as django_settings

from tenure import ledger
from tenure.base.clock import Clock, system_clock
from tenure.base.home import Home
from tenure.base.settings import Settings

HERE = Path(__file__).parent
IDLE_SECONDS = 3 * 60 * 60
LONGEST_SECONDS = 12 * 60 * 60
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_YEAR_SECONDS = 365 * 24 * 60 * 60


def setup(home: Home, settings: Settings, *, clock: Clock = system_clock, session_clock: Clock | None = None) -> None:
    """Point this process's pages, and its ledger, at *home*; sessions age by *session_clock*, where it is another."""
    ledger.setup(
        home,
        settings,
        TENURE_CLOCK=clock,
        TENURE_SESSION_CLOCK=session_clock or clock,
        **_pages(settings),
        **_sessions(is_local(settings)),
    )


def ensure(home: Home, settings: Settings, *, clock: Clock = system_clock) -> None:
    """Do as `setup` where this process serves no pages, for letters that show what pages do."""
    if not getattr(django_settings, "ROOT_URLCONF", ""):
        setup(home, settings, clock=clock)


def is_local(settings: Settings) -> bool:
    """Whether only this machine may ask for pages, so that they go without TLS.

    As soon as `web.allowed_hosts` names another host, cookies are for TLS alone and a proxy on this machine is
    expected to provide it.
    """
    return set(settings.web.allowed_hosts) <= _LOOPBACK


@cache
def static_url() -> str:
    """Where the style sheet lies: an address with a fingerprint, so that browsers may keep it for ever."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "static").iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}/"


def keep_for_ever(path: str, url: str) -> bool:
    """Every static address has a fingerprint."""
    return True


def _pages(settings: Settings) -> dict[str, Any]:
    return {
        "ALLOWED_HOSTS": [*settings.web.allowed_hosts],
        "ROOT_URLCONF": "tenure.web.urls",
        "APPEND_SLASH": True,
        "STATIC_URL": static_url(),
        "STATIC_ROOT": str(HERE / "static"),
        "WHITENOISE_IMMUTABLE_FILE_TEST": keep_for_ever,
        "MIDDLEWARE": [
            "tenure.web.middleware.reference",
            "django.middleware.security.SecurityMiddleware",
            "tenure.web.middleware.headers",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "csp.middleware.CSPMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.middleware.gzip.GZipMiddleware",
            "tenure.web.middleware.steady",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "tenure.web.middleware.session_limits",
            "tenure.web.api.door.bearer",
            "tenure.web.middleware.denials",
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
            "tenure.web.roles.RoleGate",
            "tenure.web.second_factor.FactorGate",
            "tenure.web.api.door.Turnstile",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [str(HERE / "templates")],
                "OPTIONS": {
                    "builtins": ["django.templatetags.static", "tenure.web.tags"],
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.template.context_processors.csrf",
                        "django.contrib.auth.context_processors.auth",
                        "tenure.web.shell.shell",
                    ],
                },
            }
        ],
        "CONTENT_SECURITY_POLICY": {
            "DIRECTIVES": {
                "default-src": [NONE],
                "style-src": [SELF],
                "script-src": [SELF],
                "img-src": [SELF],
                "connect-src": [SELF],
                "form-action": [SELF],
                "base-uri": [NONE],
                "object-src": [NONE],
                "frame-ancestors": [NONE],
            }
        },
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "CSRF_FAILURE_VIEW": "tenure.web.errors.refused_form",
        "LOGIN_URL": "/sign-in",
    }


def _sessions(local: bool) -> dict[str, Any]:
    secure = not local
    prefix = "__Host-" if secure else ""
    return {
        "SESSION_COOKIE_NAME": f"{prefix}tenure",
        "SESSION_COOKIE_AGE": LONGEST_SECONDS,
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "CSRF_COOKIE_NAME": f"{prefix}tenure-form",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_HSTS_SECONDS": _YEAR_SECONDS if secure else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": secure,
        # Whether to ask browser makers to preload the host is its owner's to decide.
        "SILENCED_SYSTEM_CHECKS": ["security.W021"],
        "SECURE_SSL_REDIRECT": secure,
        "SECURE_REDIRECT_EXEMPT": ["^health$"],
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
    }
