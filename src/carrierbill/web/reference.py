"""Reference: the interfaces described for people, made from their contracts, and the contracts themselves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup
from msgspec.json import decode
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from carrierbill.texts.load import Texts
from carrierbill.web.pages.typed import Typed
from carrierbill.web.paper import Paper
from carrierbill.web.words import Words, language_for

CONTRACTS = Path(__file__).parent / "contracts"
YAML = "application/yaml"
# They change with the program alone.
KEPT = {"Cache-Control": "public, max-age=300"}
CODE = re.compile(r"`([^`]+)`")
# What the contracts leave open, in the order in which a newcomer meets it.
DECIDED = (
    *("tokens", "strangers", "again", "correlator", "durable", "denied", "states", "codes"),
    *("money", "fields", "lists", "refunds", "events", "modes", "limits"),
)
# Where a parameter may stand.
PLACES = ("path", "query", "header")
Interface = Mapping[str, Any]


@cache
def interfaces() -> Mapping[str, Interface]:
    """What tools/api_reference.py made of each contract, by name, in the order of their titles."""
    read = [decode(file.read_bytes()) for file in CONTRACTS.glob("*.json")]
    return {each["name"]: each for each in sorted(read, key=lambda each: str(each["title"]))}


@dataclass(frozen=True, slots=True)
class Reference:
    """Hands out the contracts byte for byte, and their pages."""

    paper: Paper
    texts: Texts

    def routes(self) -> list[Route]:
        """The addresses below /openapi and /docs."""
        return [
            Route("/openapi/{name}.yaml", self.contract),
            Route("/docs", self.overview),
            Route("/docs/{name}", self.interface),
            Route("/docs/{name}/data", self.data),
        ]

    def contract(self, request: Request) -> Response:
        """A contract as its file is."""
        name = _known(request)["name"]
        return Response((CONTRACTS / f"{name}.yaml").read_bytes(), media_type=YAML, headers=KEPT)

    def overview(self, request: Request) -> HTMLResponse:
        """The interfaces, and what was decided where they are silent."""
        given = {"interfaces": interfaces().values(), "decided": DECIDED}
        return self._page(request, "docs.html", given)

    def interface(self, request: Request) -> HTMLResponse:
        """The operations of an interface, with their errors."""
        interface = _known(request)
        return self._page(request, "docs_interface.html", {"api": interface, "errors": errors_of(interface)})

    def data(self, request: Request) -> HTMLResponse:
        """What an interface sends and takes."""
        return self._page(request, "docs_data.html", {"api": _known(request)})

    def _page(self, request: Request, template: str, values: Mapping[str, Any]) -> HTMLResponse:
        words = Words(self.texts, language_for(request))
        usual = {
            "typed": Typed({}),
            "switch": f"{request.url.path}?lang={words.other}",
            "coded": coded,
            "places": PLACES,
        }
        page = self.paper.page(template, words, values={**usual, **values})
        page.headers.update(KEPT)
        return page


def _known(request: Request) -> Interface:
    found = interfaces().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return found


def errors_of(interface: Interface) -> Sequence[tuple[str, str, str]]:
    """Every status and code that an interface may answer with, once, and what is said of it."""
    told: dict[tuple[str, str], str] = {}
    for operation in interface["operations"]:
        for error in operation["errors"]:
            for code in error["codes"]:
                told.setdefault((error["status"], code["code"]), code["about"])
    return [(status, code, about) for (status, code), about in sorted(told.items())]


def coded(sentence: Markup) -> Markup:
    """A sentence with what stands in backticks as code.

    >>> coded(Markup("is `a &lt; b`"))
    Markup('is <code>a &lt; b</code>')
    """
    return Markup(CODE.sub(r"<code>\1</code>", str(sentence)))  # noqa: S704  # of mark-up that is escaped already
