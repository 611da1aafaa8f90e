"""The browsers that watch: each has a mailbox in which the latest state wins.

A browser that stops reading costs one mailbox and after a while its connection; it holds up
neither the engine nor the other browsers.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from dispatch.words import IncidentId, ResponderId
from gateways.api.scope import Scope

MAX_CASES = 400
"""More changed cases than this in one mailbox: the browser gets the full state instead."""
SEND_LIMIT_S = 15.0
SESSION_ENDED = 4401
"""The closing code that tells the page to ask for a login."""


class Sight(msgspec.Struct, frozen=True):
    """What a request may see: all where `scope` is None, as long as `stands` says so."""

    scope: Scope | None
    stands: Callable[[], bool]


def see_all(_: web.Request) -> Sight:
    """Everybody sees everything for ever."""
    return Sight(None, lambda: True)


class Mailbox:
    """What one browser has not been sent yet: the last columns, the last form of each case.

    `scope` is whose eyes look; `stands` says whether they may still.
    """

    def __init__(
        self, scope: Scope | None = None, stands: Callable[[], bool] = lambda: True
    ) -> None:
        self.scope = scope
        self.stands = stands
        self.shown: set[IncidentId] = set()
        self.gone: set[IncidentId] = set()
        self.guests: frozenset[ResponderId] = frozenset()
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

    def put_cases(
        self,
        cases: dict[IncidentId, msgspec.Raw],
        counters: msgspec.Raw,
        gone: Iterable[IncidentId] = (),
    ) -> None:
        """The newest form of changed cases, over the older forms that still wait.

        `gone` are cases that may not be seen any more; who never saw them hears nothing.
        """
        self.counters = counters
        if not self.needs_state:
            for one in self.shown.intersection(gone):
                self.cases.pop(one, None)
                self.gone.add(one)
            self.shown.difference_update(self.gone)
            self.shown.update(cases)
            self.gone.difference_update(cases)
            self.cases.update(cases)
            if len(self.cases) > MAX_CASES:
                self.put_state()
        self.wake.set()

    def put_state(self) -> None:
        """Everything anew."""
        self.needs_state = True
        self.cases.clear()
        self.gone.clear()
        self.wake.set()

    def take_gone(self) -> list[IncidentId]:
        """The cases that the browser is to forget; to be taken together with the others."""
        gone, self.gone = sorted(self.gone), set()
        return gone

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
        gone = mailbox.take_gone()
        async with asyncio.timeout(SEND_LIMIT_S):
            if not mailbox.stands():
                await ws.close(code=SESSION_ENDED, message=b"log in again")
                return
            if whole:
                await ws.send_str(get_state())
            elif cases or gone or counters is not None:
                body: dict[str, object] = {
                    "is": "delta",
                    "counters": counters,
                    "cases": list(cases.values()),
                }
                if gone:
                    body["gone"] = gone
                await ws.send_str(msgspec.json.encode(body).decode())
            if columns is not None:
                await ws.send_bytes(columns)


async def _read(ws: web.WebSocketResponse) -> None:
    """The page only watches: whatever it says ends the conversation."""
    message = await ws.receive()
    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"this page only listens")
