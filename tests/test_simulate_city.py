"""San Francisco: engines calibrated on five days and tried on three; police by priority."""

from pathlib import Path

import pytest

from simulator.yard.city import try_city
from simulator.yard.police import HALF_MIN, learn_units, read_calls, real_waits, simulated_waits

DATA = Path(__file__).parent / "data" / "sf"


def test_engines_of_days_that_were_not_learnt_from(tmp_path: Path) -> None:
    found = try_city(DATA, tmp_path)
    assert found["calls"] > 600
    assert found["ks"] < 0.06
    for name in ("mean", "p50", "p90"):
        assert found[f"model_{name}"] == pytest.approx(found[f"real_{name}"], rel=0.06)
    assert (tmp_path / "sim_sf_fire.png").stat().st_size > 10_000


@pytest.mark.parametrize("since", [0.0, HALF_MIN])
def test_police_calls_wait_in_the_order_of_their_priority(tmp_path: Path, since: float) -> None:
    calls = read_calls(DATA / "police_calls_20260115.csv")
    until = since + HALF_MIN
    real = real_waits(calls, since, until)
    units = learn_units(calls, tmp_path, since, until)
    model = simulated_waits(calls, units, tmp_path, since=since, until=until)
    assert real == sorted(real)
    assert model == sorted(model)
    assert model[0] < 10 < model[2]
