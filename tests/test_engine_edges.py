"""What is released before there is a gateway is neither lost nor taken for told."""

import asyncio

from dispatch.commands import LoadDistrict
from dispatch.letters import Letter, Receipt
from tests.test_engine import Bench, Box, press, until


async def start_without_edges(bench: Bench) -> None:
    bench.engine.await_edges()
    bench.engine._outlets.clear()
    bench.engine.start()
    await commit(bench, LoadDistrict(district=bench.town.district), 1)


async def commit(bench: Bench, command: object, seq: int) -> None:
    taken = asyncio.create_task(bench.engine.submit(command, "post/P001"))  # type: ignore[arg-type]
    await until(lambda: bench.journal.commits)
    bench.journal.commits.pop().set_result(seq)
    await taken


def receipts(letters: list[Letter]) -> list[Letter]:
    return [letter for letter in letters if isinstance(letter, Receipt)]


async def test_letters_from_before_the_gateway_leave_once_it_is_there() -> None:
    bench = Bench()
    await start_without_edges(bench)
    await commit(bench, press(1), 2)
    box = Box()
    bench.engine.add_outlet(box)
    assert box.letters == []
    bench.engine.send_again([])
    assert len(receipts(box.letters)) == 1
    bench.engine.send_again([])
    assert len(receipts(box.letters)) == 1
    await bench.engine.stop()


async def test_what_nobody_could_carry_stays_in_doubt() -> None:
    bench = Bench()
    await start_without_edges(bench)
    await commit(bench, press(1), 2)
    assert bench.journal.released == 0
    bench.engine.add_outlet(Box())
    bench.engine.send_again([])
    await commit(bench, press(2), 3)
    assert bench.journal.released == 3
    await bench.engine.stop()
