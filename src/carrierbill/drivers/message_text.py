"""Message text: what fits into text messages, in letters that carriers take, cut where it may be cut."""

import unicodedata
from collections.abc import Iterator

CHARSET = "euc_kr"
# Bytes of a short and of a long message, as the carriers count them.
MOST_SHORT, MOST_LONG = 90, 2_000
# Room for the mark of a part, `(12/34)` and a line feed.
MARK_ROOM = 10
LETTER_BYTES = 2


def size_of(text: str) -> int:
    """How many bytes a text of such letters takes.

    >>> size_of("a" + chr(0xAC00))
    3
    """
    return len(text.encode(CHARSET))


def written_plainly(text: str) -> str:
    """The text in the letters that carriers take; one that has no likeness there is a question mark.

    >>> written_plainly("Café 1–2" + chr(0x1F4D6) + chr(9) + "x")
    'Cafe 1-2? x'
    """
    return "".join(map(_plain_letter, unicodedata.normalize("NFC", text)))


def _plain_letter(letter: str) -> str:
    if letter == "\n" or _is_taken(letter):
        return letter
    if letter in DASHES:
        return "-"
    if not letter.isprintable():
        return " "
    likeness = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return likeness or "?"


DASHES = "‐‑‒–—−"


def _is_taken(letter: str) -> bool:
    """Whether carriers take it: syllables that the codec writes as four letters are not among them."""
    try:
        return letter.isprintable() and len(letter.encode(CHARSET)) <= LETTER_BYTES
    except UnicodeEncodeError:
        return False


def parts_of(text: str) -> list[str]:
    r"""The text in one message, or in as many long ones as it takes, each with its place.

    >>> parts_of("short"), [part[:6] for part in parts_of("a line\n" * 300)]
    (['short'], ['(1/2)\n', '(2/2)\n'])
    """
    plain = written_plainly(text)
    if size_of(plain) <= MOST_LONG:
        return [plain]
    parts = list(_cut(plain, MOST_LONG - MARK_ROOM))
    return [f"({place}/{len(parts)})\n{part}" for place, part in enumerate(parts, 1)]


def _cut(text: str, most: int) -> Iterator[str]:
    """Parts of so many bytes at most, cut between lines where that can be."""
    part = ""
    for line in _short_lines(text, most):
        if part and size_of(part) + size_of(line) > most:
            yield part.rstrip("\n")
            part = ""
        part += line
    yield part.rstrip("\n")


def _short_lines(text: str, most: int) -> Iterator[str]:
    """Lines with their ends; one that fits into no part in pieces that do."""
    for line in text.splitlines(keepends=True):
        piece = ""
        for letter in line:
            if size_of(piece) + size_of(letter) > most:
                yield piece
                piece = ""
            piece += letter
        yield piece
