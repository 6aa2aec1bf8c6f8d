"""Signing in by an identity provider: against a real one, a process of its own; tokens that must not be believed."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import factories
import httpx
import oidc_provider
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sites import Site, serving, sign_in

from tenure.base.clock import system_clock
from tenure.base.errors import NotAllowed, SourceRefused
from tenure.base.settings import Oidc

NOW = dt.datetime.now(dt.UTC)
ROLES = {"retention": "manager", "gulf": "liaison:Gulf", "directors": "director"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An association that knows Marta and Gil, and the provider that it asks."""
    folder = tmp_path_factory.mktemp("oidc")
    world = factories.empty_world(folder / "home")
    factories.sign_up("marta", "viewer")
    factories.sign_up("gil", "manager")
    (world.home.root / "secrets" / "oidc.secret").write_text(oidc_provider.SECRET)
    with serving(world) as running:
        command = [sys.executable, oidc_provider.__file__, str(folder), f"{running.url}/sign-in/provider/done"]
        provider = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            issuer = provider.stdout.readline().strip()
            assert issuer.startswith("http://127.0.0.1:")
            choose(running, issuer=issuer)
            yield running
        finally:
            provider.kill()
            provider.wait()


@pytest.fixture(autouse=True)
def _pointed_at_the_site(site: Site) -> Iterator[None]:
    """With the settings that the site began with."""
    kept = site.world.settings
    by_the_clock(site)
    yield
    site.world.settings = kept
    by_the_clock(site)


def by_the_clock(site: Site) -> None:
    """Let the pages go by the machine's own clock, which is the provider's too."""
    from tenure.web import configuration

    configuration.setup(site.world.home, site.world.settings, clock=system_clock)


def choose(site: Site, **changes: object) -> None:
    """Set the provider otherwise, for this process's pages."""
    given = {"client_id": oidc_provider.CLIENT, "name": "Harbor ID", "roles": ROLES, **changes}
    oidc = Oidc(**{**site.world.settings.oidc.model_dump(), **given})
    site.world.settings = site.world.settings.model_copy(update={"oidc": oidc})
    by_the_clock(site)


def provider_root(site: Site) -> str:
    return site.world.settings.oidc.issuer.removesuffix("/o")


def to_provider(site: Site, browser: httpx.Client, name: str, following: str = "/keys/") -> str:
    """Sign in there as *name*, go there from the sign-in page, and give the address that it sends back to."""
    assert browser.get(f"{provider_root(site)}/as/{name}").text == "in"
    page = browser.get("/sign-in", params={"next": following}).text
    begin = re.search(r'href="(/sign-in/provider\?[^"]+)">Sign in with Harbor ID', page).group(1)
    there = browser.get(begin).headers["location"]
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    return browser.get(there).headers["location"]


def told(site: Site, answer: httpx.Response) -> str:
    log = site.world.home.logs / "web.log"
    trouble = re.search(r'id="trouble">(.*?)</div>', answer.text)
    return f"{trouble and trouble.group(1)} {log.read_text() if log.exists() else ''}"


def test_whom_the_provider_vouches_for_is_signed_in_with_the_role_of_their_groups(site: Site):
    from tenure.ledger.models import AuditEvent, OutsideIdentity, Staff

    with site.visitor() as browser:
        back = to_provider(site, browser, "marta")
        before = browser.cookies.get("tenure")
        answer = browser.get(back)
        assert (answer.status_code, answer.headers.get("location")) == (302, "/keys/"), told(site, answer)
        assert browser.cookies.get("tenure") != before
        assert browser.get("/keys/").status_code == 200
        assert browser.get(back).status_code == 403, "what came back once is worth nothing twice"
    assert Staff.objects.get(username="marta").role == "manager"
    assert OutsideIdentity.objects.get(person__username="marta").issuer == site.world.settings.oidc.issuer
    acts = AuditEvent.objects.order_by("number").values_list("act", "by", "subject")
    assert [one for one in acts if "marta" in one][-4:-1] == [
        ("staff:identity:tie", "identity provider", "marta"),
        ("staff:role:change", "identity provider", "marta"),
        ("staff:session:begin", "marta", ""),
    ]
    with site.visitor() as browser:
        browser.get(to_provider(site, browser, "gil"))
    assert Staff.objects.values_list("role", "chapter_id").get(username="gil") == ("liaison", "Gulf")


def test_nobody_gets_an_account_or_a_role_that_was_not_given(site: Site):
    from tenure.ledger.models import Staff

    with site.visitor() as browser:
        none = browser.get(to_provider(site, browser, "nina"))
        assert (none.status_code, "None of your groups gives a role here" in none.text) == (403, True)
        unknown = browser.get(to_provider(site, browser, "vera"))
        assert (unknown.status_code, "There is no account of that name here" in unknown.text) == (403, True)
        assert not Staff.objects.filter(username="vera").exists()
        choose(site, create_accounts=True)
        assert browser.get(to_provider(site, browser, "vera")).status_code == 302
    made = Staff.objects.get(username="vera")
    assert (made.role, made.full_name, made.has_usable_password()) == ("director", "Vera Holt", False)
    Staff.objects.filter(username="vera").update(is_active=False)
    with site.visitor() as browser:
        assert "This account is closed" in browser.get(to_provider(site, browser, "vera")).text
        assert browser.get("/keys/").status_code == 302


def test_what_another_browser_began_or_was_changed_on_the_way_signs_nobody_in(site: Site):
    from tenure.ledger.models import SignInGuess

    with site.visitor() as browser, site.visitor() as victim:
        back = to_provider(site, browser, "marta")
        assert victim.get(back).status_code == 403, "somebody else's session has no such state"
        code, state = (parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state"))
        there = "/sign-in/provider/done"
        assert browser.get(there, params={"code": code, "state": state[::-1]}).status_code == 403
        assert browser.get(there, params={"code": code, "state": state}).status_code == 403, "a wrong state ends it"
        other = to_provider(site, browser, "marta")
        state = parse_qs(urlsplit(other).query)["state"][0]
        # A code that was made for another verifier: the provider refuses it, since PKCE ties the two.
        assert browser.get(there, params={"code": code, "state": state}).status_code == 502
        to_provider(site, browser, "marta")
        assert victim.get("/keys/").status_code == browser.get("/keys/").status_code == 302
        tries = [victim.get(there, params={"code": "x", "state": f"{n}"}).status_code for n in range(31)]
        assert (set(tries[:20]), tries[30]) == ({403}, 429)
        SignInGuess.objects.filter(right=False).delete()


def test_a_provider_that_calls_itself_otherwise_or_does_not_answer_is_not_asked(site: Site):
    with site.visitor() as browser:
        for issuer in (f"{site.world.settings.oidc.issuer}/", "http://127.0.0.1:9/o"):
            choose(site, issuer=issuer)
            answer = browser.get("/sign-in/provider")
            assert answer.status_code == 502
            assert re.search(r"It is in the log as [A-Z0-9]{8}", answer.text)
        choose(site, issuer="")
        assert browser.get("/sign-in/provider").status_code == 404
        assert "Harbor ID" not in browser.get("/sign-in").text
        assert sign_in(browser, "marta", factories.PASSWORD).status_code == 302


def test_the_doctor_says_whether_the_provider_answers_by_its_name(site: Site):
    from tenure.app.checks.stores import identity_provider
    from tenure.app.house import House

    def found() -> list[tuple[str, str]]:
        return [(one.state, one.words) for one in identity_provider(House(site.world.home, site.world.settings))]

    issuer = site.world.settings.oidc.issuer
    assert found() == [("ok", f"{issuer} answers by that name")]
    choose(site, issuer=f"{issuer}/")
    assert [state for state, _ in found()] == ["fault"]
    choose(site, issuer="")
    assert found() == []


KEY, OTHER = RSAKey.generate_key(2048, {"kid": "a"}), RSAKey.generate_key(2048, {"kid": "a"})
KEYS = KeySet([KEY]).as_dict(private=False)
GOOD = {
    "iss": "https://id.example", "aud": "tenure", "sub": "s1", "nonce": "n1",
    "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 300,
}  # fmt: skip


def check(token: str) -> dict[str, object]:
    from tenure.web.oidc import checked

    return checked(token, KEYS, issuer="https://id.example", client_id="tenure", nonce="n1", now=NOW)


def made(key: object = KEY, alg: str = "RS256", **changes: object) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "a"}, claims, key, algorithms=[alg])


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"nonce": "n2"},
        {"nonce": None}, {"exp": -61}, {"exp": None}, {"iat": 3600}, {"iat": None},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"aud": ["tenure", "another"]}, {"azp": "another"}, {"exp": "soon"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_of_which_one_thing_does_not_hold_is_refused(site: Site, changes: dict[str, object]):
    """Instants are given in seconds from now, so that a test is called the same whenever it runs."""
    for name in ("exp", "iat"):
        if isinstance(moved := changes.get(name), int):
            changes = {**changes, name: int(NOW.timestamp()) + moved}
    assert check(made())["sub"] == "s1"
    with pytest.raises(SourceRefused):
        check(made(**changes))


def test_a_token_with_another_signature_or_none_is_refused(site: Site):
    head, body, signature = made().split(".")
    _, other, _ = made(sub="s2").split(".")
    # The public key taken for a shared secret, which everybody has.
    its_head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"a"}').rstrip(b"=").decode()
    confused = f"{its_head}.{body}"
    digest = hmac.digest(KEY.as_pem(private=False), confused.encode(), hashlib.sha256)
    signed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    forged = [
        made(OTHER),
        f"{confused}.{signed}",
        f"{head}.{other}.{signature}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{head}.{body}.",
        "", "a.b.c",
    ]  # fmt: skip
    for token in forged:
        with pytest.raises(SourceRefused):
            check(token)


def test_an_address_counts_as_a_name_only_when_the_provider_confirmed_it(site: Site):
    from tenure.web.oidc_signin import vouched_by

    settings = Oidc(issuer="https://id.example", client_id="tenure", username_claim="email")
    claims = {**GOOD, "email": "marta@example.org"}
    assert vouched_by({**claims, "email_verified": True}, settings).username == "marta@example.org"
    for unsure in ({}, {"email_verified": False}, {"email_verified": "true"}):
        with pytest.raises(NotAllowed):
            vouched_by({**claims, **unsure}, settings)
