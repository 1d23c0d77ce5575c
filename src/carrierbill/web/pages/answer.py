"""Answer: all parts of the answer to one bill, gathered for its page."""

from dataclasses import dataclass
from datetime import date

from carrierbill.bootstrap import App
from carrierbill.domain.position import Answer, answer_on
from carrierbill.domain.saying import Saying
from carrierbill.web.pages.asked import Asked
from carrierbill.web.pages.chart import Chart, chart_for
from carrierbill.web.pages.headline import GUIDE, TERMS, Headline, Side, headline_for, side_beside, side_for
from carrierbill.web.pages.next_day import next_day_for
from carrierbill.web.pages.state import State, state_for
from carrierbill.web.pages.timeline import Timeline, timeline_for
from carrierbill.web.pages.ways import Ways, ways_for
from carrierbill.web.pages.why import Why, why_for
from carrierbill.web.words import Words


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """The parts in the order the page shows them."""

    asked: Asked
    answer: Answer
    sides: tuple[Side, ...]
    headline: Headline
    state: State
    timeline: Timeline
    chart: Chart | None
    next_day: tuple[Saying, ...]
    ways: Ways
    why: Why


def answer_page(asked: Asked, app: App, today: date, *, words: Words) -> AnswerPage:
    """The answer; raises what `answer_on` raises."""
    others = app.shelf.shipped_beside(asked.rules.name)
    answer = answer_on(asked.bill, asked.on, asked.rules, others=others)
    own = side_for(asked, asked.rules)
    beside = side_beside(asked, app.rules(TERMS), app.rules(GUIDE))
    sides = (own, beside) if beside else (own,)
    ways = ways_for(asked, own.position)
    return AnswerPage(
        asked=asked,
        answer=answer,
        sides=sides,
        headline=headline_for(asked, sides, words=words, today=today),
        state=state_for(asked, sides, answer, words=words),
        timeline=timeline_for(asked, sides),
        chart=chart_for(asked, sides),
        next_day=next_day_for(asked, sides),
        ways=ways,
        why=why_for(asked, sides, ways),
    )
