"""A fake of SOLAPI's documented HTTP interface on a port of its own: signatures, limits, lists and faults.

Documented at github.com/solapi/documents: authentication/api-key.md, api-reference/messages and
message-status-codes.md; the shape of `send-many/detail` is that of its own Node.js client.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HEADER = re.compile(r"HMAC-SHA256 apiKey=(\S+), date=(\S+), salt=(\S{12,64}), signature=([0-9a-f]{64})")
SKEW = timedelta(minutes=15)
Answer = tuple[int, Any]


class FakeSolapi:
    """What it was asked, what it keeps, and what goes wrong next."""

    def __init__(self) -> None:
        self.key, self.secret = "NCSKEY", "very-secret-words"
        self.url = ""
        self.messages: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.templates = {"KA01TP1"}
        # Instead of an answer, in turn: a status to answer with, text that is no JSON, or `drop`.
        self.faults: list[int | str] = []
        # Sends are taken and then answered by the next fault, as when an answer gets lost.
        self.takes_all_the_same = False
        self.refuses: Callable[[dict[str, Any]], str] = lambda _: ""
        self.page = 20
        self._signatures: set[str] = set()

    # ── what it checks ───────────────────────────────────────────────────────────────────────────────────
    def answer(self, method: str, path: str, header: str, body: bytes) -> Answer | str:
        """Status and document, or what to do instead."""
        self.requests.append(f"{method} {path}")
        if fault := self._unsigned(header):
            return 403, {"errorCode": fault, "errorMessage": "no"}
        split = urlsplit(path)
        is_send = (method, split.path) == ("POST", "/messages/v4/send-many/detail")
        if self.faults:
            next_fault = self.faults.pop(0)
            if is_send and self.takes_all_the_same:
                self._send(json.loads(body))
            if isinstance(next_fault, int):
                return next_fault, {"errorCode": "Broken", "errorMessage": "01012345678 was not taken"}
            return next_fault
        if is_send:
            return self._send(json.loads(body))
        if (method, split.path) == ("GET", "/messages/v4/list"):
            return self._list(dict(parse_qsl(split.query, strict_parsing=True)))
        return 404, {"errorCode": "NotFound", "errorMessage": "no"}

    def _unsigned(self, header: str) -> str:
        found = HEADER.fullmatch(header)
        if not found or found[1] != self.key:
            return "InvalidAPIKey"
        _, date, salt, signature = found.groups()
        expected = hmac.new(self.secret.encode(), (date + salt).encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            return "SignatureDoesNotMatch"
        if abs(datetime.now(tz=UTC) - datetime.fromisoformat(date)) > SKEW:
            return "RequestTimeTooSkewed"
        if signature in self._signatures:
            return "DuplicatedSignature"
        self._signatures.add(signature)
        return ""

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────────
    def _send(self, body: dict[str, Any]) -> Answer:
        self.bodies.append(body)
        if not 1 <= len(body["messages"]) <= 10_000:
            return 400, {"errorCode": "ValidationError", "errorMessage": "no"}
        taken: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        numbers = set()
        for message in body["messages"]:
            code = self._fault_of(message) or self.refuses(message)
            if message["to"] in numbers and not body.get("allowDuplicates"):
                code = "1026"
            numbers.add(message["to"])
            message_id = f"M4V{len(self.messages) + len(failed):029}"
            told = {"messageId": message_id, "statusCode": code or "2000", "statusMessage": ""}
            told["customFields"] = message.get("customFields", {})
            if code:
                failed.append({**told, "to": message["to"]})
                continue
            now = datetime.now(tz=UTC).isoformat()
            self.messages[message_id] = {
                **message,
                **told,
                "replacement": False,
                "dateCreated": now,
                "dateUpdated": now,
                "dateReceived": None,
                "dateReported": None,
            }
            taken.append(told)
        answer: dict[str, Any] = {"failedMessageList": failed, "groupInfo": {"groupId": "G4V1"}}
        if body.get("showMessageList"):
            answer["messageList"] = taken
        return 200, answer

    def _fault_of(self, message: dict[str, Any]) -> str:  # noqa: PLR0911  # a code each
        """The documented code of what is wrong with a message."""
        own = message.get("customFields", {})
        if any(
            len(name) > 30 or not isinstance(value, str) or len(value) > 100 for name, value in own.items()
        ):
            return "1032"
        if not message["to"].isdigit() or not message["from"].isdigit():
            return "1011"
        if message["type"] == "ATA":
            template = message["kakaoOptions"]["templateId"]
            return "1042" if template not in self.templates else ""
        if "kakaoOptions" in message:
            return "1033"
        try:
            size = len(message["text"].encode("euc_kr"))
            subject = len(message.get("subject", "").encode("euc_kr"))
        except UnicodeEncodeError:
            return "1029"
        if message["type"] == "SMS" and subject:
            return "1013"
        if subject > 40:
            return "1014"
        return "1031" if size > {"SMS": 90, "LMS": 2_000}[message["type"]] else ""

    def _list(self, asked: dict[str, str]) -> Answer:
        ids = [value for name, value in asked.items() if name.startswith("messageIds[")]
        found = [
            message
            for message in self.messages.values()
            if (not ids or message["messageId"] in ids)
            and asked.get("to") in (None, message["to"])
            and datetime.fromisoformat(asked.get("startDate", "2000-01-01T00:00:00+00:00"))
            <= datetime.fromisoformat(message["dateCreated"])
        ]
        start = int(asked.get("startKey", "0"))
        size = min(self.page, int(asked.get("limit", "20")))
        page = found[start : start + size]
        following = str(start + size) if start + size < len(found) else None
        return 200, {
            "startKey": asked.get("startKey"),
            "nextKey": following,
            "limit": size,
            "messageList": {message["messageId"]: message for message in page},
        }

    def becomes(self, code: str, **more: Any) -> None:
        """All its messages come to stand so."""
        now = datetime.now(tz=UTC).isoformat()
        for message in self.messages.values():
            message |= {"statusCode": code, "dateUpdated": now, **more}
            if code == "4000":
                message.setdefault("dateReceived", now)
                message["dateReceived"] = more.get("dateReceived", now)


@contextmanager
def served(fake: FakeSolapi) -> Iterator[FakeSolapi]:
    """The fake on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = fake.answer(method, self.path, self.headers.get("Authorization", ""), body)
            if answer == "drop":
                self.close_connection = True
                return
            status, document = answer if isinstance(answer, tuple) else (200, answer)
            content = document if isinstance(document, str) else json.dumps(document)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
