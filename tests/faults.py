"""The line under kills: alarms at random times while engine and broker die and come back.

`python -m tests.faults --full` presses 500 alarms through a real Mosquitto while the engine is
killed with SIGKILL at 20 random moments, start-up included, and the broker restarted twice.
`python -m tests.faults` is the shortened form that the test suite runs.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dispatch import events as e
from dispatch.district_file import load_district
from dispatch.journal_file import JournalReader
from dispatch.snapshot import rebuild
from dispatch.words import ORDER_ENDED
from gateways.broker import mosquitto_config
from simulator.run import Fleet, FleetOptions, Habits

DISTRICT = Path(__file__).parent.parent / "simulator" / "districts" / "shanghai"
ENOUGH_S = 60.0
SETTLE_S = 90.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is pressed and killed."""

    alarms: int
    kills: int
    broker_restarts: int
    seed: int


SHORT = Plan(alarms=60, kills=4, broker_restarts=1, seed=110)
FULL = Plan(alarms=500, kills=20, broker_restarts=2, seed=110)


class Child:
    """A process of this run's own, started again and again with the same command."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.command = command
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out)

    def end(self, how: signal.Signals) -> int:
        """Send a signal to its pid and wait for the end."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(ENOUGH_S)


class Faults:
    """One run: a broker, an engine, a fleet, and somebody who kills them."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.rng = random.Random(plan.seed)
        self.port, self.page = free_port(), free_port()
        conf = folder / "mosquitto.conf"
        user = "root" if os.geteuid() == 0 else None
        conf.write_text(mosquitto_config(folder, port=self.port, user=user))
        config = folder / "engine.toml"
        config.write_text(
            f'district = "{DISTRICT}"\n[state]\ndirectory = "state"\nsnapshot_every = 500\n'
            f"[mqtt]\nembedded = false\nport = {self.port}\n[http]\nport = {self.page}\n"
        )
        self.journal = folder / "state" / "journal.db"
        self.broker = Child(["mosquitto", "-c", str(conf)], folder / "broker.log")
        self.engine = Child(
            [sys.executable, "-m", "street110", "serve", "--config", str(config)],
            folder / "engine.log",
        )
        self.fleet = Fleet(
            FleetOptions(
                district=load_district(DISTRICT),
                port=self.port,
                seed=plan.seed,
                habits=Habits(
                    pace=20.0,
                    alarms_a_minute=240.0,
                    alarms_at_most=plan.alarms,
                    alarm_retry_s=(1.0, 4.0),
                ),
            )
        )
        self.kills = self.restarts = 0

    async def run(self) -> dict[str, object]:
        """Press, kill, settle, stop cleanly, and judge."""
        stop = asyncio.Event()
        self.broker.start()
        await until(lambda: listens(self.port), "the broker listens")
        self.engine.start()
        street = asyncio.create_task(self.fleet.run(stop))
        try:
            await self.kill_about()
            await until(lambda: listens(self.page), "the engine is back")
            await self.settle()
            stop.set()
            await street
            assert self.engine.end(signal.SIGTERM) == 0, self.engine.log.read_text()[-2000:]
        finally:
            stop.set()
            for child in (self.engine, self.broker):
                if child.process is not None and child.process.poll() is None:
                    child.end(signal.SIGKILL)
        return self.judge()

    async def kill_about(self) -> None:
        """Kill the engine at random moments; half of them soon after its start."""
        while self.kills < self.plan.kills:
            early = self.rng.random() < 0.3
            if not early:
                await until(lambda: listens(self.page), "the engine is up")
            await asyncio.sleep(self.rng.uniform(0.2, 1.5 if early else 4.0))
            await asyncio.to_thread(self.engine.end, signal.SIGKILL)
            self.kills += 1
            due = self.restarts * self.plan.kills < self.kills * self.plan.broker_restarts
            if due and self.restarts < self.plan.broker_restarts:
                await asyncio.to_thread(self.broker.end, signal.SIGTERM)
                self.broker.start()
                self.restarts += 1
            self.engine.start()

    async def settle(self) -> None:
        """Until every alarm has its receipt and every order has been seen or ended."""
        ledger = self.fleet.ledger
        await until(
            lambda: len(ledger.alarms) >= self.plan.alarms and not ledger.list_unreceipted(),
            "every alarm has its receipt",
            SETTLE_S + self.plan.alarms / 2,
        )
        await until(lambda: not self.find_unseen(), "every order is seen or ended", SETTLE_S)

    def find_unseen(self) -> list[str]:
        """Orders on record that no device has and that have not ended."""
        board, _ = rebuild(JournalReader(self.journal))
        return [
            order.id
            for order in board.orders.values()
            if order.id not in self.fleet.ledger.orders and order.status not in ORDER_ENDED
        ]

    def judge(self) -> dict[str, object]:
        """Hold what the devices saw against the journal; raises AssertionError on any breach."""
        ledger = self.fleet.ledger
        where: dict[str, list[str]] = {}
        issued: Counter[str] = Counter()
        records = 0
        for _, record in JournalReader(self.journal).read():
            records += 1
            for event in record.events:
                if isinstance(event, e.IncidentOpened | e.AlarmJoined):
                    where.setdefault(event.alarm.key, []).append(event.alarm.incident)
                elif isinstance(event, e.OrderIssued):
                    issued[event.order.id] += 1
        for key, sent in ledger.alarms.items():
            assert sent.incident is not None, f"{key} has no receipt"
            assert where.get(key) == [sent.incident], f"{key}: {where.get(key)} {sent.incident}"
        assert max(issued.values()) == 1, "an order id was issued twice"
        assert set(ledger.orders) <= set(issued), "a device holds an order that is not on record"
        assert ledger.list_second_orders() == []
        assert ledger.changed == set()
        assert ledger.changed_receipts == set()
        assert self.find_unseen() == []
        replayed, _ = rebuild(JournalReader(self.journal), use_snapshot=False)
        live = (self.folder / "state" / "board.json").read_bytes()
        assert replayed.dump() == live, "the replayed board differs from the live one"
        verify = [sys.executable, "-m", "street110", "journal", "verify", str(self.journal)]
        subprocess.run(verify, check=True, capture_output=True)
        assert (self.kills, self.restarts) == (self.plan.kills, self.plan.broker_restarts)
        return {
            "alarms": len(ledger.alarms),
            "kills": self.kills,
            "broker_restarts": self.restarts,
            "records": records,
            "orders_issued": len(issued),
            "orders_seen": len(ledger.orders),
            "orders_received": ledger.orders_received,
            "second_orders": 0,
            "seed": self.plan.seed,
        }


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(true: object, what: str, enough_s: float = ENOUGH_S) -> None:
    """Wait for a condition; AssertionError naming it when it does not come."""
    assert callable(true)
    end_s = time.monotonic() + enough_s
    while not true():
        assert time.monotonic() < end_s, f"waited {enough_s:.0f} s in vain: {what}"
        await asyncio.sleep(0.1)


def main() -> None:
    """Run once and print what was seen; the seed reruns a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="500 alarms, 20 kills, 2 restarts")
    parser.add_argument("--seed", type=int, default=110, help="seed of moments and devices")
    options = parser.parse_args()
    base = FULL if options.full else SHORT
    plan = Plan(
        alarms=base.alarms,
        kills=base.kills,
        broker_restarts=base.broker_restarts,
        seed=options.seed,
    )
    with tempfile.TemporaryDirectory(prefix="street110-faults-") as folder:
        sys.stdout.write(json.dumps(asyncio.run(Faults(Path(folder), plan).run()), indent=2) + "\n")


if __name__ == "__main__":
    main()
