"""What an administrator declares of a district: who there is, where, and what each alarm gets.

The book is a value: it is journaled whole when it changes, so a journal explains itself.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from dispatch.coverage_circles import Circle
from dispatch.shifts import Roster
from dispatch.words import (
    AreaId,
    AreaLevel,
    FollowUpKind,
    GroupId,
    ResponderId,
    ResponderKind,
    UnitKind,
)
from geo.types import Point

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]
Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
Lon = Annotated[float, Meta(ge=-180, le=180)]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Count = Annotated[int, Meta(ge=0, le=64)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A patrol: `officers` people that move together; `base` is where it starts from."""

    id: ResponderId
    name: str
    kind: UnitKind
    officers: int
    base: Point
    capabilities: tuple[Word, ...] = ("patrol",)
    beat: AreaId | None = None


class Post(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A security point: numbered sign, guards, radios, a button and a place."""

    id: ResponderId
    sign: int
    name: str
    category: Word
    place: Point
    guards: int
    radios: int
    groups: tuple[GroupId, ...] = ()


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A city-gate checkpoint on a road that leaves the area."""

    id: ResponderId
    name: str
    place: Point
    road: str
    officers: int = 2


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mutual-aid group: neighbouring posts on one radio channel."""

    id: GroupId
    name: str
    channel: str


class Area(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One area of the tree of jurisdictions: an outer ring of lon/lat WGS-84 points, not closed."""

    id: AreaId
    name: str
    level: AreaLevel
    parent: AreaId | None
    ring: tuple[tuple[float, float], ...]


class UnitNeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many units of one capability within so many minutes by road."""

    capability: Word = "patrol"
    count: Count = 1
    within_min: Annotated[float, Meta(gt=0, le=240)] = 15.0


class PostNeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many neighbouring posts within so many minutes on foot."""

    count: Count = 2
    within_min: Annotated[float, Meta(gt=0, le=60)] = 5.0


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A response plan: what an incident of one type gets. Times in seconds, distances in metres."""

    type: Word
    name_zh: str
    name_en: str
    priority: Annotated[int, Meta(ge=0, le=5)]
    """1 is the most urgent; 0 is for an officer in need alone, and outranks everything."""
    units: tuple[UnitNeed, ...] = (UnitNeed(),)
    posts: PostNeed = PostNeed(count=0)
    notify_group: bool = False
    silent: bool = False
    automatic: bool = True
    ack_within_s: Seconds = 15
    expire_after_s: Seconds = 300
    escalate_after_s: Seconds = 60
    join_types: tuple[Word, ...] = ()
    join_within_m: Annotated[float, Meta(ge=0, le=5_000)] = 150.0
    join_within_s: Seconds = 300
    reinforce_units: Count = 0
    divert_gain_s: Annotated[float, Meta(ge=0, le=3_600)] = 60.0
    close_when_clear: bool = True
    eta_overrun_factor: Annotated[float, Meta(ge=1, le=10)] = 1.5
    """An accepted order that takes so many times its ETA is late."""
    lone_check_s: Annotated[int, Meta(ge=0, le=86_400)] = 600
    """An officer alone on scene is asked after so long whether all is well; 0 for never."""
    pursuit: bool = False
    """Whether the suspect is expected to flee: a ring may be placed ahead."""
    answer_caller: bool = False
    """Whether the post that called is told who comes (direct call)."""
    follow_up_h: dict[FollowUpKind, Annotated[float, Meta(gt=0, le=8_760)]] = {}
    """What is owed after the closing, each with its hours."""


class WantedPlate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the hot list: a plate and why it is wanted."""

    plate: str
    reason: str


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """District-wide figures that departments set differently. Seconds, metres, m/s."""

    stale_after_s: dict[UnitKind, Seconds] = msgspec.field(
        default_factory=lambda: {
            UnitKind.CAR: 60,
            UnitKind.MOTORCYCLE: 60,
            UnitKind.FOOT: 180,
            UnitKind.PLAIN_CLOTHES: 180,
        }
    )
    same_press_s: Seconds = 10
    alarm_too_old_s: Annotated[int, Meta(ge=60, le=604_800)] = 86_400
    clock_ahead_s: Annotated[int, Meta(ge=1, le=3_600)] = 120
    border_m: Annotated[float, Meta(ge=0, le=50_000)] = 3_000.0
    impossible_mps: Annotated[float, Meta(ge=10, le=200)] = 70.0
    ageing_s: Annotated[int, Meta(ge=0, le=86_400)] = 300
    """A waiting incident counts one class more urgent per so many seconds, never as 1; 0: never."""
    divert: Literal["advice", "automatic"] = "advice"
    """Whether a nearer unit under way to a lesser incident is taken at once or only advised.

    Where nobody else can go it is taken at once in either case.
    """
    joint: bool = True
    """Whether several waiting incidents are served together; else one after the other."""
    cover_s: Annotated[float, Meta(ge=0, le=600)] = 0.0
    """A unit that leaves its beat bare counts as up to so many seconds farther; 0: the nearest.

    Only incidents of priority 2 and below pay it.
    """
    circles_every_s: Annotated[int, Meta(ge=10, le=3_600)] = 60


class District(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole book of one district. Ids are unique across units, posts and gates."""

    id: Id
    name_zh: str
    name_en: str
    timezone: str
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    gates: tuple[Gate, ...]
    groups: tuple[Group, ...]
    areas: tuple[Area, ...]
    plans: tuple[Plan, ...]
    hot_list: tuple[WantedPlate, ...] = ()
    circles: tuple[Circle, ...] = ()
    roster: Roster | None = None
    rules: Rules = Rules()


def roster_of(district: District | None) -> dict[ResponderId, ResponderKind]:
    """Everyone in the book an order can go to: units, posts, gates, in the book's order."""
    if district is None:
        return {}
    roster = dict.fromkeys((unit.id for unit in district.units), ResponderKind.UNIT)
    roster |= dict.fromkeys((post.id for post in district.posts), ResponderKind.POST)
    return roster | dict.fromkeys((gate.id for gate in district.gates), ResponderKind.GATE)
