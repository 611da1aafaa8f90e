"""What virtual devices mean to do and when: a heap of deeds, run by real or by virtual time."""

import heapq
import time
from collections.abc import Callable
from typing import TypeAlias

Deed: TypeAlias = Callable[[float], None]
"""Something a device does; it is told the time in seconds since the fleet started."""


class Agenda:
    """Deeds by due time in seconds since the fleet's start; equal times keep their order of entry.

    Devices never ask a clock: a test runs the same fleet through an hour in a moment.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deed]] = []
        self._entered = 0
        self.now_s = 0.0

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, due_s: float, deed: Deed) -> None:
        """Enter a deed; one that is due in the past is done at the next run."""
        self._entered += 1
        heapq.heappush(self._heap, (due_s, self._entered, deed))

    def after(self, delay_s: float, deed: Deed) -> None:
        """Enter a deed so many seconds from the present time of the agenda."""
        self.at(self.now_s + delay_s, deed)

    def run(self, now_s: float) -> None:
        """Do everything due up to `now_s`, in order, including what these deeds enter."""
        while self._heap and self._heap[0][0] <= now_s:
            due_s, _, deed = heapq.heappop(self._heap)
            self.now_s = max(self.now_s, due_s)
            deed(self.now_s)
        self.now_s = max(self.now_s, now_s)


class Watch:
    """The one place where a fleet reads clocks: seconds since its start, and epoch ms."""

    def __init__(self) -> None:
        self._start_s = time.perf_counter()
        self.start_ms = time.time_ns() // 1_000_000  # noqa: TID251  the fleet's only wall clock

    def now_s(self) -> float:
        """Seconds since the fleet started, by the monotonic clock."""
        return time.perf_counter() - self._start_s
