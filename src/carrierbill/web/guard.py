"""Guard: what every answer carries so that a browser does no more with it than show it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrierbill.web.body import may_be_endless

# No script, no frame, no foreign origin: a page is one document, one style sheet and one icon.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Puts the headers on every answer of the program inside, its failures included."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the program."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the program inside does, and add the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        closes = may_be_endless(Headers(scope=scope))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                # An answer speaks of somebody's bill, so nobody keeps it but the reader.
                headers.setdefault("Cache-Control", "no-store")
                if closes:
                    headers["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, send_guarded)
