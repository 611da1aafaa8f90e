"""Valhalla asked for everyone's time to one place, where its Python package is at hand.

It is no dependency: `pip install --target DIR pyvalhalla-weekly` and `PYTHONPATH=DIR` bring it.
It reads the same extract, with speeds, access and turns of its own.
"""

import importlib
import importlib.util
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from geo.types import FloatArray, Point

ABSENT = "not installed; pip install --target DIR pyvalhalla-weekly, then PYTHONPATH=DIR"
ARRIVE_BY = {"type": 2, "value": "2026-01-05T08:00"}
"""Told when to arrive it searches once, from the place; else from each unit, ten times longer."""
MOST_M = 10_000_000


class Valhalla(Protocol):
    """What we ask of it."""

    version: str

    def seconds(self, lonlat: FloatArray, to: Point) -> FloatArray:
        """Seconds from each of (n, 2) WGS-84 places to one."""
        ...


class Matrix:
    """Its matrix of many sources and one target, in process."""

    def __init__(self, package: Any, settings: dict[str, Any]) -> None:
        self.version: str = package.__version__
        self._actor = package.Actor(settings)

    def seconds(self, lonlat: FloatArray, to: Point) -> FloatArray:
        """As its JSON answers; NaN where it finds no way."""
        asked = {
            "sources": [{"lon": lon, "lat": lat} for lon, lat in lonlat.tolist()],
            "targets": [{"lon": to.lon, "lat": to.lat}],
            "costing": "auto",
            "verbose": False,
            "date_time": ARRIVE_BY,
        }
        told = self._actor.matrix(asked)["sources_to_targets"]["durations"]
        return np.array([np.nan if one[0] is None else one[0] for one in told])


@contextmanager
def valhalla(source: Path, folder: Path) -> Iterator[Valhalla | None]:
    """Build its tiles from an extract; None where it is not installed."""
    if importlib.util.find_spec("valhalla") is None:
        yield None
        return
    package = importlib.import_module("valhalla")
    tiles = folder / "tiles"
    tiles.mkdir()
    settings = package.get_config(tile_extract="", tile_dir=str(tiles), verbose=False)
    settings["mjolnir"] |= {"admin": "", "timezone": "", "logging": {"type": ""}}
    for part in ("loki", "thor", "odin"):
        settings[part]["logging"] = {"type": ""}
    settings["service_limits"]["auto"] |= {
        "max_matrix_location_pairs": 1_000_000,
        "max_matrix_distance": MOST_M,
    }
    settings["service_limits"]["max_timedep_distance_matrix"] = MOST_M
    config = folder / "valhalla.json"
    config.write_text(json.dumps(settings))
    build = Path(str(package.__file__)).parent / "bin" / "valhalla_build_tiles"
    subprocess.run([build, "-c", config, source], check=True, capture_output=True)
    yield Matrix(package, settings)
