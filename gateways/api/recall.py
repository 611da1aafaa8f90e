"""The journal as people ask it: who did what and when, and why this responder and not another.

Read in a thread, one question at a time and so many records at most: the engine is never held up.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
from aiohttp import web

from dispatch.commands import AnyCommand
from dispatch.events import AnyEvent
from dispatch.explain import (
    Explainer,
    Explanation,
    Language,
    Step,
    UnknownOrderError,
    say_reason,
    tell_choice,
)
from dispatch.journal_file import JournalReader, decode_record
from dispatch.model import Candidate, Order
from dispatch.ports import Record
from dispatch.words import IncidentId, OrderId
from gateways.api.bodies import tag_of
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.scope import sees_order
from gateways.api.web import MAX_MS, ask_number, ask_one, ask_text, missing, need, reply

MOST_RECORDS = 500
SCANNED = 20_000
"""Records that one question looks at; the next begins where it ended."""
BEFORE_MS = 60_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the journal."""

    seq: int
    at_ms: int
    who: str
    command: AnyCommand
    events: tuple[AnyEvent, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records found; `next_seq` is where to go on, null at the end of the journal."""

    records: list[Line]
    next_seq: int | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for: parts of who, a tag, any text, a span of time."""

    who: str
    what: str
    text: str
    since_ms: int
    until_ms: int
    after_seq: int
    most: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An order explained; `reasons` puts the candidates' reasons in words."""

    order: Order
    seq: int
    who: str
    choice: list[str]
    candidates: tuple[Candidate, ...]
    reasons: dict[str, str]
    steps: tuple[Step, ...]


class Recall:
    """The routes that read the journal's file."""

    def __init__(self, room: Room, path: Path) -> None:
        self._room = room
        self._path = path
        self._turn = asyncio.Semaphore(1)
        self.routes = [
            web.get("/api/v1/journal", self.journal),
            web.get("/api/v1/explain/{order}", self.explain),
        ]

    async def journal(self, request: web.Request) -> web.Response:
        """Records by who, what, text and time."""
        need(request, Right.JOURNAL)
        wanted = Wanted(
            who=ask_text(request, "who"),
            what=ask_text(request, "what"),
            text=ask_text(request, "text"),
            since_ms=ask_number(request, "since_ms", 0, 0, MAX_MS),
            until_ms=ask_number(request, "until_ms", MAX_MS, 0, MAX_MS),
            after_seq=ask_number(request, "after_seq", 0, 0, 10**12),
            most=ask_number(request, "most", 100, 1, MOST_RECORDS),
        )
        async with self._turn:
            return reply(await asyncio.to_thread(look_up, self._path, wanted))

    async def explain(self, request: web.Request) -> web.Response:
        """Everything that the journal says of one order."""
        name = OrderId(request.match_info["order"])
        language: Language = "en" if ask_one(request, "language", ("zh", "en")) == "en" else "zh"
        board, scope = self._room.board, self._room.scope_in(request)
        order = board.orders.get(name)
        if scope is not None and not sees_order(scope, board, order):
            raise missing("order", name)
        row = board.incidents.get(IncidentId(name.rpartition("-")[0]))
        since_ms = row.raised_ms - BEFORE_MS if row is not None and order is not None else 0
        async with self._turn:
            try:
                found = await asyncio.to_thread(self._explain, name, since_ms)
            except UnknownOrderError as error:
                raise missing("order", name) from error
        rows = found.recommendation.candidates if found.recommendation is not None else ()
        mine = rows
        if scope is not None and found.recommendation is not None:
            mine = scope.cut(found.recommendation).candidates
        return reply(
            Told(
                order=found.order,
                seq=found.seq,
                who=found.who,
                choice=tell_choice(found, language),
                candidates=mine,
                reasons={row.reason: say_reason(row.reason, language) for row in mine},
                steps=found.steps,
            )
        )

    def _explain(self, order: OrderId, since_ms: int) -> Explanation:
        reader = JournalReader(self._path)
        explainer = Explainer(order)
        for row in reader.rows(seq_before(reader, since_ms)):
            if explainer.concerns(row.payload):
                explainer.take(row.seq, decode_record(self._path, row))
        return explainer.result()


def seq_before(reader: JournalReader, since_ms: int) -> int:
    """The last record that is older than a time, by halving; 0 when none is."""
    low, high = 0, reader.head_seq
    while low < high:
        middle = (low + high + 1) // 2
        if reader.get_row(middle).at_ms < since_ms:
            low = middle
        else:
            high = middle - 1
    return low


def look_up(path: Path, wanted: Wanted) -> Page:
    """The records that are as wanted, oldest first."""
    reader = JournalReader(path)
    start = max(wanted.after_seq, seq_before(reader, wanted.since_ms))
    found: list[Line] = []
    if start >= reader.head_seq:
        return Page(records=found, next_seq=None)
    for seq, record in reader.read(start):
        if record.at_ms > wanted.until_ms:
            return Page(records=found, next_seq=None)
        if _is_wanted(record, wanted):
            found.append(
                Line(
                    seq=seq,
                    at_ms=record.at_ms,
                    who=record.who,
                    command=record.command,
                    events=record.events,
                )
            )
        if len(found) >= wanted.most or seq - start >= SCANNED:
            return Page(records=found, next_seq=seq if seq < reader.head_seq else None)
    return Page(records=found, next_seq=None)


def _is_wanted(record: Record, wanted: Wanted) -> bool:
    if wanted.who not in record.who:
        return False
    kinds = {tag_of(type(record.command)), *(tag_of(type(event)) for event in record.events)}
    if wanted.what and wanted.what not in kinds:
        return False
    return not wanted.text or wanted.text in msgspec.json.encode(record).decode()


def read_tail(path: Path, most: int) -> Iterator[Record]:
    """The last records of a journal, oldest first."""
    reader = JournalReader(path)
    for _, record in reader.read(max(0, reader.head_seq - most)):
        yield record
