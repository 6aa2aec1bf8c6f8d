"""A real OpenID provider as a process: django-oauth-toolkit, with people and a client of its own.

Run as `python oidc_provider.py FOLDER BACK`: it prints its address and serves until it is ended. `/as/NAME` signs a
browser in there as one of `PEOPLE`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

PEOPLE = {
    "marta": {"name": "Marta Lindqvist", "groups": ["everyone", "retention"]},
    "gil": {"name": "Gil Sousa", "groups": ["everyone", "gulf"]},
    "nina": {"name": "Nina Okafor", "groups": ["everyone"]},
    "vera": {"name": "Vera Holt", "groups": ["directors"]},
}
CLIENT, SECRET = "tenure", "a-secret-with: signs/in-it"


class Quiet(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


def main(folder: Path, back: str) -> None:
    server = make_server("127.0.0.1", 0, lambda environ, start: [], handler_class=Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    configure(folder, address)
    fill(back)
    from django.core.handlers.wsgi import WSGIHandler

    server.set_app(WSGIHandler())
    sys.stdout.write(f"{address}/o\n")
    sys.stdout.flush()
    server.serve_forever()


def configure(folder: Path, address: str) -> None:
    import django
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    settings.configure(
        SECRET_KEY="x" * 50,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="oidc_provider",
        USE_TZ=True,
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions")),
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.db")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGIN_URL="/nobody",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.private_bytes(*form).decode(),
            "OIDC_ISS_ENDPOINT": f"{address}/o",
            "OAUTH2_VALIDATOR_CLASS": "oidc_provider.validator",
            "SCOPES": {"openid": "x", "profile": "x", "email": "x"},
            "PKCE_REQUIRED": True,
        },
    )
    django.setup()


def fill(back: str) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name)
    Application.objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type="confidential", redirect_uris=back, algorithm="RS256",
        authorization_grant_type="authorization-code", skip_authorization=True,
    )  # fmt: skip


def __getattr__(name: str) -> object:
    """What needs Django to be set up before it can be imported."""
    if name == "validator":
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class Validator(OAuth2Validator):
            oidc_claim_scope = None

            def get_additional_claims(self, request):
                return {"preferred_username": request.user.username, **PEOPLE[request.user.username]}

        return Validator
    if name == "urlpatterns":
        from django.contrib.auth import login
        from django.contrib.auth.models import User
        from django.http import HttpResponse
        from django.urls import include, path

        def sign_in(request, name):
            login(request, User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
            return HttpResponse("in")

        return [path("as/<str:name>", sign_in), path("o/", include("oauth2_provider.urls"))]
    raise AttributeError(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
