"""What one-way streets cost, over the road graph itself."""

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.yard.grid import blocks_between, on_streets, write_grid

YARD = json.loads(
    (Path(__file__).parent / "yardsticks" / "streets.json").read_text(encoding="utf-8")
)
SIZE = 60


def test_one_way_streets_cost_two_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(16)
    starts, ends = on_streets(SIZE, 1_000, rng), on_streets(SIZE, 200, rng)
    one_way = blocks_between(write_grid(tmp_path, SIZE, one_way=True), starts, ends)
    two_way = blocks_between(write_grid(tmp_path, SIZE, one_way=False), starts, ends)
    far = two_way >= 10
    assert "2 blocks" in YARD["one_way"]["claim"]
    assert (one_way - two_way)[far].mean() == pytest.approx(2.0, abs=0.1)
    assert (one_way - two_way).min() > -1e-3
    assert two_way.mean() == pytest.approx(2 * (SIZE - 1) / 3, abs=1.0)
