"""A district book with more units than the real one, to be put under load."""

import csv
import shutil
from pathlib import Path

from dispatch.district_file import load_district
from simulator.load.plan import spread

KINDS = ("car", "motorcycle", "foot", "car")


def enlarge(source: Path, target: Path, units: int, seed: int = 1) -> int:
    """Copy a district book and add made-up patrols until it has so many units; returns the sum.

    The units of the book stay as they are. Raises DistrictError for a broken book, ValueError
    when it has as many already, OSError when the target is there or cannot be written.
    """
    district = load_district(source)
    missing = units - len(district.units)
    if missing <= 0:
        raise ValueError(f"units: {district.id} has {len(district.units)} already")
    shutil.copytree(source, target)
    with (target / "units.csv").open(encoding="utf-8-sig", newline="") as book:
        rows = list(csv.DictReader(book))
    columns = list(rows[0])
    used = {unit.id for unit in district.units}
    fresh = [one for one in spread(district, units + len(used), seed) if one.id not in used]
    with (target / "units.csv").open("w", encoding="utf-8", newline="") as book:
        out = csv.DictWriter(book, columns, restval="", extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
        for number, one in enumerate(fresh[:missing]):
            kind = KINDS[number % len(KINDS)]
            row = {"id": one.id, "name": one.id, "kind": kind, "officers": 2}
            place = {"lon": f"{one.base.lon:.6f}", "lat": f"{one.base.lat:.6f}"}
            out.writerow({**row, **place, "capabilities": "patrol"})
    return len(load_district(target).units)
