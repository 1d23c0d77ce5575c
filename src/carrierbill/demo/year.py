"""Year: who is registered, what people usually buy and how they pay, and all stories played to an end."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from carrierbill.demo import buying_stories, cast, late_stories
from carrierbill.demo.cast import Member, drawn
from carrierbill.demo.house import Post, house
from carrierbill.demo.scene import Part, Person, Play, Scene, Story, Turn, at, late
from carrierbill.domain.access import SCOPES
from carrierbill.domain.dates import month_later, month_of
from carrierbill.domain.line import DemoPart
from carrierbill.domain.policy import RuleSet
from carrierbill.domain.session import Role
from carrierbill.services.admit_client import AdmitClient, admit_client
from carrierbill.services.admit_staff import DEMO_NAMES, AddStaff, add_staff
from carrierbill.services.authorise_purchase import authorise_purchase
from carrierbill.services.close_month import Closed
from carrierbill.services.holding import Authorised
from carrierbill.services.register_line import (
    RegisterLine,
    RegisterMerchant,
    register_line,
    register_merchant,
)
from carrierbill.storage.clients import ClientSecrets
from carrierbill.storage.database import Database
from carrierbill.storage.marks import record_rules
from carrierbill.storage.passwords import Passwords

MONTHS = 12
LINES = 80
DEMO_PASSWORD = "demo"  # noqa: S105  # for demo databases alone, where it is no secret
YEARS_OLD = 4
# A minor comes of age so many years after the year began.
YEARS_TO_COME = 3
# When people buy: hours of the day, so that those who buy at one time share a transaction.
HOURS = ((8, 20), (12, 35), (18, 10), (21, 45))
# Of a hundred purchases: those made in two steps, and those made in one and given back within days.
TWO_STEPS, GIVEN_BACK = 35, 2
# Of a hundred made in two steps: those cancelled, and those that run out.
CANCELLED, LAPSED = 9, 6
CATEGORIES = {"goods": 34, "transport": 14, "content": 26, "game": 20, "voucher": 6}


def shops(person: Person) -> Story:
    """Buys a few things each month, mostly in one step."""
    for month in range(MONTHS + 1):
        days = sorted(person.chance.sample(range(1, 29), person.chance.choice((0, 1, 2, 3, 3, 4, 5))))
        for day in days:
            hour, minute = person.chance.choice(HOURS)
            yield from _buys(person, person.when(month, day, hour, minute=minute + day % 7))


def _buys(person: Person, when: datetime) -> Part:
    category = drawn(CATEGORIES, person.chance)
    won = person.price(category)
    if person.chance.randrange(100) >= TWO_STEPS:
        wish = person.wish(won, category)
        bought = yield Turn(when, authorise_purchase, wish)
        if isinstance(bought, Authorised) and person.chance.randrange(100) < GIVEN_BACK:
            later = when + timedelta(days=person.chance.randrange(4), hours=2)
            yield from person.refund(later, bought, won, client=wish.client)
        return
    wish, held = yield from person.hold(when, won, category)
    if not isinstance(held, Authorised):
        return
    left = person.chance.randrange(100)
    if left < CANCELLED:
        yield from person.cancel(when, wish, held)
    elif left < CANCELLED + LAPSED:
        yield from person.let_lapse(when, held)
    else:
        yield from person.confirm(when, wish, held)


def pays(person: Person) -> Story:
    """Pays each bill the way of the member's habit."""
    for month in range(MONTHS):
        closed = yield from person.bill(month)
        if closed is not None:
            yield from HABITS[person.member.story](person, closed)


def punctual(person: Person, closed: Closed) -> Part:
    """On the due date where a card or an account pays by itself, else up to three days before."""
    before = 0 if person.member.autopay else person.chance.randrange(4)
    yield from person.pay_all(late(closed, -before, 10 if before == 0 else 20))


def slow(person: Person, closed: Closed) -> Part:
    """Mostly in time; now and then up to two weeks late."""
    days = person.chance.choice((0, 0, 0, 0, 0, 0, 0, 2, 5, 9, 13))
    yield from person.pay_all(late(closed, days, 10))


def halves(person: Person, closed: Closed) -> Part:
    """Half in time, the rest later."""
    yield from person.pay(late(closed, 0, 10), closed.principal_won // 2, closed.bill_id)
    yield from person.pay_all(late(closed, person.chance.randrange(6, 21), 10))


def overpays(person: Person, closed: Closed) -> Part:
    """A round sum, more than is owed; the rest is credit for the next bill."""
    when = late(closed, -1, 10)
    yield Turn(when)
    yield from person.pay(when, -(-person.owed_won // 10_000) * 10_000)


def forgetful(person: Person, closed: Closed) -> Part:
    """Weeks late more often than not."""
    yield from person.pay_all(late(closed, person.chance.choice((0, 3, 12, 24, 33, 47)), 10))


HABITS: Mapping[str, Callable[[Person, Closed], Part]] = {
    habit.__name__: habit for habit in (punctual, slow, halves, overpays, forgetful)
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a demo is to hold: its last day, its chance, ordinary lines, further lines and their limit."""

    until: date
    seed: int = 1
    lines: int = LINES
    further: int = 0
    further_limit_won: int = cast.USUAL_LIMIT_WON

    @property
    def first_month(self) -> date:
        """The month in which the year begins."""
        return month_later(month_of(self.until), -MONTHS)


def make_year(database: Database, rules: RuleSet, plan: Plan) -> Scene:
    """Register everybody on an empty database and play the year through the services."""
    start = at(plan.first_month, 0, 5)
    play = Play(database, rules, start)
    with database.session() as session:
        record_rules(session, rules, play.now)
    admit_demo_staff(play)
    post, firms = Post(play), open_shops(play)
    play.decide(admit_client, demo_clients(ClientSecrets(database.keys.index_secret)))
    scene = Scene(play, post.tell, plan.seed, plan.first_month, plan.until, firms, cast.sold())
    members = [*cast.promised_members(), *cast.characters(), *cast.ordinary_members(plan.lines, plan.seed)]
    register(scene, [member for member in members if member.opened_in_month is None])
    scene.members += members
    post.unreachable |= {scene.lines[member.number] for member in members if member.unreachable}
    play.tell(house(scene))
    for member in members:
        for story in stories_of(Person(scene, member)):
            play.tell(story)
    play.until(at(plan.until, 23, 59))
    play.decide(register_line, further_lines(plan))
    return scene


def admit_demo_staff(play: Play) -> None:
    """Let somebody of each role in, with a password that everybody knows."""
    password_hash = Passwords().hash_of(DEMO_PASSWORD)
    names = {f"{DEMO_NAMES}{role}": role for role in Role}
    play.decide(
        add_staff,
        [AddStaff(name, role, password_hash, "demo", for_demo=True) for name, role in names.items()],
    )


def open_shops(play: Play) -> list[cast.Firm]:
    """Register every merchant; those to buy from are returned."""
    firms = list(cast.firms())
    told = [
        RegisterMerchant(**{field.name: getattr(firm, field.name) for field in fields(firm)})
        for firm in firms
    ]
    play.decide(register_merchant, told)
    return firms[: len(cast.read_cast()["firm"])]


def demo_clients(secrets: ClientSecrets) -> Iterator[AdmitClient]:
    """The clients of a demo, each with every scope; their secrets are known to everybody."""
    for client in cast.CLIENTS:
        secret_hash = secrets.hash_of(client, f"{client}-secret")
        yield AdmitClient(client, client, SCOPES, secret_hash, by="demo", demo=True)


def register(scene: Scene, members: Iterable[Member]) -> None:
    """Register lines with their holders, now."""
    told = list(members)
    outcomes = scene.play.decide(register_line, [registration(scene, member) for member in told])
    scene.lines |= {member.number: outcome.line_id for member, outcome in zip(told, outcomes, strict=True)}


def registration(scene: Scene, member: Member) -> RegisterLine:
    """What a line is registered with: lines of one holder bear the number of its first."""
    opened_on = month_later(scene.first_month, -12 * YEARS_OLD)
    if member.opened_in_month is not None:
        opened_on = scene.month(member.opened_in_month)
    return RegisterLine(
        member.number,
        member.carrier,
        member.due_day,
        opened_on,
        name=member.name,
        person=member.holder or member.number,
        welfare=member.welfare,
        minor_until=month_later(scene.first_month, 12 * YEARS_TO_COME) if member.minor else None,
        consented_on=opened_on,
        **member.told,
    )


def further_lines(plan: Plan) -> Iterator[RegisterLine]:
    """Lines that may buy up to their limit and never have, each of a holder of its own."""
    opened_on = month_later(plan.first_month, -12 * YEARS_OLD)
    name = cast.read_cast()["further"]["name"]
    for place in range(1, plan.further + 1):
        carrier = ("SKT", "KT", "LGU")[place % 3]
        yield RegisterLine(
            cast.number_of(cast.FURTHER + place),
            carrier,
            25,
            opened_on,
            plan.further_limit_won,
            name=f"{name} {place:06d}",
            consented_on=opened_on,
            demo=DemoPart.EXEMPT,
        )


def stories_of(person: Person) -> list[Story]:
    """What is told of a member: a story of its own, or how people usually buy and pay; nothing of some."""
    member = person.member
    if member.story in HABITS:
        return [shops(person), pays(person)]
    if not member.story:
        return []
    told = {**buying_stories.STORIES, **late_stories.STORIES}[member.story](person)
    return [told] if member.opened_in_month is None else [_once_registered(person, told)]


def _once_registered(person: Person, story: Story) -> Story:
    """A story that begins with the opening of its line."""
    scene, member = person.scene, person.member
    opened = at(scene.month(member.opened_in_month or 0), 10)
    registered = yield Turn(opened, register_line, registration(scene, member))
    scene.lines[member.number] = registered.line_id
    yield from story
