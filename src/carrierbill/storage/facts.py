"""Facts: the books at one moment as `verify_books` asks for them: chains walked, sums streamed by id."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path

from carrierbill.domain.journal import LedgerAccount
from carrierbill.services.verify_books import UnreadableError, WrongRow
from carrierbill.storage.proof import Head, Walk
from carrierbill.storage.sql import DATABASE_ERRORS, Row, Session

# By what an account's postings are told apart; what belongs to the house is one.
OF: Mapping[str, str] = {"line": "line_id", "merchant": "merchant_id", "bill": "bill_id", "house": "0"}
# What the two databases write in their own way, by whether it is SQLite.
WORDS: Mapping[bool, Mapping[str, str]] = {
    True: {
        "month_of_refund": "substr(r.refunded_on, 1, 7)",
        "month_of_purchase": "substr(p.month, 1, 7)",
        "limit_in_action": "instr(a.action, 'limit')",
    },
    False: {
        "month_of_refund": "date_trunc('month', r.refunded_on)",
        "month_of_purchase": "date_trunc('month', p.month)",
        "limit_in_action": "strpos(a.action, 'limit')",
    },
}


@cache
def statements() -> Mapping[str, str]:
    """The statements of facts.sql by their names."""
    parts = Path(__file__).with_name("facts.sql").read_text(encoding="utf-8").strip().split("\n\n")[1:]
    heads_and_texts = [part.split("\n", 1) for part in parts]
    return {head.removeprefix("-- ").partition(":")[0]: text for head, text in heads_and_texts}


class StoredFacts:
    """What a database tells at one moment, and the heads printed outside of it."""

    def __init__(self, session: Session, printed: Sequence[Head]) -> None:
        """Read in this session alone."""
        self._session, self._walk = session, Walk(session, printed)

    def wrong_rows(self) -> Iterator[WrongRow]:
        """The first wrong row of each chain."""
        return self._walk.wrong_rows()

    def rows(self) -> Mapping[str, int]:
        """How many rows each chain has."""
        return dict(self._walk.counted)

    def balance(self, account: str, of: str) -> Iterator[tuple[int, int]]:
        """An account's balance for each of what it is kept for."""
        statement = (
            f"SELECT COALESCE({OF[of]}, 0), CAST(SUM(CASE WHEN debit = ? THEN won ELSE -won END) AS BIGINT) "  # noqa: S608  # names are ours
            "FROM postings WHERE debit = ? OR credit = ? GROUP BY 1 ORDER BY 1"
        )
        return self._pairs(statement, [account] * 3)

    def trial_balance(self) -> Mapping[str, int]:
        """Each account's balance; one without postings stands at 0."""
        sums = dict.fromkeys(map(str, LedgerAccount), 0)
        statement = "SELECT debit, credit, CAST(SUM(won) AS BIGINT) FROM postings GROUP BY debit, credit"
        for debit, credit, won in self._stream(statement):
            sums[debit] = sums.get(debit, 0) + won
            sums[credit] = sums.get(credit, 0) - won
        return sums

    def sums(self, name: str) -> Iterator[tuple[int, int]]:
        """Won by id."""
        return self._pairs(f"SELECT * FROM ({self._statement(name)}) AS told ORDER BY 1")  # noqa: S608  # ours

    def exceptions(self, name: str) -> Iterator[str]:
        """The keys of what should not be there."""
        return (str(key) for (key,) in self._stream(self._statement(name)))

    def _statement(self, name: str) -> str:
        return statements()[name].format(**WORDS[self._session.on_sqlite])

    def _pairs(self, statement: str, values: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
        for key, won in self._stream(statement, values):
            if not isinstance(key, int) or not isinstance(won, (int, Decimal)):
                raise UnreadableError(statement)
            yield key, int(won)

    def _stream(self, statement: str, values: Sequence[str] = ()) -> Iterator[Row]:
        try:
            yield from self._session.stream(statement, values)
        except DATABASE_ERRORS as error:
            raise UnreadableError(statement) from error
