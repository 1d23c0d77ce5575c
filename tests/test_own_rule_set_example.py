"""The rule set that CONTRIBUTING.md makes, taken file by file from its page, answers what the page says."""

import re
from datetime import date
from pathlib import Path

import pytest

from carrierbill.bootstrap import App, start
from carrierbill.domain.outlook import Question, outlook_for
from carrierbill.domain.position import position_on
from rule_sets import a_bill

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# A paragraph that begins with the name of a file, and the TOML below it.
FILE = re.compile(r"^`coop/([\w/.]+)`(?:[^`]|`(?!``))*?\n\n```toml\n(.*?)```", re.MULTILINE | re.DOTALL)
NEXT_STAGE = '[[ladder.stage]]\nstage = "late_7"'


@pytest.fixture
def app(tmp_path: Path) -> App:
    for name, toml in FILE.findall(PAGE):
        file = tmp_path / "coop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = toml
        if name == "stages.toml":
            guide = (ROOT / "src/carrierbill/policies/guide/stages.toml").read_text(encoding="utf-8")
            assert guide.count(NEXT_STAGE) == 1
            text = guide.replace(NEXT_STAGE, f"{toml}\n{NEXT_STAGE}")
        file.write_text(text, encoding="utf-8")
    return start({"CARRIERBILL_POLICIES": str(tmp_path)})


def test_its_fee_and_stage_are_what_the_page_works_out(app: App) -> None:
    bill = a_bill("COOP", due_on=date(2026, 2, 27))
    position = position_on(bill, date(2026, 4, 30), app.rules("coop"))
    assert "The fee is 195 won" in PAGE
    assert position.late_fee.fee.charged == 195
    assert position.lateness.stage == "late_30"
    assert "block_purchases" in position.lateness.effects


def test_its_stage_is_told_in_its_own_words(app: App) -> None:
    bill = a_bill("COOP", due_on=date(2026, 2, 27))
    outlook = outlook_for(bill, Question(), app.rules("coop"), others=())
    told = [app.texts.say("en", event.saying) for event in outlook.events]
    assert "A text message is sent. Coop Mobile blocks new purchases." in told


def test_a_carrier_of_the_guide_keeps_its_fee_and_its_last_stage(app: App) -> None:
    bill, day = a_bill("SKT", due_on=date(2026, 2, 27)), date(2026, 6, 30)
    ours, guides = (position_on(bill, day, app.rules(name)) for name in ("coop", "guide"))
    assert ours.late_fee == guides.late_fee
    assert (ours.lateness.stage, ours.lateness.effects) == (guides.lateness.stage, guides.lateness.effects)
