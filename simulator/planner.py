"""Finds ways for roaming patrols, off the loop and never more than a share of one core."""

import asyncio
from collections import deque
from collections.abc import Callable

from dispatch.ports import Roads
from geo.types import Point, Route
from simulator.patrol import Patrol

LIMIT_S = 1_800.0
REST_SHARE = 9.0
"""The planner rests so many times as long as a search took: a tenth of a core at most."""


class Planner:
    """One search after another in a thread; without roads every way is a straight line."""

    def __init__(self, roads: Roads | None, now_s: Callable[[], float]) -> None:
        self._roads = roads
        self._now_s = now_s
        self._asked: deque[tuple[Patrol, Point, Point]] = deque()
        self._awake = asyncio.Event()

    def ask(self, patrol: Patrol, start: Point, target: Point) -> None:
        """Enter a wish; `patrol.follow` is called with the answer."""
        self._asked.append((patrol, start, target))
        self._awake.set()

    async def run(self) -> None:
        """Answer wishes in the order they came, until cancelled."""
        while True:
            while self._asked:
                patrol, start, target = self._asked.popleft()
                before_s = self._now_s()
                route = await asyncio.to_thread(self.find, patrol, start, target)
                now_s = self._now_s()
                patrol.follow(route, now_s)
                await asyncio.sleep(REST_SHARE * (now_s - before_s))
            self._awake.clear()
            await self._awake.wait()

    def find(self, patrol: Patrol, start: Point, target: Point) -> Route | None:
        """A way for this patrol, or None when the streets give none."""
        if self._roads is None:
            line = ((start.lon, start.lat), (target.lon, target.lat))
            return Route(0.0, 0.0, line, ())
        return self._roads.reach(target, patrol.profile, LIMIT_S).find_route(start)
