"""Tokens as iMIS gives them out."""

from __future__ import annotations

import httpx
from served_sandbox import Sandbox


def test_a_token_has_the_members_of_the_oauth_answer(sandbox: Sandbox) -> None:
    form = {"Grant_type": "password", "Username": "Tenure", "Password": "sandbox"}
    answer = httpx.post(f"{sandbox.url}/Token", data=form)
    assert answer.status_code == 200
    assert {"access_token", "token_type", "expires_in", "userName", ".issued", ".expires"} == set(answer.json())
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 1_209_599


def test_a_wrong_password_is_400_invalid_grant_and_five_lock_the_account(sandbox: Sandbox) -> None:
    answers = [sandbox.token("administrator", "wrong") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {400}
    assert {answer.json()["error"] for answer in answers} == {"invalid_grant"}
    assert sandbox.token("administrator").json()["error"] == "invalid_grant"
    sandbox.control.delete("/accounts")
    assert sandbox.token("administrator").status_code == 200


def test_a_missing_or_bad_token_is_401_with_the_http_error(sandbox: Sandbox) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = httpx.get(f"{sandbox.url}/api/Party", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {
            "$type": "System.Web.Http.HttpError, System.Web.Http",
            "Message": "Authorization has been denied for this request.",
        }


def test_the_scheduler_application_may_stand_before_the_paths(sandbox: Sandbox) -> None:
    form = {"grant_type": "password", "username": "tenure", "password": "sandbox"}
    assert httpx.post(f"{sandbox.url}/Asi.Scheduler_Imis/token", data=form).status_code == 200
    assert sandbox.staff.get("/Asi.Scheduler_Imis/api/CsContact?Limit=1").status_code == 200
