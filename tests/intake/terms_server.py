"""The smallest iMIS there can be: two members, and terms that are entered while a test goes on."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MAPPING = """
base = "stock"
without = [
  "members.past", "activity.web", "activity.email", "activity.registrations", "activity.money", "activity.activities",
  "programs", "program_changes", "contacts",
]
"""
MEMBERS = [
    {
        "ID": name, "IsCompany": False, "CompanyID": None, "MemberType": "REG", "JoinDate": "2020-01-01T00:00:00",
        "Chapter": None, "Industry": None, "StateProvince": None, "Country": None, "Company": None,
        "FunctionalTitle": None, "BirthDate": None, "Gender": None, "ProfileCompleteness": None, "EmailAllowed": None,
        "SmsAllowed": None, "PhoneAllowed": None, "ObjectsToProfiling": None, "DeceasedOn": None,
        "LastUpdated": "2020-01-01T00:00:00",
    }
    for name in ("A1", "A2")
]  # fmt: skip


def term(number: int, entered: str) -> dict[str, object]:
    """A term of a year of its own, entered at an instant of the server's clock."""
    year = 1950 + number
    dates = {"BeginDate": f"{year}-01-01T00:00:00", "PaidThrough": f"{year}-12-31T00:00:00"}
    empty = dict.fromkeys(("BillDate", "DueDate", "PaymentDate", "AutoRenew", "Installments", "EndedBy"))
    own = {"TermKey": f"T{number}", "ID": "A1", "MemberType": "REG", "Dues": 100.0, "DateEntered": entered}
    return {**dates, **empty, **own}


class TermsServer:
    """Serves `members` and `terms`, by the prompts and pages of `api/query`."""

    def __init__(self) -> None:
        self.terms: list[dict[str, object]] = []
        self.members = [dict(row) for row in MEMBERS]
        self.requests = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def page(self, asked: dict[str, str]) -> dict[str, object]:
        rows, by, prompt = self.members, "LastUpdated", "UpdatedSince"
        if asked["QueryName"].endswith("Terms"):
            rows, by, prompt = sorted(self.terms, key=lambda row: str(row["TermKey"])), "DateEntered", "EnteredSince"
        rows = [row for row in rows if str(row[by]) >= asked.get(prompt, "")]
        offset, limit = int(asked["Offset"]), int(asked["Limit"])
        items, more = rows[offset : offset + limit], offset + limit < len(rows)
        return {
            "Items": {"$values": items}, "Offset": offset, "Limit": limit, "Count": len(items),
            "TotalCount": len(rows), "HasNext": more, "NextOffset": offset + limit if more else 0,
        }  # fmt: skip

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def log_message(self, *_: object) -> None: ...

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.tell({"access_token": "t", "expires_in": 86400})

            def do_GET(self) -> None:
                server.requests += 1
                query = parse_qs(urlsplit(self.path).query)
                self.tell(server.page({name: values[0] for name, values in query.items()}))

            def tell(self, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler
