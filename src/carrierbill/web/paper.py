"""Paper: what pages are written on: the templates, strict about what they are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from carrierbill.web.assets import Asset, read_assets
from carrierbill.web.words import Words

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Paper:
    """Templates and the assets they point to."""

    environment: Environment
    assets: Mapping[str, Asset]

    def page(
        self, template: str, words: Words, *, values: Mapping[str, object], status: int = 200
    ) -> HTMLResponse:
        """A page from a template; every page knows its words `w` and where the assets are."""
        given = {"w": words, "t": words.t, "assets": self.assets, **values}
        headers = {"Content-Language": words.language, "Vary": "Accept-Language"}
        html = self.environment.get_template(template).render(given)
        return HTMLResponse(html, status_code=status, headers=headers)


def read_paper() -> Paper:
    """The templates, compiled when first used, and the assets."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return Paper(environment, read_assets())
