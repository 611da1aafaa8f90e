"""What an ordinary car drives by class of road where no speed is posted, by country.

The limits are law (wiki.openstreetmap.org/wiki/Default_speed_limits); what is driven below them
in streets without a limit of their own follows the table OSRM's car profile uses everywhere
(github.com/Project-OSRM/osrm-backend, profiles/car.lua).
"""

from geo.types import Point

DRIVEN = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential",
    "living_street", "service", "road", "motorway_link", "trunk_link", "primary_link",
    "secondary_link", "tertiary_link",
)  # fmt: skip
"""Classes a vehicle may use, in the order of the speeds below."""
ANYWHERE = ""
FREE_KMH = {
    "CN": (80, 60, 50, 40, 35, 30, 25, 15, 15, 25, 50, 40, 35, 30, 25),
    "PT": (110, 80, 50, 50, 40, 30, 25, 15, 15, 25, 50, 45, 35, 30, 25),
    "FR": (110, 80, 50, 50, 40, 30, 25, 15, 15, 25, 50, 45, 35, 30, 25),
    "MC": (50, 50, 50, 45, 40, 30, 25, 10, 15, 25, 45, 40, 35, 30, 25),
    "US": (95, 70, 50, 45, 40, 35, 35, 15, 15, 30, 55, 45, 35, 30, 25),
    ANYWHERE: (90, 85, 65, 55, 40, 25, 25, 10, 15, 25, 45, 40, 30, 25, 20),
}
"""Kilometres an hour of ordinary traffic on a free road of each class."""
BOXES = {
    "MC": (7.40, 43.72, 7.44, 43.76), "PT": (-9.6, 36.9, -6.2, 42.2),
    "CN": (73.5, 18.0, 135.1, 53.6), "FR": (-4.9, 42.3, 8.3, 51.1),
    "US": (-125.0, 24.4, -66.9, 49.4),
}  # fmt: skip
"""West, south, east, north in degrees, the smallest first: rough, so near a border say which."""


def speeds_of(country: str) -> dict[str, int]:
    """Free speed in km/h of each class. Raises ValueError for a country not in the table."""
    if country not in FREE_KMH:
        known = ", ".join(filter(None, FREE_KMH))
        raise ValueError(f"{country}: no table of speeds; known are {known}")
    return dict(zip(DRIVEN, FREE_KMH[country], strict=True))


def country_at(place: Point) -> str:
    """The country whose speeds hold at a lon/lat WGS-84 place, '' where none is known."""
    for country, (west, south, east, north) in BOXES.items():
        if west <= place.lon <= east and south <= place.lat <= north:
            return country
    return ANYWHERE
