"""Mail to members arrives, reaches them, and goes no further."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import polars as pl
import pytest
from served_sandbox import TODAY, Sandbox, serving


@pytest.fixture(scope="module")
def mailed() -> Iterator[Sandbox]:
    with serving("--members", "200", "--seed", "7", "--today", TODAY, "--mail-port", "0") as sandbox:
        yield sandbox


def _send(sandbox: Sandbox, *recipients: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "office@example.org", ", ".join(recipients), "Grüße"
    message["X-Reference"] = "one"
    message.set_content("Your membership runs to March 31.")
    with smtplib.SMTP("127.0.0.1", sandbox.control.get("/status").json()["mail_port"], timeout=10) as server:
        server.send_message(message)


def _pending(sandbox: Sandbox) -> pl.DataFrame:
    return pl.DataFrame(sandbox.control.get("/truth").json()["columns"])


def test_mail_to_a_member_is_kept_and_is_contact(mailed: Sandbox):
    member = _pending(mailed).filter(~pl.col("contacted"))["member_id"][0]
    address = mailed.staff.get(f"/api/Party/{member}").json()["Emails"]["$values"][0]["Address"]

    _send(mailed, address.upper())

    kept = mailed.control.get("/mail").json()
    assert kept["count"] == 1
    first = kept["messages"][0]
    assert (first["member_id"], first["subject"], first["headers"]["X-Reference"]) == (member, "Grüße", "one")
    assert first["text"].strip() == "Your membership runs to March 31."
    assert _pending(mailed).filter(pl.col("member_id") == member)["contacted"].to_list() == [True]


def test_mail_to_a_stranger_is_kept_too(mailed: Sandbox):
    before = mailed.control.get("/mail").json()["count"]

    _send(mailed, "nobody@elsewhere.example")

    fresh = mailed.control.get("/mail", params={"since": before}).json()
    assert [(one["to"], one["member_id"]) for one in fresh["messages"]] == [("nobody@elsewhere.example", None)]
    mailed.control.delete("/mail").raise_for_status()
    assert mailed.control.get("/mail").json() == {"count": 0, "messages": []}


def test_without_a_port_no_mail_is_taken(sandbox: Sandbox):
    assert sandbox.control.get("/status").json()["mail_port"] is None
