"""Change notifications: what changes is posted to a webhook in the schema of Event Grid."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from served_sandbox import Sandbox, panel_row, serving


class Hook:
    """A webhook that keeps what it is sent; `refuse` makes it answer 500 so often."""

    def __init__(self, *, echo: bool = True) -> None:
        self.batches: list[tuple[str, list[dict[str, Any]]]] = []
        self.refuse = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                kind = self.headers["aeg-event-type"]
                hook.batches.append((kind, body))
                said = {"validationResponse": body[0]["data"]["validationCode"]} if kind != "Notification" else {}
                refused = kind == "Notification" and hook.refuse > 0
                hook.refuse -= refused
                answer = json.dumps(said if echo else {}).encode()
                self.send_response(500 if refused else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?secret=x"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for kind, body in self.batches if kind == "Notification" for event in body]

    def waits_for(self, met: Callable[[], bool]) -> None:
        until = time.monotonic() + 5
        while not met() and time.monotonic() < until:
            time.sleep(0.02)
        assert met(), self.batches


@pytest.fixture
def hook(sandbox: Sandbox) -> Iterator[Hook]:
    made = Hook()
    yield made
    sandbox.control.delete("/notifications")
    made.server.shutdown()


def note(sandbox: Sandbox, party: str) -> str:
    row = panel_row("Activity", party, {"PartyId": party, "ACTIVITY_TYPE": "NOTE"}, identity=False)
    made = sandbox.staff.post("/api/Activity", json=row)
    assert made.status_code == 201
    return str(made.json()["Identity"]["IdentityElements"]["$values"][0])


def test_the_handshake_is_that_of_event_grid(sandbox: Sandbox, hook: Hook) -> None:
    answer = sandbox.control.post("/notifications", json={"url": hook.url}).json()
    assert answer["verified"] is True
    kind, body = hook.batches[0]
    assert kind == "SubscriptionValidation"
    assert body[0]["eventType"] == "Microsoft.EventGrid.SubscriptionValidationEvent"
    assert set(body[0]) == {
        "id", "topic", "subject", "data", "eventType", "eventTime", "metadataVersion", "dataVersion",
    }  # fmt: skip


def test_a_hook_that_does_not_answer_is_verified_by_opening_the_address(sandbox: Sandbox, somebody: str) -> None:
    hook = Hook(echo=False)
    answer = sandbox.control.post("/notifications", json={"url": hook.url}).json()
    assert answer["verified"] is False
    note(sandbox, somebody)
    address = hook.batches[0][1][0]["data"]["validationUrl"]
    assert address == answer["validation_url"]
    assert sandbox.control.get(address).json()["verified"] is True
    note(sandbox, somebody)
    hook.waits_for(lambda: len(hook.events) == 1)
    sandbox.control.delete("/notifications")
    hook.server.shutdown()


def test_a_write_is_told_with_its_identity_and_only_to_who_asked(sandbox: Sandbox, hook: Hook, somebody: str) -> None:
    sandbox.control.post("/notifications", json={"url": hook.url, "events": ["Activity.Created", "Party.Updated"]})
    number = note(sandbox, somebody)
    person = sandbox.staff.get(f"/api/Party/{somebody}").json()
    sandbox.master.put(f"/api/Person/{somebody}", json=person)
    sandbox.master.post("/api/PartyNote", json={"Text": "not asked for"})
    hook.waits_for(lambda: len(hook.events) == 2)
    told = {(event["eventType"], event["subject"]): event["data"]["identityElements"] for event in hook.events}
    assert told == {
        ("Activity.Created", f"Activity/{number}"): [number], ("Party.Updated", f"Party/{somebody}"): [somebody],
    }  # fmt: skip
    assert len({event["id"] for event in hook.events}) == 2


def test_a_hook_that_fails_is_tried_again_and_may_hear_twice(sandbox: Sandbox, hook: Hook, somebody: str) -> None:
    sandbox.control.post("/notifications", json={"url": hook.url, "retry_seconds": 0.01, "duplicates": 1.0})
    hook.refuse = 2
    note(sandbox, somebody)
    hook.waits_for(lambda: len(hook.events) >= 4)
    sandbox.control.post("/notifications", json={"url": "http://127.0.0.1:9/nobody"})
    assert len({event["id"] for event in hook.events}) == 1
    report = sandbox.control.get("/notifications").json()["notifications"]
    assert [one["verified"] for one in report] == [True, False]
    assert report[0]["failed_tries"] == 2


def test_what_happens_while_the_association_lives_on_is_told(hook: Hook) -> None:
    with serving("--members", "80", "--years", "0.1", "--seed", "3", "--today", "2026-03-02") as small:
        small.control.post("/notifications", json={"url": hook.url})
        small.control.post("/advance", json={"days": 10})
        hook.waits_for(lambda: {"Party.Updated", "Activity.Created"} <= {event["eventType"] for event in hook.events})
        told = next(event for event in hook.events if event["eventType"] == "Party.Updated")
        party = told["data"]["identityElements"][0]
        assert small.staff.get(f"/api/CsContact/{party}").status_code == 200
        waiting = [one["waiting"] for one in small.control.get("/notifications").json()["notifications"]]
        assert waiting == [0]
