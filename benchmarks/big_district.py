"""The district of the measurements: the Shanghai centre with as many units as asked for."""

import csv
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from dispatch.district_file import load_district
from simulator.load.plan import spread

SHANGHAI = Path(__file__).parents[1] / "simulator" / "districts" / "shanghai"
KINDS = ("car", "motorcycle", "foot", "car")

PLANS = """
[[plan]]
type = "help"
name_zh = "求援"
name_en = "Officer needs help"
priority = 2
join_within_m = 50.0
posts = { count = 0 }
[[plan.units]]
capability = "patrol"
count = 2

[[plan]]
type = "robbery"
name_zh = "抢劫"
name_en = "Robbery"
priority = 1
notify_group = true
posts = { count = 2 }
[[plan.units]]
capability = "patrol"
count = 2
"""


@dataclass(frozen=True, slots=True)
class BigDistrict:
    """Where its files are, its units with their bases (lon/lat WGS-84), its posts."""

    folder: Path
    units: list[tuple[str, float, float]]
    posts: list[str]


def write_district(folder: Path, count: int, seed: int = 1) -> BigDistrict:
    """Copy the Shanghai centre and give it `count` units and the plans of the measurement."""
    target = folder / "district"
    shutil.copytree(SHANGHAI, target, ignore=shutil.ignore_patterns("circles.geojson"))
    book = target / "district.toml"
    text = book.read_text(encoding="utf-8")
    book.write_text(re.sub(r'(?m)\A(.*?)^id = ".*?"', r'\1id = "bench"', text, flags=re.DOTALL))
    (target / "plans.toml").write_text(PLANS, encoding="utf-8")
    known = load_district(SHANGHAI)
    units = [(one.id, one.base.lon, one.base.lat) for one in spread(known, count, seed)]
    with (target / "units.csv").open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["id", "name", "kind", "officers", "lon", "lat", "capabilities"])
        for number, (name, lon, lat) in enumerate(units):
            kind = KINDS[number % len(KINDS)]
            lines.writerow([name, name, kind, 2, f"{lon:.6f}", f"{lat:.6f}", "patrol"])
    return BigDistrict(target, units, [post.id for post in known.posts])
