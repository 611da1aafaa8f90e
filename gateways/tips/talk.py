"""The conversation: each message becomes part of a tip, and gets one answer.

A tip whose words meet a promoting rule and whose place is known becomes an alarm at once. Where
the place is missing it is asked for, twice at most; then an operator reads it.
"""

import asyncio
import hashlib
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from dispatch.words import IncidentId
from gateways.tips.book import Tip, TipBook
from gateways.tips.rules import RULES, Rule, judge
from gateways.tips.words import Say, is_chinese, say
from geo.air import air_m
from geo.gazetteer import Found, Gazetteer
from geo.types import Point

TALK_MS = 15 * 60_000
"""Messages of one sender belong together this long."""
SIMILAR_MS = 10 * 60_000
SIMILAR_SHARE = 0.5
SIMILAR_M = 300.0
SURE = 0.5
"""Places below this score are shown to an operator, not acted on."""
RIVAL = 0.85
"""A second place this close to the first makes both unsure."""
MOST_A_MINUTE = 20
ASK_TIMES = 2
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
QUERY = re.compile(
    r"^\s*(?:查询|状态|status|query)\s*[:：]?\s*([0-9A-Za-z]{6,12})\s*$", re.IGNORECASE
)


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bridge hands over. `id` is the bridge's own; `sender` a number or a handle."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    sender: Annotated[str, Meta(min_length=1, max_length=64)]
    text: Annotated[str, Meta(max_length=2_000)]
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge sends back to the sender."""

    id: str
    reply: str
    state: str
    code: str | None = None
    incident: IncidentId | None = None


class Door(Protocol):
    """What the conversation needs of the engine."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    def knows(self, type_: str) -> bool:
        """Whether the district has a plan for an incident type."""
        ...

    def state_of(self, incident: IncidentId) -> str | None:
        """The incident's status; None when the board does not hold it any more."""
        ...

    async def raise_alarm(self, tip: Tip) -> IncidentId | None:
        """Put the tip on record as an alarm; None when the engine refuses it."""
        ...

    async def add_note(self, tip: Tip, text: str) -> None:
        """Put what was written afterwards on the tip's incident."""
        ...


def make_code() -> str:
    """A receipt code that cannot be guessed and can be read aloud."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


class Talk:
    """One for all bridges of a district."""

    def __init__(
        self,
        door: Door,
        book: TipBook,
        gazetteer: Gazetteer,
        rules: tuple[Rule, ...] = RULES,
        new_code: Callable[[], str] = make_code,
    ) -> None:
        self.book = book
        self._door = door
        self._gazetteer = gazetteer
        self._rules = rules
        self._new_code = new_code
        self._recent: dict[tuple[str, str], deque[int]] = {}
        self._turn = asyncio.Lock()

    async def take(self, bridge: str, message: Message) -> Reply:
        """Take one message, one at a time: a sender may write two in a breath."""
        async with self._turn:
            return await self._take(bridge, message)

    async def _take(self, bridge: str, message: Message) -> Reply:
        """Take one message; the same id again is answered from the same tip and changes nothing."""
        zh = is_chinese(message.text)
        known = self.book.find_message(bridge, message.id)
        if known is not None:
            return self._answer(message.id, known, Say.AGAIN, zh=zh)
        asked = QUERY.match(message.text)
        if asked is not None:
            return self._tell_state(message.id, asked[1], zh=zh)
        if self._too_many(bridge, message.sender):
            return Reply(id=message.id, reply=say(Say.TOO_MANY, zh=zh), state="refused")
        if not message.text.strip() and message.lon is None:
            return Reply(id=message.id, reply=say(Say.EMPTY, zh=zh), state="refused")
        tip, again = self._join(bridge, message)
        if again is not None:
            self.book.put(tip)
            if again is Say.NOTED and tip.incident is not None:
                await self._door.add_note(tip, message.text)
            return self._answer(message.id, tip, again, zh=zh)
        return await self._weigh(tip, message)

    async def promote(self, tip: Tip, type_: str, place: Point, name: str, by: str) -> Tip:
        """An operator makes an alarm of a tip, with the type and place that he read out of it."""
        return await self._raise(
            replace(tip, type=type_, place=place, place_name=name, by=by, score=1.0)
        )

    def dismiss(self, tip: Tip, by: str) -> Tip:
        """An operator has read a tip and opens nothing."""
        fresh = replace(tip, state="dismissed", by=by, changed_ms=self._door.now_ms())
        self.book.put(fresh)
        return fresh

    def _join(self, bridge: str, message: Message) -> tuple[Tip, Say | None]:
        """The tip that a message belongs to, with it; and the answer when nothing is to be weighed.

        What is written after the alarm is a remark on it, unless it is another matter.
        """
        judged = judge(message.text, self._rules)
        now_ms = self._door.now_ms()
        for tip in reversed(self.book.list_of_sender(bridge, message.sender, now_ms - TALK_MS)):
            longer = replace(
                tip,
                messages=(*tip.messages, message.id),
                texts=(*tip.texts, message.text),
                changed_ms=now_ms,
            )
            if alike(tip.text, message.text) >= 0.9 and tip.state != "asked":
                return longer, Say.AGAIN
            if tip.state in ("asked", "waiting"):
                return longer, None
            if tip.state == "raised" and (judged is None or judged.type == tip.type):
                return longer, Say.NOTED
        digest = hashlib.blake2b(f"{bridge}\n{message.id}".encode(), digest_size=12).hexdigest()
        return Tip(
            id=f"t{digest}",
            code=self._new_code(),
            bridge=bridge,
            sender=message.sender,
            messages=(message.id,),
            texts=(message.text,),
            received_ms=now_ms,
            changed_ms=now_ms,
            state="waiting",
        ), None

    async def _weigh(self, tip: Tip, message: Message) -> Reply:
        zh = is_chinese(tip.text)
        judged = judge(tip.text, self._rules)
        if judged is not None and self._door.knows(judged.type):
            tip = replace(tip, type=judged.type, word=judged.word)
        tip = self._locate(tip, message)
        tip = replace(tip, similar_to=self._find_similar(tip))
        promote = judged is not None and judged.promote and tip.type is not None
        if promote and tip.place is not None and tip.score >= SURE:
            tip = await self._raise(tip)
            if tip.state == "raised":
                return self._answer(message.id, tip, Say.RAISED, zh=zh)
        elif tip.type is not None and tip.place is None and tip.asked < ASK_TIMES:
            tip = replace(tip, state="asked", asked=tip.asked + 1)
            self.book.put(tip)
            return self._answer(message.id, tip, Say.ASK_PLACE, zh=zh)
        tip = replace(tip, state="waiting")
        self.book.put(tip)
        return self._answer(message.id, tip, Say.WAITING, zh=zh)

    def _locate(self, tip: Tip, message: Message) -> Tip:
        """A position that came with the message, else the surest place in all that was typed."""
        if message.lon is not None and message.lat is not None:
            return replace(tip, place=Point(message.lon, message.lat), score=1.0)
        if tip.score >= SURE:
            return tip
        found = self._gazetteer.find(message.text) or self._gazetteer.find(tip.text)
        best = _surest(found)
        if best is None:
            return tip
        return replace(tip, place=best.place, place_name=best.name, score=best.score)

    def _find_similar(self, tip: Tip) -> str | None:
        """An earlier tip of another sender with much the same words, and not at another place."""
        for other in reversed(self.book.list_since(self._door.now_ms() - SIMILAR_MS)):
            if other.id == tip.id or (other.bridge, other.sender) == (tip.bridge, tip.sender):
                continue
            if tip.place is not None and other.place is not None:
                near = air_m(tip.place, other.place) <= SIMILAR_M
                if near and (tip.type == other.type or alike(tip.text, other.text) > 0.3):
                    return other.id
            elif alike(tip.text, other.text) >= SIMILAR_SHARE:
                return other.id
        return None

    async def _raise(self, tip: Tip) -> Tip:
        self.book.put(tip)
        incident = await self._door.raise_alarm(tip)
        state = "waiting" if incident is None else "raised"
        fresh = replace(tip, state=state, incident=incident, changed_ms=self._door.now_ms())
        self.book.put(fresh)
        return fresh

    def _answer(self, message: str, tip: Tip, what: Say, *, zh: bool) -> Reply:
        words = say(what, zh=zh, code=tip.code, place=tip.place_name or "GPS")
        return Reply(id=message, reply=words, state=tip.state, code=tip.code, incident=tip.incident)

    def _tell_state(self, message: str, code: str, *, zh: bool) -> Reply:
        tip = self.book.find_code(code)
        if tip is None:
            words = say(Say.UNKNOWN_CODE, zh=zh, code=code.upper())
            return Reply(id=message, reply=words, state="unknown")
        state = self._door.state_of(tip.incident) or "closed" if tip.incident else tip.state
        words = say(Say.STATE, zh=zh, code=tip.code, state=state)
        return Reply(id=message, reply=words, state=state, code=tip.code)

    def _too_many(self, bridge: str, sender: str) -> bool:
        now_ms = self._door.now_ms()
        times = self._recent.setdefault((bridge, sender), deque(maxlen=MOST_A_MINUTE))
        full = len(times) == MOST_A_MINUTE and now_ms - times[0] < 60_000
        if not full:
            times.append(now_ms)
        if len(self._recent) > 10_000:
            old = [key for key, seen in self._recent.items() if now_ms - seen[-1] > 60_000]
            for key in old:
                del self._recent[key]
        return full


def alike(one: str, other: str) -> float:
    """How much two texts share, 0 to 1: pairs of neighbouring characters, of all in either."""
    first, second = (
        {text[i : i + 2] for i in range(len(text) - 1)}
        for text in (re.sub(r"\W+", "", one.casefold()), re.sub(r"\W+", "", other.casefold()))
    )
    return len(first & second) / len(first | second) if first and second else float(one == other)


def _surest(found: list[Found]) -> Found | None:
    """The best place; its score is halved where another one is nearly as likely elsewhere."""
    if not found:
        return None
    best = found[0]
    rivals = [
        one
        for one in found[1:]
        if one.score >= RIVAL * best.score and air_m(one.place, best.place) > SIMILAR_M
    ]
    return msgspec.structs.replace(best, score=best.score / 2) if rivals else best
