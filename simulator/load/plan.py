"""What a load is made of: who reports, how often, who calls, for how long."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import msgspec

from dispatch.district import District
from geo.types import Point
from simulator.load.wire import Broker

AROUND_DEG = 0.004
"""Units that are made up stand around a post or a unit of the roster, mostly within 400 m."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One load: fixes and alarms a second, both open loop, for some seconds.

    `fix_hz` is per unit. A responder that got an order confirms and accepts it at once and is
    free again `clear_s` later. `connections` are shared by all devices, as behind radio gateways.
    """

    units: int
    fix_hz: float = 1.0
    alarms_s: float = 10.0
    seconds: float = 20.0
    connections: int = 20
    post_share: float = 0.5
    clear_s: float = 1.0
    seed: int = 1


class Target(NamedTuple):
    """The engine's broker, its district, the processes to be watched (None: not), alarm types."""

    broker: Broker
    district: District
    engine_pid: int | None
    broker_pid: int | None
    types: tuple[str, ...]


class Walker(NamedTuple):
    """One unit that reports, and where it circles."""

    id: str
    base: Point


def list_walkers(district: District, count: int) -> list[Walker]:
    """The first so many units of the roster.

    Raises:
        ValueError: the roster has fewer.
    """
    if count > len(district.units):
        raise ValueError(
            f"units: {count} asked for, but district {district.id} has {len(district.units)}; "
            f"`street110 district enlarge` writes a book with more"
        )
    return [Walker(unit.id, unit.base) for unit in district.units[:count]]


def choose_types(district: District, asked: Sequence[str]) -> tuple[str, ...]:
    """The types of alarm that are raised: as asked for, else what a button sends.

    Raises:
        ValueError: the district has no plan for one of them.
    """
    known = [plan.type for plan in district.plans]
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ValueError(f"type: {', '.join(unknown)}: no plan; there are {', '.join(known)}")
    usual = [word for word in ("panic", "robbery") if word in known]
    return tuple(asked) or tuple(usual[:1]) or tuple(known[:1])


def spread(district: District, count: int, seed: int) -> list[Walker]:
    """Made-up units for so many, where posts and patrols of the roster are; lon/lat WGS-84."""
    rng = Random(seed)
    anchors = [post.place for post in district.posts] + [unit.base for unit in district.units]
    found = []
    for number in range(count):
        at = rng.choice(anchors)
        lon = at.lon + rng.gauss(0.0, AROUND_DEG / 2)
        lat = at.lat + rng.gauss(0.0, AROUND_DEG / 2)
        found.append(Walker(f"U{number:05}", Point(round(lon, 6), round(lat, 6))))
    return found
