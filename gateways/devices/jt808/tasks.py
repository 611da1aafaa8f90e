"""What waits for a commit: short tasks, kept until they end, never more than a limit."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
MOST_TASKS = 5_000


class Tasks:
    """Alarms and answers on their way to the journal."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T] | None:
        """Begin; None when too much waits already, so that it is not answered and comes again."""
        if len(self._running) >= MOST_TASKS:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Looked at here: that the engine has stopped is told by the engine itself.
            task.exception()

    async def stop(self) -> None:
        """Let what has begun be put on record, for a moment; what is left is ended."""
        if self._running:
            await asyncio.wait(self._running, timeout=1.0)
        for task in list(self._running):
            task.cancel()
