"""OpenID Connect: the code flow with PKCE, and the checks of an ID token. Cryptography is joserfc's.

Nothing that a provider says counts before its signature, issuer, audience, time and nonce were checked. What comes back
by the browser is worth nothing without the state, the nonce and the verifier that lie in the session that began.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tenure.base.errors import SourceRefused, SourceUnavailable
from tenure.base.home import Home
from tenure.base.settings import Oidc

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""By which an ID token may be signed: with a provider's private key, never with a shared secret or none."""

LEEWAY_SECONDS = 60
VARIABLE = "TENURE_OIDC_SECRET"
_KEPT_SECONDS = 600
_LONGEST_ANSWER = 1 << 20


@dataclass(frozen=True)
class Provider:
    """What a provider says of itself: its issuer, and where it is asked for codes, tokens and keys."""

    issuer: str
    authorization: str
    token: str
    keys: str
    by_header: bool


@dataclass(frozen=True)
class Attempt:
    """What lies in the session of whoever began to sign in; all of it is random, and used once."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        """A new one."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


def secret_of(home: Home) -> str:
    """The client's secret: from the environment, else from the home; empty for a client without one."""
    path = home.root / "secrets" / "oidc.secret"
    kept = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return os.environ.get(VARIABLE, "") or kept


def provider_of(settings: Oidc) -> Provider:
    """The provider of *settings*, as it describes itself; asked once in ten minutes.

    Raises:
        SourceUnavailable: It does not answer.
        SourceRefused: It is not the issuer that was set.
    """
    with _LOCK:
        at, known = _KNOWN.get(settings.issuer, (0.0, None))
        if known is None or time.monotonic() - at > _KEPT_SECONDS:
            known = _described(settings)
            _KNOWN[settings.issuer] = (time.monotonic(), known)
    return known


def address(provider: Provider, settings: Oidc, attempt: Attempt, back: str) -> str:
    """Where to send the browser, which comes back to *back*."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
    asked = {
        "response_type": "code", "client_id": settings.client_id, "redirect_uri": back,
        "scope": " ".join(settings.scopes), "state": attempt.state, "nonce": attempt.nonce,
        "code_challenge": challenge.decode(), "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{provider.authorization}{'&' if '?' in provider.authorization else '?'}{urlencode(asked)}"


def claims_for(
    provider: Provider, settings: Oidc, attempt: Attempt, *, code: str, back: str, secret: str, now: dt.datetime
) -> dict[str, Any]:
    """What the provider says of whoever came back with *code*, checked.

    Raises:
        SourceUnavailable: The provider does not answer.
        SourceRefused: It takes the code not, or what it says does not hold.
    """
    asked = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": attempt.verifier,
        "client_id": settings.client_id,
    }  # fmt: skip
    basic = None
    if secret and provider.by_header:
        basic = httpx.BasicAuth(quote(settings.client_id, safe=""), quote(secret, safe=""))
    elif secret:
        asked["client_secret"] = secret
    told = _json("POST", provider.token, settings, data=asked, auth=basic)
    if not isinstance(told.get("id_token"), str):
        raise SourceRefused("the identity provider gave no ID token", mend="`oidc.scopes` has to hold openid")
    keys = _json("GET", provider.keys, settings)
    return checked(
        told["id_token"], keys, issuer=provider.issuer, client_id=settings.client_id, nonce=attempt.nonce, now=now
    )


def checked(
    token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str, now: dt.datetime
) -> dict[str, Any]:
    """The claims of an ID token, when all of it holds.

    Args:
        token: As the provider gave it.
        keys: Its public keys, as a JWK set.
        issuer, client_id: Who must have made it, and for whom.
        nonce: What it must repeat.
        now: The present instant.

    Raises:
        SourceRefused: Signature, algorithm, issuer, audience, time, nonce or subject do not hold.
    """
    try:
        found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]  # keys of JSON
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()), leeway=LEEWAY_SECONDS, iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id}, exp={"essential": True}, iat={"essential": True},
            sub={"essential": True}, nonce={"essential": True, "value": nonce},
        ).validate(found.claims)  # fmt: skip
    except (JoseError, ValueError, TypeError, KeyError) as error:
        about = f"{type(error).__name__} {getattr(error, 'claim', '')}".strip()
        mend = "see that both machines' clocks are right"
        raise SourceRefused(f"the ID token does not hold: {about}", mend=mend) from error
    claims = dict(found.claims)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise SourceRefused("the ID token was made for another program", mend="see `oidc.client_id`")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise SourceRefused("the ID token names nobody", mend="ask whoever runs the identity provider")
    return claims


_LOCK = threading.Lock()
_KNOWN: dict[str, tuple[float, Provider]] = {}


def _described(settings: Oidc) -> Provider:
    told = _json("GET", f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration", settings)
    if told.get("issuer") != settings.issuer:
        raise SourceRefused(
            "the identity provider calls itself by another name", mend="write its name in `oidc.issuer`"
        )
    methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    try:
        return Provider(
            issuer=settings.issuer, authorization=told["authorization_endpoint"], token=told["token_endpoint"],
            keys=told["jwks_uri"], by_header="client_secret_basic" in methods,
        )  # fmt: skip
    except KeyError as error:
        raise SourceRefused(f"the identity provider does not say its {error}", mend="see `oidc.issuer`") from error


def _json(method: str, url: str, settings: Oidc, **asked: Any) -> dict[str, Any]:
    try:
        with httpx.stream(method, url, timeout=settings.timeout_seconds, **asked) as answer:
            told = json.loads(_bounded(answer, settings.timeout_seconds)) if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        raise SourceUnavailable("the identity provider does not answer", mend="try again in a minute") from error
    if not isinstance(told, dict):
        raise SourceRefused(f"the identity provider answered {answer.status_code}", mend="see its own log")
    return told


def _bounded(answer: httpx.Response, seconds: float) -> bytes:
    """The body; no more of it is read, nor unpacked, than a provider's longest answer can be, nor for longer."""
    found, until = bytearray(), time.monotonic() + seconds
    for part in answer.iter_bytes():
        found += part
        if len(found) > _LONGEST_ANSWER or time.monotonic() > until:
            raise ValueError("an answer without end")
    return bytes(found)
