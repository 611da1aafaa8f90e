"""Runs a virtual district until it is told to stop."""

import asyncio

from simulator.fleet import Fleet
from simulator.ledger import Ledger
from simulator.options import FleetOptions, Habits

__all__ = ["Fleet", "FleetOptions", "Habits", "run_fleet"]


async def run_fleet(options: FleetOptions, stop: asyncio.Event) -> Ledger:
    """Live the virtual district until `stop` is set; what its devices saw.

    Who wants the figures while it runs makes a `Fleet` and reads its `ledger`.
    """
    fleet = Fleet(options)
    await fleet.run(stop)
    return fleet.ledger
