"""`street110 serve` with a short message centre: a robbery told by text is answered by text."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from dispatch.district_file import load_district
from dispatch.words import ResponderKind
from gateways.devices.registry import Device, Protocol, Registry
from street110.device_books import book_of
from tests.mqtt_lab import until
from tests.smsc_lab import CODE, Centre

DISTRICT = Path(__file__).resolve().parent.parent / "simulator" / "districts" / "shanghai"
START_S = 90.0


def enrol_all(book: Registry) -> None:
    """Every post and unit has a telephone and nothing else."""
    district = load_district(DISTRICT)
    everybody = [(ResponderKind.POST, one.id) for one in district.posts]
    everybody += [(ResponderKind.UNIT, one.id) for one in district.units]
    for at, (kind, who) in enumerate(everybody):
        telephone = Device(
            protocol=Protocol.SMS,
            identity=f"+86138{at:08}",
            kind=kind,
            responder=who,
            model="only",
        )
        book.put(telephone)


async def test_alarm_order_and_acceptance_by_text(tmp_path: Path) -> None:
    async with Centre() as centre:
        config = tmp_path / "engine.toml"
        config.write_text(
            f'district = "{DISTRICT}"\n[state]\ndirectory = "state"\n[http]\nport = 0\n'
            f'[devices.sms]\nport = {centre.port}\npassword = "word"\nper_s = 100.0\n'
        )
        (tmp_path / "state").mkdir()
        book = Registry(book_of(tmp_path / "state"))
        enrol_all(book)
        with (tmp_path / "log").open("wb") as log:
            engine = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "street110", "serve", "--config", str(config), stderr=log
            )
        try:
            async with asyncio.timeout(START_S):
                while not centre.binds:
                    assert engine.returncode is None, (tmp_path / "log").read_text()
                    await asyncio.sleep(0.1)
            answered = await call_and_answer(centre)
        finally:
            engine.terminate()
            async with asyncio.timeout(30):
                await engine.wait()
    taken = orders_of(tmp_path)
    device = book.find(Protocol.SMS, f"+{answered}")
    assert device is not None
    assert any(one["responder"] == device.responder for one in taken)


async def call_and_answer(centre: Centre) -> str:
    """A post tells of a robbery; the first who is sent an order accepts it. Returns its number."""
    assert await centre.say("8613800000000", "抢劫！两人持刀") == 0
    await until(lambda: "已接警" in centre.words())

    def first() -> tuple[str, str] | None:
        for number in dict.fromkeys(one.destination_addr for one in centre.texts):
            found = CODE.search(centre.words(to=number))
            if found is not None:
                return number, found[1]
        return None

    await until(first)
    answer = first()
    assert answer is not None
    number, code = answer
    assert await centre.say(number, f"1 {code}") == 0
    return number


def orders_of(folder: Path) -> list[dict[str, Any]]:
    """The orders that were accepted when the engine ended."""
    board = msgspec.json.decode((folder / "state" / "board.json").read_bytes())
    orders = board["orders"].values() if isinstance(board["orders"], dict) else board["orders"]
    return [one for one in orders if one["status"] == "accepted"]
