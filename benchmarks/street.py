"""The other side of the engine in a measurement: alarms by the clock, and quick responders.

What is heard is stamped and put by; it is judged by the simulator's ledger only when the load
is over, so that judging costs the measurement nothing.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks.ceiling import PROBED, ROOT
from simulator.bodies import AckUp, AlarmUp, StatusUp, decode_down, decode_receipt, encode
from simulator.ledger import Ledger, percentile
from simulator.load.wire import Wire, connect

CLEAR_S = 0.25
"""A responder is free again so long after its order."""
BEAT_S = 0.001
POST_SHARE = 0.1
SETTLE_S = 3.0


@dataclass(slots=True)
class Phase:
    """Everything heard and sent between the start of one load and its settling."""

    alarms: list[tuple[str, str, float, float]] = field(default_factory=list)
    orders: list[tuple[float, str, bytes]] = field(default_factory=list)
    receipts: list[tuple[float, str, bytes]] = field(default_factory=list)
    recalls: int = 0
    rejects: list[bytes] = field(default_factory=list)


class Street:
    """Raises alarms and answers orders for a whole district over two bare connections."""

    def __init__(self, units: list[str], posts: list[str], seed: int = 1) -> None:
        self._rng = Random(seed)
        self._units = [unit for unit in units if unit != PROBED]
        self._posts = posts
        self._clears: deque[tuple[float, str, str]] = deque()
        self._ids = 0
        self._run = f"b{time.monotonic_ns() // 1_000_000}"
        self._seen: set[str] = set()
        self.phase = Phase()
        self.out: Wire
        self.into: Wire

    async def open(self, port: int) -> None:
        """Connect twice: one way in for what all devices hear, one way out for what they say."""
        self.out = await connect(port, "street-out", lambda _topic, _body: None)
        self.into = await connect(port, "street-in", self._heard)
        words = ("order", "receipt", "reject")
        await self.into.subscribe(*(f"{ROOT}+/+/{word}" for word in words))

    def _heard(self, topic: str, body: bytes) -> None:
        now_s = time.perf_counter()
        _, _, _, kind, name, word = topic.split("/")
        if word == "receipt":
            self.phase.receipts.append((now_s, name, body))
        elif word == "reject":
            self.phase.rejects.append(body)
        else:
            self._take_order(now_s, f"{kind}/{name}", name, body)

    def _take_order(self, now_s: float, path: str, name: str, body: bytes) -> None:
        """Confirm and accept at once; clear a little later. A recall is confirmed."""
        down = decode_down(body)
        if down.action == "recall":
            self.phase.recalls += 1
            self._answer(path, down.id, "delivered")
            return
        self.phase.orders.append((now_s, name, body))
        if down.id not in self._seen:
            self._seen.add(down.id)
            self._clears.append((now_s + CLEAR_S, path, down.id))
        self._answer(path, down.id, "delivered")
        self._answer(path, down.id, "accepted")

    def _answer(self, path: str, order: str, answer: str) -> None:
        ack = AckUp(id=self._next_id(), t=_epoch_ms(), order=order, answer=answer)
        self.out.publish_1(f"{ROOT}{path}/ack", encode(ack))

    def _clear_due(self, now_s: float) -> None:
        while self._clears and self._clears[0][0] <= now_s:
            _, path, order = self._clears.popleft()
            status = StatusUp(id=self._next_id(), t=_epoch_ms(), status="available", order=order)
            self.out.publish_1(f"{ROOT}{path}/status", encode(status))

    async def raise_alarms(self, rate: float, seconds: float) -> Phase:
        """Alarms at the times the rate says, whatever comes back; then let the street settle."""
        self.phase = phase = Phase()
        start_s, sent, count = time.perf_counter(), 0, int(rate * seconds)
        while (now_s := time.perf_counter()) < start_s + seconds or sent < count:
            while sent < count and start_s + sent / rate <= now_s:
                self._press(phase, start_s + sent / rate)
                sent += 1
            self._clear_due(now_s)
            assert not self.into.lost.done(), "the street lost its broker"
            await asyncio.sleep(BEAT_S)
        await self.settle(SETTLE_S)
        return phase

    async def settle(self, seconds: float) -> None:
        """Go on answering for a while without new alarms."""
        end_s = time.perf_counter() + seconds
        while (now_s := time.perf_counter()) < end_s:
            self._clear_due(now_s)
            await asyncio.sleep(BEAT_S)

    def _press(self, phase: Phase, planned_s: float) -> None:
        from_post = self._posts and self._rng.random() < POST_SHARE
        kind, names, word = (
            ("post", self._posts, "robbery") if from_post else ("unit", self._units, "help")
        )
        name, alarm = self._rng.choice(names), self._next_id()
        body = encode(AlarmUp(id=alarm, t=_epoch_ms(), type=word))
        now_s = time.perf_counter()
        self.out.publish_1(f"{ROOT}{kind}/{name}/alarm", body)
        phase.alarms.append((name, alarm, planned_s, now_s))

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self._run}-{self._ids}"


def _epoch_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251  a device's clock


def judge(phase: Phase) -> dict[str, Any]:
    """The figures of a phase, milliseconds from the alarm's publish to the first order."""
    ledger = Ledger()
    for name, alarm, _, sent_s in phase.alarms:
        ledger.sent_alarm(name, alarm, sent_s)
    for now_s, name, body in phase.receipts:
        receipt = decode_receipt(body)
        ledger.got_receipt(name, receipt.id, receipt.incident, now_s)
    for now_s, name, body in phase.orders:
        down = decode_down(body)
        ledger.got_order(name, down.id, down.incident, body, now_s)
    found = ledger.list_latencies_ms()
    late = sorted((sent_s - planned_s) * 1_000 for _, _, planned_s, sent_s in phase.alarms)
    shares = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    figures = ledger.figures()
    return {
        "alarms": len(phase.alarms),
        "receipts": figures["receipts_seen"],
        "incidents": figures["incidents_seen"],
        "orders": figures["orders_unique"],
        "second_orders": figures["second_orders"],
        "changed_orders": figures["changed_orders"],
        "recalls": phase.recalls,
        "rejects": len(phase.rejects),
        "first_rejects": [body.decode(errors="replace") for body in phase.rejects[:3]],
        "latency_ms": {"n": len(found)}
        | {k: round(percentile(found, share), 3) if found else None for k, share in shares.items()},
        "sent_late_ms_p99": round(percentile(late, 0.99), 3) if late else None,
    }
