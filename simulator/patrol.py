"""How a virtual patrol moves: along the streets at random, or to where an order sends it."""

from collections.abc import Callable, Sequence
from math import hypot
from random import Random

from dispatch.district import Post, Unit
from dispatch.words import UnitKind
from geo.types import Point, Profile, Route
from simulator.bodies import Down, Fix, encode
from simulator.devices import DRIVE_MPS, WALK_MPS, World
from simulator.drive import Trip, join_route, metres

PROFILES = {
    UnitKind.CAR: Profile.CAR,
    UnitKind.MOTORCYCLE: Profile.MOTORCYCLE,
    UnitKind.FOOT: Profile.FOOT,
    UnitKind.PLAIN_CLOTHES: Profile.FOOT,
}
BEATS = {Profile.CAR: 30, Profile.MOTORCYCLE: 20, Profile.FOOT: 5}
"""How many of the posts nearest to its base a patrol goes round."""
JITTER_DEGREES = 2e-5
REST_S = (2.0, 30.0)


def list_beat(unit: Unit, posts: Sequence[Post], count: int) -> list[Point]:
    """Where a patrol goes round: the posts nearest to its base, and the base itself, last.

    A beat of few, fixed places lets the ways to them be searched once and remembered.
    """

    def away(post: Post) -> tuple[float, str]:
        base, place = (unit.base.lon, unit.base.lat), (post.place.lon, post.place.lat)
        return hypot(*metres(base, place)), post.id

    return [post.place for post in sorted(posts, key=away)[:count]] + [unit.base]


class Patrol:
    """The moving body of a unit, and its AVL: it starts at its base and never stops reporting."""

    def __init__(
        self,
        world: World,
        unit: Unit,
        posts: Sequence[Post],
        ask: Callable[["Patrol", Point, Point], None],
    ) -> None:
        self.unit = unit
        self.profile = PROFILES[unit.kind]
        self._world = world
        self._ask = ask
        self._beat = list_beat(unit, posts, BEATS[self.profile])
        self._rng = Random(f"patrol:{world.seed}:{unit.id}")
        self._trip = Trip([(unit.base.lon, unit.base.lat)], self._speed(None), 0.0)
        self._roaming = True
        self._asked = False
        self._topic = f"unit/{unit.id}/fix"

    def start(self) -> None:
        """Enter the first fix, at a moment of its own so that a fleet's fixes spread out."""
        first_s = self._rng.uniform(0.0, self._world.habits.fix_every_s)
        self._world.agenda.at(first_s, self._report)

    def place(self, now_s: float) -> Point:
        """Where the unit is."""
        return self._trip.at(now_s).place

    def go(self, order: Down, now_s: float) -> float:
        """Follow the order's route from here to its place; when it arrives."""
        end = None if order.lon is None or order.lat is None else Point(order.lon, order.lat)
        self._roaming = False
        way_mps = None
        if order.eta_s and order.length_m:
            way_mps = order.length_m / order.eta_s
        line = join_route(self.place(now_s), order.route, end)
        self._trip = Trip(line, self._speed(way_mps), now_s)
        return self._trip.end_s

    def stay(self) -> None:
        """Stand on scene; the trip has ended there."""
        self._roaming = False

    def roam(self, now_s: float) -> None:
        """Stop here and look for somewhere to go next."""
        here = self.place(now_s)
        self._trip = Trip([(here.lon, here.lat)], self._speed(None), now_s)
        self._roaming = True

    def follow(self, route: Route | None, now_s: float) -> None:
        """The planner's answer: a way to the target asked for, or none."""
        self._asked = False
        if route is None or not self._roaming:
            return
        line = join_route(self.place(now_s), route.line, None)
        way_mps = route.length_m / route.seconds if route.seconds > 0 else None
        rest_s = self._rng.uniform(*REST_S) / self._world.habits.pace
        self._trip = Trip(line, self._speed(way_mps), now_s + rest_s)

    def _report(self, now_s: float) -> None:
        """Publish one fix, enter the next, and ask for a new target where the old is reached."""
        where = self._trip.at(now_s)
        fix = Fix(
            t=self._world.epoch_ms(now_s),
            lon=round(where.place.lon + self._rng.gauss(0.0, JITTER_DEGREES), 6),
            lat=round(where.place.lat + self._rng.gauss(0.0, JITTER_DEGREES), 6),
            speed=round(where.speed_mps, 1),
            heading=round(where.heading_deg, 1) % 360.0,
            accuracy=5.0,
        )
        self._world.ledger.fixes_sent += 1
        self._world.say(self.unit.id, self._topic, encode(fix), 0)
        self._world.agenda.at(now_s + self._world.habits.fix_every_s, self._report)
        if where.arrived and self._roaming and not self._asked:
            self._asked = True
            self._ask(self, where.place, self._target())

    def _target(self) -> Point:
        return self._rng.choice(self._beat)

    def _speed(self, way_mps: float | None) -> float:
        """The way's own speed at the fleet's pace, within what the district takes for possible."""
        usual_mps = WALK_MPS if self.profile is Profile.FOOT else DRIVE_MPS
        return min(
            (way_mps or usual_mps) * self._world.habits.pace, 0.7 * self._world.impossible_mps
        )
