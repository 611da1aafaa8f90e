"""The engine's MQTT gateway: two connections, one for decisions and one for tracks.

A message of the decision lane is acknowledged to the broker only once the engine has it on
record; a crash before that makes the broker hand it over again. Letters leave at once.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from dispatch.board import Board
from dispatch.commands import AnyCommand
from dispatch.district import District
from dispatch.letters import Letter, Reject
from dispatch.runtime import EngineStoppedError
from dispatch.words import ResponderId, ResponderKind
from dispatch.work import Outcome
from gateways.mqtt.decode import DecodeError, Fixes, decode
from gateways.mqtt.encode import encode, encode_state
from gateways.mqtt.fixes import FixLane, Tracks, content_type_of
from gateways.mqtt.link import MAX_UNACKED_IN, Ack, Link, Listening, MqttOptions
from gateways.mqtt.quota import Quota
from gateways.mqtt.roster import Bounds, Roster
from gateways.mqtt.wire import SENDERS, EngineState, root_of

__all__ = ["EngineDoor", "MqttGateway", "MqttOptions", "who_says"]

log = structlog.get_logger(__name__)

REJECTS_A_SECOND = 5.0
LOG_LINES_A_SECOND = 10.0
GO_ON_BELOW = MAX_UNACKED_IN // 2


class EngineDoor(Protocol):
    """What the gateway needs of `dispatch.runtime.Engine`."""

    board: Board

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    def offer(self, command: AnyCommand, who: str) -> "asyncio.Future[Outcome]":
        """Done once the command's facts are durable."""
        ...

    def outbox(self) -> list[Letter]:
        """Orders and recalls still owed."""
        ...


class MqttGateway:
    """Between a broker and the engine; an `Outlet` for letters."""

    def __init__(
        self,
        options: MqttOptions,
        engine: EngineDoor,
        tracks: Tracks,
        bounds: Bounds,
        registry: CollectorRegistry,
    ) -> None:
        district = engine.board.district
        assert district is not None, "a district is loaded before its gateway is made"
        self._engine = engine
        self._roster = Roster(district, bounds)
        self._since_ms = engine.now_ms()
        name = options.client_id
        root = root_of(district.id)
        topics = [f"{root}{kind}/+/{word}" for word, kinds in SENDERS.items() for kind in kinds]
        self._decisions = Link(
            options,
            Listening(
                client_id=name,
                topics=[*topics, f"{root}group/+/alarm"],
                qos=1,
                persistent=True,
                will=encode_state(self._state("gone"), root),
            ),
            self._hear,
            self._came_up,
        )
        self._tracks = Link(
            options,
            Listening(
                client_id=f"{name}-tracks",
                topics=[f"{root}unit/+/fix", f"{root}fixes"],
                qos=0,
                persistent=False,
            ),
            self._hear_fix,
            lambda: None,
        )
        self._pending: dict[asyncio.Future[Outcome], tuple[str, Ack]] = {}
        self._holding = False
        self._rejects = Quota(REJECTS_A_SECOND)
        self._lines = Quota(LOG_LINES_A_SECOND)
        self._count(registry)
        self._fixes = FixLane(self._roster, tracks, engine.now_ms, self._refuse_fix, registry)

    def _count(self, registry: CollectorRegistry) -> None:
        make: Callable[..., Counter] = partial(Counter, registry=registry)
        self._heard = make("street110_mqtt_in", "Messages of the decision lane", ["word"])
        self._again = make("street110_mqtt_redelivered", "Messages that came with dup")
        self._errors = make("street110_mqtt_errors", "Messages not understood", ["reason"])
        self._untold = make("street110_mqtt_untold", "Rejects beyond their sender's limit")
        self._letters = make("street110_mqtt_letters", "Letters handed to the broker", ["kind"])
        for name, about, figure in (
            ("unacked", "Letters without PUBACK", lambda: self._decisions.unacked),
            ("connects", "Connections made", lambda: self._decisions.connects),
            (
                "letters_dropped",
                "Letters dropped for want of room",
                lambda: self._decisions.dropped,
            ),
            ("connected", "1 while both connections stand", lambda: int(self.connected)),
            ("pending", "Commands whose record is not durable yet", lambda: len(self._pending)),
        ):
            gauge = Gauge(f"street110_mqtt_{name}", about, registry=registry)
            gauge.set_function(figure)

    async def start(self) -> None:
        """Begin connecting; the first success may come at any time."""
        self._decisions.start()
        self._tracks.start()

    async def wait_up(self) -> None:
        """Until both connections stand and hear."""
        await self._decisions.up.wait()
        await self._tracks.up.wait()

    @property
    def connected(self) -> bool:
        """Whether both connections stand now."""
        return self._decisions.up.is_set() and self._tracks.up.is_set()

    async def stop(self) -> None:
        """Say that the engine is gone, then leave; what was not decided is redelivered later."""
        self._decisions.publish(encode_state(self._state("gone"), self._roster.root))
        await self._tracks.stop()
        await self._decisions.stop()
        self._fixes.flush()
        for offered in list(self._pending):
            offered.cancel()

    def take_district(self, district: District, bounds: Bounds, tracks: Tracks) -> None:
        """A new book of the same district is in force."""
        assert root_of(district.id) == self._roster.root, "a gateway serves one district"
        self._roster = Roster(district, bounds)
        self._fixes.take_roster(self._roster, tracks)

    def send(self, letter: Letter) -> None:
        """Publish a letter at once; never blocks. Rejects beyond a sender's limit are counted."""
        if isinstance(letter, Reject) and not self._may_reject(letter, "decision"):
            return
        self._publish(letter)

    def _publish(self, letter: Letter) -> None:
        outgoing = encode(letter, self._roster.root, self._engine.now_ms())
        self._letters.labels(outgoing.kind).inc()
        self._decisions.publish(outgoing)

    def _may_reject(self, letter: Reject, lane: str) -> bool:
        if letter.responder not in self._roster.known[letter.kind]:
            return False
        now_s = asyncio.get_running_loop().time()
        allowed = self._rejects.take((letter.kind, letter.responder, lane), now_s)
        if not allowed:
            self._untold.inc()
        return allowed

    def _state(self, state: Literal["live", "standby", "gone"]) -> EngineState:
        return EngineState(state=state, t=self._engine.now_ms(), since=self._since_ms)

    def _came_up(self) -> None:
        self._decisions.publish(encode_state(self._state("live"), self._roster.root))
        for letter in self._engine.outbox():
            self._publish(letter)
        if self._holding:
            self._decisions.hold_reading(True)

    def _hear(self, topic: str, payload: bytes, properties: dict[str, Any], ack: Ack) -> None:
        """One message of the decision lane, in the order the broker hands them over."""
        self._heard.labels(str(topic).rpartition("/")[2]).inc()
        if properties.get("dup"):
            self._again.inc()
        kind = content_type_of(properties)
        found = decode(str(topic), payload, kind, self._roster, self._engine.now_ms())
        match found:
            case DecodeError():
                self._refuse(found, "decision")
                ack()
            case Fixes():
                raise AssertionError("fixes have their own connection")
            case _:
                self._submit(found, who_says(found), ack)

    def _hear_fix(self, topic: str, payload: bytes, properties: dict[str, Any], ack: Ack) -> None:
        self._fixes.hear(str(topic), payload, properties)
        ack()

    def _submit(self, command: AnyCommand, who: str, ack: Ack) -> None:
        """Offered in the order heard, so that each sender's messages stay in order."""
        try:
            offered = self._engine.offer(command, who)
        except EngineStoppedError as failure:
            _say_not_recorded(who, failure)
            return
        self._pending[offered] = (who, ack)
        offered.add_done_callback(self._decided)
        if len(self._pending) >= MAX_UNACKED_IN:
            self._holding = True
            self._decisions.hold_reading(True)

    def _decided(self, offered: "asyncio.Future[Outcome]") -> None:
        """On record: acknowledged. If not, the broker keeps the message for the next engine."""
        who, ack = self._pending.pop(offered)
        if not offered.cancelled():
            failure = offered.exception()
            if failure is None:
                ack()
            else:
                _say_not_recorded(who, failure)
        if self._holding and len(self._pending) <= GO_ON_BELOW:
            self._holding = False
            self._decisions.hold_reading(False)

    def _refuse_fix(self, error: DecodeError) -> None:
        self._refuse(error, "fix")

    def _refuse(self, error: DecodeError, lane: str) -> None:
        """Count it, log it, and tell whoever sent it, each within its limit."""
        self._errors.labels(error.reason).inc()
        if self._lines.take(lane, asyncio.get_running_loop().time()):
            log.warning(
                "mqtt_refused",
                sender=error.sender and "/".join(error.sender),
                field=error.field,
                value=error.value,
                error=error.error,
            )
        if error.sender is None:
            return
        letter = Reject(
            kind=ResponderKind(error.sender[0]),
            responder=ResponderId(error.sender[1]),
            id=error.id,
            field=error.field,
            value=error.value,
            error=error.error,
        )
        if self._may_reject(letter, lane):
            self._publish(letter)


def _say_not_recorded(who: str, failure: BaseException) -> None:
    """The engine has stopped and says so itself; whoever serves it ends the process."""
    log.error("mqtt_not_recorded", who=who, error=repr(failure))


def who_says(command: AnyCommand) -> str:
    """`<kind>/<id>` of a command's sender, for the record."""
    body = msgspec.structs.asdict(command)
    kind = body.get("kind") or body.get("source_kind") or ResponderKind.UNIT
    return f"{kind}/{body.get('responder') or body.get('source')}"
