"""One bound session with a short message centre, kept up: sends what is queued, takes what comes.

Own and not a library: the libraries at hand answer a deliver_sm before anybody has kept what it
says, and read a unit of any announced length.
"""

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec
import structlog

from gateways.devices.sms.pdu import (
    RESPONSE,
    BadPduError,
    Command,
    Framer,
    Message,
    Pdu,
    Status,
    bind_body,
    read_message,
    read_message_id,
)

log = structlog.get_logger(__name__)
READ_SIZE = 16 * 1024
AGAIN_FIRST_S, AGAIN_MOST_S = 0.5, 60.0
HOLD_FIRST_S, HOLD_MOST_S = 0.5, 30.0
"""How long nothing is sent to a centre that asks for less, doubled while it asks again."""
MAX_SEQUENCE = 0x7FFF_FFFF
MAX_INBOX = 1_000
BUSY = frozenset({Status.THROTTLED, Status.QUEUE_FULL})


class Fate(StrEnum):
    """What became of a message that was to be sent."""

    TAKEN = "taken"
    UNWANTED = "unwanted"
    REFUSED = "refused"


class Outgoing(msgspec.Struct, kw_only=True):
    """One text in one or more messages. `wanted` is asked before each of them is sent."""

    parts: list[Message]
    wanted: Callable[[], bool]
    taken: Callable[[str], None]
    """Told the centre's id of each message that it took, before any receipt for it is read."""
    done: Callable[[Fate], None]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a centre is reached, and how much at once it is asked to take."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str
    tls: bool
    window: int
    per_s: float
    enquire_s: float
    response_s: float
    queue: int


class LostError(Exception):
    """The session ended while an answer was waited for."""


class Client:
    """Reconnects by itself; `take` returns what a delivered message is answered with."""

    def __init__(self, settings: Settings, take: Callable[[Message], Awaitable[Status]]) -> None:
        self._settings = settings
        self._take = take
        self._queue: asyncio.Queue[Outgoing] = asyncio.Queue(settings.queue)
        self._inbox: asyncio.Queue[tuple[Pdu, asyncio.StreamWriter]] = asyncio.Queue(MAX_INBOX)
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._next_send_s = 0.0
        self._hold_s = HOLD_FIRST_S
        self.bound = asyncio.Event()

    def start(self) -> None:
        """Begin to bind, and to send as many at once as the window has."""
        names = [self._keep(), self._act(), *(self._send() for _ in range(self._settings.window))]
        self._tasks = [asyncio.create_task(one, name=f"sms_{at}") for at, one in enumerate(names)]

    async def stop(self) -> None:
        """Unbind and end."""
        if self._writer is not None and self.bound.is_set():
            self._write(self._writer, Pdu(command=Command.UNBIND, sequence=self._next()))
            with contextlib.suppress(OSError):
                await self._writer.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, outgoing: Outgoing) -> bool:
        """Queue a text; False when the queue is full."""
        try:
            self._queue.put_nowait(outgoing)
        except asyncio.QueueFull:
            return False
        return True

    @property
    def queued(self) -> int:
        """Texts that wait."""
        return self._queue.qsize()

    async def _keep(self) -> None:
        wait_s = AGAIN_FIRST_S
        while True:
            try:
                async with asyncio.timeout(self._settings.response_s):
                    reader, writer = await self._connect()
            except (OSError, TimeoutError) as error:
                log.warning("sms_no_centre", error=repr(error))
            else:
                if await self._session(reader, writer):
                    wait_s = AGAIN_FIRST_S
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311 - spreads the calls
            wait_s = min(AGAIN_MOST_S, wait_s * 2)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        settings = self._settings
        tls = ssl.create_default_context() if settings.tls else None
        return await asyncio.open_connection(settings.host, settings.port, ssl=tls, limit=READ_SIZE)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Bind and stay until the connection ends; tells whether it was bound."""
        self._writer = writer
        read = asyncio.create_task(self._read(reader, writer), name="sms_read")
        was_bound = False
        try:
            settings = self._settings
            body = bind_body(settings.system_id, settings.password, settings.system_type)
            answer = await self._ask(Command.BIND_TRANSCEIVER, body)
            if answer.status != Status.OK:
                log.error("sms_bind_refused", status=answer.status, name=settings.system_id)
                return False
            was_bound = True
            log.info("sms_bound", host=settings.host, port=settings.port)
            self.bound.set()
            await self._watch(read)
        except (LostError, TimeoutError, OSError) as error:
            log.warning("sms_lost", error=repr(error))
        finally:
            self.bound.clear()
            self._writer = None
            writer.close()
            read.cancel()
            await asyncio.gather(read, return_exceptions=True)
            self._fail_waiting()
        return was_bound

    async def _watch(self, read: asyncio.Task[None]) -> None:
        """Ask the centre now and then whether it is there, until the reader ends."""
        while True:
            ended, _ = await asyncio.wait({read}, timeout=self._settings.enquire_s)
            if ended:
                return
            await self._ask(Command.ENQUIRE_LINK)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        try:
            while data := await reader.read(READ_SIZE):
                for raw in framer.feed(data):
                    command, status, sequence = (
                        int.from_bytes(raw[at : at + 4]) for at in (4, 8, 12)
                    )
                    pdu = Pdu(command=command, status=status, sequence=sequence, body=raw[16:])
                    if not self._heard(pdu, writer):
                        return
                if framer.broken is not None:
                    log.error("sms_not_smpp", detail=framer.broken.detail)
                    return
        except OSError as error:
            log.info("sms_read_ended", error=repr(error))
        finally:
            self._fail_waiting()

    def _heard(self, pdu: Pdu, writer: asyncio.StreamWriter) -> bool:
        """Sort what came; False ends the session."""
        if pdu.command & RESPONSE:
            waiting = self._waiting.pop(pdu.sequence, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(pdu)
            return True
        match pdu.command:
            case Command.DELIVER_SM:
                try:
                    self._inbox.put_nowait((pdu, writer))
                except asyncio.QueueFull:
                    writer.write(pdu.answer(Status.QUEUE_FULL, b"\0"))
            case Command.ENQUIRE_LINK:
                writer.write(pdu.answer())
            case Command.UNBIND:
                writer.write(pdu.answer())
                return False
            case Command.ALERT_NOTIFICATION | Command.OUTBIND:
                pass
            case _:
                nack = Pdu(
                    command=Command.GENERIC_NACK,
                    status=Status.INVALID_COMMAND,
                    sequence=pdu.sequence,
                )
                self._write(writer, nack)
        return True

    async def _act(self) -> None:
        """Take what was delivered, one after the other; answered once it is kept."""
        while True:
            pdu, writer = await self._inbox.get()
            try:
                status = await self._take(read_message(pdu.body))
            except BadPduError as error:
                log.warning("sms_not_read", reason=error.reason, detail=error.detail)
                status = error.status
            except Exception:
                # The centre keeps what is not taken and brings it again.
                log.exception("sms_not_taken")
                status = Status.SYSTEM_ERROR
            if not writer.is_closing():
                writer.write(pdu.answer(status, b"\0"))

    async def _send(self) -> None:
        while True:
            outgoing = await self._queue.get()
            outgoing.done(await self._submit_all(outgoing))

    async def _submit_all(self, outgoing: Outgoing) -> Fate:
        for part in outgoing.parts:
            answer = await self._submit(part, outgoing.wanted)
            if answer is None:
                return Fate.UNWANTED
            if answer.status != Status.OK:
                log.error("sms_refused", status=answer.status, to=part.dest)
                return Fate.REFUSED
            try:
                outgoing.taken(read_message_id(answer.body) or "")
            except BadPduError as error:
                log.warning("sms_no_id", detail=error.detail)
        return Fate.TAKEN

    async def _submit(self, part: Message, wanted: Callable[[], bool]) -> Pdu | None:
        """Send until the centre takes or refuses it; None when it is wanted no more."""
        body = part.to_body()
        while True:
            await self.bound.wait()
            await self._turn()
            if not wanted():
                return None
            try:
                answer = await self._ask(Command.SUBMIT_SM, body)
            except (LostError, TimeoutError, OSError) as error:
                log.warning("sms_not_answered", error=repr(error))
                self._drop()
                await asyncio.sleep(0)
                continue
            if answer.status not in BUSY:
                self._hold_s = HOLD_FIRST_S
                return answer
            log.warning("sms_throttled", status=answer.status, hold_s=self._hold_s)
            self._next_send_s = max(self._next_send_s, time.monotonic() + self._hold_s)
            self._hold_s = min(HOLD_MOST_S, self._hold_s * 2)

    async def _turn(self) -> None:
        """Wait until the next message may go, by the rate and what the centre asked for."""
        while (wait_s := self._next_send_s - time.monotonic()) > 0:  # noqa: ASYNC110 - may be put off
            await asyncio.sleep(wait_s)
        self._next_send_s = time.monotonic() + 1 / self._settings.per_s

    async def _ask(self, command: Command, body: bytes = b"") -> Pdu:
        writer = self._writer
        if writer is None or writer.is_closing():
            raise LostError("no session")
        sequence = self._next()
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._write(writer, Pdu(command=command, sequence=sequence, body=body))
            async with asyncio.timeout(self._settings.response_s):
                return await answer
        finally:
            self._waiting.pop(sequence, None)

    def _next(self) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence

    @staticmethod
    def _write(writer: asyncio.StreamWriter, pdu: Pdu) -> None:
        writer.write(pdu.to_bytes())

    def _drop(self) -> None:
        """A centre that does not answer is called anew."""
        if self._writer is not None:
            self._writer.close()
        self.bound.clear()

    def _fail_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LostError("the session ended"))
