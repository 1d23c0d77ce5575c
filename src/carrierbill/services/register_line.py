"""Register line: holders, their lines, merchants, and what is known of a line's auto-pay."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from carrierbill.domain.dates import seoul_day
from carrierbill.domain.errors import BadInputError
from carrierbill.domain.limits import check_limits
from carrierbill.domain.line import DemoPart, Holder, LimitsAsked, Line
from carrierbill.domain.money import MOST_WON
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.purchase import CATEGORIES, Merchant, RefundTerms
from carrierbill.domain.saying import Saying
from carrierbill.services.decide import Refused, decide_each, outcome
from carrierbill.services.holding import line_of
from carrierbill.services.ports import Once, Unit


@dataclass(frozen=True, slots=True)
class RegisterHolder:
    """A person who is to have lines; `minor_until` is the day a minor comes of age."""

    name: str
    welfare: bool = False
    minor_until: date | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class HolderRegistered:
    """A holder on record."""

    holder_id: int


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A line of a known holder, or of a new one named `name`.

    Lines registered together that bear the same `person` are of one new holder. Without `consented_on` the
    line buys nothing until its holder consents. `demo` is for the databases that are made as demos alone.
    """

    number: str
    carrier: str
    due_day: int
    opened_on: date
    monthly_limit_won: int
    name: str = ""
    person: str = ""
    holder_id: int | None = None
    welfare: bool = False
    minor_until: date | None = None
    mvno: bool = False
    offered: bool = True
    consented_on: date | None = None
    daily_limit_won: int | None = None
    purchase_limit_won: int | None = None
    category_limits: tuple[tuple[str, int], ...] = ()
    demo: DemoPart | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class LineRegistered:
    """A line on record, with its holder."""

    line_id: int
    holder_id: int


@dataclass(frozen=True, slots=True)
class RegisterMerchant:
    """A seller of a client under its identifier there; name and contact are told with each charge."""

    client: str
    identifier: str
    name: str
    contact: str
    category: str
    refund_terms: RefundTerms = RefundTerms.GRANTED
    refund_cap_won: int | None = None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class MerchantRegistered:
    """A merchant on record."""

    merchant_id: int


@dataclass(frozen=True, slots=True)
class RecordAutoPay:
    """What is known of a line's auto-pay: when its card expires, what the account holds (None: not told)."""

    line_id: int
    card_expires_on: date | None
    balance_won: int | None
    once: Once | None = None


@outcome
@dataclass(frozen=True, slots=True)
class AutoPayRecorded:
    """A line whose auto-pay is on record."""

    line_id: int


def register_holder(commands: Sequence[RegisterHolder], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's HolderRegistered, or a BadInputError for a missing name."""
    del rules  # anybody may be a holder

    def decide(command: RegisterHolder) -> HolderRegistered:
        return HolderRegistered(_enrolled(command, unit).id)

    return decide_each(commands, unit, decide)


def _enrolled(command: "RegisterHolder | RegisterLine", unit: Unit) -> Holder:
    if not command.name.strip():
        raise BadInputError("name", Saying("bad_input.name"))
    holder = Holder(unit.new_id(Holder), welfare=command.welfare, minor_until=command.minor_until)
    unit.add(holder)
    unit.people.enrol(holder.id, command.name.strip())
    return holder


def register_line(commands: Sequence[RegisterLine], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's LineRegistered, Refused for a number already on record, or a BadInputError."""
    holder_ids = {command.holder_id for command in commands if command.holder_id is not None}
    unit.lock(holder_ids)
    unit.load(Holder, id=holder_ids)
    desk = _Desk(unit, rules, known=unit.lines_by_number([command.number for command in commands]))
    return decide_each(commands, unit, desk.decide)


def same_number(number: str) -> str:
    """A number without hyphens and country code, so that its ways of writing compare equal.

    >>> same_number("+821012345678"), same_number("010-1234-5678")
    ('01012345678', '01012345678')
    """
    digits = "".join(letter for letter in number if letter.isdigit())
    return f"0{digits[2:]}" if digits.startswith("8210") else digits


class _Desk:
    """Lines registered together: the numbers taken so far, and new holders by what the list calls them."""

    def __init__(self, unit: Unit, rules: RuleSet, *, known: Collection[str]) -> None:
        self._unit, self._rules, self._today = unit, rules, seoul_day(unit.now)
        self._taken = {same_number(number) for number in known}
        self._persons: dict[str, tuple[Holder, str]] = {}

    def decide(self, command: RegisterLine) -> LineRegistered | Refused:
        self._check(command)
        number = same_number(command.number)
        if number in self._taken:
            return Refused("line.number", Saying("refusal.number_known"))
        holder = self._holder(command)
        line = Line(
            id=self._unit.new_id(Line),
            holder_id=holder.id,
            carrier=command.carrier,
            opened_on=command.opened_on,
            due_day=command.due_day,
            monthly_limit_won=command.monthly_limit_won,
            daily_limit_won=command.daily_limit_won,
            purchase_limit_won=command.purchase_limit_won,
            category_limits=command.category_limits,
            mvno=command.mvno,
            offered=command.offered,
            consented_on=command.consented_on,
            demo=command.demo,
        )
        self._unit.add(line)
        self._unit.people.give_number(line.id, holder.id, command.number)
        self._taken.add(number)
        if command.person and command.holder_id is None:
            self._persons[command.person] = (holder, command.name.strip())
        return LineRegistered(line.id, holder.id)

    def _check(self, command: RegisterLine) -> None:
        carriers = self._rules.carriers
        if command.carrier not in carriers:
            known = {"known": ", ".join(carriers), "given": command.carrier}
            raise BadInputError("carrier", Saying("bad_input.carrier", known))
        due_days = self._rules.billing_on(command.carrier, self._today).content.due_days
        if command.due_day not in due_days:
            days = {"carrier": command.carrier, "known": ", ".join(str(day) for day in due_days)}
            raise BadInputError("due_day", Saying("bad_input.due_day", days))
        for field, day in (("opened_on", command.opened_on), ("consented_on", command.consented_on)):
            if day is not None and day > self._today:
                raise BadInputError(field, Saying("bad_input.day_ahead", {"today": self._today}))
        check_limits(
            LimitsAsked(
                command.monthly_limit_won,
                command.daily_limit_won,
                command.purchase_limit_won,
                command.category_limits,
            )
        )

    def _holder(self, command: RegisterLine) -> Holder:
        if command.holder_id is not None:
            holder = self._unit.get(Holder, command.holder_id)
            if holder is None:
                told = Saying("bad_input.no_holder", {"holder_id": str(command.holder_id)})
                raise BadInputError("holder", told)
            return holder
        if command.person not in self._persons:
            return _enrolled(command, self._unit)
        holder, name = self._persons[command.person]
        if (name, holder.welfare, holder.minor_until) != (
            command.name.strip(),
            command.welfare,
            command.minor_until,
        ):
            raise BadInputError("person", Saying("bad_input.person_differs"))
        return holder


def register_merchant(commands: Sequence[RegisterMerchant], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's MerchantRegistered, Refused where the identifier is taken, or a BadInputError."""
    del rules  # anybody may sell
    clients = {command.client for command in commands}
    taken = {(merchant.client, merchant.identifier) for merchant in unit.peek(Merchant, client=clients)}

    def decide(command: RegisterMerchant) -> MerchantRegistered | Refused:
        for field in ("client", "identifier", "name", "contact"):
            if not getattr(command, field).strip():
                raise BadInputError(field, Saying("bad_input.missing"))
        if command.category not in CATEGORIES:
            known = {"known": ", ".join(CATEGORIES), "given": command.category}
            raise BadInputError("category", Saying("bad_input.category", known))
        if (command.client, command.identifier) in taken:
            return Refused("merchant.identifier", Saying("refusal.merchant_known"))
        taken.add((command.client, command.identifier))
        merchant = Merchant(
            id=unit.new_id(Merchant),
            client=command.client,
            identifier=command.identifier,
            name=command.name,
            contact=command.contact,
            category=command.category,
            refund_terms=command.refund_terms,
            refund_cap_won=command.refund_cap_won,
        )
        unit.add(merchant)
        return MerchantRegistered(merchant.id)

    return decide_each(commands, unit, decide)


def record_auto_pay(commands: Sequence[RecordAutoPay], unit: Unit, rules: RuleSet) -> list[object]:
    """Each command's AutoPayRecorded, or a BadInputError for an unknown line or amount."""
    del rules  # what follows from it is asked when a reminder goes out
    line_ids = {command.line_id for command in commands}
    unit.lock({line.holder_id for line in unit.peek(Line, id=line_ids)})
    unit.load(Line, id=line_ids)

    def decide(command: RecordAutoPay) -> AutoPayRecorded:
        line = line_of(command.line_id, unit)
        if command.balance_won is not None and not 0 <= command.balance_won <= MOST_WON:
            raise BadInputError("balance", Saying("bad_input.limit", {"most_won": MOST_WON}))
        unit.put(replace(line, card_expires_on=command.card_expires_on, balance_won=command.balance_won))
        return AutoPayRecorded(line.id)

    return decide_each(commands, unit, decide)
