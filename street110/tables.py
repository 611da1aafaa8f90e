"""Points in and out of files a person has: CSV as any office program writes it, or GeoJSON."""

import csv
import json
from collections.abc import Iterator, Mapping
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from geo.types import Point, Profile

MOST_ROWS = 1_000_000
LARGEST_FILE = 512 << 20
ENCODINGS = ("utf-8-sig", "gb18030")
"""What Chinese office programs save; the first that fits is taken."""
CALLED = {
    "lon": ("lon", "lng", "long", "longitude", "x", "x_coord", "经度"),
    "lat": ("lat", "latitude", "y", "y_coord", "纬度"),
    "id": ("id", "unit", "unit_id", "responder", "post", "incident", "call", "name",
           "编号", "警号", "名称"),
    "profile": ("profile", "mode", "travel", "方式"),
}  # fmt: skip
"""Names a column may have, in any case; the first present is taken."""
TRAVELS = {"walk": Profile.FOOT, "on foot": Profile.FOOT, "motorbike": Profile.MOTORCYCLE,
           "汽车": Profile.CAR, "摩托车": Profile.MOTORCYCLE, "步行": Profile.FOOT} | {
    str(profile): profile for profile in Profile
}  # fmt: skip


class TableError(Exception):
    """A file that does not hold points; the text names the file, the line and the column."""


class Row(msgspec.Struct, frozen=True):
    """One named place, lon/lat WGS-84 degrees, and how it travels when the file says so."""

    id: str
    place: Point
    profile: Profile | None = None


def read_points(path: Path) -> list[Row]:
    """Rows of a CSV (columns id, lon, lat, perhaps profile) or a GeoJSON of points.

    Columns are known by many names in any case and order; the separator may be a comma, a
    semicolon or a tab, the text UTF-8 or GB 18030. A row without an id is called by its number.

    Raises:
        TableError: a file or row that cannot be read; the text names file, line and column.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise TableError(f"{path}: larger than {LARGEST_FILE >> 20} MB")
        text = read_text(path)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}") from error
    json_like = path.suffix.lower() in {".json", ".geojson"} or text.lstrip()[:1] in {"{", "["}
    rows = list(_geojson(path, text) if json_like else _csv(path, text))
    if not 0 < len(rows) <= MOST_ROWS:
        raise TableError(f"{path}: holds {len(rows)} points; 1 to {MOST_ROWS} are read")
    return rows


def read_text(path: Path) -> str:
    """The text of a file in the first encoding that fits. Raises TableError."""
    raw = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(f"{path}: is not text in UTF-8 or GB 18030")


def parse_place(text: str) -> Point:
    """A place written `lon,lat` in WGS-84 degrees. Raises TableError."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        raise TableError(f"{text!r} is not lon,lat in degrees, as 121.4737,31.2304") from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise TableError(f"{text!r} is not on earth: longitude comes first")
    return Point(lon, lat)


def find_columns(held: list[str]) -> dict[str, str]:
    """Which of the columns held is our lon, lat, id and profile, for those that are there."""
    plain = {name.strip().lower(): name for name in reversed(held)}
    found = {}
    for ours, names in CALLED.items():
        called = next((plain[name] for name in names if name in plain), None)
        if called is not None:
            found[ours] = called
    return found


def _csv(path: Path, text: str) -> Iterator[Row]:
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=lambda one: (head.count(one), one == ","))
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=separator)
    try:
        held = list(reader.fieldnames or [])
        columns = find_columns(held)
        for name in ("lon", "lat"):
            if name not in columns:
                shown = ", ".join(repr(one) for one in held) or "nothing"
                raise TableError(f"{path}, line 1: has no column {name!r}; it has {shown}")
        for number, fields in enumerate(reader, 1):
            yield _row(f"{path}, line {reader.line_num}", number, fields, columns)
    except csv.Error as error:
        raise TableError(f"{path}, line {reader.line_num}: {error}") from error


def _geojson(path: Path, text: str) -> Iterator[Row]:
    try:
        found = json.loads(text)
    except ValueError as error:
        at = error if isinstance(error, json.JSONDecodeError) else None
        where = f", line {at.lineno}, column {at.colno}" if at else ""
        raise TableError(f"{path}{where}: {at.msg if at else error}") from error
    features = found.get("features", [found]) if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise TableError(f"{path}: is JSON but not GeoJSON with features")
    for number, feature in enumerate(features, 1):
        where = f"{path}, feature {number}"
        fields = _flat(where, feature)
        yield _row(where, number, fields, find_columns(list(fields)))


def _flat(where: str, feature: Any) -> dict[str, Any]:
    match feature:
        case {"geometry": {"type": "Point", "coordinates": [lon, lat, *_]}}:
            held = feature.get("properties") or {}
            if not isinstance(held, dict):
                raise TableError(f"{where}: its properties are no object")
            named = {"id": feature["id"]} if "id" in feature else {}
            return {**named, **held, "lon": lon, "lat": lat}
        case {"geometry": {"type": str(kind)}} if kind != "Point":
            raise TableError(f"{where}: is a {kind}; only points are read")
        case _:
            raise TableError(f"{where}: is no GeoJSON feature with a point")


def _row(where: str, number: int, fields: Mapping[str, Any], columns: Mapping[str, str]) -> Row:
    lon, lat = (_degrees(where, fields, columns[name]) for name in ("lon", "lat"))
    if not -180 <= lon <= 180:
        raise TableError(f"{where}, column {columns['lon']}: {lon:g} is no longitude")
    if not -90 <= lat <= 90:
        raise TableError(
            f"{where}, column {columns['lat']}: {lat:g} is no latitude; are the two exchanged?"
        )
    name, travel = (str(_cell(fields, columns, key) or "").strip() for key in ("id", "profile"))
    if travel and travel.lower() not in TRAVELS:
        known = ", ".join(TRAVELS)
        raise TableError(f"{where}, column {columns['profile']}: {travel!r} is none of {known}")
    return Row(name or str(number), Point(lon, lat), TRAVELS.get(travel.lower()))


def _cell(fields: Mapping[str, Any], columns: Mapping[str, str], key: str) -> Any:
    value = fields.get(columns[key]) if key in columns else None
    return "" if value is None else value


def _degrees(where: str, fields: Mapping[str, Any], column: str) -> float:
    value = fields.get(column)
    try:
        degrees = float("" if value is None or isinstance(value, bool) else value)
    except (TypeError, ValueError) as error:
        shown = (
            "is empty" if value is None or value == "" else f"{value!r} is not a number of degrees"
        )
        raise TableError(f"{where}, column {column}: {shown}") from error
    if not isfinite(degrees):
        raise TableError(f"{where}, column {column}: {value!r} is not a number of degrees")
    return degrees
