"""Paper: what pages are written on: templates, strict about what they are given, style sheet and icon."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from carrierbill.web.words import Words

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
HASH_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served: its bytes, what kind it is, its address, which changes with its content."""

    path: str
    content: bytes
    kind: str


def read_assets() -> dict[str, Asset]:
    """Every file of the folder by its plain name."""
    return {file.name: _read(file) for file in sorted(STATIC.iterdir()) if file.suffix in KINDS}


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    marked = f"{file.stem}.{sha256(content).hexdigest()[:HASH_LETTERS]}{file.suffix}"
    return Asset(f"/static/{marked}", content, KINDS[file.suffix])


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
