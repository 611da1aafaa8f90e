"""Rush hours: how much slower each class of road is in each hour, told by the caller.

Nothing here knows what time it is; the factors go to `Roads.set_factors` and hold from the next
question on, without a rebuild.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from geo.osm import CLASSES
from geo.types import Profile

Factor = Annotated[float, Meta(ge=0.1, le=100)]
Day = Annotated[tuple[Factor, ...], Meta(min_length=24, max_length=24)]
LEAST, MOST = 0.1, 100.0


class RushHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Travel times as multiples of the free ones: 24 factors, local hour 0 to 23, per class."""

    by_class: dict[str, Day]
    profiles: tuple[Profile, ...] = (Profile.CAR, Profile.MOTORCYCLE)

    def at(self, hour: int, profile: Profile) -> dict[str, float]:
        """The factor of each class of road that is named, in a local hour 0 to 23."""
        if not 0 <= hour < 24:
            raise ValueError(f"{hour} is no hour of a day, 0 to 23")
        if profile not in self.profiles:
            return {}
        return {kind: day[hour] for kind, day in self.by_class.items()}


def read_rush_hours(raw: bytes) -> RushHours:
    """Rush hours from JSON. Raises ValueError, saying where, when it is not of that shape."""
    try:
        found = msgspec.json.decode(raw, type=RushHours)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a table of rush hours: {error}") from error
    unknown = sorted(set(found.by_class) - set(CLASSES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not a class of road")
    return found


def combine(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Factors by class multiplied, kept within what a road graph takes; a missing one is 1."""
    return {
        kind: min(max(one.get(kind, 1.0) * other.get(kind, 1.0), LEAST), MOST)
        for kind in sorted({*one, *other})
    }
