"""Typed: what was given for a bill, kept as it was typed so that no fault costs a person their work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

MOST_REPAYMENTS = 5
# Longer than anything meant, short enough to be shown again.
LONGEST = 100
TEXTS = ("carrier", "principal", "due", "on", "rules", "income", "card_until", "balance")
TICKS = ("welfare", "cash_advance")
# What a program may send for a box that is not ticked; a browser sends nothing.
UNTICKED = frozenset({"", "0", "false", "off", "no"})
ROWS = tuple(range(1, MOST_REPAYMENTS + 1))
# What says something of a person or an account, not of the bill: it never goes into any address.
PERSONAL = ("income", "card_until", "balance", "cash_advance")

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form by name; a row of repayments is `repaid_on_1` and `repaid_won_1`.

    `surplus` says that more repayments were named than there are rows.
    """

    fields: Mapping[str, str]
    surplus: bool = False

    def text(self, name: str) -> str:
        """What was typed in a field; empty if nothing was."""
        return self.fields.get(name, "")

    @property
    def is_blank(self) -> bool:
        """Whether no field of the form was sent at all."""
        return not self.fields

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The fields that hold something, in the form's order, repayments as `day=won`."""
        told = [(name, self.text(name)) for name in (*TEXTS, *TICKS) if self.text(name)]
        rows = ((self.text(f"repaid_on_{row}"), self.text(f"repaid_won_{row}")) for row in ROWS)
        return [*told, *(("repaid", f"{day}={won}") for day, won in rows if day or won)]

    @property
    def is_personal(self) -> bool:
        """Whether something was told of a person or an account."""
        return any(self.text(name) for name in PERSONAL)

    def query(self, language: str) -> str:
        """A query string that asks the same again, without what is personal."""
        kept = [(name, value) for name, value in self.pairs if name not in PERSONAL]
        return urlencode([*kept, ("lang", language)], safe="=,")

    def by(self, rules: str) -> "Typed":
        """The same by another rule set."""
        return Typed({**self.fields, "rules": rules}, self.surplus)


def read_typed(pairs: Pairs) -> Typed:
    """The fields of a query or a form; unknown names are left aside, the last of two alike counts."""
    fields: dict[str, str] = {}
    repaid = []
    for name, value in pairs:
        text = tidy(value)
        if name in TICKS:
            fields[name] = "" if text.lower() in UNTICKED else "1"
        elif name in TEXTS or name in ROW_NAMES:
            fields[name] = text
        elif name == "repaid" and text:
            repaid.append(text)
    free = [row for row in ROWS if not fields.get(f"repaid_on_{row}") and not fields.get(f"repaid_won_{row}")]
    for row, text in zip(free, repaid, strict=False):
        fields[f"repaid_on_{row}"], _, fields[f"repaid_won_{row}"] = text.partition("=")
    return Typed(fields, surplus=len(repaid) > len(free))


def tidy(value: str) -> str:
    r"""A field without surrounding blanks and invisible signs, cut to what can be shown again.

    >>> tidy(" 50,000\x00 ")
    '50,000'
    """
    return "".join(letter for letter in value[: LONGEST * 2] if letter.isprintable()).strip()[:LONGEST]


ROW_NAMES = frozenset(f"repaid_{part}_{row}" for part in ("on", "won") for row in ROWS)
