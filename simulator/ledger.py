"""What the devices saw, and the figures that follow from it alone.

Nothing here comes from the engine: the ledger is the witness for the other side of the line.
"""

from hashlib import blake2b
from math import ceil
from typing import Any

import msgspec


class Sent(msgspec.Struct):
    """One alarm as its source knows it; seconds by the fleet's monotonic clock."""

    first_s: float
    times: int = 1
    incident: str | None = None
    receipted_s: float | None = None
    rejected: bool = False


class Latency(msgspec.Struct, frozen=True):
    """Alarm published → first order at a device, milliseconds over `n` incidents."""

    n: int
    p50: float | None
    p99: float | None
    max: float | None


def percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile of an ascending, non-empty list."""
    return ordered[max(1, ceil(share * len(ordered))) - 1]


class Ledger:
    """Alarms sent, receipts, orders and recalls received; alarms are keyed `<source>/<id>`."""

    def __init__(self) -> None:
        self.alarms: dict[str, Sent] = {}
        self.orders: dict[str, tuple[str, str, bytes]] = {}
        self.first_order_s: dict[str, float] = {}
        self.by_responder: dict[tuple[str, str], set[str]] = {}
        self.recalled: set[str] = set()
        self.answers: dict[str, int] = {}
        self.rejects: list[tuple[str, str, str, str]] = []
        self.orders_received = 0
        self.receipts_received = 0
        self.recalls_received = 0
        self.notices_received = 0
        self.group_alarms_heard = 0
        self.fixes_sent = 0
        self.stray_receipts = 0
        self.unreadable = 0
        self.dropped = 0
        self.reconnects = 0
        self.changed: set[str] = set()
        self.changed_receipts: set[str] = set()

    def sent_alarm(self, source: str, alarm: str, now_s: float) -> None:
        """An alarm was handed to the network, for the first time or again."""
        key = f"{source}/{alarm}"
        known = self.alarms.get(key)
        if known is None:
            self.alarms[key] = Sent(first_s=now_s)
        else:
            known.times += 1

    def got_receipt(self, source: str, alarm: str, incident: str, now_s: float) -> None:
        """A source learned the incident of its alarm; it must never learn another one."""
        self.receipts_received += 1
        known = self.alarms.get(f"{source}/{alarm}")
        if known is None:
            self.stray_receipts += 1
        elif known.incident is None:
            known.incident, known.receipted_s = incident, now_s
        elif known.incident != incident:
            self.changed_receipts.add(f"{source}/{alarm}")

    def got_reject(self, source: str, alarm: str | None, field: str, value: str, why: str) -> None:
        """A device was told that something it sent was wrong."""
        self.rejects.append((source, field, value, why))
        known = self.alarms.get(f"{source}/{alarm}")
        if known is not None:
            known.rejected = True

    def got_order(
        self, responder: str, order: str, incident: str, body: bytes, now_s: float
    ) -> bool:
        """An order arrived at a device; True when the device sees it for the first time."""
        self.orders_received += 1
        self.first_order_s.setdefault(incident, now_s)
        content = digest(body)
        known = self.orders.get(order)
        if known is not None:
            if known != (incident, responder, content):
                self.changed.add(order)
            return False
        self.orders[order] = (incident, responder, content)
        self.by_responder.setdefault((incident, responder), set()).add(order)
        return True

    def got_recall(self, order: str) -> None:
        """A recall arrived at a device."""
        self.recalls_received += 1
        self.recalled.add(order)

    def answered(self, word: str) -> None:
        """A device gave an answer or reported a state, counted once per order and word."""
        self.answers[str(word)] = self.answers.get(str(word), 0) + 1

    def list_latencies_ms(self) -> list[float]:
        """One figure per incident, ascending: its first alarm's first publish → its first order.

        Alarms and orders meet on the incident named by the receipt, so it does not matter
        which of receipt and order came first. An incident that had its order before any of our
        alarms was published (the alarm joined another's incident) has no latency of ours.
        """
        opened_s: dict[str, float] = {}
        for alarm in self.alarms.values():
            if alarm.incident is not None:
                first_s = opened_s.get(alarm.incident, alarm.first_s)
                opened_s[alarm.incident] = min(first_s, alarm.first_s)
        return sorted(
            (self.first_order_s[incident] - first_s) * 1_000
            for incident, first_s in opened_s.items()
            if self.first_order_s.get(incident, -1.0) >= first_s
        )

    def latency(self) -> Latency:
        """The latencies so far, as percentiles in milliseconds."""
        found = self.list_latencies_ms()
        if not found:
            return Latency(0, None, None, None)
        figures = (percentile(found, 0.5), percentile(found, 0.99), found[-1])
        return Latency(len(found), *(round(figure, 3) for figure in figures))

    def list_second_orders(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Every (incident, responder) that got orders of different ids, with these ids."""
        return sorted(
            (incident, responder, tuple(sorted(orders)))
            for (incident, responder), orders in self.by_responder.items()
            if len(orders) > 1
        )

    def list_unreceipted(self) -> list[str]:
        """Keys of alarms that were sent and have neither receipt nor reject yet."""
        return [k for k, a in self.alarms.items() if a.incident is None and not a.rejected]

    def figures(self) -> dict[str, Any]:
        """The figures of a run, ready for JSON; what is second or changed must be 0."""
        receipted = [alarm for alarm in self.alarms.values() if alarm.incident is not None]
        return {
            "alarms_sent": len(self.alarms),
            "alarms_published": sum(alarm.times for alarm in self.alarms.values()),
            "receipts_seen": len(receipted),
            "incidents_seen": len({alarm.incident for alarm in receipted}),
            "orders_received": self.orders_received,
            "orders_unique": len(self.orders),
            "second_orders": sum(len(ids) - 1 for _, _, ids in self.list_second_orders()),
            "changed_orders": len(self.changed),
            "changed_receipts": len(self.changed_receipts),
            "stray_receipts": self.stray_receipts,
            "recalls_received": self.recalls_received,
            "notices_received": self.notices_received,
            "group_alarms_heard": self.group_alarms_heard,
            "fixes_sent": self.fixes_sent,
            "rejects": len(self.rejects),
            "unreadable": self.unreadable,
            "dropped": self.dropped,
            "reconnects": self.reconnects,
            "answers": dict(sorted(self.answers.items())),
            "latency_ms": msgspec.to_builtins(self.latency()),
        }


def digest(body: bytes) -> bytes:
    """A hash of what a JSON body says, blind to the order of its keys; of its bytes if not JSON."""
    try:
        said = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except msgspec.DecodeError:
        said = body
    return blake2b(said, digest_size=16).digest()
