"""What a story may change of the town: its `town:` lines, in the words of a district book."""

import tomllib
from typing import Any

import msgspec

from dispatch.commands import LoadDistrict
from dispatch.coverage_circles import Circle
from dispatch.district import Area, District, WantedPlate
from dispatch.shifts import Duty, Roster, Shift
from dispatch.words import AreaId, AreaLevel, ResponderId
from tests.world import Town, spot

STORY_OFFSET_MIN = -480
"""Makes the moment at which the town wakes 8 o'clock."""
LISTS = {"plan": "plans", "unit": "units", "post": "posts"}


def change(district: District, line: str) -> District:
    """The district with one line of the header applied.

    Raises:
        ValueError: the line says nothing that can be done.
    """
    what, _, rest = line.partition(" ")
    words = rest.split()
    match what:
        case "rules":
            return _replace(district, rules=_with(district.rules, rest))
        case "plan" | "unit" | "post":
            return _change_row(district, LISTS[what], words[0], rest.partition(" ")[2])
        case "hot":
            plate = WantedPlate(plate=words[0], reason=" ".join(words[1:]))
            return _replace(district, hot_list=(*district.hot_list, plate))
        case "circle":
            # circle Z1 at 2 2 within 3 bound U01,P001
            place = spot(float(words[2]), float(words[3]))
            bound = tuple(map(ResponderId, words[7].split(","))) if len(words) > 7 else ()
            circle = Circle(
                id=words[0], name=words[0], place=place, minutes=float(words[5]), bound=bound
            )
            return _replace(district, circles=(*district.circles, circle))
        case "area":
            # area A1 from 0 0 to 4 4
            west, south, east, north = (float(words[i]) for i in (2, 3, 5, 6))
            corners = ((west, south), (east, south), (east, north), (west, north))
            ring = tuple((spot(x, y).lon, spot(x, y).lat) for x, y in corners)
            area = Area(
                id=AreaId(words[0]), name=words[0], level=AreaLevel.BEAT, parent=None, ring=ring
            )
            return _replace(district, areas=(*district.areas, area))
        case "shift":
            # shift early 06:00-14:00 U01,U02
            return _replace(district, roster=_with_shift(district.roster, words))
        case _:
            known = ", ".join(("rules", *LISTS, "hot", "circle", "area", "shift"))
            raise ValueError(f"a town: line begins with one of {known}, not {what!r}")


def load(town: Town, district: District) -> None:
    """Put the changed book into force before the story begins."""
    town.district = district
    town.desk.handle(LoadDistrict(district=district), town.now_ms, "test")


def _replace(district: District, **fields: Any) -> District:
    """Changed as if read anew, so that every check of the book counts."""
    return msgspec.structs.replace(district, **fields)


def _with(row: Any, table: str) -> Any:
    """A value of the book with the fields of an inline TOML table."""
    fields = tomllib.loads(f"it = {table}")["it"]
    return msgspec.convert({**msgspec.to_builtins(row), **fields}, type(row))


def _change_row(district: District, name: str, key: str, table: str) -> District:
    rows = list(getattr(district, name))
    field = "type" if name == "plans" else "id"
    for number, row in enumerate(rows):
        if getattr(row, field) == key:
            rows[number] = _with(row, table)
            break
    else:
        fresh = msgspec.structs.replace(rows[0], **{field: key})
        rows.append(_with(fresh, table))
    return _replace(district, **{name: tuple(rows)})


def _with_shift(roster: Roster | None, words: list[str]) -> Roster:
    begin, end = (_minute(time) for time in words[1].split("-"))
    shift = Shift(id=words[0], name=words[0], begin_min=begin, end_min=end)
    duties = tuple(Duty(responder=ResponderId(one), shift=words[0]) for one in words[2].split(","))
    before = roster or Roster(shifts=(), duties=(), offset_min=STORY_OFFSET_MIN)
    return Roster(
        shifts=(*before.shifts, shift),
        duties=(*before.duties, *duties),
        offset_min=before.offset_min,
    )


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
