"""Service: the page answers on a port until it is stopped."""

import errno
import logging
import logging.handlers
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from carrierbill.bootstrap import start
from carrierbill.cli.given import Whole, option, quoted
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.saying import Saying
from carrierbill.settings import MOST_PORT, data_folder
from carrierbill.texts.load import Texts, read_texts

LOG_BYTES = 10_000_000
LOG_FILES = 3
GRACE_S = 10
# Named, not imported: the command line and the pages are two audiences of one program.
SITE, CONNECTION = "carrierbill.web.app", "carrierbill.web.connections:Connection"


def serve_command(language: str) -> click.Command:
    """`serve`: the page for subscribers."""
    return click.Command(
        "serve",
        params=[
            option(language, "--host", metavar="ADDRESS"),
            option(language, "--port", type=Whole(0, MOST_PORT)),
            option(language, "--lang", metavar="ko|en", expose_value=False),
        ],
        help=read_texts().say(language, "cli.serve.help"),
        callback=lambda **options: _serve(language, options),
    )


def _serve(language: str, options: dict[str, Any]) -> int:
    app = start()
    # Every rule set is read before the first visitor comes: a fault stops the start, not an answer.
    for name in app.shelf.names:
        app.rules(name)
    host = app.settings.host if options["host"] is None else options["host"]
    port = app.settings.port if options["port"] is None else options["port"]
    log_to(data_folder() / "serve.log")
    listener = listen(host, port)
    _run(listener, import_module(SITE).open_site(app), app.texts, language=language)
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a taken port or an unknown address is bad use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    # A host that is no name at all is a TypeError or ValueError to `bind`, not an OSError.
    except (OSError, TypeError, ValueError) as error:
        listener.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        key = "bad_use.port_taken" if taken else "bad_use.cannot_listen"
        why = {"host": quoted(host), "port": str(port), "why": getattr(error, "strerror", None) or str(error)}
        raise BadInputError("--port" if taken else "--host", Saying(key, why)) from None
    listener.set_inheritable(True)
    return listener


def log_to(file: Path) -> None:
    """Send warnings and errors to a file that rolls over; a folder that cannot be written is bad use."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    except OSError as error:
        why = {"folder": str(file.parent), "why": error.strerror or str(error)}
        raise BadInputError("XDG_DATA_HOME", Saying("bad_use.data_folder", why)) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)


def _run(listener: socket.socket, site: Any, texts: Texts, *, language: str) -> None:  # noqa: ANN401  # an ASGI app
    import uvicorn  # only this command needs a server

    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    said = texts.say(language, Saying("show.serving", {"address": address, "log": str(data_folder())}))

    class Server(uvicorn.Server):
        """Says its address once it answers, and not before."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                click.echo(said)

    config = uvicorn.Config(
        site,
        http=CONNECTION,
        loop="uvloop",
        log_config=None,
        # Paths and inputs of visitors are nobody's business.
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    # The server ends what is under way, then hands the signal on: told to end, it has done as it was told.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    Server(config).run(sockets=[listener])
