"""Travel times that learn: what was promised against what was driven, as factors to apply.

The model is a product: one factor for all, one per way of travelling, one per way and hour, one
per class of road to the power of its share of the way. In logarithms that is a ridge regression
(Hoerl and Kennard, Technometrics 12(1), 1970): `SHRINK` imagined trips that took exactly as long
as promised stand against each factor, so a few samples hardly move it and none leave it at 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta

from geo.hours import RushHours, combine
from geo.osm import CLASSES
from geo.roads import Roads
from geo.types import FloatArray, IntArray, Profile

SHRINK = 8.0
FOLDS = 5
SHORTEST_S = 10.0
"""A promise shorter than this is of someone who was there already."""
FARTHEST_OFF = 6.0
"""A trip that took so many times longer or shorter was not driven as ordered; it is left out."""

Factor = Annotated[float, Meta(ge=0.02, le=50)]
Place: TypeAlias = tuple[str, ...]


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """One promise and how it was kept: seconds, how one travelled, local hour 0 to 23.

    `shares` are the shares of the promised seconds or metres by class of road, summing to at
    most 1; empty where the way is not known.
    """

    promised_s: float
    actual_s: float
    profile: Profile
    hour: int
    shares: Mapping[str, float] = {}


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Factors on travel seconds; what is not named is 1. Switched off, all are."""

    trips: int = 0
    on: bool = True
    all: Factor = 1.0
    profiles: dict[Profile, Factor] = {}
    hours: dict[Profile, dict[int, Factor]] = {}
    classes: dict[str, Factor] = {}

    def factor(
        self, profile: Profile, hour: int, shares: Mapping[str, float] | None = None
    ) -> float:
        """What promised seconds are multiplied by, for a local hour 0 to 23 and shares of roads."""
        if not self.on:
            return 1.0
        by_class = sum(
            share * float(np.log(self.classes.get(kind, 1.0)))
            for kind, share in (shares or {}).items()
        )
        return self._of_way(profile, hour) * float(np.exp(by_class))

    def by_class(self, profile: Profile, hour: int) -> dict[str, float]:
        """The factor of every class of road, as `Roads.set_factors` takes them."""
        if not self.on:
            return {}
        way = self._of_way(profile, hour)
        return combine(dict.fromkeys(CLASSES, way), self.classes)

    def _of_way(self, profile: Profile, hour: int) -> float:
        hours = self.hours.get(profile, {})
        return self.all * self.profiles.get(profile, 1.0) * hours.get(hour, 1.0)


NEUTRAL = Calibration()
"""Every promise as it was made."""


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How well promises were kept by some trips, before and after; seconds.

    `after` is measured on trips that the factors were not fitted to. `hour` is None for all
    hours, `profile` None for everyone; a bias above 0 means that people came later than promised.
    """

    profile: Profile | None
    hour: int | None
    trips: int
    promised_s: float
    actual_s: float
    before_error_s: float
    after_error_s: float
    before_bias_s: float
    after_bias_s: float


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Factors to apply from now on, how good they are, and how many trips were not believed."""

    calibration: Calibration
    quality: tuple[Quality, ...]
    left_out: int


def fit(trips: Sequence[Trip], *, in_force: Calibration = NEUTRAL) -> Fit:
    """Factors from trips; `in_force` are those that the promises were made with.

    The same trips in the same order give the same factors.
    """
    kept = [trip for trip in trips if is_believed(trip)]
    calibration = _solve(kept) if kept else NEUTRAL
    held_out = np.ones(len(kept))
    for fold in range(FOLDS):
        rest = [trip for i, trip in enumerate(kept) if i % FOLDS != fold]
        found = _solve(rest) if rest else NEUTRAL
        for i in range(fold, len(kept), FOLDS):
            held_out[i] = found.factor(kept[i].profile, kept[i].hour, kept[i].shares)
    return Fit(
        calibration=_times(in_force, calibration) if in_force.on else calibration,
        quality=tuple(_qualities(kept, held_out)),
        left_out=len(trips) - len(kept),
    )


def is_believed(trip: Trip) -> bool:
    """Whether a trip was long enough to measure and was driven as ordered."""
    if trip.promised_s < SHORTEST_S or not 0 <= trip.hour < 24:
        return False
    ratio = trip.actual_s / trip.promised_s
    return 1 / FARTHEST_OFF <= ratio <= FARTHEST_OFF


def _places_of(trip: Trip) -> dict[Place, float]:
    """The factors a trip speaks of, with their exponents."""
    hour = ("hour", trip.profile, str(trip.hour))
    shares: dict[Place, float] = {("class", kind): one for kind, one in trip.shares.items()}
    return {("all",): 1.0, ("profile", trip.profile): 1.0, hour: 1.0} | shares


def _solve(trips: Sequence[Trip]) -> Calibration:
    rows = [_places_of(trip) for trip in trips]
    places = {place: i for i, place in enumerate(sorted({place for row in rows for place in row}))}
    design = np.zeros((len(rows), len(places)))
    for i, row in enumerate(rows):
        for place, exponent in row.items():
            design[i, places[place]] = exponent
    ratio = np.log([trip.actual_s / trip.promised_s for trip in trips])
    normal = design.T @ design + SHRINK * np.eye(len(places))
    found = dict(zip(places, np.exp(np.linalg.solve(normal, design.T @ ratio)), strict=True))
    hours: dict[Profile, dict[int, float]] = {}
    for place, factor in found.items():
        if place[0] == "hour":
            hours.setdefault(Profile(place[1]), {})[int(place[2])] = float(factor)
    return Calibration(
        trips=len(trips),
        all=float(found["all",]),
        profiles={Profile(p[1]): float(f) for p, f in found.items() if p[0] == "profile"},
        hours=hours,
        classes={place[1]: float(f) for place, f in found.items() if place[0] == "class"},
    )


def _times(one: Calibration, other: Calibration) -> Calibration:
    """Both applied, one after the other."""
    hours = {
        profile: {
            hour: one.hours.get(profile, {}).get(hour, 1.0)
            * other.hours.get(profile, {}).get(hour, 1.0)
            for hour in sorted({*one.hours.get(profile, {}), *other.hours.get(profile, {})})
        }
        for profile in sorted({*one.hours, *other.hours})
    }
    profiles = {
        profile: one.profiles.get(profile, 1.0) * other.profiles.get(profile, 1.0)
        for profile in sorted({*one.profiles, *other.profiles})
    }
    return Calibration(
        trips=one.trips + other.trips,
        all=one.all * other.all,
        profiles=profiles,
        hours=hours,
        classes=combine(one.classes, other.classes),
    )


def _qualities(trips: Sequence[Trip], factors: FloatArray) -> Iterator[Quality]:
    """For everyone, for each way of travelling, and for each of its hours."""
    promised = np.array([trip.promised_s for trip in trips])
    actual = np.array([trip.actual_s for trip in trips])
    groups: dict[tuple[str, int], list[int]] = {}
    for i, trip in enumerate(trips):
        for key in (("", -1), (str(trip.profile), -1), (str(trip.profile), trip.hour)):
            groups.setdefault(key, []).append(i)
    for (profile, hour), members in sorted(groups.items()):
        rows: IntArray = np.array(members, dtype=np.int64)
        before = actual[rows] - promised[rows]
        after = actual[rows] - promised[rows] * factors[rows]
        yield Quality(
            profile=Profile(profile) if profile else None,
            hour=None if hour < 0 else hour,
            trips=len(members),
            promised_s=float(promised[rows].mean()),
            actual_s=float(actual[rows].mean()),
            before_error_s=float(np.abs(before).mean()),
            after_error_s=float(np.abs(after).mean()),
            before_bias_s=float(before.mean()),
            after_bias_s=float(after.mean()),
        )


def read_calibration(raw: bytes) -> Calibration:
    """Factors from JSON. Raises ValueError, saying where, when it is not of that shape."""
    try:
        found = msgspec.json.decode(raw, type=Calibration)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a table of factors: {error}") from error
    unknown = sorted(set(found.classes) - set(CLASSES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not a class of road")
    return found


def apply_factors(
    roads: Roads, hour: int, *, learnt: Calibration = NEUTRAL, rush: RushHours | None = None
) -> None:
    """Make all travel times of a graph those of a local hour 0 to 23; the next question knows.

    Each call replaces what the one before it set. Walking to and from the road stays as it is.
    """
    for profile in Profile:
        known = rush.at(hour, profile) if rush is not None else {}
        roads.set_factors(profile, combine(known, learnt.by_class(profile, hour)))
