"""The fix publisher: one process that reports positions for many units, open loop.

`python -m benchmarks.load PORT UNITS.json RATE SECONDS [PROBE_TOPIC]` sends at the times the rate
says, whether or not anybody keeps up; then, if a probe topic is given, it publishes there one
message from the same connection. It prints one line of JSON.
"""

import asyncio
import json
import math
import sys
import time
from pathlib import Path
from random import Random

from benchmarks.wire import connect, publish_0, text

STEP_S = 0.01
SPEED_MPS = 8.0
METRES_PER_DEGREE = 111_195.0
PATTERN = '{"t":%d,"lon":%.6f,"lat":%.6f,"speed":8.0,"heading":%.1f,"accuracy":5.0}'


class Walkers:
    """Units that circle their base at 8 m/s; each fix is where its unit is at that moment."""

    def __init__(self, district: str, units: list[tuple[str, float, float]]) -> None:
        rng = Random(1)
        self._topics = [text(f"s110/v1/{district}/unit/{name}/fix") for name, _, _ in units]
        self._bases = [(lon, lat, rng.uniform(0, math.tau)) for _, lon, lat in units]
        self._next = 0

    def packets(self, count: int) -> bytes:
        """The fixes of the next `count` units in turn, as PUBLISH packets."""
        now_ms = time.time_ns() // 1_000_000  # noqa: TID251  a device's clock
        turn = now_ms / 1_000 * SPEED_MPS / 100.0
        out = []
        for _ in range(count):
            lon, lat, phase = self._bases[self._next]
            angle = phase + turn
            body = PATTERN % (
                now_ms,
                lon + 100.0 * math.cos(angle) / METRES_PER_DEGREE,
                lat + 100.0 * math.sin(angle) / METRES_PER_DEGREE,
                math.degrees(-angle) % 360,
            )
            out.append(publish_0(self._topics[self._next], body.encode()))
            self._next = (self._next + 1) % len(self._bases)
        return b"".join(out)


async def drive(port: int, units_file: Path, rate: float, seconds: float, probe: str) -> None:
    """Publish, then say what was really sent."""
    book = json.loads(units_file.read_text())  # noqa: ASYNC240  before the clock starts
    walkers = Walkers(book["district"], [tuple(unit) for unit in book["units"]])
    wire = await connect(port, f"load-{time.monotonic_ns()}", lambda _topic, _body: None)
    start_s, cpu_before_s, sent = time.perf_counter(), time.process_time(), 0
    while (gone_s := time.perf_counter() - start_s) < seconds:
        due = int(gone_s * rate) - sent
        if due > 0:
            await wire.room.wait()
            wire.write(walkers.packets(due))
            sent += due
        await asyncio.sleep(STEP_S)
    elapsed_s = time.perf_counter() - start_s
    if probe:
        alarm = {"id": f"probe-{time.monotonic_ns()}", "t": time.time_ns() // 10**6, "type": "help"}  # noqa: TID251
        wire.publish_1(probe, json.dumps(alarm).encode())
        while wire.unacked:  # noqa: ASYNC110  the wire counts, it does not call
            await asyncio.sleep(STEP_S)
    print(
        json.dumps(
            {
                "sent": sent,
                "seconds": elapsed_s,
                "cpu_s": time.process_time() - cpu_before_s,
                "probe_s": time.perf_counter() if probe else None,
            }
        )
    )
    wire.close()


if __name__ == "__main__":
    _, port_, units_, rate_, seconds_, *probe_ = sys.argv
    asyncio.run(
        drive(int(port_), Path(units_), float(rate_), float(seconds_), probe_[0] if probe_ else "")
    )
