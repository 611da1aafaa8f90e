"""Four real towns and a fifth to judge against: imported once for all tests that ask."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import numpy as np

from geo.network import import_network
from geo.roads import Roads
from geo.types import FloatArray, IntArray, Profile

DATA = Path(__file__).parent / "data"
PORTO = DATA / "porto_metro_roads.osm.pbf"
SOURCES = {
    "shanghai": [Path(__file__).parent.parent / "simulator/districts/shanghai/roads.osm.pbf"],
    "porto": [PORTO],
    "nanjing": [DATA / "nanjing_202012_link.parquet", DATA / "nanjing_202012_node.parquet"],
    "monaco": [DATA / "monaco_full_20200719.osm.pbf"],
    "san francisco": [
        DATA / "san_francisco_2008_nodes.parquet",
        DATA / "san_francisco_2008_edges.parquet",
    ],
}
PAIRS = 1_000


class Spots(NamedTuple):
    """Places on roads, and the same places as lon/lat: piece, share along it, (n, 2) degrees."""

    piece: IntArray
    share: FloatArray
    lonlat: FloatArray


@cache
def _import(town: str) -> tuple[Path, dict[str, Any]]:
    target = Path(mkdtemp(prefix="s110-")) / "roads.s110"
    return target, import_network(SOURCES[town], target)


@cache
def roads_of(town: str) -> Roads:
    """The graph of a town; nobody may block its roads, all tests share it."""
    return Roads.load(_import(town)[0])


def about(town: str) -> dict[str, Any]:
    """What the import of a town said."""
    return _import(town)[1]


def random_spots(roads: Roads, count: int, seed: int) -> Spots:
    """Places anywhere on the roads a car may use, by the number of pieces, not by their length."""
    rng = np.random.default_rng(seed)
    usable = np.isfinite(roads.times[Profile.CAR][: roads.ends]).reshape(-1, 2).any(axis=1)
    piece = rng.choice(np.flatnonzero(usable), count)
    share = rng.uniform(0, 1, count)
    lonlat = np.array(
        [roads.shape_of(2 * int(k), 0.0, float(at))[-1] for k, at in zip(piece, share, strict=True)]
    )
    return Spots(piece, share, lonlat)
