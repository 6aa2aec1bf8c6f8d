"""Passwords are changed while a worker goes on: it takes up the new ones, and locks no account by the old ones."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import killing
import pytest
from mail_sink import MailSink

sys.path.append(str(Path(__file__).parents[1] / "sandbox"))

from served_sandbox import Sandbox, serving

OLD, NEW = "the first of these words", "the second of these words"


@pytest.fixture
def site() -> Iterator[Sandbox]:
    with serving("--members", "20", "--seed", "7", "--years", "2") as sandbox:
        yield sandbox


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_worker_takes_up_new_passwords_of_mail_and_imis_and_the_old_ones_are_refused(
    tmp_path: Path, mail: MailSink, site: Sandbox
):
    root, mail.password = tmp_path / "home", OLD
    log = root / "logs" / "work.log"
    house = killing.home_of(root, mail, imis=site.url)
    settings = root / "tenure.toml"
    settings.write_text(settings.read_text().replace("[mail]\n", '[mail]\nusername = "office"\n'))
    killing.approve(house, [str(row["ID"]) for row in site.rows("Members")[:4]], 4, ("email", "task"))
    _at_imis(site, OLD)
    _in_the_home(root, OLD)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}
    with subprocess.Popen([Path(sys.executable).with_name("tenure"), "work", "--home", root], env=kept) as worker:
        try:
            _approve(house, 1, 2)
            _wait_for(lambda: _done() == 2)

            mail.password = NEW
            mail.hang_up()
            _at_imis(site, NEW)
            _approve(house, 4)
            _wait_for(lambda: bool(mail.refused) and log.exists() and "refuses the user name" in log.read_text())
            assert _done() == 2
            _in_the_home(root, NEW)
            _approve(house, 3)
            _wait_for(lambda: _done() == 4)
            assert worker.poll() is None
        finally:
            worker.terminate()

    assert mail.refused in ([OLD], [OLD, OLD]), "once, by one way of signing in or by both"
    assert len(mail.messages) == 2
    assert site.token("tenure", OLD).status_code == 400
    assert site.token("tenure", NEW).status_code == 200, "nothing locked the account"
    with smtplib.SMTP("127.0.0.1", mail.port) as server, pytest.raises(smtplib.SMTPAuthenticationError):
        server.login("office", OLD)
    assert NEW not in log.read_text()


def _at_imis(site: Sandbox, password: str) -> None:
    """Give the account another password there, and end what tokens it has."""
    site.control.post("/accounts", json={"name": "tenure", "password": password}).raise_for_status()
    site.faults(token_expired={"rate": 1})
    assert httpx.get(f"{site.url}/api/Party", headers={"Authorization": "Bearer of nobody"}).status_code == 401
    site.faults()


def _in_the_home(root: Path, password: str) -> None:
    (root / "secrets" / "imis.password").write_text(password)
    (root / "secrets" / "mail.password").write_text(password)


def _approve(house: Any, *members: int) -> None:
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep, Proposal

    seen = dict(OutreachStep.objects.values_list("pk", "digest"))
    opened = list(Proposal.objects.filter(state="open", member__in=members).values_list("pk", flat=True))
    told = approvals.approve(proposals=opened, by="maria", seen=seen, settings=house.settings)
    assert [one.state for one in told] == ["approved"] * len(members)


def _done() -> int:
    from tenure.ledger.models import OutreachStep

    return OutreachStep.objects.filter(state="done").count()


def _wait_for(it: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not it():
        assert time.monotonic() < deadline
        time.sleep(0.05)
