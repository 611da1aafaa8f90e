"""The measurement of geography gates counts, equal answers and ratios of CPU in one run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.geo_peers import widen, widen_circle
from benchmarks.geo_report import draw_index, list_index_rows, write_page

ROOT = Path(__file__).parent.parent
ENOUGH_S = 240
EQUAL = 1e-6
MOST_OF_A_SERVER = 0.5
"""The mix costs less than half of what a server spends on it."""
MOST_OF_SCIPY = 2.0
LEAST_PEERS = {"street110", "SciPy cKDTree, rebuilt", "shapely STRtree, rebuilt", "rtree"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("geo") / "geo.json"
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.geo", "--quick", "--json", str(out)],
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_every_index_answers_rightly_and_ours_costs_least_but_for_a_plain_scan(
    seen: dict[str, Any],
) -> None:
    for city in seen["index"]["cities"]:
        peers = {one["peer"]: one for one in city["peers"]}
        assert set(peers) >= LEAST_PEERS
        assert len(peers) + len(city["absent"]) == 7
        for one in peers.values():
            assert one["right_answers"] == one["checked_answers"] > 0, one
        ours = peers["street110"]["mix_core_share"]
        servers = [one for name, one in peers.items() if name.startswith(("Redis", "PostGIS"))]
        for one in [*servers, peers["rtree"], peers["shapely STRtree, rebuilt"]]:
            assert ours < MOST_OF_A_SERVER * one["mix_core_share"], (ours, one)


def test_every_search_says_the_same_and_ours_keeps_up(seen: dict[str, Any]) -> None:
    routing = seen["routing"]
    assert routing["import"]["nodes"] > 60_000
    for table in routing["tables"]:
        peers = {one["peer"]: one for one in table["peers"]}
        for one in peers.values():
            assert one["compared_times"] > 10_000
            assert one["largest_difference"] < EQUAL, one
        ours = peers["street110"]["cpu_ms_p50"]
        assert ours < MOST_OF_SCIPY * peers["scipy dijkstra(limit=)"]["cpu_ms_p50"], peers


def test_the_page_and_the_picture_show_every_index(seen: dict[str, Any], tmp_path: Path) -> None:
    page, picture = tmp_path / "geo.md", tmp_path / "geo.svg"
    write_page(seen, page)
    draw_index(seen["index"], picture)
    text = page.read_text(encoding="utf-8")
    for one in seen["index"]["cities"][0]["peers"]:
        assert f"{one['peer']} ({one['version']})" in text
    assert "igraph distances" in text
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


def test_a_peer_that_cannot_be_had_is_named_with_what_to_install(seen: dict[str, Any]) -> None:
    city = seen["index"]["cities"][0] | {"absent": {"postgis": "install it"}}
    rows = list_index_rows(seen["index"] | {"cities": [city]})
    assert any("postgis: install it" in row for row in rows)


def test_a_mask_unknown_to_the_index_is_met_by_asking_for_more() -> None:
    may_go = np.arange(500) % 50 == 49
    assert widen(lambda count: np.arange(min(count, 500)), 4, may_go).tolist() == [
        49,
        99,
        149,
        199,
    ]
    assert len(widen(lambda count: np.arange(min(count, 500)), 40, may_go)) == 10
    circle = widen_circle(lambda radius_m: np.arange(min(int(radius_m), 500)), 4, may_go, 1.0)
    assert circle.tolist() == [49, 99, 149, 199]
    assert len(widen_circle(lambda _radius_m: np.arange(500), 40, may_go, 1.0)) == 10
