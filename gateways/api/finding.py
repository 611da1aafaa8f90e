"""`GET /api/v1/find`: places as one types them: part of a name, a crossing, a sign, pinyin."""

import asyncio
import re
from collections.abc import Callable, Iterable

import msgspec
from aiohttp import web
from pypinyin import Style, lazy_pinyin

from dispatch.district import District
from dispatch.words import ResponderId
from gateways.api.room import Room
from gateways.api.scope import Scope
from gateways.api.web import ask_number, ask_text, reply
from geo.gazetteer import KINDS, Gazetteer, Named
from geo.gazetteer import Found as InText
from geo.gazetteer_text import fold, plain
from geo.types import Point

MOST_FOUND = 50
LONGEST_QUERY = 100
SURE = 0.5
RIVAL = 0.85
WHOLE, BEGINS, WITHIN, PINYIN, INITIALS = 1.0, 0.9, 0.7, 0.65, 0.55
CROSSES = re.compile(r"\s*(?:与|和|同|及|、|/|&|\bx\b|\band\b|\s)\s*")
STREETS_TRIED = 4


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place; `radius_m` says how vague it is, `score` is 0 to 1.

    `how` is `written`, `begins`, `within`, `pinyin`, `initials`, `sign`, or as the gazetteer says
    for a name within a longer text, which then stands from `start` to before `end`.
    """

    name: str
    kind: str
    place: Point
    radius_m: float
    how: str
    score: float
    post: ResponderId | None = None
    start: int | None = None
    end: int | None = None


class FoundList(msgspec.Struct, frozen=True):
    """Places, the surest first."""

    found: list[Found]


class _Name(msgspec.Struct, frozen=True):
    name: str
    folded: str
    pinyin: str
    initials: str
    kind: str
    place: Point
    radius_m: float
    post: ResponderId | None


class Finder:
    """The names of one book, ready to be looked up at every key."""

    def __init__(self, book: District, names: Iterable[Named], gazetteer: Gazetteer) -> None:
        self.book = book
        self._gazetteer = gazetteer
        posts = {(post.name, post.place): post.id for post in book.posts}
        self._names = [self._learn(one, posts) for one in names]
        self._signs = {str(post.sign): post for post in book.posts}
        self._ids = {fold(post.id): post for post in book.posts}

    def _learn(self, one: Named, posts: dict[tuple[str, Point], ResponderId]) -> _Name:
        held = self._gazetteer.find(one.name)
        whole = next((hit for hit in held if hit.name == one.name), None)
        folded = plain(one.name)
        return _Name(
            name=one.name,
            folded=folded,
            pinyin="".join(lazy_pinyin(folded)),
            initials="".join(lazy_pinyin(folded, style=Style.FIRST_LETTER)),
            kind=one.kind,
            place=whole.place if whole is not None else one.points[len(one.points) // 2],
            radius_m=whole.radius_m if whole is not None else 30.0,
            post=posts.get((one.name, one.points[0])) if one.kind == "post" else None,
        )

    def find(self, text: str, most: int, scope: Scope | None = None) -> list[Found]:
        """Places that a text may mean, the surest first; posts only of the scope."""
        folded = fold(text.strip())
        if not folded:
            return []
        found = [*self._by_sign(folded), *self._by_crossing(folded), *self._by_name(folded)]
        found += [_in_text(one) for one in self._gazetteer.find(text)]
        if scope is not None:
            found = [one for one in found if one.kind != "post" or one.post in scope.own]
        best: dict[tuple[str, Point], Found] = {}
        for one in found:
            kept = best.get((one.name, one.place))
            if kept is None or one.score > kept.score:
                best[one.name, one.place] = one
        ranked = sorted(best.values(), key=lambda one: (-one.score, len(one.name), one.name))
        return ranked[:most]

    def _by_sign(self, folded: str) -> Iterable[Found]:
        digits = folded.removesuffix("号").lstrip("0#")
        for post in (self._signs.get(digits), self._ids.get(folded)):
            if post is not None:
                yield Found(
                    name=post.name, kind="post", place=post.place, radius_m=30.0,
                    how="sign", score=1.0, post=post.id,
                )  # fmt: skip

    def _by_name(self, folded: str) -> Iterable[Found]:
        joined = folded.replace(" ", "").replace("'", "")
        latin = joined.isascii() and joined.isalnum()
        for one in self._names:
            how, worth = _match(one, folded, joined if latin else "")
            if not worth:
                continue
            yield Found(
                name=one.name,
                kind=one.kind,
                place=one.place,
                radius_m=one.radius_m,
                how=how,
                score=round(worth * KINDS[one.kind], 4),
                post=one.post,
            )

    def _by_crossing(self, folded: str) -> Iterable[Found]:
        """Two streets, each begun: where they meet."""
        parts = [part for part in CROSSES.split(folded, maxsplit=1) if part]
        if len(parts) != 2:
            return
        first, second = (
            [one.name for one in sorted(self._by_name(part), key=lambda one: (-one.score, one.name))
             if one.kind == "street"][:STREETS_TRIED]
            for part in parts
        )  # fmt: skip
        for one in first:
            for other in second:
                for hit in self._gazetteer.find(f"{one}与{other}"):
                    if hit.how == "crossing" and one != other:
                        yield Found(
                            name=hit.name,
                            kind=hit.kind,
                            place=hit.place,
                            radius_m=hit.radius_m,
                            how="crossing",
                            score=0.95,
                        )


def _match(one: _Name, folded: str, latin: str) -> tuple[str, float]:
    if folded == one.folded:
        return "written", WHOLE
    if one.folded.startswith(folded):
        return "begins", BEGINS
    if folded in one.folded:
        return "within", WITHIN
    if len(latin) >= 2 and one.pinyin.startswith(latin):
        return "pinyin", PINYIN + (0.1 if latin == one.pinyin else 0.0)
    if len(latin) >= 2 and one.initials.startswith(latin):
        return "initials", INITIALS
    return "", 0.0


def _in_text(hit: InText) -> Found:
    return Found(
        name=hit.name,
        kind=hit.kind,
        place=hit.place,
        radius_m=hit.radius_m,
        how=hit.how,
        score=hit.score,
        start=hit.start,
        end=hit.end,
    )


def surest(found: list[Found]) -> Found | None:
    """The place that a text means for certain; None where none or several may be meant."""
    if not found or found[0].score < SURE:
        return None
    rivals = [one for one in found[1:] if one.score >= RIVAL * found[0].score]
    return None if any(one.place != found[0].place for one in rivals) else found[0]


class Finding:
    """The route; the names are read when first asked for, and again with another book."""

    def __init__(self, room: Room, make: Callable[[District], Finder]) -> None:
        self._room = room
        self._make = make
        self._finder: Finder | None = None
        self._making = asyncio.Lock()
        self.routes = [web.get("/api/v1/find", self.find)]

    async def finder(self) -> Finder:
        """The finder of the book in force."""
        async with self._making:
            if self._finder is None or self._finder.book is not self._room.book:
                self._finder = await asyncio.to_thread(self._make, self._room.book)
        return self._finder

    async def find(self, request: web.Request) -> web.Response:
        """Places for what has been typed so far."""
        text = ask_text(request, "q", LONGEST_QUERY)
        most = ask_number(request, "most", 10, 1, MOST_FOUND)
        finder = await self.finder()
        return reply(FoundList(finder.find(text, most, self._room.scope_in(request))))
