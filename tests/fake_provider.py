"""A provider of tokens on this machine: it answers https as one does, and publishes the keys it is told."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import get_default_algorithms

from carrierbill.drivers.token_provider import DISCOVERY

RSA = rsa.generate_private_key(65_537, 2_048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = Ed25519PrivateKey.generate()
KEYS: dict[str, Any] = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": ED}


class FakeProvider:
    """Answers https on this machine as a provider does; counts what it is asked for."""

    def __init__(self, authority: trustme.CA) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                page = outer.pages.get(self.path)
                content = page if isinstance(page, bytes) else json.dumps(page).encode()
                self.send_response(302 if page is None else 200)
                if page is None:
                    self.send_header("Location", f"{outer.issuer}/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as the library calls it
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is meant
        self.issuer = f"https://127.0.0.1:{self._server.server_port}"
        self.publish(**{name: public(key) for name, key in KEYS.items()})

    def publish(self, **keys: dict[str, Any]) -> None:
        self.pages[DISCOVERY] = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        self.pages["/keys"] = {"keys": [{"kid": name, **key} for name, key in keys.items()]}

    @contextmanager
    def running(self) -> Iterator["FakeProvider"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()


def public(key: Any) -> dict[str, Any]:
    """The public part of a key, as a JWK."""
    kinds = {rsa.RSAPrivateKey: "RS256", ec.EllipticCurvePrivateKey: "ES256", Ed25519PrivateKey: "EdDSA"}
    name = next(name for kind, name in kinds.items() if isinstance(key, kind))
    told: dict[str, Any] = get_default_algorithms()[name].to_jwk(key.public_key(), as_dict=True)
    return {part: value for part, value in told.items() if part not in {"key_ops", "alg"}}


class Ticks:
    """A clock that only goes on when it is told to."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
