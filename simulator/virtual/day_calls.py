"""The alarms of a day: a Poisson process in time and place, or a recorded list."""

from math import cos, radians
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dispatch.district import District
from dispatch.words import ResponderId, SourceKind
from geo.roads import Roads
from geo.types import FloatArray, Point, Profile
from simulator.virtual.calls import stream
from simulator.virtual.days import Days
from simulator.virtual.scenario import ScenarioError
from simulator.virtual.tables_beside import number, read_rows

HOUR_S = 3_600.0
METRES_PER_DEGREE = 111_195.0


class Alarm(NamedTuple):
    """One alarm: seconds since the start, what, from whom, and where when it is no post."""

    at_s: float
    type: str
    source_kind: SourceKind
    source: ResponderId
    place: Point | None


def draw_alarms(
    days: Days, district: District, roads: Roads, run: int, folder: Path
) -> list[Alarm]:
    """All alarms of one run in order of time; the same run gives the same alarms."""
    plans = {plan.type for plan in district.plans}
    unknown = (set(days.calls.types) | set(days.calls.post_types)) - plans
    if unknown:
        raise ScenarioError(f"no plan of the district for type {min(unknown)!r}")
    if days.calls.csv is not None:
        return read_alarms(days, district, folder)
    rng = stream(days.run.seed, run, 200)
    times = draw_times(days, rng)
    own = {plan.type for plan in district.plans if plan.automatic}
    types, post_types = weights(days.calls.types, own), weights(days.calls.post_types, own)
    anywhere = street_points(roads, len(times), rng)
    found = []
    for i, at_s in enumerate(times.tolist()):
        pressed, near, spread = rng.random(), rng.random(), rng.normal(size=2)
        post = district.posts[int(rng.integers(len(district.posts)))] if district.posts else None
        what = str(rng.choice(types[0], p=types[1]))
        pressed_what = str(rng.choice(post_types[0], p=post_types[1]))
        if post is not None and pressed < days.calls.posts:
            found.append(Alarm(at_s, pressed_what, SourceKind.POST, post.id, None))
            continue
        place = Point(*anywhere[i].tolist())
        if post is not None and near < days.calls.near_posts:
            place = moved(post.place, *(spread * days.calls.spread_m / 1.25).tolist())
        found.append(Alarm(at_s, what, SourceKind.CALL, ResponderId(f"C{i}"), place))
    return found


def weights(shares: dict[str, float], plans: set[str]) -> tuple[list[str], FloatArray]:
    """Types with their shares; when none is named, all that need no operator, alike."""
    names = sorted(shares) if shares else sorted(plans)
    values = np.array([shares.get(name, 1.0) for name in names])
    return names, values / values.sum()


def draw_times(days: Days, rng: np.random.Generator) -> FloatArray:
    """Seconds since the start, by the course of the day."""
    course = np.array(days.calls.by_hour or (1.0,) * 24)
    course = course / course.mean()
    most = float(course.max()) * days.calls.per_day / 24 / HOUR_S
    long_s = days.run.hours * HOUR_S
    count = rng.poisson(most * long_s)
    at = np.sort(rng.random(count) * long_s)
    hour = ((at / HOUR_S).astype(np.int64) + days.run.start_hour) % 24
    keep = rng.random(count) * course.max() < course[hour]
    return np.asarray(at[keep])


def street_points(roads: Roads, count: int, rng: np.random.Generator) -> FloatArray:
    """(count, 2) lon/lat anywhere on the streets that cars use, evenly by length."""
    pieces = np.flatnonzero(np.isfinite(roads.times[Profile.CAR][0 : roads.ends : 2]))
    length = np.asarray(roads.length_m)[2 * pieces]
    chosen = rng.choice(pieces, size=count, p=length / length.sum())
    share = rng.random(count)
    found = np.empty((count, 2))
    for i, piece in enumerate(chosen.tolist()):
        found[i] = roads.shape_of(2 * piece, float(share[i]), 1.0)[0]
    return found


def moved(place: Point, east_m: float, north_m: float) -> Point:
    """A place so many metres away."""
    lon = place.lon + east_m / (METRES_PER_DEGREE * cos(radians(place.lat)))
    return Point(round(lon, 6), round(place.lat + north_m / METRES_PER_DEGREE, 6))


def read_alarms(days: Days, district: District, folder: Path) -> list[Alarm]:
    """Recorded alarms: columns time (seconds), type, and post, or lon and lat."""
    name = days.calls.csv
    assert name is not None, "asked for by a scenario that names a file"
    posts = {post.id for post in district.posts}
    plans = {plan.type for plan in district.plans}
    found = []
    for i, row in enumerate(read_rows(folder, name)):
        if row.get("type") not in plans:
            raise ScenarioError(f"{name}: no plan of the district for type {row.get('type')!r}")
        at_s = number(row, "time", name)
        if row.get("post"):
            if row["post"] not in posts:
                raise ScenarioError(f"{name}: no post {row['post']!r}")
            post = ResponderId(row["post"])
            found.append(Alarm(at_s, row["type"], SourceKind.POST, post, None))
            continue
        place = Point(number(row, "lon", name), number(row, "lat", name))
        found.append(Alarm(at_s, row["type"], SourceKind.CALL, ResponderId(f"C{i}"), place))
    return sorted(found, key=lambda alarm: (alarm.at_s, alarm.source))
