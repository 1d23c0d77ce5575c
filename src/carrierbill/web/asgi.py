"""Asgi: the site as a server makes it, from the environment's settings."""

from starlette.applications import Starlette

from carrierbill.bootstrap import start
from carrierbill.web.app import make_app


def site() -> Starlette:
    """The site; raises what `start` raises."""
    return make_app(start())
