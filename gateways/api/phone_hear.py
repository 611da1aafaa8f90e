"""What pages say, read as a terminal's messages are: the same bodies, checks and refusals."""

from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from dispatch.commands import AnyCommand
from dispatch.district import District
from dispatch.letters import Reject
from dispatch.words import ResponderId, ResponderKind
from dispatch.work import Outcome
from gateways.api.phone_post import PhonePost, whom_of, write_taken
from gateways.api.phone_words import write_letter
from gateways.devices.measures import place
from gateways.devices.registry import Datum, Device
from gateways.mqtt.decode import DecodeError, Fixes, decode
from gateways.mqtt.fixes import FixLane, Tracks
from gateways.mqtt.roster import Bounds, Roster
from gateways.mqtt.wire import DECISIONS

FIX = "fix"


class Heard(NamedTuple):
    """What became of a message: a word for a counter, and what its sender is told.

    `released` are letters that open pages are sent by the engine itself; who asked by POST gets
    them with the answer.
    """

    result: str
    told: list[bytes]
    released: tuple[bytes, ...] = ()


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What every message of a page says of itself."""

    word: str = msgspec.field(name="is")
    id: str | None = None


_read = msgspec.json.Decoder(_Said).decode


class Hearing:
    """Turns messages of paired devices into fixes and commands, and waits for their record."""

    def __init__(self, post: PhonePost, tracks: Tracks, bounds: Bounds) -> None:
        self._post = post
        self._engine = post.engine
        self._tracks = tracks
        self._bounds = bounds
        self._book = self._book_now()
        self._roster = Roster(self._book, bounds)
        # The lane's counters bear the names of the MQTT side's, so they stay out of the metrics.
        apart = CollectorRegistry()
        self._lane = FixLane(self._roster, tracks, self._engine.now_ms, self._refuse_fix, apart)

    def _book_now(self) -> District:
        book = self._engine.board.district
        assert book is not None, "an engine that runs has a district"
        return book

    def _take_book(self) -> None:
        """A new book may be in force: rows mean other units then."""
        book = self._book_now()
        if book is not self._book:
            self._book, self._roster = book, Roster(book, self._bounds)
            self._lane.take_roster(self._roster, self._tracks)

    async def hear(self, device: Device, raw: bytes) -> Heard:
        """Act on one message; returns once what it says is durable.

        Raises:
            EngineStoppedError: the engine has stopped; the message is to be sent again later.
        """
        self._take_book()
        try:
            raw = raw if device.datum is Datum.WGS84 else _shift(raw, device.datum)
            said = _read(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Heard("unreadable", [self._reject(device, None, "body", "not a message")])
        topic = f"{self._roster.root}{device.kind}/{device.responder}/{said.word}"
        if said.word == FIX and device.kind is ResponderKind.UNIT:
            self._lane.hear(topic, raw, {})
            return Heard("fix", [])
        if said.word not in DECISIONS or said.id is None:
            field = "is" if said.id else "id"
            told = self._reject(device, said.id, field, "no such message", said.word)
            return Heard("unknown", [told, *_taken(said.id)])
        found = decode(topic, raw, None, self._roster, self._engine.now_ms())
        match found:
            case DecodeError():
                told = self._reject(device, said.id, found.field, found.error, found.value)
                return Heard("refused", [told, *_taken(said.id)])
            case Fixes():
                raise AssertionError("fixes are heard above")
            case _:
                return await self._submit(device, found, said.id)

    async def _submit(self, device: Device, command: AnyCommand, message: str) -> Heard:
        outcome: Outcome = await self._engine.offer(command, f"page/{device.identity}")
        whom = (device.kind, device.responder)
        now_ms = self._engine.now_ms()
        mine = (write_letter(one, now_ms) for one in outcome.letters if whom_of(one) == whom)
        return Heard("taken", _taken(message), tuple(mine))

    def _reject(
        self, device: Device, message: str | None, field: str, error: str, value: str = ""
    ) -> bytes:
        letter = Reject(
            kind=device.kind,
            responder=device.responder,
            id=message,
            field=field,
            value=value[:64],
            error=error,
        )
        return write_letter(letter, self._engine.now_ms())

    def _refuse_fix(self, error: DecodeError) -> None:
        if error.sender is not None:
            kind, responder = error.sender
            letter = Reject(
                kind=ResponderKind(kind),
                responder=ResponderId(responder),
                id=None,
                field=error.field,
                value=error.value,
                error=error.error,
            )
            self._post.send(letter)

    def stop(self) -> None:
        """Hand over the fixes that were collected."""
        self._lane.flush()


def _shift(raw: bytes, datum: Datum) -> bytes:
    """The same message with its place, measured against another datum, in WGS-84 degrees."""
    body = msgspec.json.decode(raw, type=dict[str, object])
    found = place(body.get("lon"), body.get("lat"), datum)
    return (
        raw if found is None else msgspec.json.encode(body | {"lon": found.lon, "lat": found.lat})
    )


def _taken(message: str | None) -> list[bytes]:
    return [] if message is None else [write_taken(message)]
