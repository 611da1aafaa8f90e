"""JT/T 808 terminals at the edges: strangers, codes, parts, cuts, noise, and every limit."""

import asyncio
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from dispatch.letters import NoticeLetter
from dispatch.model import Notice
from dispatch.words import NoticeId, OrderStatus, ResponderId, ResponderKind
from gateways.devices.jt808.frame import Frame
from gateways.devices.jt808.link import MOST_WAITING, TcpLink, UdpLink
from gateways.devices.jt808.parts import ASKS, MOST_BYTES, MOST_OPEN, MOST_PARTS, Parts
from gateways.devices.registry import Protocol, Registry
from street110.cli import app
from street110.device_books import book_of
from tests.jt808_lab import CODE, Scripted, Served, batch, location, near
from tests.mqtt_lab import now_ms, until

SOS = 1
PHONE, OTHER = "13800138001", "13800138002"


async def test_a_stranger_is_told_so_listed_and_let_go(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        stranger = await Scripted(PHONE).connect(town.gateway.port)
        stranger.say(0x0100, b"\0" * 40)
        assert (await stranger.told(0x8100)).body == b"\x00\x01\x04", "no such terminal, no code"
        async with asyncio.timeout(5):
            await stranger.closed.wait()
        await stranger.hang_up()
        await stranger.connect(town.gateway.port)
        assert await stranger.answered(stranger.say(0x0200, location(near(1), alarm=SOS))) == 1
        await stranger.hang_up()
        (unknown,) = town.book.unknown.values()
        assert (unknown.identity, unknown.peer, unknown.times) == (PHONE, "127.0.0.1", 2)
        assert (town.incidents, town.figure("refused")) == (0, 2)


async def test_who_has_not_proved_itself_is_not_heard(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        thief = await Scripted(PHONE).connect(town.gateway.port)
        assert await thief.answered(thief.say(0x0200, location(near(1), alarm=SOS))) == 1
        for _ in range(3):
            assert await thief.prove(b"guess") == 1
        thief.say(0x0102, b"guess")
        async with asyncio.timeout(5):
            await thief.closed.wait()
        await thief.hang_up()
        assert (town.incidents, town.figure("wrong_code"), town.figure("unproved")) == (0, 4, 1)
        assert town.engine.views.positions.get(0) is None


async def test_without_a_code_the_number_alone_serves(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01", secret=None)
        terminal = await Scripted(PHONE).connect(town.gateway.port)
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 0
        assert town.incidents == 1
        await terminal.hang_up()


@pytest.mark.parametrize("code", ["4711", "x" * 250, "鉴权码"])
async def test_a_code_comes_back_as_it_was_given(tmp_path: Path, code: str) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01", secret=code)
        for is_2019 in (False, True):
            terminal = await Scripted(PHONE, is_2019=is_2019).connect(town.gateway.port)
            given = await terminal.register()
            assert given == code.encode("gbk")
            assert await terminal.prove(given) == 0
            await terminal.hang_up()


def test_a_terminal_is_enrolled_with_all_it_needs(tmp_path: Path) -> None:
    words = ["device", "add", "jt808", "013800138001", "unit", "U01", "--make-secret"]
    more = ["--model", "G10LS", "--utc-offset", "0", "--datum", "gcj02", "--state", str(tmp_path)]
    added = CliRunner().invoke(app, [*words, *more])
    assert added.exit_code == 0, added.output
    code = added.output.split("secret ")[1].strip()
    assert len(code) == 16
    device = Registry(book_of(tmp_path)).find(Protocol.JT808, PHONE)
    assert device is not None
    assert (device.secret, device.model, device.utc_offset_min) == (code, "G10LS", 0)
    listed = CliRunner().invoke(app, ["device", "list", "jt808", "--state", str(tmp_path)]).output
    assert "jt808 013800138001 unit U01 secret gcj02 utc+0min model=G10LS" in listed


async def test_codes_can_be_handed_over_another_way(tmp_path: Path) -> None:
    async with Served(tmp_path, hands_out_codes=False) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).connect(town.gateway.port)
        terminal.say(0x0100, b"\0" * 40)
        assert (await terminal.told(0x8100)).body[2:] == b"\x03", "registered already, no code"
        assert await terminal.prove(CODE.encode()) == 0
        await terminal.hang_up()


@pytest.mark.parametrize("is_2019", [False, True])
async def test_missing_parts_are_asked_for(tmp_path: Path, is_2019: bool) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE, is_2019=is_2019).begin(town.gateway.port)
        body = batch(0, *[location(near(1)) for _ in range(5)], location(near(1), alarm=SOS))
        pieces = [body[at : at + 60] for at in range(0, len(body), 60)]
        first = terminal.serial + 1
        frames = [
            terminal.frame(0x0704, piece, (len(pieces), number))
            for number, piece in enumerate(pieces, 1)
        ]
        for place in (0, 3, 2):
            terminal.write(frames[place])
        assert len(pieces) == 4
        asked = await terminal.told(0x8003)
        count = b"\x00\x02" if is_2019 else b"\x02"
        assert asked.body == first.to_bytes(2) + count + b"\x00\x02\x00\x03"
        terminal.write(frames[1])
        await until(lambda: town.incidents == 1)
        assert await terminal.answered(first + 1) == 0
        assert (len(town.gateway.talk.parts), town.gateway.talk.parts.size) == (0, 0)
        await terminal.hang_up()


def test_half_open_messages_have_a_limit() -> None:
    parts = Parts()
    body = b"\0" * 1000
    for number in range(100_000):
        frame = Frame(
            msg=0x0704, attributes=0, phone=b"", serial=number & 0xFFFF, body=body, total=60
        )
        assert parts.take(f"t{number % 9_000}", frame, number) is None
    assert len(parts) <= MOST_OPEN
    assert parts.size <= MOST_BYTES
    for _ in range(ASKS + 1):
        for identity, msg in parts.list_silent(10**9):
            parts.ask(identity, msg, 0)
    assert (len(parts), parts.size) == (0, 0), "asked in vain, then forgotten"
    too_many = Frame(msg=0x0704, attributes=0, phone=b"", serial=1, body=b"", total=MOST_PARTS + 1)
    assert parts.take("t", too_many, 0) is None
    assert len(parts) == 0


async def test_frames_may_be_cut_anywhere_and_come_together(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        for byte in b"junk" + terminal.frame(0x0200, location(near(1))):
            terminal.write(bytes([byte]))
            await asyncio.sleep(0)
        assert await terminal.answered(terminal.serial) == 0
        burst = [terminal.frame(0x0002) for _ in range(500)]
        terminal.write(b"".join(burst))
        await until(lambda: terminal.result_of(terminal.serial) == 0)
        assert len(terminal.list_of(0x8001)) == 502
        await terminal.hang_up()


async def test_a_terminal_over_udp(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02", secret=None)
        port = town.gateway.port
        other = await Scripted(OTHER).connect_udp(port)
        assert await other.answered(other.say(0x0200, location(near(2)))) == 0
        terminal = await Scripted(PHONE).connect_udp(port)
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 1
        assert town.incidents == 0
        assert await terminal.prove(await terminal.register()) == 0
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 0
        await terminal.told(0x8203)
        question = await other.told(0x8302)
        other.say(0x0302, question.serial.to_bytes(2) + b"\x02")
        orders = town.engine.board.orders
        await until(lambda: any(one.status is OrderStatus.REFUSED for one in orders.values()))
        town.gateway.look_at_links(asyncio.get_running_loop().time() + 10_000)
        assert all(one.link is None for one in town.gateway.talk.terminals.values())
        await terminal.hang_up()
        await other.hang_up()


async def test_a_terminal_that_comes_back_elsewhere_leaves_where_it_was(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        before = await Scripted(PHONE).begin(town.gateway.port)
        after = await Scripted(PHONE).begin(town.gateway.port)
        async with asyncio.timeout(5):
            await before.closed.wait()
        assert await after.answered(after.say(0x0002)) == 0
        assert await after.answered(after.say(0x0003)) == 0
        async with asyncio.timeout(5):
            await after.closed.wait()
        await before.hang_up()
        await after.hang_up()


async def test_a_revoked_terminal_is_served_no_longer(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        town.book.revoke(Protocol.JT808, PHONE)
        assert await terminal.answered(terminal.say(0x0002)) == 1
        async with asyncio.timeout(5):
            await terminal.closed.wait()
        await terminal.hang_up()


async def test_connections_have_limits(tmp_path: Path) -> None:
    async with Served(tmp_path, max_per_address=2, idle_s=60, prove_within_s=9) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        silent = await Scripted(OTHER).connect(town.gateway.port)
        third = await Scripted(OTHER).connect(town.gateway.port)
        async with asyncio.timeout(5):
            await third.closed.wait()
        now_s = asyncio.get_running_loop().time()
        town.gateway.look_at_links(now_s + 10)
        async with asyncio.timeout(5):
            await silent.closed.wait()
        terminal.write(b"\x7e\x00\x02")
        assert await terminal.answered(terminal.say(0x0002)) == 0
        terminal.write(b"\x00\x02")
        await asyncio.sleep(0.05)
        town.gateway.look_at_links(now_s + 35)
        async with asyncio.timeout(5):
            await terminal.closed.wait()
        for one in (terminal, silent, third):
            await one.hang_up()
        assert town.registry.get_sample_value("street110_jt808_connections") == 0


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n" * 9_000, b"\x7ex\x7e" * 40, b"\x7e" + b"A" * 99_999]
)
async def test_who_speaks_otherwise_is_let_go(tmp_path: Path, noise: bytes) -> None:
    async with Served(tmp_path) as town:
        peer = await Scripted(PHONE).connect(town.gateway.port)
        peer.write(noise)
        async with asyncio.timeout(5):
            await peer.closed.wait()
        await peer.hang_up()


def test_a_terminal_that_does_not_read_is_dropped() -> None:
    class Full(asyncio.Transport):
        aborted = False

        def get_write_buffer_size(self) -> int:
            return MOST_WAITING + 1

        def is_closing(self) -> bool:
            return self.aborted

        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("10.0.0.1", 1)

        def abort(self) -> None:
            self.aborted = True

    class Anyone:
        def admit(self, link: TcpLink) -> bool:
            return link.host == "10.0.0.1"

        def hear(self, link: object, raw: bytes) -> None: ...

        def lose(self, link: TcpLink) -> None: ...

    async def write() -> bool:
        transport = Full()
        link = TcpLink(Anyone())
        link.connection_made(transport)
        link.send(b"x")
        return transport.aborted

    assert asyncio.run(write())


async def test_a_long_text_goes_down_in_parts_and_again_when_asked(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        words = "全体注意" * 200
        whom = ((ResponderKind.UNIT, ResponderId("U01")),)
        notice = Notice(
            id=NoticeId("N1"),
            group=None,
            incident=None,
            text=words,
            place=None,
            sent_ms=now_ms(),
            expires_ms=now_ms() + 60_000,
            to=whom,
        )
        town.gateway.send(NoticeLetter(notice=notice))
        await terminal.told(0x8300, 2)
        parts = terminal.list_of(0x8300)
        assert [one.part for one in parts] == [(2, 1), (2, 2)]
        body = b"".join(one.body for one in parts)
        assert body[1:].decode("gbk") == words[:512]
        assert len(body) == 1025
        assert parts[1].serial == (parts[0].serial + 1) & 0xFFFF
        terminal.say(0x0005, parts[0].serial.to_bytes(2) + b"\x01\x00\x02")
        again = await terminal.told(0x8300, 3)
        assert again.raw == parts[1].raw
        await terminal.hang_up()


async def test_what_else_a_terminal_says_is_answered_and_let_be(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE, is_2019=True).begin(town.gateway.port)
        for msg in (0x0301, 0x0702, 0x0705, 0x0800, 0x0801, 0x0900, 0x0901, 0x0F00):
            assert await terminal.answered(terminal.say(msg, b"\x01\x02\x03")) == 0
        for number in (1, 2, 3):
            terminal.write(terminal.frame(0x0801, b"\xff" * 900, (3, number)))
            assert await terminal.answered(terminal.serial) == 0
        assert len(town.gateway.talk.parts) == 0
        assert await terminal.answered(terminal.say(0x0200, b"\x01\x02\x03")) == 2
        terminal.say(0x0004)
        assert len((await terminal.told(0x8004)).body) == 6
        terminal.say(0x0109)
        assert int.from_bytes((await terminal.told(0x8109)).body[:2]) >= 2025
        await terminal.hang_up()


async def test_no_frame_whatever_it_holds_breaks_the_conversation(tmp_path: Path) -> None:
    lots = Random(808)
    known = (1, 2, 3, 4, 5, 0x100, 0x102, 0x109, 0x200, 0x201, 0x210, 0x302, 0x704, 0x900, 0x6006)
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01", secret=None)
        terminal = Scripted(PHONE)
        port = town.gateway.port
        await terminal.connect_udp(port)
        talk = town.gateway.talk
        terminal.say(0x0002)
        await until(lambda: talk.terminals)
        (met,) = talk.terminals.values()
        for _ in range(3_000):
            msg = lots.choice(known) if lots.random() < 0.9 else lots.randrange(0x8000)
            total = lots.randrange(1, 70)
            part = (total, lots.randrange(1, total + 1)) if lots.random() < 0.1 else None
            body = lots.randbytes(lots.randrange(70))
            if lots.random() < 0.5:
                body = location(near(1), alarm=lots.getrandbits(32)) + body
            raw = terminal.frame(msg, body, part)[1:-1]
            town.gateway.hear(met.link or UdpLink(NoWay(), ("127.0.0.1", 9)), raw)
            await asyncio.sleep(0)
        assert len(talk.parts) <= 20
        assert len(met.sent) <= 8
        await until(lambda: town.engine.quiet)
        serial = terminal.say(0x0002)
        assert await terminal.answered(serial) == 0
        await terminal.hang_up()


class NoWay(asyncio.DatagramTransport):
    """Where nothing arrives."""

    def is_closing(self) -> bool:
        return True
