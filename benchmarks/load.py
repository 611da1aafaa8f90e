"""The fix publisher: one process that reports positions for many units, open loop.

`python -m benchmarks.load PORT UNITS.json RATE SECONDS [PROBE_TOPIC]` sends at the times the rate
says, whether or not anybody keeps up; then, if a probe topic is given, it publishes there one
message from the same connection. It prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from simulator.load.fixes import STEP_S, Walkers
from simulator.load.wire import connect


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
