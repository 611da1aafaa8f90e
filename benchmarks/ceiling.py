"""The ceiling: how many fixes a second a bare gmqtt subscriber takes that does nothing with them.

`python -m benchmarks.ceiling` measures it; `python -m benchmarks.ceiling subscribe PORT` is the
measured subscriber itself. The search for the highest rate is the one used for the engine.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import gmqtt
import uvloop

from benchmarks.machine import child, cpu_s, mosquitto
from simulator.load.wire import Wire, connect

ROOT = "s110/v1/bench/"
PROBED = "U00000"
BEHIND_S = 0.15
"""A backlog above this after a step means that the rate was too high."""
GIVE_UP_S = 10.0
FIRST_RATE = 60_000.0
MOST_STEPS = 6


async def subscribe(port: int) -> None:
    """Receive every fix and forget it; answer the probe with a receipt."""
    client = gmqtt.Client("ceiling")
    ended = asyncio.Event()

    async def hear(_client: Any, topic: str, _body: bytes, _qos: int, _properties: Any) -> int:
        if topic.endswith("/alarm"):
            client.publish(f"{ROOT}unit/{PROBED}/receipt", b'{"id":"probe","incident":"I","t":1}')
        return 0

    def connected(*_: Any) -> None:
        client.subscribe(
            [gmqtt.Subscription(f"{ROOT}unit/+/{word}", 1) for word in ("fix", "alarm")]
        )
        state = {"state": "live", "t": 1, "since": 1}
        client.publish(f"{ROOT}engine/state", json.dumps(state), qos=1, retain=True)

    client.on_message = hear
    client.on_connect = connected
    await client.connect("127.0.0.1", port, version=5)
    await ended.wait()


class Probe:
    """Waits for the word that everything published before it has been dealt with."""

    def __init__(self) -> None:
        self._answered = asyncio.Event()
        self._answered_s = 0.0
        self.live = asyncio.Event()
        self.wire: Wire

    async def open(self, port: int) -> None:
        """Listen for receipts of the probe and for the engine's state."""
        self.wire = await connect(port, "probe", self._heard)
        await self.wire.subscribe(f"{ROOT}unit/{PROBED}/receipt", f"{ROOT}engine/state")

    def _heard(self, topic: str, body: bytes) -> None:
        if topic.endswith("/state"):
            if json.loads(body)["state"] == "live":
                self.live.set()
        else:
            self._answered_s = time.perf_counter()
            self._answered.set()

    def arm(self) -> None:
        """Forget the last answer."""
        self._answered.clear()

    async def backlog_s(self, sent_s: float) -> float:
        """Seconds between the probe's sending and its answer; GIVE_UP_S when none comes."""
        try:
            await asyncio.wait_for(self._answered.wait(), GIVE_UP_S)
        except TimeoutError:
            return GIVE_UP_S
        return max(0.0, self._answered_s - sent_s)


async def run_load(
    port: int, units: Path, rate: float, seconds: float, *, probe: bool = False
) -> dict[str, float]:
    """Let a publisher process of its own send fixes; what it says it sent."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(units)]
    command += [str(rate), str(seconds)]
    if probe:
        command.append(f"{ROOT}unit/{PROBED}/alarm")
    with child(command) as process:
        said, _ = await asyncio.to_thread(process.communicate, None, seconds + GIVE_UP_S)
    report: dict[str, float] = json.loads(said)
    return report


@dataclass(frozen=True, slots=True)
class Rig:
    """What a step needs: the broker's port, who reports, the probe, and the process measured."""

    port: int
    units: Path
    probe: Probe
    pid: int


async def measure_step(rig: Rig, rate: float, seconds: float) -> dict[str, float]:
    """One rate for some seconds: what was sent, the backlog at the end, the CPU it cost."""
    rig.probe.arm()
    before_s = cpu_s(rig.pid)
    load = await run_load(rig.port, rig.units, rate, seconds, probe=True)
    backlog_s = await rig.probe.backlog_s(load["probe_s"])
    used_s = cpu_s(rig.pid) - before_s
    return {
        "asked": rate,
        "sent": load["sent"],
        "rate": round(load["sent"] / load["seconds"]),
        "backlog_s": round(backlog_s, 3),
        "drained_rate": round(load["sent"] / (load["seconds"] + backlog_s)),
        "cpu_us": round(used_s / load["sent"] * 1e6, 2),
    }


async def find_highest(
    step: Callable[[float], Awaitable[dict[str, float]]],
) -> dict[str, Any]:
    """The highest rate without a backlog: start high, then go to where the drain points.

    A step that falls behind says by its drain what would have been sustained; the next step
    tries that. The result is a rate that was really sent and really kept up with.
    """
    steps, rate, best, fell = [], FIRST_RATE, 0.0, False
    for _ in range(MOST_STEPS):
        seen = await step(rate)
        steps.append(seen)
        if seen["backlog_s"] >= GIVE_UP_S:
            break
        if seen["backlog_s"] > BEHIND_S:
            fell = True
            rate = min(rate * 0.95, seen["drained_rate"] * 0.97)
        else:
            best = max(best, seen["rate"])
            if fell or seen["rate"] < 0.9 * rate:
                break
            rate *= 1.25
    return {"highest_rate": best, "steps": steps}


def write_units(path: Path, units: list[tuple[str, float, float]]) -> None:
    """The file a publisher reads: who reports, and around where."""
    path.write_text(json.dumps({"district": "bench", "units": units}))


async def measure(folder: Path, units: Path, seconds: float) -> dict[str, Any]:
    """The highest rate of the bare subscriber on a broker of its own."""
    command = [sys.executable, "-m", "benchmarks.ceiling", "subscribe"]
    with mosquitto(folder) as (port, _), child([*command, str(port)]) as subscriber:
        probe = Probe()
        await probe.open(port)
        await asyncio.wait_for(probe.live.wait(), GIVE_UP_S)
        await run_load(port, units, 5_000, 1.0)
        rig = Rig(port, units, probe, subscriber.pid)
        found = await find_highest(lambda rate: measure_step(rig, rate, seconds))
        probe.wire.close()
    return found


def main() -> None:
    """Measure with units spread over a square of a tenth of a degree."""
    if sys.argv[1:2] == ["subscribe"]:
        uvloop.run(subscribe(int(sys.argv[2])))
        return
    rng = Random(1)
    names = [f"U{n:05}" for n in range(10_000)]
    with tempfile.TemporaryDirectory() as name:
        units = Path(name) / "units.json"
        spread = [(n, 121.4 + rng.random() / 10, 31.2 + rng.random() / 10) for n in names]
        write_units(units, spread)
        print(json.dumps(asyncio.run(measure(Path(name), units, 3.0)), indent=2))


if __name__ == "__main__":
    main()
