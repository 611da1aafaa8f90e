"""Every kind of bad message over a real broker: a reject, a count, and the next alarm works."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dispatch.commands import LoadDistrict
from gateways.mqtt.gateway import MqttGateway
from gateways.mqtt.quota import Quota
from tests.mqtt_lab import Device, Line, Mosquitto, fix_at, now_ms, until

YEAR_1999_MS, YEAR_2099_MS = 915_148_800_000, 4_070_908_800_000


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    broker = Mosquitto(tmp_path)
    async with Line(tmp_path, broker.port) as line:
        yield line
    broker.stop()


def alarm(**fields: Any) -> bytes:
    return json.dumps({"id": "bad", "t": now_ms(), "type": "dispute", **fields}).encode()


BAD_ALARMS: list[tuple[str, bytes, str, str]] = [
    ("not UTF-8", b"\xff\xfe\x00", "body", "utf8"),
    ("not JSON", b"help!", "body", "syntax"),
    ("wrong type", alarm(silent="loud"), "silent", "shape"),
    ("missing field", b'{"id":"bad","t":1}', "type", "shape"),
    ("NaN", alarm(lon=float("nan"), lat=31.2), "lon", "number"),
    ("swapped", alarm(lon=31.25, lat=121.45), "lat", "shape"),
    ("outside", alarm(lon=116.4, lat=39.9), "lon", "place"),
    ("another's id", alarm(post="P002"), "post", "foreign"),
    ("1999", alarm(t=YEAR_1999_MS), "t", "time"),
    ("2099", alarm(t=YEAR_2099_MS), "t", "time"),
    ("1 MiB", b'{"id":"' + b"a" * (1 << 20) + b'"}', "body", "size"),
    ("1000 levels", b'{"z":' + b"[" * 1000 + b"]" * 1000 + b"}", "body", "nesting"),
]


async def test_each_bad_alarm_is_told_and_counted_and_a_good_one_follows(line: Line) -> None:
    async with Device(line.options.port, "post/P001") as post:
        for number, (what, payload, field, reason) in enumerate(BAD_ALARMS, start=1):
            before = line.figure("street110_mqtt_errors_total", reason=reason)
            line.gateway._rejects = Quota(100.0)
            await post.say("alarm", payload)
            await until(lambda number=number: len(post.list_heard("/reject")) == number)
            told = post.list_heard("/reject")[-1]
            assert told["field"] == field, what
            assert len(told["value"]) <= 64
            assert told["error"]
            assert line.figure("street110_mqtt_errors_total", reason=reason) == before + 1
            await post.press()
    assert len(line.engine.board.alarms) == len(BAD_ALARMS)


async def test_bad_fixes_are_told_by_field_and_good_ones_follow(line: Line) -> None:
    bad: list[tuple[Any, str]] = [
        (fix_at(1, 1, lon="east"), "lon"),
        (fix_at(1, 1, unit="U02"), "unit"),
        (fix_at(1, 1, t=YEAR_1999_MS), "t"),
        (fix_at(1, 1, t=YEAR_2099_MS), "t"),
        (fix_at(1, 1, lon=0, lat=0), "lon"),
        (fix_at(1, 1, lon=116.4), "lon"),
        (fix_at(1, 1, speed=-1), "speed"),
        ([fix_at(1, 1)] * 20_000, "body"),
    ]
    async with Device(line.options.port, "unit/U01") as unit:
        for number, (body, field) in enumerate(bad, start=1):
            line.gateway._rejects = Quota(100.0)
            await unit.say("fix", body, qos=0)
            await until(lambda number=number: len(unit.list_heard("/reject")) == number)
            assert unit.list_heard("/reject")[-1]["field"] == field
        assert line.tracker.get(0) is None
        await unit.say("fix", fix_at(1, 1), qos=0)
        await until(lambda: line.tracker.get(0))
    assert line.figure("street110_fixes_total", verdict="outside") == 1


async def test_an_unknown_sender_is_counted_and_nobody_is_told(line: Line) -> None:
    async with Device(line.options.port, "unit/U99") as stranger:
        await stranger.say("alarm", alarm())
        await until(lambda: line.figure("street110_mqtt_errors_total", reason="unknown"))
        async with Device(line.options.port, "post/P001") as post:
            await post.press()
        assert stranger.heard == []


async def test_a_flood_of_errors_is_answered_a_few_times_only(line: Line) -> None:
    flood = 60
    async with Device(line.options.port, "post/P001") as post:
        for _ in range(flood):
            await post.say("alarm", b"nonsense")
        await until(lambda: line.figure("street110_mqtt_errors_total", reason="syntax") == flood)
        await post.press()
        told = len(post.list_heard("/reject"))
        untold = line.figure("street110_mqtt_untold_total")
    assert untold > 0
    assert told + untold == flood


async def test_the_desk_rejects_an_unknown_type_by_name(line: Line) -> None:
    async with Device(line.options.port, "post/P001") as post:
        await post.say("alarm", alarm(type="volcano"))
        assert (await post.hear("/reject", field="type"))["value"] == "volcano"
        await post.press()


async def test_messages_of_one_device_are_decided_in_their_order(line: Line) -> None:
    async with Device(line.options.port, "unit/U01") as unit:
        for number in range(40):
            status = ("busy", "available")[number % 2]
            await unit.say("status", {"id": f"s{number}", "t": now_ms(), "status": status})
        responders = line.engine.board.responders
        await until(lambda: responders["U01"].seen[-1:] == ("s39",))  # type: ignore[index]
        assert responders["U01"].status == "available"  # type: ignore[index]


def write_password(file: Path, password: str) -> None:
    file.touch(mode=0o644)
    subprocess.run(["mosquitto_passwd", "-b", file, "engine", password], check=True)
    file.chmod(0o644)


async def test_a_wrong_password_is_no_end(tmp_path: Path) -> None:
    """The engine goes on trying, so that mending the broker is enough."""
    passwords = tmp_path / "passwords"
    write_password(passwords, "wrong")
    broker = Mosquitto(tmp_path, password_file=passwords)
    line = Line(tmp_path, broker.port, user="engine", password="right")  # noqa: S106 - a test's
    line.engine.start()
    await line.engine.submit(LoadDistrict(district=line.district), "test")
    gateway = MqttGateway(line.options, line.engine, line.tracker, (0, 0, 1, 1), line.registry)
    await gateway.start()
    broker.stop()
    write_password(passwords, "right")
    broker.start()
    await until(lambda: gateway.connected)
    await gateway.stop()
    await line.engine.stop()
    line.journal.close()
    broker.stop()


def test_a_quota_gives_a_second_s_worth_and_then_as_many_a_second() -> None:
    quota = Quota(5.0)
    assert [quota.take("a", 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert quota.take("b", 0.0)
    assert [quota.take("a", 0.2) for _ in range(2)] == [True, False]
    assert sum(quota.take("a", 100.0) for _ in range(20)) == 5
