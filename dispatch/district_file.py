"""Reads a district folder and names every error by file, line, key and what was expected."""

import csv
import io
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from dispatch.coverage_circles import Circle
from dispatch.district import (
    Area,
    District,
    Gate,
    Group,
    Plan,
    Post,
    Rules,
    Unit,
    WantedPlate,
    roster_of,
)
from dispatch.district_lines import geojson_features, toml_key_line, toml_lines
from dispatch.force import ANYONE
from dispatch.hotlist import read_plates
from dispatch.problem import Problem
from dispatch.shifts import Roster
from dispatch.shifts_file import read_roster, read_roster_csv
from dispatch.words import AreaLevel

Row = TypeVar("Row", bound=msgspec.Struct)
PATH = re.compile(r" - at `\$\.?([A-Za-z_]*)")
MAX_BYTES = 64 << 20
LEVELS = list(AreaLevel)


class DistrictError(Exception):
    """A district that cannot be used; `problems` has all that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Reader:
    """Reads the files of one folder and collects what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.seen: dict[str, str] = {}

    def say(self, file: str, line: int, key: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(file, line, key, what))

    def text(self, file: str) -> str:
        """A file's text; empty, with a problem noted, when it cannot be read."""
        path = self.folder / file
        try:
            if path.stat().st_size > MAX_BYTES:
                self.say(file, 1, "file", f"larger than {MAX_BYTES >> 20} MiB")
                return ""
            return path.read_text(encoding="utf-8")
        except OSError as error:
            self.say(file, 1, "file", f"cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            self.say(file, 1, "file", f"not UTF-8 at byte {error.start}")
        return ""

    def toml(self, file: str) -> tuple[str, dict[str, Any]]:
        """A TOML file's text and tables; empty when it is not TOML."""
        text = self.text(file)
        try:
            return text, tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            self.say(file, int(line[1]) if line else 1, "syntax", str(error))
        return text, {}

    def tables(self, file: str, text: str, rows: Any, name: str, kind: type[Row]) -> list[Row]:
        """The `[[name]]` tables of a TOML file as rows of one kind."""
        lines = toml_lines(text)
        found = []
        if not isinstance(rows, list):
            self.say(file, 1, name, f"expected [[{name}]] tables")
            return []
        for number, row in enumerate(rows):
            start = lines.get((name, number), 1)
            value = self.convert(
                row, kind, file, lambda key, start=start: toml_key_line(text, start, key)
            )
            if value is not None:
                self.once(file, start, value)
                found.append(value)
        return found

    def features(self, file: str, kind: type[Row], geometry: str) -> Iterator[Row]:
        """The features of a GeoJSON file as rows: properties, and the place or ring."""
        text = self.text(file)
        try:
            rows = geojson_features(text) if text else []
        except (ValueError, RecursionError) as error:
            self.say(file, getattr(error, "lineno", 1), "syntax", str(error)[:200])
            return
        for line, feature in rows:
            raw = self._properties(file, line, feature, geometry)
            if raw is None:
                continue
            value = self.convert(raw, kind, file, lambda _, line=line: line)
            if value is not None:
                self.once(file, line, value)
                yield value

    def _properties(
        self, file: str, line: int, feature: Any, geometry: str
    ) -> dict[str, Any] | None:
        shape = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(shape, dict) or shape.get("type") != geometry:
            self.say(file, line, "geometry", f"expected a feature with a {geometry}")
            return None
        raw = dict(feature.get("properties") or {})
        where: Any = shape.get("coordinates")
        try:
            if geometry == "Point":
                lon, lat = where[:2]
                raw["place"] = {"lon": float(lon), "lat": float(lat)}
                ok = abs(lon) <= 180 and abs(lat) <= 90
            else:
                ring = [(float(lon), float(lat)) for lon, lat, *_ in where[0]]
                raw["ring"] = ring[:-1] if ring[0] == ring[-1] else ring
                ok = len(raw["ring"]) >= 3 and all(abs(x) <= 180 and abs(y) <= 90 for x, y in ring)
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            ok = False
        if not ok:
            self.say(file, line, "coordinates", "expected lon, lat in WGS-84 degrees")
            return None
        return raw

    def rows(self, file: str, kind: type[Row], *, needed: bool) -> Iterator[Row]:
        """The rows of a CSV file with a header; lists are separated by spaces."""
        if not needed and not (self.folder / file).exists():
            return
        reader = csv.DictReader(io.StringIO(self.text(file)))
        try:
            for raw in reader:
                line = reader.line_num
                if None in raw:
                    self.say(file, line, "columns", "more values than the header has columns")
                    continue
                row = {key: value for key, value in raw.items() if value}
                value = self.convert(_unit_row(row), kind, file, lambda _, line=line: line)
                if value is not None:
                    self.once(file, line, value)
                    yield value
        except csv.Error as error:
            self.say(file, reader.line_num, "syntax", str(error))

    def convert(self, raw: Any, kind: type[Row], file: str, line_of: Any) -> Row | None:
        """A row of a kind, or None with the problem noted at its key's line."""
        try:
            return msgspec.convert(raw, kind, strict=False)
        except msgspec.ValidationError as error:
            text = str(error)
            path = PATH.search(text)
            quoted = re.search(r"field `([^`]+)`", text)
            key = (path[1] if path else "") or (quoted[1] if quoted else "")
            found = raw.get(key) if isinstance(raw, dict) else raw
            shown = "" if found is None else f" (found {str(found)[:60]!r})"
            self.say(file, line_of(key), key or "table", text.split(" - at", maxsplit=1)[0] + shown)
        return None

    def once(self, file: str, line: int, row: Any) -> None:
        """Note a second use of an id among units, posts, gates, groups and areas."""
        key = getattr(row, "id", None)
        if key is None:
            return
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", key):
            self.say(file, line, "id", f"expected 1-32 of A-Z a-z 0-9 _ - (found {key[:60]!r})")
        space = "area " if isinstance(row, Area) else "group " if isinstance(row, Group) else ""
        first = self.seen.setdefault(space + key, f"{file}:{line}")
        if first != f"{file}:{line}":
            self.say(file, line, "id", f"{key} is used already, at {first}")


def _unit_row(row: dict[str, Any]) -> dict[str, Any]:
    """A CSV line of units.csv in the shape of a unit: a base of lon and lat, a list of words."""
    if "lon" in row or "lat" in row:
        row["base"] = {"lon": row.pop("lon", None), "lat": row.pop("lat", None)}
    if "capabilities" in row:
        row["capabilities"] = row["capabilities"].split()
    return row


def read_district(folder: Path) -> tuple[District | None, list[Problem]]:
    """The district of a folder, or None, and everything that is wrong with it."""
    reader = Reader(folder)
    text, head = reader.toml("district.toml")
    plans_text, plans_head = reader.toml("plans.toml")
    rules = reader.convert(
        head.pop("rules", {}), Rules, "district.toml",
        lambda key: toml_key_line(text, toml_lines(text).get(("rules", 0), 0), key),
    )  # fmt: skip
    groups = reader.tables("district.toml", text, head.pop("group", []), "group", Group)
    plans = reader.tables("plans.toml", plans_text, plans_head.get("plan", []), "plan", Plan)
    units = list(reader.rows("units.csv", Unit, needed=True))
    posts = list(reader.features("posts.geojson", Post, "Point"))
    gates = list(reader.features("gates.geojson", Gate, "Point"))
    areas = list(reader.features("areas.geojson", Area, "Polygon"))
    circles: list[Circle] = []
    if (folder / "circles.geojson").exists():
        circles = list(reader.features("circles.geojson", Circle, "Point"))
    book = {
        **head, "units": units, "posts": posts, "gates": gates, "groups": groups,
        "areas": areas, "plans": plans, "hot_list": read_hot_list(reader),
        "circles": circles, "rules": rules or Rules(),
    }  # fmt: skip
    district = reader.convert(
        msgspec.to_builtins(book),
        District,
        "district.toml",
        lambda key: toml_key_line(text, 0, key),
    )
    if district is not None:
        cross_check(reader, district)
        district = msgspec.structs.replace(district, roster=read_duties(reader, district))
    return district, sorted(reader.problems)


def read_hot_list(reader: Reader) -> list[WantedPlate]:
    """The plates of hotlist.csv, in whichever of the usual forms it was exported."""
    file = reader.folder / "hotlist.csv"
    if not file.exists():
        return []
    plates, problems = read_plates(file.read_bytes(), file.name)
    reader.problems += problems
    return plates


def read_duties(reader: Reader, district: District) -> Roster | None:
    """Who works when, of roster.toml and the duties of roster.csv; None where neither is there."""
    ids = frozenset(roster_of(district))
    offset_min = offset_of(district)
    shifts = reader.folder / "roster.toml"
    duties = reader.folder / "roster.csv"
    if not shifts.exists():
        return None
    roster, problems = read_roster(reader.text(shifts.name), shifts.name, ids, offset_min)
    reader.problems += problems
    if roster is None or not duties.exists():
        return roster
    more, problems = read_roster_csv(
        duties.read_bytes(), duties.name, ids, offset_min, roster.shifts
    )
    reader.problems += problems
    if more is None:
        return roster
    return msgspec.structs.replace(roster, duties=(*roster.duties, *more.duties))


def offset_of(district: District) -> int:
    """Local time minus UTC in minutes, in winter; China keeps one time all year."""
    winter = datetime(2026, 1, 15, tzinfo=UTC)
    try:
        offset = winter.astimezone(ZoneInfo(district.timezone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    return round(offset.total_seconds() / 60) if offset is not None else 0


def cross_check(reader: Reader, district: District) -> None:
    """References that lead nowhere, and what a district cannot do without."""
    groups = {group.id for group in district.groups}
    signs: dict[int, str] = {}
    for post in district.posts:
        file, line = _where(reader, post.id)
        for group in post.groups:
            if group not in groups:
                reader.say(file, line, "groups", f"{post.id}: no group {group} in district.toml")
        if signs.setdefault(post.sign, post.id) != post.id:
            reader.say(file, line, "sign", f"{post.sign} is already on post {signs[post.sign]}")
    known = roster_of(district)
    for circle in district.circles:
        for one in circle.bound:
            if one not in known:
                what = f"{circle.id}: no responder {one}"
                reader.say(*_where(reader, circle.id), "bound", what)
    check_areas(reader, district)
    check_plans(reader, district)


def check_areas(reader: Reader, district: District) -> None:
    """Beats and parents that lead nowhere, or to an area that is not wider."""
    areas = {area.id: area for area in district.areas}
    for unit in district.units:
        if unit.beat is not None and unit.beat not in areas:
            reader.say(*_where(reader, unit.id), "beat", f"{unit.id}: no area {unit.beat}")
    for area in district.areas:
        file, line = _where(reader, "area " + area.id)
        parent = areas.get(area.parent) if area.parent else None
        if area.parent and parent is None:
            reader.say(file, line, "parent", f"{area.id}: no area {area.parent}")
        if parent and LEVELS.index(parent.level) >= LEVELS.index(area.level):
            reader.say(file, line, "parent", f"{area.id} is {area.level}: its parent must be wider")


def check_plans(reader: Reader, district: District) -> None:
    """Plans given twice, needs that nobody can fill, and empty rosters."""
    types: dict[str, int] = {}
    for plan in district.plans:
        types[plan.type] = types.get(plan.type, 0) + 1
        if types[plan.type] == 2:
            reader.say("plans.toml", 1, "type", f"{plan.type} has two plans")
    can = {word for unit in district.units for word in unit.capabilities}
    for plan in district.plans:
        for need in plan.units:
            if need.capability not in {*can, ANYONE}:
                what = f"{plan.type} needs {need.capability}, which no unit has"
                reader.say("plans.toml", 1, "capability", what)
    for name, rows in (("units", district.units), ("plan", district.plans)):
        if not rows:
            reader.say("district.toml", 1, name, "expected at least one")


def _where(reader: Reader, key: str) -> tuple[str, int]:
    file, _, line = reader.seen[key].rpartition(":")
    return file, int(line)


def check_district(folder: Path) -> list[Problem]:
    """Everything that is wrong with a district folder; empty when it can be used."""
    return read_district(folder)[1]


def load_district(folder: Path) -> District:
    """The district of a folder.

    Raises:
        DistrictError: with every problem found.
    """
    district, problems = read_district(folder)
    if district is None or problems:
        raise DistrictError(problems)
    return district
