"""The domain and its JSON documents tell every story in scenarios/ as it was worked out by hand."""

from datetime import date
from typing import Any

import pytest

from carrierbill.documents.answer import late_fee_document, outlook_document
from carrierbill.domain.errors import NoRuleInForceError
from carrierbill.domain.outlook import Question, outlook_for
from carrierbill.domain.position import answer_on
from rule_sets import APP, RULE_SETS, a_bill
from stories import cases, differences


def as_json(value: Any) -> Any:
    """An expectation as a JSON document has it: days as text."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def answer_to(case: dict[str, Any]) -> Any:
    rules = RULE_SETS[case["rules"]]
    others = APP.shelf.shipped_beside(case["rules"])
    bill = a_bill(
        case["carrier"],
        case["principal_won"],
        case["due_on"],
        repaid=[(one["on"], one["won"]) for one in case.get("repaid", [])],
        welfare=case.get("welfare", False),
    )
    if "on" in case:
        return late_fee_document(answer_on(bill, case["on"], rules, others=others), APP.texts)
    question = Question(case.get("from_on"), case["days"])
    return outlook_document(outlook_for(bill, question, rules, others=others), APP.texts)["events"]


@pytest.mark.parametrize("case", cases())
def test_the_answer_is_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(NoRuleInForceError) as refused:
            answer_to(case)
        assert refused.value.rule == case["refused"]
        return
    found = answer_to(case)
    if "on" in case:
        assert differences(as_json(case["late_fee"]), found, "late_fee") == []
        return
    expected = as_json(case.get("event", []))
    assert [(one["on"], one["what"]) for one in found] == [(one["on"], one["what"]) for one in expected]
    assert differences(expected, found, "event") == []
