"""Virtual time: an event loop without sockets or sleep, and what stands in for real clocks.

One loop is one life of the engine's process: a crash leaves the loop as it stands and the next
life gets a new one. Nothing of the old one ever runs again.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import gmqtt.mqtt.connection
import gmqtt.mqtt.handler
import gmqtt.mqtt.protocol
import structlog

import dispatch.journal
import dispatch.runtime
import gateways.mqtt.link

START_MS = 1_764_000_000_000
"""UTC epoch ms at second 0 of every schedule."""
BATCH_TAKES_S = 0.0012
"""A question about the processor's time finds that up to so much has passed since the last."""
ASKS_THE_TIME = (
    gmqtt.mqtt.connection,
    gmqtt.mqtt.handler,
    gmqtt.mqtt.protocol,
    dispatch.runtime,
    gateways.mqtt.link,
)

Dial = Callable[[asyncio.Protocol], asyncio.Transport]


class Clock:
    """Seconds since the schedule began; stands in for the modules `time` and `random`."""

    def __init__(self, seed: int) -> None:
        self.now_s = 0.0
        self._busy_s = 0.0
        self._rng = Random(f"clock:{seed}")

    def monotonic(self) -> float:
        """Seconds that only go on."""
        return self.now_s

    def perf_counter(self) -> float:
        """Seconds of a processor that does a little between two questions."""
        self._busy_s += self._rng.uniform(0.0, BATCH_TAKES_S)
        return self.now_s + self._busy_s

    def uniform(self, low: float, high: float) -> float:
        """A number between two others, by the seed."""
        return self._rng.uniform(low, high)


class _NoThread:
    """A thread that never runs: the schedule does its work, turn by turn."""

    def __init__(self, **_: Any) -> None:
        """Take what a thread takes."""

    def start(self) -> None:
        """Do nothing."""

    def join(self) -> None:
        """There is nothing to wait for."""


class _Threads:
    """Stands in for the module `threading` in the journal."""

    Condition = threading.Condition
    Thread = _NoThread


class _NoSelector:
    """Nothing comes from outside: what is due is asked of the loop itself."""

    def select(self, _timeout: float | None) -> list[Any]:
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop that is stepped by hand and connects to a simulated network only."""

    def __init__(self, clock: Clock, dial: Dial) -> None:
        super().__init__()
        self._selector = _NoSelector()
        self._virtual = clock
        self._dial = dial
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        """Virtual seconds."""
        return self._virtual.now_s

    def next_s(self) -> float | None:
        """When something is to be done next; None for never."""
        inside: Any = self
        if inside._ready:  # noqa: SLF001 - the base class has no door for this
            return self._virtual.now_s
        scheduled = inside._scheduled  # noqa: SLF001 - likewise
        return max(self._virtual.now_s, scheduled[0].when()) if scheduled else None

    def step(self) -> None:
        """Do everything that is ready now, once."""
        asyncio.events._set_running_loop(self)  # noqa: SLF001 - what run_forever does
        try:
            inside: Any = self
            inside._run_once()  # noqa: SLF001 - likewise
        finally:
            asyncio.events._set_running_loop(None)  # noqa: SLF001 - likewise

    def abandon(self) -> None:
        """The process is dead: its tasks end without a word."""
        for task in asyncio.all_tasks(self):
            unheard: Any = task
            unheard._log_destroy_pending = False  # noqa: SLF001 - what a loop's end does
            unheard.get_coro().close()
        inside: Any = self
        inside._ready.clear()  # noqa: SLF001 - nothing of it runs again
        inside._scheduled.clear()  # noqa: SLF001 - likewise
        self.close()

    async def create_connection(  # type: ignore[override]  # only what the link calls
        self, factory: Callable[[], Any], *_: Any, **__: Any
    ) -> Any:
        """Connect to the simulated broker. Raises ConnectionRefusedError when it is down."""
        protocol = factory()
        transport = self._dial(protocol)
        protocol.connection_made(transport)
        return transport, protocol

    def _process_events(self, _events: Any) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


def _say_nothing(_logger: Any, _method: str, _event: Any) -> str:
    raise structlog.DropEvent


@contextmanager
def virtual(clock: Clock, fold_bytes: int, batch: int) -> Iterator[None]:
    """Let the line ask `clock` and keep its log to itself; put everything back at the end.

    `fold_bytes` is how long the journal's write-ahead log grows before it is folded, `batch`
    how many commands the engine decides before a commit.
    """
    changes: list[tuple[Any, str, Any]] = [(module, "time", clock) for module in ASKS_THE_TIME]
    changes.append((gateways.mqtt.link, "random", clock))
    changes.append((dispatch.journal, "CHECKPOINT_WHEN_IDLE_BYTES", fold_bytes))
    changes.append((dispatch.journal, "threading", _Threads))
    changes.append((dispatch.runtime, "MAX_BATCH", batch))
    changes = [change for change in changes if hasattr(change[0], change[1])]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    said = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    kept = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(processors=[_say_nothing], wrapper_class=quiet)
    try:
        yield
    finally:
        structlog.configure(**kept)
        logging.disable(said)
        for module, name, value in before:
            setattr(module, name, value)
