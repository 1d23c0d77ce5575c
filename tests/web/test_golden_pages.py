"""Pages as they are sent, word for word; the diff of a golden file is the review of a change."""

import re
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

SKT = "/bill?carrier=SKT&principal=50000&due=2025-09-30"
KT = "/bill?carrier=KT&principal=120000&due=2026-09-25&on=2026-09-20&card_until=2026-08&cash_advance=1"
LGU = "/bill?carrier=LGU&principal=1200000&due=2025-05-05&on=2026-01-20&rules=terms&repaid=2025-06-01=200000"
PAGES = {
    "form": "/?",
    "answer-skt": SKT,
    "answer-kt-not-late": KT,
    "answer-lgu-terms-ended": LGU,
    "answer-settled": f"{SKT}&repaid=2025-10-20=50500&welfare=1",
    "faulty": "/bill?carrier=&principal=5.5&due=2025-02-31&repaid=2026-01-01=x",
    "refusal": "/bill?carrier=KT&principal=50000&due=2020-11-30&on=2020-12-15",
    "not-found": "/nowhere?",
}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page(client: TestClient, golden: Callable[[str, str], None], name: str, language: str) -> None:
    html = client.get(f"{PAGES[name]}&lang={language}").text
    # The address of an asset follows its content: a new colour is no change of the page.
    golden(f"web/{name}.{language}.html", re.sub(r"\.[0-9a-f]{12}\.", ".HASH.", html))
