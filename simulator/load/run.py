"""Runs one load, or many until the knee: the most that is answered in time."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from simulator.load.fixes import Order, Said
from simulator.load.plan import Load, Target, list_walkers
from simulator.load.processes import cost_of, spent
from simulator.load.street import Street, judge

SETTLE_S = 10.0
FIXES_OF_ONE_PROCESS = 40_000.0
GRACE_S = 60.0
BISECTIONS = 3
LONGEST = 20
"""Doublings at most: by then a load is a million times the first."""

Axis = Literal["alarms", "units"]


async def run_load(target: Target, load: Load, ca: str | None = None) -> dict[str, Any]:
    """One load: what was sent and heard, and what engine and broker spent meanwhile.

    Raises:
        OSError: the broker cannot be reached, refuses, or ends a connection.
        ValueError: the district has fewer units than asked for.
    """
    street = Street(target, load)
    await street.open()
    try:
        before = cost_of(target.engine_pid), cost_of(target.broker_pid)
        began_s = time.perf_counter()
        orders = list_orders(target, load, ca)
        publishers = [asyncio.create_task(_publish(order)) for order in orders]
        heard = await street.run()
        said = [await publisher for publisher in publishers]
        seconds = time.perf_counter() - began_s
        after = cost_of(target.engine_pid), cost_of(target.broker_pid)
        await street.settle(SETTLE_S)
        heard_bytes, sent_bytes = street.bytes_moved
    finally:
        street.close()
    fixes = sum(one.sent for one in said)
    return {
        "load": msgspec.to_builtins(load),
        **judge(heard),
        "fixes": fixes,
        "fix_rate": round(fixes / load.seconds),
        "fixes_behind_ms": max((one.behind_ms for one in said), default=0.0),
        "bytes_to_broker": sent_bytes + sum(one.bytes_out for one in said),
        "bytes_from_broker": heard_bytes,
        "seconds": round(seconds, 2),
        "engine": spent(before[0], after[0], seconds),
        "broker": spent(before[1], after[1], seconds),
    }


def list_orders(target: Target, load: Load, ca: str | None) -> list[Order]:
    """What each publisher of fixes is told."""
    walkers = list_walkers(target.district, load.units)
    rate = load.units * load.fix_hz
    if rate <= 0:
        return []
    share = max(1, round(rate / FIXES_OF_ONE_PROCESS))
    broker = target.broker
    return [
        Order(
            host=broker.host,
            port=broker.port,
            user=broker.user,
            password=broker.password,
            ca=ca,
            district=target.district.id,
            units=[(one.id, one.base.lon, one.base.lat) for one in walkers[number::share]],
            rate=rate / share,
            seconds=load.seconds,
            connections=max(1, load.connections // share),
        )
        for number in range(share)
    ]


async def _publish(order: Order) -> Said:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator.load.fixes",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(order.seconds + GRACE_S):
            out, _ = await process.communicate(msgspec.json.encode(order) + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ConnectionError("the publisher of fixes ended early; its own words stand above")
    return msgspec.json.decode(out, type=Said)


def in_time(found: dict[str, Any], limit_ms: float) -> bool:
    """Whether a load was borne: nothing lost or doubled, orders in time, the generator too."""
    p99 = found["order_ms"]["p99"]
    return (
        found["lost"] == 0
        and found["second_orders"] == found["changed_orders"] == 0
        and p99 is not None
        and p99 < limit_ms
    )


def at(load: Load, axis: Axis, amount: float) -> Load:
    """The same load with more of one thing."""
    if axis == "units":
        return msgspec.structs.replace(load, units=int(amount))
    return msgspec.structs.replace(load, alarms_s=amount)


async def find_knee(
    run: Callable[[Load], Awaitable[dict[str, Any]]],
    load: Load,
    axis: Axis,
    limit_ms: float,
    most: float,
) -> dict[str, Any]:
    """The most alarms a second, or units, of which 99 in 100 orders come within `limit_ms`.

    Doubles until it is too much, then halves the gap a few times. The result is a load that was
    really borne; `limit` is the first that was not, None when `most` was reached.
    """
    amount = float(load.units) if axis == "units" else load.alarms_s
    steps: list[dict[str, Any]] = []
    borne: float | None = None
    broke: float | None = None

    async def bears(what: float) -> bool:
        found = await run(at(load, axis, what))
        steps.append({"amount": what, "borne": in_time(found, limit_ms), **found})
        return bool(steps[-1]["borne"])

    for _ in range(LONGEST):
        if not await bears(amount):
            broke = amount
            break
        borne = amount
        if amount >= most:
            break
        amount = min(amount * 2, most)
    for _ in range(BISECTIONS if borne is not None and broke is not None else 0):
        assert borne is not None and broke is not None  # noqa: PT018
        middle = round((borne + broke) / 2)
        if await bears(middle):
            borne = middle
        else:
            broke = middle
    return {"axis": axis, "limit_ms": limit_ms, "knee": borne, "limit": broke, "steps": steps}
