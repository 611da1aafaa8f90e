"""The callers and responders of a load: alarms by the clock, quick answers, and what was heard.

What is heard is stamped and put by; it is judged only when the load is over, so that judging
costs the measurement nothing. A latency counts from the moment an alarm was due, not from when
it could be sent: a slow engine or a slow generator cannot hide behind one another.
"""

import asyncio
import time
from collections import deque
from itertools import pairwise
from random import Random
from typing import Any

import msgspec

from simulator.bodies import AckUp, AlarmUp, StatusUp, decode_down, decode_receipt, encode
from simulator.ledger import Ledger, percentile
from simulator.load.plan import Load, Target
from simulator.load.wire import RefusedError, Wire, connect

BEAT_S = 0.001
FILTERS_AT_ONCE = 300
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}


class Heard(msgspec.Struct):
    """Everything sent and heard between the start of one load and its settling."""

    alarms: list[tuple[str, str, float, float]] = []
    orders: list[tuple[float, str, bytes]] = []
    receipts: list[tuple[float, str, bytes]] = []
    rejects: list[bytes] = []
    recalls: int = 0


class Street:
    """Raises alarms and answers orders for all devices, over so many shared connections."""

    def __init__(self, target: Target, load: Load) -> None:
        self._target = target
        self._rng = Random(load.seed)
        self._load = load
        self._root = f"s110/v1/{target.district.id}/"
        self._devices = [("unit", unit.id) for unit in target.district.units]
        self._devices += [("post", post.id) for post in target.district.posts]
        self._devices += [("gate", gate.id) for gate in target.district.gates]
        self._units = [unit.id for unit in target.district.units[: load.units]]
        self._posts = [post.id for post in target.district.posts]
        self._wires: list[Wire] = []
        self._of: dict[str, Wire] = {}
        self._clears: deque[tuple[float, str, str]] = deque()
        self._ids = 0
        self._run = f"l{time.monotonic_ns() // 1_000_000}"
        self._seen: set[str] = set()
        self.heard = Heard()

    async def open(self) -> None:
        """Connect and subscribe each device's own topics.

        Raises:
            OSError: no broker, or it says no.
        """
        share = max(1, min(self._load.connections, len(self._devices)))
        for number in range(share):
            wire = await connect(self._target.broker, f"{self._run}-{number}", self._hear)
            self._wires.append(wire)
            mine = self._devices[number::share]
            self._of.update({f"{kind}/{name}": wire for kind, name in mine})
            filters = [
                f"{self._root}{kind}/{name}/{word}"
                for kind, name in mine
                for word in ("order", "receipt", "reject")
            ]
            cuts = [*range(0, len(filters), FILTERS_AT_ONCE), len(filters)]
            for first, end in pairwise(cuts):
                await wire.subscribe(*filters[first:end])

    def close(self) -> None:
        """Say goodbye on every connection."""
        for wire in self._wires:
            wire.close()

    @property
    def bytes_moved(self) -> tuple[int, int]:
        """Bytes heard and sent so far."""
        return sum(w.bytes_in for w in self._wires), sum(w.bytes_out for w in self._wires)

    async def run(self) -> Heard:
        """Alarms at the times the rate says, whatever comes back."""
        self.heard = heard = Heard()
        rate, seconds = self._load.alarms_s, self._load.seconds
        count = int(rate * seconds)
        due = sorted(self._rng.uniform(0, seconds) for _ in range(count))
        start_s, sent = time.perf_counter(), 0
        while (now_s := time.perf_counter()) < start_s + seconds or sent < count:
            while sent < count and start_s + due[sent] <= now_s:
                self._press(heard, start_s + due[sent])
                sent += 1
            await self._beat(now_s)
        return heard

    async def settle(self, seconds: float) -> None:
        """Go on answering until everything was receipted and heard, or so many seconds are over."""
        end_s = time.perf_counter() + seconds
        quiet_s, known = time.perf_counter(), -1
        while (now_s := time.perf_counter()) < end_s:
            await self._beat(now_s)
            told = len(self.heard.receipts) + len(self.heard.orders)
            if told != known:
                quiet_s, known = now_s, told
            if len(self.heard.receipts) >= len(self.heard.alarms) and now_s - quiet_s > 1.0:
                return

    async def _beat(self, now_s: float) -> None:
        while self._clears and self._clears[0][0] <= now_s:
            _, path, order = self._clears.popleft()
            status = StatusUp(id=self._next_id(), t=_epoch_ms(), status="available", order=order)
            self._of[path].publish_1(f"{self._root}{path}/status", encode(status))
        if any(wire.lost.done() for wire in self._wires):
            raise RefusedError("a connection was lost: the broker ended it or went away")
        await asyncio.sleep(BEAT_S)

    def _press(self, heard: Heard, due_s: float) -> None:
        from_post = self._posts and self._rng.random() < self._load.post_share
        kind, names = ("post", self._posts) if from_post else ("unit", self._units)
        name, alarm = self._rng.choice(names), self._next_id()
        body = AlarmUp(id=alarm, t=_epoch_ms(), type=self._rng.choice(self._target.types))
        path = f"{kind}/{name}"
        self._of[path].publish_1(f"{self._root}{path}/alarm", encode(body))
        heard.alarms.append((name, alarm, due_s, time.perf_counter()))

    def _hear(self, topic: str, body: bytes) -> None:
        now_s = time.perf_counter()
        _, _, _, kind, name, word = topic.split("/")
        if word == "receipt":
            self.heard.receipts.append((now_s, name, body))
        elif word == "reject":
            self.heard.rejects.append(body)
        elif word == "order":
            self._take_order(now_s, f"{kind}/{name}", name, body)

    def _take_order(self, now_s: float, path: str, name: str, body: bytes) -> None:
        """Confirm and accept at once; clear a little later. A recall is confirmed."""
        down = decode_down(body)
        if down.action == "recall":
            self.heard.recalls += 1
            self._answer(path, down.id, "delivered")
            return
        self.heard.orders.append((now_s, name, body))
        if down.id not in self._seen:
            self._seen.add(down.id)
            self._clears.append((now_s + self._load.clear_s, path, down.id))
        self._answer(path, down.id, "delivered")
        self._answer(path, down.id, "accepted")

    def _answer(self, path: str, order: str, answer: str) -> None:
        ack = AckUp(id=self._next_id(), t=_epoch_ms(), order=order, answer=answer)
        self._of[path].publish_1(f"{self._root}{path}/ack", encode(ack))

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self._run}-{self._ids}"


def _epoch_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251  a device's clock


def judge(heard: Heard) -> dict[str, Any]:
    """The figures of a load; milliseconds from when an alarm was due to its first order."""
    ledger = Ledger()
    for name, alarm, due_s, _ in heard.alarms:
        ledger.sent_alarm(name, alarm, due_s)
    for now_s, name, body in heard.receipts:
        receipt = decode_receipt(body)
        ledger.got_receipt(name, receipt.id, receipt.incident, now_s)
    for now_s, name, body in heard.orders:
        down = decode_down(body)
        ledger.got_order(name, down.id, down.incident, body, now_s)
    found = ledger.list_latencies_ms()
    receipted = [
        (row.receipted_s - row.first_s) * 1_000
        for row in ledger.alarms.values()
        if row.receipted_s is not None
    ]
    figures = ledger.figures()
    late = [(sent_s - due_s) * 1_000 for _, _, due_s, sent_s in heard.alarms]
    return {
        "alarms": len(heard.alarms),
        "receipts": figures["receipts_seen"],
        "lost": len(heard.alarms) - figures["receipts_seen"] - len(heard.rejects),
        "rejects": len(heard.rejects),
        "first_rejects": [body.decode(errors="replace") for body in heard.rejects[:3]],
        "incidents": figures["incidents_seen"],
        "orders": figures["orders_unique"],
        "recalls": heard.recalls,
        "second_orders": figures["second_orders"],
        "changed_orders": figures["changed_orders"],
        "order_ms": percentiles(found),
        "receipt_ms": percentiles(receipted),
        "generator_late_ms": percentiles(late),
    }


def percentiles(values: list[float]) -> dict[str, float | int | None]:
    """How many, and the nearest-rank percentiles of exact values."""
    ordered = sorted(values)
    shares = {
        name: round(percentile(ordered, share), 3) if ordered else None
        for name, share in SHARES.items()
    }
    return {"n": len(ordered), **shares}
