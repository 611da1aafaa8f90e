"""The fixes of a load: a process of its own publishes for all units, by the clock.

`python -m simulator.load.fixes` reads one line of JSON (`Order`) and prints one (`Said`).
"""

import asyncio
import math
import os
import ssl
import sys
import time
from random import Random

import msgspec

from simulator.load.wire import Broker, Wire, connect, publish_0, text

STEP_S = 0.01
SPEED_MPS = 8.0
CIRCLE_M = 100.0
METRES_PER_DEGREE = 111_195.0
PATTERN = '{"t":%d,"lon":%.6f,"lat":%.6f,"speed":8.0,"heading":%.1f,"accuracy":5.0}'


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish: fixes a second of all units together; each unit's id, lon, lat."""

    host: str
    port: int
    user: str | None
    password: str | None
    ca: str | None
    district: str
    units: list[tuple[str, float, float]]
    rate: float
    seconds: float
    connections: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was really published; `behind_ms` is the latest that a step was."""

    sent: int
    seconds: float
    bytes_out: int
    behind_ms: float


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
        turn = now_ms / 1_000 * SPEED_MPS / CIRCLE_M
        out = []
        for _ in range(count):
            lon, lat, phase = self._bases[self._next]
            angle = phase + turn
            body = PATTERN % (
                now_ms,
                lon + CIRCLE_M * math.cos(angle) / METRES_PER_DEGREE / math.cos(math.radians(lat)),
                lat + CIRCLE_M * math.sin(angle) / METRES_PER_DEGREE,
                math.degrees(-angle) % 360,
            )
            out.append(publish_0(self._topics[self._next], body.encode()))
            self._next = (self._next + 1) % len(self._bases)
        return b"".join(out)


async def publish(order: Order) -> Said:
    """Send at the times the rate says, whether or not anybody keeps up."""
    tls = ssl.create_default_context(cafile=order.ca) if order.ca else None
    broker = Broker(order.port, order.host, order.user, order.password, tls)
    share = max(1, min(order.connections, len(order.units)))
    parts: list[tuple[Wire, Walkers]] = []
    for number in range(share):
        wire = await connect(broker, f"load-fix-{os.getpid()}-{number}", lambda _topic, _body: None)
        parts.append((wire, Walkers(order.district, order.units[number::share])))
    start_s, sent, turn, behind_s = time.perf_counter(), 0, 0, 0.0
    while (gone_s := time.perf_counter() - start_s) < order.seconds:
        due = int(gone_s * order.rate) - sent
        behind_s = max(behind_s, due / order.rate if due > order.rate * STEP_S else 0.0)
        if due > 0:
            each, more = divmod(due, share)
            for step in range(share):
                wire, walkers = parts[(turn + step) % share]
                count = each + (step < more)
                if count:
                    await wire.room.wait()
                    wire.write(walkers.packets(count))
            turn += more
            sent += due
        await asyncio.sleep(STEP_S)
    said = Said(
        sent=sent,
        seconds=time.perf_counter() - start_s,
        bytes_out=sum(wire.bytes_out for wire, _ in parts),
        behind_ms=round(behind_s * 1_000, 1),
    )
    for wire, _ in parts:
        wire.close()
    return said


def main() -> None:
    """Do as the line on standard input says."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(publish(order))) + b"\n")


if __name__ == "__main__":
    main()
