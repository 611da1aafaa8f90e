"""The few doors between the core and the world."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

import msgspec

from dispatch.commands import AnyCommand
from dispatch.events import AnyEvent
from dispatch.letters import Letter
from geo.types import BoolArray, FloatArray, IntArray, Point, Position, Profile, RoadSpots, Route


class Reach(Protocol):
    """The answer of one search from a place over reversed edges, for one profile."""

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Travel seconds from each of (n, 2) lon/lat points to the place; inf beyond the limit."""
        ...

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        """The same from places that stand still; where they are on the roads is remembered."""
        ...

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        """Write the seconds of those (n,) points on roads that are `mine` into (n,) `out`."""
        ...

    def find_route(self, start: Point) -> Route | None:
        """The way from `start` to the place, or None when there is none within the limit."""
        ...


class Roads(Protocol):
    """Travel times by road, read-only."""

    def reach(self, to: Point, profile: Profile, limit_s: float) -> Reach:
        """Search once from `to`; the result answers for any number of starts."""
        ...


class Positions(Protocol):
    """Latest fixes of all units, rows in the order of the district's units, read-only."""

    def located(self) -> BoolArray:
        """Which rows ever had a good fix."""
        ...

    def spots(self) -> RoadSpots:
        """Where all rows are on the roads, each on those of its own profile; -1 without a fix."""
        ...

    def times(self) -> IntArray:
        """Epoch ms of the latest good fix of all rows, 0 where there is none."""
        ...

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """(n, 2) lon/lat and epoch ms of the latest good fixes of rows that have one."""
        ...

    def get(self, row: int) -> Position | None:
        """The latest good fix of a row, or None when it never had one."""
        ...


class Places(Protocol):
    """What stands still: names and areas of a place, read-only."""

    def areas_at(self, place: Point) -> tuple[str, ...]:
        """Ids of the areas that hold the place, widest first."""
        ...

    def describe(self, place: Point) -> str:
        """A name a person can find: nearest landmark or street."""
        ...


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One journal record: a command, who gave it, and the events that it caused."""

    at_ms: int
    who: str
    command: AnyCommand
    events: tuple[AnyEvent, ...]


class Journal(Protocol):
    """Durable, ordered, tamper-evident memory of decisions."""

    def append(self, records: Sequence[Record]) -> "Future[int]":
        """Write the batch in one commit; the future gives the last sequence number once durable."""
        ...

    def close(self) -> None:
        """Finish what was begun and release the file."""
        ...


class Outlet(Protocol):
    """A gateway that can carry letters to devices."""

    def send(self, letter: Letter) -> None:
        """Hand over for delivery; must not block."""
        ...
