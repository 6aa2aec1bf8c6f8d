"""Text and in-app messages through a service, and calls in calendars."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import standardwebhooks
from approved import AFTER_UNDO, proposal, step
from icalendar import Calendar

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Provider, Settings, Webhooks
from tenure.outreach.channels.ics import at_ten, invitation
from tenure.outreach.channels.webhooks import written


class Service:
    """Sends each text message once, knows which, and can lose its answers."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.bodies: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = service.answers.pop(0) if service.answers else 202
                if status < 400 or status == 500:  # 500: it has sent the message, and then failed
                    service.sent[self.headers["webhook-id"]] += 1
                    service.bodies.append(json.loads(body))
                    service.headers.append(dict(self.headers.items()))
                    service.raw = body
                self._end(status)

            def do_GET(self) -> None:
                (reference,) = parse_qs(urlsplit(self.path).query)["reference"]
                self._end(200 if service.sent[reference] else 404)

            def _end(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing to say."""

        self.raw = b""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/messages"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield service
    service.server.shutdown()
    service.server.server_close()


def carried_out(home: Home, settings: Settings, service: Service, minutes: float = 0) -> Counter[str]:
    from tenure.app.house import House
    from tenure.app.worker import work

    more: dict[str, Any] = {
        "sms": Provider(url=service.url, timeout_seconds=5), "webhooks": Webhooks(networks=("127.0.0.0/8",)),
    }  # fmt: skip
    at = AFTER_UNDO + dt.timedelta(minutes=minutes)
    return work(House(home, settings.model_copy(update=more), lambda: at), once=True)


def text_message(member: int = 1) -> Any:
    """An approved text message to a member who gave express consent."""
    from tenure.ledger import permissions
    from tenure.ledger.models import Contact

    made = step(proposal(member), "sms", recipient="+1 555 0100", subject="", body="Your term ends on April 30.")
    Contact.objects.filter(member=member).update(phone="+1 555 0100")
    permissions.give(
        member=member, channel="sms", purpose="", express=True, source="form", by="maria",
        clock=lambda: AFTER_UNDO - dt.timedelta(days=1),
    )  # fmt: skip
    return made


def test_a_text_message_is_handed_to_the_service_signed_and_once(home: Home, settings: Settings, service: Service):
    one = text_message()
    assert carried_out(home, settings, service) == {"done": 1}
    assert service.bodies == [
        {
            "reference": one.reference, "channel": "sms", "to": "+1 555 0100", "subject": "",
            "text": "Your term ends on April 30.",
        }
    ]  # fmt: skip
    key = written(Pseudonyms.of(home).secret("provider:sms"))
    stamp = str(int(dt.datetime.now(dt.UTC).timestamp()))
    assert service.headers[0]["webhook-id"] == one.reference
    again = standardwebhooks.Webhook(key).sign(
        one.reference, dt.datetime.fromtimestamp(AFTER_UNDO.timestamp(), dt.UTC), service.raw.decode()
    )
    assert (service.headers[0]["webhook-signature"], stamp > "0") == (again, True)


@pytest.mark.parametrize("answer", [500, 502, 503])
def test_what_the_service_took_though_it_failed_is_not_sent_again_and_what_it_did_not_take_is(
    home: Home, settings: Settings, service: Service, answer: int
):
    one = text_message()
    service.answers = [answer]
    carried_out(home, settings, service)
    for minutes in (1, 5, 10):
        carried_out(home, settings, service, minutes)
    one.refresh_from_db()
    assert (one.state, service.sent) == ("done", {one.reference: 1})


def test_a_number_that_the_service_refuses_fails_and_is_left_alone(home: Home, settings: Settings, service: Service):
    from tenure.ledger.models import Suppression

    one = text_message()
    service.answers = [422]
    assert carried_out(home, settings, service) == {"failed": 1}
    one.refresh_from_db()
    barred = Suppression.objects.get()
    assert (one.last_error, barred.why, barred.channel, barred.member) == (
        "the sms service answers 422", "bounce", "sms", None,
    )  # fmt: skip


def event(**more: Any) -> Any:
    given: dict[str, Any] = {
        "reference": "tn-1", "kind": "callback", "starts": at_ten(dt.date(2025, 3, 8), "America/New_York"),
        "minutes": 20, "time_zone": "America/New_York", "changed": AFTER_UNDO, "made": AFTER_UNDO, **more,
    }  # fmt: skip
    calendar = Calendar.from_ical(invitation(**given))
    (found,) = calendar.walk("VEVENT")
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["America/New_York"]
    return found


def test_a_call_in_a_calendar_keeps_its_identity_has_a_time_zone_and_names_nobody():
    first, moved = event(), event(starts=at_ten(dt.date(2025, 3, 12), "America/New_York"), sequence=1)

    assert str(first["uid"]) == str(moved["uid"]) == "tn-1@tenure"
    assert (int(first["sequence"]), int(moved["sequence"])) == (0, 1)
    # A Saturday is asked for: it is put on the Monday, when clocks have gone forward.
    assert first["dtstart"].dt.isoformat() == "2025-03-10T10:00:00-04:00"
    assert first["dtstart"].params["TZID"] == "America/New_York"
    assert (first["dtend"].dt - first["dtstart"].dt) == dt.timedelta(minutes=20)
    assert first["dtstamp"].dt == first["last-modified"].dt == AFTER_UNDO
    assert str(first["summary"]) == "Call a member"
