"""Builds the reference district from real places and roads, the same from the same seed.

`python -m simulator.reference simulator/districts/shanghai` writes its units, posts, gates,
areas and groups; plans.toml and hotlist.csv are written by hand.
"""

import csv
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

from geo.air import air_m
from geo.osm import CLASSES, import_osm
from geo.roads import Roads
from geo.types import Point, Profile

POSTS, RADIOS, OFFICERS = 106, 282, 300
CATEGORIES = {"bank": 16, "hospital": 24, "university": 12, "school": 54}
GROUP_SIZE = 6
COLUMNS, ROWS = 4, 3
GATES = 7
MAIN_ROADS = {"trunk", "primary", "motorway", "secondary"}
FLEET = (
    ("C", "car", "巡逻车", 58, 3, "patrol"),
    ("M", "motorcycle", "摩托巡组", 26, 2, "patrol"),
    ("F", "foot", "步巡组", 24, 2, "patrol"),
    ("W", "plain_clothes", "便衣组", 12, 2, "patrol plain"),
)
"""Prefix, kind, name, how many, officers each (two units have one more), capabilities."""


def build(folder: Path, seed: int = 110) -> None:
    """Write the made-up part of the district around the real roads and places of a folder."""
    rng = random.Random(seed)
    graph = folder / "build.s110"
    import_osm(folder / "roads.osm.pbf", graph)
    roads = Roads.load(graph)
    graph.unlink()
    posts = choose_posts(folder, rng)
    groups = make_groups(posts)
    beats = make_areas(folder, roads)
    _geojson(folder / "posts.geojson", posts)
    _geojson(folder / "gates.geojson", choose_gates(roads))
    _units(folder / "units.csv", roads, beats, rng)
    _head(folder / "district.toml", groups)


def choose_posts(folder: Path, rng: random.Random) -> list[dict[str, Any]]:
    """Real places by category, west to east, numbered like their signs."""
    features = json.loads((folder / "places.geojson").read_text(encoding="utf-8"))["features"]
    chosen = []
    for category, count in CATEGORIES.items():
        named = [f for f in features if f["properties"]["kind"] == category]
        named = [f for f in named if len(f["properties"]["name"]) > 1]
        chosen += [(category, f) for f in rng.sample(named, min(count, len(named)))]
    chosen.sort(key=lambda pair: pair[1]["geometry"]["coordinates"])
    radios = [RADIOS // POSTS + (i < RADIOS % POSTS) for i in range(POSTS)]
    rng.shuffle(radios)
    return [
        {
            "properties": {
                "id": f"P{i + 1:03}", "sign": i + 1, "name": feature["properties"]["name"],
                "category": category, "guards": radios[i] + 1, "radios": radios[i],
            },
            "point": feature["geometry"]["coordinates"],
        }
        for i, (category, feature) in enumerate(chosen)
    ]  # fmt: skip


def make_groups(posts: list[dict[str, Any]]) -> list[str]:
    """Mutual-aid groups: the westernmost post left, with its nearest neighbours."""
    left = list(posts)
    groups: list[str] = []
    while left:
        first = left[0]
        near = sorted(left, key=lambda p: air_m(Point(*first["point"]), Point(*p["point"])))
        size = GROUP_SIZE if len(left) >= 2 * GROUP_SIZE - 2 else len(left)
        group = f"G{len(groups) + 1:02}"
        groups.append(group)
        for post in near[:size]:
            post["properties"]["groups"] = [group]
            left.remove(post)
    return groups


def choose_gates(roads: Roads) -> list[dict[str, Any]]:
    """Main roads where they leave the middle nine tenths of the extract, spread around it."""
    west, south, east, north = roads.bounds
    middle = Point((west + east) / 2, (south + north) / 2)
    options: list[tuple[float, str, list[float]]] = []
    for piece in range(len(roads.shape_start) - 1):
        name = roads.names[roads.name[piece]]
        if (
            CLASSES[roads.kind[piece]] not in {"trunk", "primary", "motorway", "secondary"}
            or not name
        ):
            continue
        lon, lat = np.round(roads.shape_lonlat[roads.shape_start[piece]], 6).tolist()
        out = max(abs(lon - middle.lon) / (east - west), abs(lat - middle.lat) / (north - south))
        if 0.30 < out < 0.42:
            angle = float(np.arctan2(lat - middle.lat, lon - middle.lon))
            options.append((angle, name, [lon, lat]))
    gates, used = [], set()
    for number in range(GATES):
        target = -np.pi + (number + 0.5) * 2 * np.pi / GATES
        free = [option for option in options if option[1] not in used]
        _, name, point = min(free, key=lambda option: (abs(option[0] - target), option[1]))
        used.add(name)
        properties = {"id": f"K{number + 1}", "name": f"{name}卡口", "road": name, "officers": 2}
        gates.append({"properties": properties, "point": point})
    return gates


def make_areas(folder: Path, roads: Roads) -> list[tuple[str, list[float]]]:
    """City, district, townships, communities and beats as a grid; returns beats with middles."""
    west, south, east, north = (round(side, 4) for side in roads.bounds)
    features = [
        _area("SH", "上海市", "city", None, (west, south, east, north)),
        _area("SH-C", "中心示范区", "district", "SH", (west, south, east, north)),
    ]
    lons = np.round(np.linspace(west, east, COLUMNS + 1), 4).tolist()
    lats = np.round(np.linspace(south, north, ROWS + 1), 4).tolist()
    beats = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            box = (lons[column], lats[row], lons[column + 1], lats[row + 1])
            number = row * COLUMNS + column + 1
            town = f"T{number:02}"
            features.append(_area(town, f"第{number}街道", "township", "SH-C", box))
            half = round((box[0] + box[2]) / 2, 4)
            for side, part in enumerate(((box[0], half), (half, box[2]))):
                name = f"{town}-{side + 1}"
                cut = (part[0], box[1], part[1], box[3])
                label = "东" if side else "西"
                features.append(
                    _area(f"Q{name}", f"第{number}街道{label}社区", "community", town, cut)
                )
                features.append(_area(f"B{name}", f"{number}{label}巡区", "beat", f"Q{name}", cut))
                beats.append((f"B{name}", [(cut[0] + cut[2]) / 2, (cut[1] + cut[3]) / 2]))
    _write(folder / "areas.geojson", features)
    return beats


def _area(key: str, name: str, level: str, parent: str | None, box: tuple[float, ...]) -> Any:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"id": key, "name": name, "level": level, "parent": parent},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _units(path: Path, roads: Roads, beats: list[Any], rng: random.Random) -> None:
    starts = roads.shape_start[:-1]
    drivable = [p for p in range(len(starts)) if np.isfinite(roads.times[Profile.CAR][2 * p])]
    lonlat = np.round(roads.shape_lonlat[starts[drivable]], 6)
    total = sum(count * officers for _, _, _, count, officers, _ in FLEET)
    extra = OFFICERS - total
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["id", "name", "kind", "officers", "lon", "lat", "capabilities", "beat"])
        turn = 0
        for prefix, kind, name, count, officers, can in FLEET:
            for number in range(1, count + 1):
                beat, middle = beats[turn % len(beats)]
                near = np.argsort(np.hypot(*(lonlat - middle).T))[:60]
                lon, lat = lonlat[rng.choice(near.tolist())].tolist()
                crew = officers + (kind == "car" and number <= extra)
                row = [
                    f"{prefix}{number:02}",
                    f"{name}{number:02}",
                    kind,
                    crew,
                    lon,
                    lat,
                    can,
                    beat,
                ]
                writer.writerow(row)
                turn += 1


def _head(path: Path, groups: list[str]) -> None:
    lines = [
        "# The reference district: its head, its rules and its mutual-aid groups.",
        'id = "shanghai"',
        'name_zh = "上海中心示范区"',
        'name_en = "Shanghai centre, reference district"',
        'timezone = "Asia/Shanghai"',
        "",
        "[rules]",
        "stale_after_s = { car = 60, motorcycle = 60, foot = 180, plain_clothes = 180 }",
        "same_press_s = 10",
        "",
    ]
    for number, group in enumerate(groups, 1):
        lines += [
            "[[group]]",
            f'id = "{group}"',
            f'name = "第{number}互助组"',
            f'channel = "{number}"',
            "",
        ]
    path.write_text("\n".join(lines), encoding="utf-8")


def _geojson(path: Path, rows: list[dict[str, Any]]) -> None:
    _write(
        path,
        [
            {
                "type": "Feature",
                "properties": row["properties"],
                "geometry": {"type": "Point", "coordinates": row["point"]},
            }
            for row in rows
        ],
    )


def _write(path: Path, features: list[Any]) -> None:
    body = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    path.write_text(
        '{"type": "FeatureCollection", "features": [\n' + body + "\n]}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))
