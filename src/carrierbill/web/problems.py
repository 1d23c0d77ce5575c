"""Problems: the pages for addresses that are none, methods that are not taken, and our own failures."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from carrierbill.web.desk import Desk

TOLD = (404, 405)


class Problems:
    """Pages that say what is wrong with a request, and never how the program is built."""

    def __init__(self, desk: Desk) -> None:
        """Work at the desk."""
        self.desk = desk

    def told(self, request: Request, error: Exception) -> Response:
        """A page for a status of the web framework; one without a sentence is told as not found."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        page = self.desk.problem(request, status if status in TOLD else 404)
        page.headers.update(getattr(error, "headers", None) or {})
        return page

    def failed(self, request: Request, error: Exception) -> Response:
        """Our own failure: sorry, and nothing of its inside."""
        del error
        return self.desk.problem(request, 500)
