"""Signed webhooks: readable by others, in time, with as little in them as can be, and nowhere they have no business."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix
from approved import AFTER_UNDO, NOW, proposal, step
from mail_sink import MailSink
from receiver import Receiver

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Mail, Settings, Webhooks
from tenure.outreach.channels import described, webhooks
from tenure.outreach.channels.events import EVENTS, FULL, OF_ACTS, THIN

HERE = ("127.0.0.0/8",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def added(url: str, **more: Any) -> Any:
    from tenure.ledger import endpoints

    given: dict[str, Any] = {"name": "flows", "events": [], "is_full": False, **more}
    return endpoints.add(url=url, by="maria", clock=lambda: NOW, **given)


def secret_of(home: Home, at: dt.datetime = NOW) -> str:
    from tenure.ledger import endpoints

    return webhooks.written(Pseudonyms.of(home).secret(endpoints.keys_of(endpoints.named("flows"), at)[0]))


def round_(home: Home, settings: Settings, at: dt.datetime, mail: MailSink | None = None) -> dict[str, int]:
    """One round of a worker at some moment."""
    from tenure.app.house import House
    from tenure.app.worker import work

    more: dict[str, Any] = {"webhooks": Webhooks(networks=HERE, timeout_seconds=5)}
    if mail is not None:
        more["mail"] = Mail(host="127.0.0.1", port=mail.port, security="none", sender="office@association.example")
    return work(House(home, settings.model_copy(update=more), lambda: at), once=True)


# Signing


def test_the_signature_is_that_of_the_specification():
    """The example that Standard Webhooks gives."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = dt.datetime.fromtimestamp(1614265330, dt.UTC)
    headers = webhooks.signed("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [key])

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook])
def test_two_other_libraries_find_it_genuine_and_a_changed_one_not(library: Any):
    key, at = bytes(range(32)), dt.datetime.now(dt.UTC)
    body = '{"type":"step.done","data":{"member_id":"Ö-1"}}'.encode()
    headers = webhooks.signed("msg_1", at, body, [key])

    library(webhooks.written(key)).verify(body, headers)
    with pytest.raises(Exception, match=r"(?i)no matching signature"):
        library(webhooks.written(key)).verify(body + b" ", headers)


def test_during_a_rotation_both_secrets_fit():
    old, new = bytes(32), bytes(range(32))
    headers = webhooks.signed("msg_1", dt.datetime.now(dt.UTC), b"{}", [new, old])
    for key in (old, new):
        assert standardwebhooks.Webhook(webhooks.written(key)).verify(b"{}", headers) == {}


def test_a_day_after_a_rotation_the_new_secret_alone_signs(home: Home):
    from tenure.ledger import endpoints

    added("https://example.org/hook")
    before = endpoints.keys_of(endpoints.named("flows"), NOW)
    endpoints.rotate(name="flows", by="maria", clock=lambda: NOW)
    during = endpoints.keys_of(endpoints.named("flows"), NOW + dt.timedelta(hours=23))
    after = endpoints.keys_of(endpoints.named("flows"), NOW + dt.timedelta(hours=25))

    assert during[1:] == before
    assert after == during[:1]
    assert secret_of(home).startswith("whsec_")


# What is told


def test_what_happened_is_told_once_signed_and_by_ids_and_band_alone(
    home: Home, settings: Settings, receiver: Receiver, mail: MailSink
):
    from tenure.ledger import identities
    from tenure.ledger.models import Contact

    identities.learn(pairs=[(1, "00101")])
    added(receiver.url)
    Contact.objects.create(member=1, first_name="Canaria", last_name="Canaris", email="member1@example.org")
    one = step(proposal(1), subject="Canary subject")
    round_(home, settings, AFTER_UNDO, mail)
    round_(home, settings, AFTER_UNDO + dt.timedelta(minutes=5), mail)

    bodies = [json.loads(body) for _, body in receiver.taken]
    assert [body["type"] for body in bodies] == ["proposal.approved", "step.done", "response.noted"]
    done = bodies[1]["data"]
    assert done == {
        "member_id": "00101", "band": "medium", "proposal": one.proposal_id, "step": one.reference, "kind": "email",
    }  # fmt: skip
    for headers, body in receiver.taken:
        assert not re.search(rb"anar|@|subject", body)
        assert headers["webhook-id"].startswith("msg_")
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 3


@pytest.mark.parametrize("is_full", [False, True])
def test_every_event_holds_the_fields_it_may_and_no_others(
    home: Home, settings: Settings, receiver: Receiver, is_full: bool
):
    from tenure.ledger import audit, identities
    from tenure.ledger.models import AuditEvent, Contact

    identities.learn(pairs=[(1, "00101")])
    added(receiver.url, is_full=is_full)
    Contact.objects.create(member=1, first_name="Canaria", last_name="Canaris", email="canary@example.org")
    of = proposal(1)
    for act in OF_ACTS:
        audit.record(
            act, by="maria", member=1, clock=lambda: NOW, proposal=of.pk, kind="email", words="Canary words",
            sealed={"subject": "Canary"},
        )  # fmt: skip
    step(of, "webhook", recipient="", details={"event": "member.selected"})
    round_(home, settings, AFTER_UNDO)
    round_(home, settings, AFTER_UNDO + dt.timedelta(minutes=1))

    bodies = [json.loads(body) for _, body in receiver.taken]
    assert {body["type"] for body in bodies} == set(EVENTS)
    allowed = set(THIN) | (set(FULL) if is_full else set())
    for body in bodies:
        assert set(body) == {"type", "timestamp", "data"}
        assert set(body["data"]) <= allowed
    assert any("canary@example.org" in str(body) for body in bodies) == is_full
    assert AuditEvent.objects.get(act="webhook:endpoint:add").details["full"] is is_full


def test_an_endpoint_hears_of_the_events_that_it_asked_for_and_of_nothing_before_it_was_added(
    home: Home, settings: Settings, receiver: Receiver, mail: MailSink
):
    step(proposal(1))
    added(receiver.url, events=["step.done"])
    round_(home, settings, AFTER_UNDO, mail)
    round_(home, settings, AFTER_UNDO + dt.timedelta(minutes=1), mail)
    assert [json.loads(body)["type"] for _, body in receiver.taken] == ["step.done"]


def test_a_playbooks_own_webhook_without_a_listener_fails_and_says_so(home: Home, settings: Settings):
    one = step(proposal(1), "webhook", recipient="")
    assert round_(home, settings, AFTER_UNDO)["failed"] == 1
    one.refresh_from_db()
    assert one.last_error == "no endpoint listens to member.selected"


# Retrying


def hours(home: Home, settings: Settings, mail: MailSink, span: int) -> list[dt.datetime]:
    """The worker comes every five minutes for *span* hours; gives when the receiver was asked."""
    from tenure.ledger.models import EndpointMessage

    asked, attempts, at = [], 0, AFTER_UNDO
    end = AFTER_UNDO + dt.timedelta(hours=span)
    while at < end:
        round_(home, settings, at, mail)
        now = EndpointMessage.objects.get().attempts
        asked += [at] * (now - attempts)
        attempts = now
        following = EndpointMessage.objects.get()
        at = max(following.next_at, at + dt.timedelta(seconds=1)) if following.state == "pending" else end
    return asked


def test_a_dead_receiver_is_asked_ten_times_in_three_days_then_disabled_and_can_be_replayed(
    home: Home, settings: Settings, receiver: Receiver, mail: MailSink
):
    from tenure.ledger import endpoints
    from tenure.ledger.models import Staff

    Staff.objects.create(username="it", role="administrator", email="it@association.example", created_at=NOW)
    added(receiver.url, events=["step.done"])
    receiver.status = 500
    endpoints.queue(
        endpoint=endpoints.named("flows"), message_id="msg_1", event="step.done", body={}, member=None,
        clock=lambda: AFTER_UNDO,
    )  # fmt: skip
    # Each wait is spread by a tenth, so all of them come to as much as 83 hours.
    asked = hours(home, settings, mail, 84)

    assert len(asked) == receiver.asked == 10
    assert dt.timedelta(days=2.8) < asked[-1] - asked[0] < dt.timedelta(days=3.5)
    (shown,) = endpoints.counts()
    assert (shown["disabled"], shown["given_up"]) == (
        "a message was not taken in 10 attempts: the receiver answers 500", 1,
    )  # fmt: skip
    (letter,) = mail.messages
    assert (letter["To"], letter["Subject"]) == ("it@association.example", "Webhook flows is disabled")

    receiver.status = 204
    later = AFTER_UNDO + dt.timedelta(days=9)
    assert round_(home, settings, later, mail) == {}
    assert endpoints.replay(name="flows", by="maria", clock=lambda: later) == 1
    assert round_(home, settings, later, mail) == {"webhook taken": 1}


def message(home: Home, settings: Settings, receiver: Receiver) -> Any:
    from tenure.ledger import endpoints
    from tenure.ledger.models import EndpointMessage

    endpoints.queue(
        endpoint=added(receiver.url), message_id="msg_1", event="step.done", body={}, member=None, clock=lambda: NOW
    )
    round_(home, settings, AFTER_UNDO)
    return EndpointMessage.objects.select_related("endpoint").get()


def test_410_disables_at_once(home: Home, settings: Settings, receiver: Receiver):
    receiver.status = 410
    found = message(home, settings, receiver)
    assert (found.attempts, found.state, found.endpoint.disabled_why) == (
        1, "given_up", "the receiver wants no more (410)",
    )  # fmt: skip


@pytest.mark.parametrize(("status", "asks", "waits"), [(429, "3600", 3600), (503, "86400", 86400), (500, "3600", 5)])
def test_retry_after_is_honoured_where_it_makes_sense(
    home: Home, settings: Settings, receiver: Receiver, status: int, asks: str, waits: int
):
    receiver.status, receiver.headers = status, {"Retry-After": asks}
    found = message(home, settings, receiver)
    assert (found.next_at - AFTER_UNDO).total_seconds() == pytest.approx(waits, rel=0.11)


def test_a_redirect_is_not_followed_and_counts_as_a_failure(home: Home, settings: Settings, receiver: Receiver):
    with Receiver() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        found = message(home, settings, receiver)
        assert (found.state, found.last_error, elsewhere.asked) == ("pending", "the receiver answers 307", 0)


# The commands and the description


def test_the_commands_add_list_rotate_replay_and_switch_off(tmp_path: Path):
    from click.testing import CliRunner

    from tenure.app.cli import cli

    def tenure(*words: str) -> Any:
        return CliRunner().invoke(cli, ["webhook", *words])

    home = ("--home", str(tmp_path / "home"))
    CliRunner().invoke(cli, ["init", *home, "--source", "files", "--path", "."])
    refused = tenure("add", "flows", "https://127.0.0.1/hook", "--by", "maria", *home)
    assert (refused.exit_code, "private or special address" in refused.output) == (2, True)
    unknown = tenure("add", "flows", "https://93.184.216.34/hook", "--by", "maria", "--event", "step.gone", *home)
    assert (unknown.exit_code, "there is no event" in unknown.output) == (2, True)
    first = tenure("add", "flows", "https://93.184.216.34/hook", "--by", "maria", "--event", "step.done", *home)
    second = tenure("rotate", "flows", "--by", "maria", *home)
    assert "whsec_" in first.output
    assert "whsec_" in second.output
    assert first.output != second.output
    assert tenure("off", "flows", "--by", "maria", *home).exit_code == 0
    assert "disabled: switched off; ids and bands" in tenure("list", *home).output
    assert "0 messages are on their way again" in tenure("replay", "flows", "--by", "maria", *home).output
    (shown,) = json.loads(tenure("list", "--json", *home).output)
    assert (shown["events"], shown["disabled"], shown["full"]) == (["step.done"], None, False)


def references(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        if isinstance(of.get("$ref"), str):
            yield of["$ref"]
        for value in of.values():
            yield from references(value)
    if isinstance(of, list):
        for value in of:
            yield from references(value)


@pytest.mark.parametrize("text", [described.openapi_3(), described.openapi_2()], ids=["3.1", "2.0"])
def test_the_descriptions_hang_together_and_name_every_event_and_field(text: dict[str, Any]):
    for reference in references(text):
        found: Any = text
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
    schema = (text.get("components", {}).get("schemas") or text["definitions"])["Message"]
    assert schema["properties"]["type"]["enum"] == list(EVENTS)
    assert set(schema["properties"]["data"]["properties"]) == set(THIN) | set(FULL)
    assert json.loads(json.dumps(text)) == text
