"""Texts as a gazetteer reads them: one character for one, so that places keep their positions."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_CJK = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z0-9]+")
_APART = re.compile(r"[\s'’·,，-]{1,2}")


class Span(NamedTuple):
    """From `start` to before `end`, characters."""

    start: int
    end: int


def fold(text: str) -> str:
    """Half width and lower case, character by character: as long as the text it was given."""
    return "".join(_fold_one(character) for character in text)


def _fold_one(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).lower()
    return folded if len(folded) == 1 else character


def plain(name: str) -> str:
    """A name without what stands in brackets after it."""
    return re.sub(r"[(（\[【].*$", "", fold(name)).strip() or fold(name).strip()


def cjk_runs(folded: str) -> Iterator[Span]:
    """Stretches of Chinese characters."""
    for match in _CJK.finditer(folded):
        yield Span(*match.span())


def latin_runs(folded: str) -> Iterator[list[Span]]:
    """Rows of words in Latin letters with no more than a space or a sign between them."""
    row: list[Span] = []
    for match in _LATIN.finditer(folded):
        if row and not _APART.fullmatch(folded[row[-1].end : match.start()]):
            yield row
            row = []
        row.append(Span(*match.span()))
    if row:
        yield row
