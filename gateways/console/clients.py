"""The browsers that watch: each has a mailbox in which the latest state wins.

A browser that stops reading costs one mailbox and after a while its connection; it holds up
neither the engine nor the other browsers.
"""

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from dispatch.words import IncidentId

MAX_CASES = 400
"""More changed cases than this in one mailbox: the browser gets the full state instead."""
SEND_LIMIT_S = 15.0


class Mailbox:
    """What one browser has not been sent yet: the last columns, the last form of each case."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.columns: bytes | None = None
        self.cases: dict[IncidentId, msgspec.Raw] = {}
        self.counters: msgspec.Raw | None = None
        self.needs_state = True
        self.replaced = 0
        self.wake.set()

    def put_columns(self, frame: bytes) -> None:
        """The newest positions; older ones that still wait are forgotten."""
        self.replaced += self.columns is not None
        self.columns = frame
        self.wake.set()

    def put_cases(self, cases: dict[IncidentId, msgspec.Raw], counters: msgspec.Raw) -> None:
        """The newest form of changed cases, over the older forms that still wait."""
        self.counters = counters
        if not self.needs_state:
            self.cases.update(cases)
            if len(self.cases) > MAX_CASES:
                self.put_state()
        self.wake.set()

    def put_state(self) -> None:
        """Everything anew."""
        self.needs_state = True
        self.cases.clear()
        self.wake.set()

    def take(self) -> tuple[bool, dict[IncidentId, msgspec.Raw], msgspec.Raw | None, bytes | None]:
        """Empty the mailbox: whether the full state is due, cases, counters, columns."""
        taken = self.needs_state, self.cases, self.counters, self.columns
        self.needs_state, self.cases, self.counters, self.columns = False, {}, None, None
        self.wake.clear()
        return taken


async def serve_browser(
    ws: web.WebSocketResponse, mailbox: Mailbox, get_state: Callable[[], str]
) -> None:
    """Send what comes into the mailbox until the browser leaves or stops reading.

    Raises:
        TimeoutError: it took nothing for too long; the connection is to be cut.
    """
    sending = asyncio.create_task(_send(ws, mailbox, get_state), name="console-send")
    reading = asyncio.create_task(_read(ws), name="console-read")
    try:
        await asyncio.wait((sending, reading), return_when=asyncio.FIRST_COMPLETED)
    finally:
        reading.cancel()
        sending.cancel()
        ended = await asyncio.gather(sending, reading, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            raise error


async def _send(ws: web.WebSocketResponse, mailbox: Mailbox, get_state: Callable[[], str]) -> None:
    while not ws.closed:
        await mailbox.wake.wait()
        whole, cases, counters, columns = mailbox.take()
        async with asyncio.timeout(SEND_LIMIT_S):
            if whole:
                await ws.send_str(get_state())
            elif cases or counters is not None:
                body = {"is": "delta", "counters": counters, "cases": list(cases.values())}
                await ws.send_str(msgspec.json.encode(body).decode())
            if columns is not None:
                await ws.send_bytes(columns)


async def _read(ws: web.WebSocketResponse) -> None:
    """The page only watches: whatever it says ends the conversation."""
    message = await ws.receive()
    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"this page only listens")
