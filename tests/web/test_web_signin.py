"""Signing in, and what keeps strangers out."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import factories
import httpx
import pytest
from sites import MORNING, Site, send, serving, sign_in


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(site: Site):
    with site.visitor() as visitor:
        wrong = sign_in(visitor, "marta", "nope-nope-nope")
        unknown = sign_in(visitor, "nobody", "nope-nope-nope")
    for answer in (wrong, unknown):
        assert answer.status_code == 200
        assert "The name or the password is not right." in answer.text
        assert "nope-nope" not in answer.text


def test_signing_in_changes_the_session_and_signing_out_ends_it(site: Site):
    with site.visitor() as visitor:
        visitor.cookies.set("tenure", "chosen-by-a-stranger")
        answer = sign_in(visitor, "MARTA", factories.PASSWORD)
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tenure="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "chosen-by-a-stranger" not in cookie
        visitor.cookies.delete("tenure", domain="")
        kept = dict(visitor.cookies)
        assert send(visitor, "/sign-out").headers["location"] == "/sign-in"
    with httpx.Client(base_url=site.url, cookies=kept) as thief:
        assert thief.get("/").status_code == 302


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil",
        " //evil",
        "\t//e",
    ],
)
def test_after_signing_in_one_stays_here(site: Site, following: str):
    with site.visitor() as visitor:
        answer = sign_in(visitor, "marta", factories.PASSWORD, next=following)
        assert answer.headers["location"] == "/"


def test_after_signing_in_one_gets_where_one_wanted(site: Site):
    with site.visitor() as visitor:
        wanted = visitor.get("/?band=high&q=jun").headers["location"]
        assert "next=/%3Fband%3Dhigh%26q%3Djun" in wanted
        answer = sign_in(visitor, "marta", factories.PASSWORD, next="/?band=high&q=jun")
        assert answer.headers["location"] == "/?band=high&q=jun"


def test_a_form_without_its_token_changes_nothing(site: Site, staff: httpx.Client):
    answer = staff.post("/sign-out")
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert staff.get("/").status_code == 200


def test_a_forged_host_and_forwarded_headers_are_refused(site: Site):
    with site.visitor() as visitor:
        assert visitor.get("/sign-in", headers={"host": "evil.example"}).status_code == 400
        answer = visitor.get("/", headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"})
        assert answer.headers["location"].startswith("/sign-in")


def test_guesses_are_throttled_also_for_the_right_password(tmp_path: Path):
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    with serving(world) as site, site.visitor() as visitor:
        for _ in range(5):
            assert sign_in(visitor, "marta", "a-wrong-guess").status_code == 200
        throttled = sign_in(visitor, "marta", factories.PASSWORD)
        assert throttled.status_code == 429
        assert "Wait a quarter of an hour" in throttled.text
        log = (world.home.logs / "web.log").read_text() if (world.home.logs / "web.log").exists() else ""
        assert "marta" not in log
    with serving(world, MORNING + dt.timedelta(minutes=16)) as site, site.visitor() as visitor:
        assert sign_in(visitor, "marta", factories.PASSWORD).status_code == 302


def test_a_session_ends_when_left_alone_and_when_the_account_is_closed(tmp_path: Path):
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    with serving(world) as site, site.staff() as client:
        assert client.get("/").status_code == 200
        kept = dict(client.cookies)
    with (
        serving(world, MORNING + dt.timedelta(hours=4)) as site,
        httpx.Client(base_url=site.url, cookies=kept) as later,
    ):
        assert later.get("/").status_code == 302
    with serving(world) as site, site.staff() as client:
        from tenure.ledger.models import Staff

        Staff.objects.update(is_active=False)
        assert client.get("/").status_code == 302


def test_every_browser_forgets_a_session_when_the_password_changes(tmp_path: Path):
    world = factories.empty_world(tmp_path / "home")
    factories.sign_up()
    with serving(world) as site, site.staff() as client:
        from tenure.ledger import staff

        staff.set_password(username="marta", password="another-otter-lavender", by="test")
        assert client.get("/").status_code == 302


def test_a_proxy_on_this_machine_ends_tls(tmp_path: Path):
    """Plain requests are sent to https; through the proxy cookies are for TLS, and the visitor's address counts."""
    world = factories.empty_world(tmp_path / "home", allowed_hosts=("tenure.example.org",))
    factories.sign_up()
    proxied = {"host": "tenure.example.org", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}
    with serving(world) as site, httpx.Client(base_url=site.url) as visitor:
        plain = visitor.get("/sign-in", headers={"host": "tenure.example.org"})
        assert (plain.status_code, plain.headers["location"]) == (301, "https://tenure.example.org/sign-in")
        page = visitor.get("/sign-in", headers=proxied)
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-tenure-form=")
        assert "Secure" in cookie
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text).group(1)
        kept = {**proxied, "cookie": cookie.split(";")[0]}
        form = {"csrfmiddlewaretoken": token, "username": "marta", "password": factories.PASSWORD}
        assert (
            visitor.post("/sign-in", data=form, headers={**kept, "origin": "https://evil.example"}).status_code == 403
        )
        right = visitor.post("/sign-in", data=form, headers={**kept, "origin": "https://tenure.example.org"})
        assert right.status_code == 302
        assert "__Host-tenure=" in right.headers["set-cookie"]
        from tenure.ledger.models import SignInGuess

        assert SignInGuess.objects.get(right=True).address == "203.0.113.7"


def test_behind_tls_cookies_are_for_tls_alone_and_the_deploy_check_is_clean(tmp_path: Path):
    """As soon as another host is allowed, nothing goes without TLS."""
    code = (
        "import pathlib, sys\nfrom tenure import ledger\nfrom tenure.base.home import Home\n"
        "from tenure.base.settings import Settings, Source, Web\nfrom tenure.web import configuration\n"
        "settings = Settings(source=Source(kind='files'), web=Web(allowed_hosts=('tenure.example.org',)))\n"
        "configuration.setup(Home(pathlib.Path(sys.argv[1])), settings)\n"
        "from django.conf import settings as s\nfrom django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "__Host-tenure __Host-tenure-form True True"


def test_refused_and_throttled_attempts_and_denials_are_in_the_audit_log(site: Site, staff: httpx.Client):
    """AU-5: with the name only where there is such an account, since people type passwords there; never the address."""
    from tenure.ledger.models import AuditEvent

    before = AuditEvent.objects.latest("number").number
    with site.visitor() as visitor:
        sign_in(visitor, "Marta", "nope-nope-nope")
        for _ in range(7):
            sign_in(visitor, "my-own-password", "nope-nope-nope")
    staff.post("/sign-out")

    rows = AuditEvent.objects.filter(number__gt=before).order_by("number")
    told = [(row.act, row.by, row.subject) for row in rows]
    assert told[0] == ("staff:session:refuse", "marta", "")
    assert told.count(("staff:session:refuse", "", "")) == 5
    assert told.count(("staff:session:throttle", "", "")) == 1
    assert told[-1] == ("access:page:deny", "marta", "sign-out")
    assert "127.0.0.1" not in str([row.details for row in rows])
    assert "my-own-password" not in str([vars(row) for row in rows])
