"""Take the README's pictures: a fixed bill on a fixed day, so that they change only when the page does.

python tools/pictures.py [FOLDER]
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp

from carrierbill.bootstrap import start
from carrierbill.web.app import make_app

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TODAY = date(2025, 11, 30)
BILL = "/bill?carrier=SKT&principal=50000&due=2025-09-30"
START_S = 10


@dataclass(frozen=True)
class Picture:
    """A part of a page as it looks at a width: file name, address, width and height, light or dark."""

    name: str
    path: str
    width: int
    height: int
    dark: bool = False


PICTURES = (
    Picture("answer-ko-360", f"{BILL}&lang=ko", 360, 780),
    Picture("answer-ko-360-dark", f"{BILL}&lang=ko", 360, 780, dark=True),
    Picture("answer-ko-1280", f"{BILL}&lang=ko", 1280, 900),
    Picture("answer-en-1280", f"{BILL}&lang=en", 1280, 900),
)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of the program while it is served on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_S
        while not server.started:
            if time.monotonic() > until or not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(START_S)


def take(browser: Browser, address: str, picture: Picture, *, folder: Path) -> Path:
    """Take one picture."""
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        device_scale_factor=2 if picture.width < PICTURES[-1].width else 1,
    )
    page.goto(address + picture.path)
    file = folder / f"{picture.name}.png"
    page.screenshot(path=file)
    page.close()
    return file


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with served(make_app(start({}), lambda: TODAY)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for picture in PICTURES:
            print(take(browser, address, picture, folder=folder))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
