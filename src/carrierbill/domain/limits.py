"""Limits: how much a line may buy, and how much is wise."""

from datetime import date

from carrierbill.domain.money import cut_down
from carrierbill.domain.policy import RecommendedLimit, RuleSet, Value


def recommended_limit(day: date, rules: RuleSet) -> Value[RecommendedLimit]:
    """The advice in force on the day."""
    return rules.in_force("spending_limits", rules.spending_limits["recommended"], day)


def recommended_limit_won(income_won: int | None, day: date, rules: RuleSet) -> int:
    """The advised monthly spending limit in won for a monthly income in won (None: not told)."""
    advice = recommended_limit(day, rules).content
    if income_won is None:
        return advice.at_most_won
    return min(cut_down(income_won * advice.share_of_income), advice.at_most_won)
