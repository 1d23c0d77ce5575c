"""Sentences on a page: safe, and with days and amounts that do not break."""

from datetime import date

import pytest

from carrierbill.bootstrap import start
from carrierbill.domain.saying import Saying
from carrierbill.web.words import Words, accepted_language


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(start({}).texts, "ko")


def test_what_a_person_typed_is_escaped_inside_a_sentence(words: Words) -> None:
    said = words.t("page.fault.carrier", known="<b>{principal}</b>")
    assert said == "통신사는 &lt;b&gt;{principal}&lt;/b&gt; 가운데 골라 주세요."


def test_days_and_amounts_stay_whole(words: Words) -> None:
    said = words.t("page.why.repaid", on=date(2025, 9, 30), repaid_won=1000)
    assert said == (
        '<span class="whole">2025년 9월 30일(화)</span>에 <span class="whole">1,000원</span>을 갚으셨어요.'
    )


def test_a_saying_inside_a_saying_is_said_in_its_place(words: Words) -> None:
    saying = Saying("note.elsewhere_refused", {"rules": "terms", "reason": Saying("page.fault.not_won")})
    assert "금액은 50,000처럼" in words.say(saying)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en", "en"),
        ("EN-us", "en"),
        ("de,en;q=0.3,ko;q=0.2", "en"),
        ("*", "ko"),
        ("en;q=2.x", "ko"),
        ("en;q=", "en"),
        ("en;q=1.0", "en"),
    ],
)
def test_the_language_a_browser_likes_best(header: str, language: str) -> None:
    assert accepted_language(header) == language
