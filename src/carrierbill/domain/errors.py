"""Errors that a person can be told: each carries the sentence, never only a trace."""

from datetime import date

from carrierbill.domain.saying import Saying


class SayableError(Exception):
    """Something to tell a person; `reason` is the sentence."""

    def __init__(self, reason: Saying) -> None:
        """Keep the sentence and, for a log, its key and values."""
        super().__init__(reason.key, dict(reason.values))
        self.reason = reason


class BadInputError(SayableError):
    """What was given cannot be meant: `field` names the input, the reason says what would be right."""

    def __init__(self, field: str, reason: Saying) -> None:
        """Keep the name of the faulty input beside the sentence."""
        super().__init__(reason)
        self.field = field


class RefusedError(SayableError):
    """No answer can be given by the rules: `rule` names which, `lifted_by` says what would help."""

    def __init__(self, rule: str, reason: Saying, lifted_by: Saying | None = None) -> None:
        """Keep the rule that refuses and what would lift the refusal."""
        super().__init__(reason)
        self.rule = rule
        self.lifted_by = lifted_by


class NoRuleInForceError(RefusedError):
    """A day needs a rule and the rule set has none in force on it."""

    def __init__(self, rules: str, topic: str, on: date) -> None:
        """Name the rule set, the topic and the day."""
        super().__init__(
            "no_rule_in_force",
            Saying("refusal.no_rule_in_force", {"rules": rules, "topic": topic, "on": on}),
            Saying("refusal.no_rule_in_force_lifted", {"rules": rules}),
        )
        self.on = on


class UnknownCarrierError(RefusedError):
    """A rule set knows no tariff for the carrier."""

    def __init__(self, rules: str, carrier: str) -> None:
        """Name the rule set and the carrier."""
        super().__init__(
            "unknown_carrier", Saying("refusal.unknown_carrier", {"rules": rules, "carrier": carrier})
        )


class DayOutsideError(RefusedError):
    """A day lies outside the resolved calendar."""

    def __init__(self, on: date, first_on: date, last_on: date) -> None:
        """Name the day and the calendar's first and last day."""
        super().__init__(
            "business_days",
            Saying("refusal.day_outside", {"on": on, "first_on": first_on, "last_on": last_on}),
        )
