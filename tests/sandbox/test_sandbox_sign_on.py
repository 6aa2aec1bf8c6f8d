"""Single sign-on by refresh token, and what contacts who sign in may do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from served_sandbox import Sandbox, properties

CLIENT = {"client_id": "AcmeApp", "client_secret": "s3cret", "redirect_url": "https://acme.example/sso?x=1&y=2"}


@pytest.fixture
def application(sandbox: Sandbox) -> Iterator[Sandbox]:
    sandbox.control.post("/clients", json=CLIENT).raise_for_status()
    yield sandbox
    sandbox.control.delete("/clients")
    sandbox.control.delete("/accounts")


def login_of(sandbox: Sandbox, party: str) -> str:
    return str(properties(sandbox.staff.get(f"/api/UserData/{party}").json())["Username"])


def handed_over(sandbox: Sandbox, user: str, password: str = "sandbox") -> str:
    """The page that a browser gets after signing in on the start page of the application."""
    start = httpx.get(f"{sandbox.url}/acmeapp.aspx")
    assert start.headers["Content-Type"].startswith("text/html")
    assert 'name="password"' in start.text
    return httpx.post(f"{sandbox.url}/AcmeApp.aspx", data={"username": user, "password": password}).text


def refresh_token(page: str) -> str:
    found = re.search(r'name="refresh_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def exchanged(sandbox: Sandbox, token: str, **changed: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": "AcmeApp", "client_secret": "s3cret", "refresh_token": token}
    return httpx.post(f"{sandbox.url}/token", data={**form, **changed})


def test_the_page_hands_a_refresh_token_to_the_redirect_address_once(application: Sandbox) -> None:
    page = handed_over(application, "tenure")
    assert 'action="https://acme.example/sso?x=1&amp;y=2"' in page
    token = refresh_token(page)
    answer = exchanged(application, token)
    assert answer.status_code == 200
    assert {"access_token", "token_type", "expires_in", "userName", ".issued", ".expires"} == set(answer.json())
    assert answer.json()["userName"] == "TENURE"
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert httpx.get(f"{application.url}/api/CsContact?Limit=1", headers=bearer).status_code == 200
    again = exchanged(application, token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_refresh_token_is_good_for_its_own_application_and_time_alone(application: Sandbox) -> None:
    token = refresh_token(handed_over(application, "tenure"))
    assert exchanged(application, token, client_secret="wrong").json()["error"] == "invalid_client"
    assert exchanged(application, token, client_id="Other").json()["error"] == "invalid_client"
    assert exchanged(application, "made-up").json()["error"] == "invalid_grant"
    application.control.delete("/clients")
    assert exchanged(application, token).json()["error"] == "invalid_grant"
    application.control.post("/clients", json={**CLIENT, "lifetime_minutes": 0.002})
    late = refresh_token(handed_over(application, "tenure"))
    time.sleep(0.2)
    assert exchanged(application, late).json()["error"] == "invalid_grant"


def test_an_unknown_application_or_password_hands_nothing_over(application: Sandbox) -> None:
    assert httpx.get(f"{application.url}/NoSuchApp.aspx").status_code == 404
    assert "refresh_token" not in handed_over(application, "tenure", "wrong")
    listed = application.control.get("/clients").json()["clients"]
    assert "AcmeApp" in [one["client_id"] for one in listed]
    assert "s3cret" not in application.control.get("/clients").text


def test_a_contact_who_signs_in_sees_their_own_record_and_nothing_else(application: Sandbox, somebody: str) -> None:
    login = login_of(application, somebody)
    token = exchanged(application, refresh_token(handed_over(application, login.upper()))).json()["access_token"]
    contact = httpx.Client(base_url=application.url, headers={"Authorization": f"Bearer {token}"})
    parties = contact.get("/api/Party").json()["Items"]["$values"]
    assert [party["PartyId"] for party in parties] == [somebody]
    who = contact.get("/api/query", params={"QueryName": "$/OAuth2/userInfo"}).json()["Items"]["$values"][0]
    assert (who["ID"], who["IsStaff"], who["Email"]) == (somebody, False, login)
    for address in ("/api/CsContact", "/api/Party/10000", "/api/Activity", "/api/query?QueryName=$/Tenure/Members"):
        assert contact.get(address).status_code == 403, address
    assert contact.post("/api/Activity", json={}).status_code == 403
    staff = application.staff.get("/api/iqa", params={"QueryName": "$/OAuth2/userInfo"}).json()
    assert properties(staff["Items"]["$values"][0])["UserName"] == "tenure"


def test_wrong_passwords_of_a_contact_show_in_user_data_until_it_is_locked(sandbox: Sandbox) -> None:
    rows = sandbox.staff.get("/api/UserData?Limit=1&OrderBy=ID:Descending").json()["Items"]["$values"]
    party = properties(rows[0])["ID"]
    login = login_of(sandbox, party)
    for _ in range(5):
        assert sandbox.token(login, "wrong").json()["error"] == "invalid_grant"
    row = properties(sandbox.staff.get(f"/api/UserData/{party}").json())
    assert (row["FailedPasswordAttemptCount"], row["IsLockedOut"]) == (5, True)
    assert row["LastLockoutDate"] is not None
    assert sandbox.token(login).status_code == 400
    found = sandbox.staff.get("/api/UserData?IsLockedOut=true").json()["Items"]["$values"]
    assert [properties(one)["ID"] for one in found] == [party]
    sandbox.control.delete("/accounts")
    assert sandbox.token(login).status_code == 200


def test_further_staff_can_be_given_accounts(sandbox: Sandbox) -> None:
    sandbox.control.post("/accounts", json={"name": "mary", "password": "hers"})
    assert sandbox.token("MARY", "hers").json()["userName"] == "MARY"


def test_a_script_of_the_sites_own_page_calls_with_cookie_and_verification_token(sandbox: Sandbox) -> None:
    browser = httpx.Client(base_url=sandbox.url, timeout=60)
    assert 'name="password"' in browser.get("/Default.aspx").text
    refused = browser.post("/SignIn.aspx", data={"username": "tenure", "password": "wrong"})
    assert ("incorrect" in refused.text, "Set-Cookie" in refused.headers) == (True, False)
    sandbox.control.delete("/accounts")
    browser.post("/SignIn.aspx", data={"username": "tenure", "password": "sandbox"})
    page = browser.get("/default.aspx").text
    found = re.search(r'id="__RequestVerificationToken"[^>]*value="([^"]+)"', page)
    assert found is not None
    assert "&quot;isAnonymous&quot;: false" in page
    headers = {"RequestVerificationToken": found[1], "Accept": "application/json"}
    assert browser.get("/api/iqa?queryname=$/Tenure/Members&limit=10", headers=headers).json()["Count"] == 10
    for wrong in ({"RequestVerificationToken": "x"}, {}):
        assert browser.get("/api/Party?limit=1", headers=wrong).status_code == 401
    assert httpx.get(f"{sandbox.url}/api/Party?limit=1", headers=headers).status_code == 401


def test_a_browser_may_call_from_another_site(sandbox: Sandbox) -> None:
    asking = {"Origin": "https://example.org", "Access-Control-Request-Method": "PUT"}
    answer = httpx.options(f"{sandbox.url}/api/Party/1", headers=asking)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert httpx.options(f"{sandbox.url}/api/Party/1").status_code == 401
