"""Points in and out of files a person has: CSV with id, lon and lat, or GeoJSON."""

import csv
import json
from pathlib import Path
from typing import Any

import msgspec

from geo.types import Point, Profile

MOST_ROWS = 1_000_000


class TableError(Exception):
    """A file that does not hold points; the text names the file and the line."""


class Row(msgspec.Struct, frozen=True):
    """One named place, lon/lat WGS-84 degrees, and how it travels when the file says so."""

    id: str
    place: Point
    profile: Profile | None = None


def read_points(path: Path) -> list[Row]:
    """Rows of a CSV (columns id, lon, lat, optionally profile) or a GeoJSON of points.

    Raises:
        TableError: a row without a usable place; the text names file and row.
    """
    if path.suffix.lower() in {".json", ".geojson"}:
        found = json.loads(path.read_text(encoding="utf-8")).get("features", [])
        raw = [_flat(feature) for feature in found if _is_point(feature)]
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            raw = list(csv.DictReader(file))
    if not raw or len(raw) > MOST_ROWS:
        raise TableError(f"{path}: holds {len(raw)} points; 1 to {MOST_ROWS} are read")
    return [_row(path, number, fields) for number, fields in enumerate(raw, 1)]


def parse_place(text: str) -> Point:
    """A place written `lon,lat` in WGS-84 degrees. Raises TableError."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise TableError(f"{text!r} is not lon,lat in degrees, as 121.4737,31.2304") from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise TableError(f"{text!r} is not on earth: longitude comes first")
    return Point(lon, lat)


def _is_point(feature: dict[str, Any]) -> bool:
    return bool((feature.get("geometry") or {}).get("type") == "Point")


def _flat(feature: dict[str, Any]) -> dict[str, Any]:
    lon, lat = feature["geometry"]["coordinates"][:2]
    properties = feature.get("properties") or {}
    return {"id": feature.get("id", ""), **properties, "lon": lon, "lat": lat}


def _row(path: Path, number: int, fields: dict[str, Any]) -> Row:
    try:
        place = parse_place(f"{fields['lon']},{fields['lat']}")
        profile = Profile(fields["profile"]) if fields.get("profile") else None
    except KeyError as error:
        raise TableError(f"{path}, row {number}: has no column {error}") from error
    except (TableError, ValueError) as error:
        raise TableError(f"{path}, row {number}: {error}") from error
    return Row(str(fields.get("id") or number), place, profile)
