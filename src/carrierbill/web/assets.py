"""Assets: style sheet and icon, each under an address that changes with its content."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
HASH_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served: its address, its bytes and what kind it is."""

    path: str
    content: bytes
    kind: str


def read_assets() -> dict[str, Asset]:
    """Every file of the folder by its plain name."""
    return {file.name: _read(file) for file in sorted(FOLDER.iterdir()) if file.suffix in KINDS}


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    marked = f"{file.stem}.{sha256(content).hexdigest()[:HASH_LETTERS]}{file.suffix}"
    return Asset(f"/static/{marked}", content, KINDS[file.suffix])
