"""Filling: many lines through many months by the services, for measurements and long proofs."""

from collections.abc import Iterator
from datetime import date

from carrierbill.demo import cast
from carrierbill.demo.house import Post, house
from carrierbill.demo.scene import CLOSING_DAY, Person, Play, Scene, Story, Turn, at, late
from carrierbill.demo.year import open_shops, register
from carrierbill.domain.dates import month_later
from carrierbill.domain.policy import RuleSet
from carrierbill.services.authorise_purchase import authorise_purchase
from carrierbill.storage.database import Database

FIRST_MONTH = date(2025, 1, 1)
# The days on which people buy, each with one chance in two.
DAYS = (5, 12, 19, 26)
# Of a hundred bills: so many miss their due date; of a hundred lines: so many stop paying for good.
MISSED, NEVER = 30, 2
MOST_DAYS_LATE = 14
# Days are caught up with a few at a time, which books the same and costs less.
DAYS_WORKED_AT_ONCE = 5


def fill_year(database: Database, rules: RuleSet, *, lines: int, months: int = 12, seed: int = 1) -> Scene:
    """Fill an empty database: register lines, let them buy and repay, close months and advance days.

    Ends on the second of the month after the last one, when that is closed. Thirty bills in a hundred miss
    their due date, most of these are repaid within two weeks, a few lines stop paying.
    """
    play = Play(database, rules, at(FIRST_MONTH, 0, 5))
    end = month_later(FIRST_MONTH, months)
    scene = Scene(play, Post(play).tell, seed, FIRST_MONTH, end, open_shops(play), cast.sold())
    members = list(many_members(lines, seed))
    register(scene, members)
    play.tell(house(scene, every=DAYS_WORKED_AT_ONCE))
    for member in members:
        person = Person(scene, member)
        play.tell(_buys(person, months))
        play.tell(_repays(person, months))
    play.until(at(end.replace(day=CLOSING_DAY), 23, 59))
    return scene


def many_members(lines: int, seed: int) -> Iterator[cast.Member]:
    """Lines in the range for further ones, each of a holder of its own."""
    for place in range(1, lines + 1):
        number = cast.number_of(cast.FURTHER + place)
        carrier = ("SKT", "KT", "LGU")[place % 3]
        due_day = cast.dice(seed, number).choice(cast.DUE_DAYS[carrier])
        told = {"monthly_limit_won": cast.USUAL_LIMIT_WON}
        yield cast.Member(number, f"Demo {place:06d}", carrier, due_day, "", told=told)


def _buys(person: Person, months: int) -> Story:
    categories = list(person.scene.sold)
    for month in range(months):
        for day in DAYS:
            if person.chance.randrange(2):
                category = person.chance.choice(categories)
                wish = person.wish(person.price(category), category)
                yield Turn(person.when(month, day, 12), authorise_purchase, wish)


def _repays(person: Person, months: int) -> Story:
    chance = cast.dice(person.scene.seed, f"repays/{person.member.number}")
    stops_in = chance.randrange(months) if chance.randrange(100) < NEVER else months
    for month in range(stops_in):
        closed = yield from person.bill(month)
        if closed is not None:
            days = chance.randrange(1, MOST_DAYS_LATE + 1) if chance.randrange(100) < MISSED else 0
            # Who pays late rounds up, so that the fee is in it; what is over is credit for the next bill.
            won = closed.principal_won + (closed.principal_won // 20 if days else 0)
            yield from person.pay(late(closed, days, 11), won)
