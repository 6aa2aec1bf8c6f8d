"""A chat endpoint on this machine that answers as OpenAI-compatible ones do, over real HTTP.

It takes what they take and refuses what they refuse: a request without a model, messages or a known role is a 400, a
wrong key a 401. What it says is up to the test.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Says = Callable[[dict[str, Any]], str]


def same_again(told: dict[str, Any]) -> str:
    """The message as it was told, as a careful model would give it back that found nothing to better."""
    return json.dumps({key: told[key] for key in ("subject", "paragraphs", "call_to_action")})


@dataclass
class ChatEndpoint:
    """Use as a context manager; `requests` holds what came.

    Args:
        says: The content of the answer to the data that the user message holds.
        key: What a caller has to show.
        status: Answered instead of a message, where it is not 200.
        raw: A body sent in place of a well-formed answer.
        trickle: Seconds between one byte of the answer and the next.
        tokens: What an answer says that it used; by characters where none is given.
        cost: What an answer says that it cost; nothing where none is given.
    """

    says: Says = same_again
    key: str = ""
    status: int = 200
    raw: bytes = b""
    trickle: float = 0
    tokens: int | None = None
    cost: float | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> ChatEndpoint:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.headers.append(dict(self.headers))
                status, answer = endpoint.answer(self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if status in (301, 302, 307):
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                endpoint.send(self.wfile, answer)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def send(self, out: Any, answer: bytes) -> None:
        if not self.trickle:
            out.write(answer)
            return
        try:
            for i in range(len(answer)):
                out.write(answer[i : i + 1])
                out.flush()
                time.sleep(self.trickle)
        except OSError:
            pass

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if path != "/v1/chat/completions":
            return 404, _fault("no such path")
        if self.key and headers.get("Authorization") != f"Bearer {self.key}":
            return 401, _fault("wrong key")
        request = json.loads(body)
        self.requests.append(request)
        wrong = _wrong(request)
        if wrong:
            return 400, _fault(wrong)
        if self.status != 200:
            return self.status, _fault("as the test wants it")
        if self.raw:
            return 200, self.raw
        content = self.says(json.loads(request["messages"][-1]["content"]))
        return 200, json.dumps(_completion(request, content, self.tokens, self.cost)).encode()


def _wrong(request: dict[str, Any]) -> str:
    if not isinstance(request.get("model"), str) or not request["model"]:
        return "you must provide a model parameter"
    if not request.get("messages"):
        return "messages must not be empty"
    if any(one.get("role") not in ("system", "user", "assistant") for one in request["messages"]):
        return "unknown role"
    kind = request.get("response_format", {}).get("type", "text")
    if kind == "json_schema" and "schema" not in request["response_format"].get("json_schema", {}):
        return "json_schema needs a schema"
    return ""


def _fault(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": None}}).encode()


def _completion(request: dict[str, Any], content: str, tokens: int | None, cost: float | None) -> dict[str, Any]:
    asked = sum(len(one["content"]) for one in request["messages"]) // 4
    told = len(content) // 4
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1741046400, "model": request["model"],
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, "refusal": None}}
        ],
        "usage": {
            "prompt_tokens": asked, "completion_tokens": told,
            "total_tokens": asked + told if tokens is None else tokens, **({} if cost is None else {"cost": cost}),
        },
    }  # fmt: skip
