"""From a text to the places it names: the district's landmarks, streets and areas, in any writing.

A name is found as it is written, without the city's name before it, by its sound (homophones,
as dictation and hurried typing make them), and in pinyin. What was typed is never changed: every
place found says which characters of the text named it.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import hypot

import jieba  # type: ignore[import-untyped]
import msgspec
import numpy as np
from pypinyin import lazy_pinyin

from geo.air import METRES_PER_DEGREE, air_m
from geo.gazetteer_text import Span, cjk_runs, fold, latin_runs, plain
from geo.types import Point

KINDS = {"post": 1.0, "landmark": 0.95, "street": 0.8, "area": 0.5}
"""How closely a name of each kind says where something is."""
WRITTEN, SHORTENED, BY_SOUND, IN_PINYIN = 1.0, 0.9, 0.6, 0.7
MISCUT = 0.5
"""For a name whose ends are not ends of words: `东方` in `东方向`."""
LEAST_SOUNDS = 3
LEAST_PINYIN = 6
CROSSING_M = 80.0
CROSSING_GAP = 6
MOST_FOUND = 8
WORD_WEIGHT = 20_000
_BETWEEN = frozenset("与和同及跟、&/交")


class Named(msgspec.Struct, frozen=True):
    """A name and where it lies: a landmark's point, points along a street, corners of an area.

    lon/lat WGS-84 degrees. `kind` is a key of `KINDS`.
    """

    name: str
    kind: str
    points: tuple[Point, ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A place that a text names: from `start` to before `end` in the text as it was given.

    `radius_m` says how vague the place is; `how` is `written`, `shortened`, `sound`, `pinyin` or
    `crossing`; `score` is 0 to 1.
    """

    name: str
    kind: str
    place: Point
    radius_m: float
    start: int
    end: int
    how: str
    score: float


class _Hit(msgspec.Struct, frozen=True):
    entry: int
    span: Span
    how: str
    worth: float


class Gazetteer:
    """Names of one district, read once. `common` are words of the language with their counts.

    `drop` are names of the city and the district: a landmark is also known without them.
    """

    def __init__(
        self, names: Iterable[Named], common: Mapping[str, int], drop: Sequence[str] = ()
    ) -> None:
        self._names = [one for one in names if len(one.name) >= 2 and one.points]
        self._middles = [_middle(one.points) for one in self._names]
        self._written: dict[str, list[int]] = {}
        self._shortened: dict[str, list[int]] = {}
        self._sounds: dict[tuple[str, ...], list[int]] = {}
        self._pinyin: dict[str, list[int]] = {}
        prefixes = sorted({fold(one) for one in drop if one}, key=len, reverse=True)
        for number, one in enumerate(self._names):
            name = plain(one.name)
            self._written.setdefault(name, []).append(number)
            for prefix in prefixes:
                rest = name.removeprefix(prefix)
                if rest != name and len(rest) >= 3:
                    self._shortened.setdefault(rest, []).append(number)
                    break
            self._learn_sound(number, name)
        self._longest = max(map(len, (*self._written, *self._shortened)), default=0)
        self._lengths = sorted({len(key) for key in self._sounds})
        self._cutter = _make_cutter(common, (*self._written, *self._shortened))

    def _learn_sound(self, number: int, name: str) -> None:
        sounds = tuple(lazy_pinyin(name))
        if len(sounds) == len(name) >= LEAST_SOUNDS:
            self._sounds.setdefault(sounds, []).append(number)
        joined = "".join(sounds)
        if joined.isascii() and joined.isalnum() and len(joined) >= LEAST_PINYIN:
            self._pinyin.setdefault(joined, []).append(number)

    def find(self, text: str) -> list[Found]:
        """The places that a text names, the surest first; at most `MOST_FOUND`."""
        folded = fold(text)
        ends = self._word_ends(folded)
        hits = _widest([*self._by_writing(folded, ends), *self._by_pinyin(folded)])
        taken = [hit.span for hit in hits]
        hits += _widest(
            hit
            for hit in self._by_sound(folded)
            if all(hit.span.end <= one.start or one.end <= hit.span.start for one in taken)
        )
        found = [*self._crossings(folded, hits), *(self._found(hit) for hit in hits)]
        best: dict[tuple[str, Point], Found] = {}
        for one in found:
            kept = best.get((one.name, one.place))
            if kept is None or one.score > kept.score:
                best[one.name, one.place] = one
        ranked = sorted(best.values(), key=lambda one: (-one.score, one.start, one.name))
        return ranked[:MOST_FOUND]

    def _word_ends(self, folded: str) -> set[int]:
        """Positions between words, as the language and the district's names cut the text."""
        ends, at = {0}, 0
        for word in self._cutter.cut(folded, HMM=False):
            at += len(word)
            ends.add(at)
        return ends

    def _by_writing(self, folded: str, ends: set[int]) -> Iterable[_Hit]:
        for start in range(len(folded)):
            for length in range(min(self._longest, len(folded) - start), 1, -1):
                piece = folded[start : start + length]
                for table, how, worth in (
                    (self._written, "written", WRITTEN),
                    (self._shortened, "shortened", SHORTENED),
                ):
                    for entry in table.get(piece, ()):
                        span = Span(start, start + length)
                        cut = span.start in ends and span.end in ends
                        if piece.isascii() and not _stands_alone(folded, span):
                            continue
                        yield _Hit(entry, span, how, worth if cut else worth * MISCUT)

    def _by_sound(self, folded: str) -> Iterable[_Hit]:
        for run in cjk_runs(folded):
            sounds = lazy_pinyin(folded[run.start : run.end])
            if len(sounds) != run.end - run.start:
                continue
            for length in self._lengths:
                for start in range(len(sounds) - length + 1):
                    for entry in self._sounds.get(tuple(sounds[start : start + length]), ()):
                        span = Span(run.start + start, run.start + start + length)
                        yield _Hit(entry, span, "sound", BY_SOUND)

    def _by_pinyin(self, folded: str) -> Iterable[_Hit]:
        """Whole words in a row whose letters together are the pinyin of a name."""
        for words in latin_runs(folded):
            for first in range(len(words)):
                joined = ""
                for last in range(first, min(len(words), first + 10)):
                    joined += folded[words[last].start : words[last].end]
                    span = Span(words[first].start, words[last].end)
                    for entry in self._pinyin.get(joined, ()):
                        yield _Hit(entry, span, "pinyin", IN_PINYIN)

    def _found(self, hit: _Hit) -> Found:
        one = self._names[hit.entry]
        same = len(self._written[plain(one.name)])
        longer = min(1.0, 0.7 + 0.1 * (hit.span.end - hit.span.start - 2))
        place, radius_m = self._middles[hit.entry]
        return Found(
            name=one.name,
            kind=one.kind,
            place=place,
            radius_m=radius_m,
            start=hit.span.start,
            end=hit.span.end,
            how=hit.how,
            score=round(hit.worth * KINDS[one.kind] * longer / same, 4),
        )

    def _crossings(self, folded: str, hits: list[_Hit]) -> Iterable[Found]:
        """Two streets named one after the other, where they meet."""
        streets = [hit for hit in hits if self._names[hit.entry].kind == "street"]
        for one in streets:
            for other in streets:
                gap = folded[one.span.end : other.span.start]
                if not 0 <= other.span.start - one.span.end <= CROSSING_GAP:
                    continue
                if gap and not (_BETWEEN & set(gap) or gap.strip() in ("", "and", "x")):
                    continue
                met = _meet(self._names[one.entry].points, self._names[other.entry].points)
                if met is None:
                    continue
                yield Found(
                    name=f"{self._names[one.entry].name}/{self._names[other.entry].name}",
                    kind="street",
                    place=met,
                    radius_m=CROSSING_M / 2,
                    start=one.span.start,
                    end=other.span.end,
                    how="crossing",
                    score=round(0.98 * min(one.worth, other.worth), 4),
                )


def _make_cutter(common: Mapping[str, int], names: Iterable[str]) -> jieba.Tokenizer:
    """A tokenizer whose dictionary is given, not read from disk nor kept in a file of its own."""
    cutter = jieba.Tokenizer()
    cutter.FREQ = dict(common)
    cutter.total = max(1, sum(common.values()))
    cutter.initialized = True
    for name in names:
        cutter.add_word(name, freq=WORD_WEIGHT)
    return cutter


def _stands_alone(folded: str, span: Span) -> bool:
    before = folded[span.start - 1 : span.start]
    after = folded[span.end : span.end + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def _widest(hits: Iterable[_Hit]) -> list[_Hit]:
    """Without those inside a wider one of no less worth."""
    rows = sorted(hits, key=lambda hit: (hit.span.start - hit.span.end, hit.span.start, -hit.worth))
    kept: list[_Hit] = []
    for hit in rows:
        inside = (
            one.span.start <= hit.span.start
            and hit.span.end <= one.span.end
            and one.span != hit.span
            and one.worth >= hit.worth
            for one in kept
        )
        if not any(inside):
            kept.append(hit)
    return kept


def _middle(points: Sequence[Point]) -> tuple[Point, float]:
    """The point nearest to the middle of them all, and how far the others are from it, metres."""
    lon = sum(one.lon for one in points) / len(points)
    lat = sum(one.lat for one in points) / len(points)
    middle = min(points, key=lambda one: (hypot(one.lon - lon, one.lat - lat), one.lon, one.lat))
    return middle, max(30.0, *(air_m(middle, one) for one in points))


def _meet(one: Sequence[Point], other: Sequence[Point]) -> Point | None:
    """Where two streets come within `CROSSING_M` of each other; None when they do not."""
    first, second = (np.array([(at.lon, at.lat) for at in line]) for line in (one, other))
    north = first[:, None, 1] - second[None, :, 1]
    east = (first[:, None, 0] - second[None, :, 0]) * np.cos(np.radians(first[0, 1]))
    away = east**2 + north**2
    row, column = np.unravel_index(int(np.argmin(away)), away.shape)
    if float(away[row, column]) ** 0.5 * METRES_PER_DEGREE > CROSSING_M:
        return None
    return one[int(row)]
