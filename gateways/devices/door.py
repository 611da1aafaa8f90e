"""The way in for device gateways: what was heard becomes fixes and commands, nothing else.

No rule lives here. Fixes are collected and judged in bulk like those that come over MQTT;
alarms and answers resolve once they are durable, so that a gateway may then acknowledge them.
"""

import asyncio
import hashlib
from array import array
from typing import Protocol as Typed

import msgspec
import numpy as np
import structlog
from prometheus_client import CollectorRegistry, Counter

from dispatch.board import Board
from dispatch.commands import AnswerOrder, AnyCommand, RaiseAlarm, ReportStatus
from dispatch.letters import Letter, Reject
from dispatch.words import Answer, OrderId, SourceKind, UnitStatus
from dispatch.work import Outcome
from gateways.devices.heard import Alarm, AlarmState, Fix, Reply
from gateways.devices.registry import Device, Registry
from gateways.mqtt.fixes import COLUMNS, FLUSH_AFTER_S, FLUSH_AT, Tracks
from geo.tracker import Verdict

log = structlog.get_logger(__name__)

ANSWERS = {
    Reply.DELIVERED: Answer.DELIVERED,
    Reply.READ: Answer.DELIVERED,
    Reply.ACCEPTED: Answer.ACCEPTED,
    Reply.REFUSED: Answer.REFUSED,
}
NAN = float("nan")


class EngineDoor(Typed):
    """What device gateways need of `dispatch.runtime.Engine`."""

    board: Board

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        """Returns once the command's facts are durable."""
        ...

    def outbox(self) -> list[Letter]:
        """All orders and recalls still owed, for a device that has just come back."""
        ...


class DeviceDoor:
    """One for all device gateways of an engine."""

    def __init__(
        self, engine: EngineDoor, tracks: Tracks, devices: Registry, registry: CollectorRegistry
    ) -> None:
        self.engine = engine
        self.devices = devices
        self._tracks = tracks
        self._taken: array[float] = array("d")
        self._timer: asyncio.TimerHandle | None = None
        self.frames = Counter(
            "street110_device_frames",
            "Frames of devices by what became of them",
            ["protocol", "result"],
            registry=registry,
        )
        self._fixes = Counter(
            "street110_device_fixes", "Fixes of devices by verdict", ["verdict"], registry=registry
        )

    def take_fix(self, device: Device, fix: Fix) -> None:
        """A position for the board's picture of now; what is no position or is old stays out."""
        row = self.engine.board.force.rows.get(device.responder)
        if row is None or not fix.valid or fix.history or fix.lon is None or fix.lat is None:
            self._fixes.labels("unused").inc()
            return
        received_ms = self.engine.now_ms()
        self._taken.extend(
            (
                row,
                received_ms if fix.at_ms is None else fix.at_ms,
                fix.lon,
                fix.lat,
                NAN if fix.speed_mps is None else fix.speed_mps,
                NAN if fix.heading_deg is None else fix.heading_deg,
                NAN if fix.accuracy_m is None else fix.accuracy_m,
            )
        )
        if len(self._taken) >= FLUSH_AT * COLUMNS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self.flush)

    def flush(self) -> None:
        """Hand what was collected to the tracker and count its verdicts."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._taken:
            return
        block = np.frombuffer(self._taken, dtype=np.float64).reshape(-1, COLUMNS)
        self._taken = array("d")
        verdicts = self._tracks.update(
            block[:, 0].astype(np.int64),
            block[:, 1].astype(np.int64),
            np.ascontiguousarray(block[:, 2:4]),
            block[:, 4],
            block[:, 5],
            block[:, 6],
            self.engine.now_ms(),
        )
        for verdict, count in enumerate(np.bincount(verdicts, minlength=len(Verdict))):
            if count:
                self._fixes.labels(Verdict(verdict).name.lower()).inc(int(count))

    async def raise_alarm(self, device: Device, alarm: Alarm) -> str | None:
        """Put an alarm on record; the incident's id once it is durable, None when it opens none.

        A restore, a notice without an incident type and backlog open nothing: they are logged.
        """
        if alarm.type is None or alarm.history or alarm.state is AlarmState.RESTORED:
            log.info(
                "device_told",
                device=device.identity,
                responder=device.responder,
                code=alarm.code,
                state=alarm.state.value,
                history=alarm.history,
            )
            return None
        sent_ms = self.engine.now_ms() if alarm.at_ms is None else alarm.at_ms
        command = RaiseAlarm(
            id=short_id(device, alarm.key),
            source_kind=SourceKind(device.kind),
            source=device.responder,
            type=alarm.type,
            sent_ms=sent_ms,
            text=alarm.text,
            place=alarm.place,
            silent=alarm.silent,
        )
        outcome = await self.engine.submit(command, self.who(device))
        for letter in outcome.letters:
            if isinstance(letter, Reject):
                log.warning("device_alarm_refused", **msgspec.structs.asdict(letter))
                return None
            incident = getattr(letter, "incident", None)
            if incident is not None:
                return str(incident)
        return None

    async def answer(self, device: Device, order: OrderId, reply: Reply, key: str) -> None:
        """Put a device's answer to an order on record."""
        answer = ANSWERS.get(reply)
        if answer is None:
            return
        command = AnswerOrder(
            id=short_id(device, key),
            kind=device.kind,
            responder=device.responder,
            order=order,
            answer=answer,
            sent_ms=self.engine.now_ms(),
        )
        await self.engine.submit(command, self.who(device))

    async def report(
        self, device: Device, status: UnitStatus, key: str, order: OrderId | None = None
    ) -> None:
        """Put a responder's own state on record."""
        command = ReportStatus(
            id=short_id(device, key),
            kind=device.kind,
            responder=device.responder,
            status=status,
            sent_ms=self.engine.now_ms(),
            order=order,
        )
        await self.engine.submit(command, self.who(device))

    @staticmethod
    def who(device: Device) -> str:
        """`<protocol>/<identity>` as the giver of a command."""
        return f"{device.protocol}/{device.identity}"


def short_id(device: Device, key: str) -> str:
    """An id of the contract's form for a thing a device named by `key`; equal for equal keys."""
    digest = hashlib.blake2b(
        f"{device.protocol}\n{device.identity}\n{key}".encode(), digest_size=15
    ).hexdigest()
    return f"d{digest}"
