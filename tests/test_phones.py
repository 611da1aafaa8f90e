"""What the pages of guards and officers speak: pairing, messages, orders, and who may not."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from dispatch.commands import CallMany
from dispatch.words import CallKind, ResponderId, ResponderKind
from gateways.devices.registry import Datum
from geo.air import air_m
from geo.datum import wgs84_to_gcj02
from tests.console_stage import epoch_ms
from tests.phone_stage import Phone, PhoneStage
from tests.world import spot

POST, UNIT = ResponderKind.POST, ResponderKind.UNIT


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[PhoneStage]:
    made = PhoneStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def paired(stage: PhoneStage, kind: ResponderKind, responder: str) -> Phone:
    phone = Phone(stage.url)
    status, body = await phone.pair(stage.pair(kind, responder))
    assert status == 200, body
    await phone.open()
    return phone


async def test_a_code_pairs_once_and_its_token_is_kept_as_a_hash(stage: PhoneStage) -> None:
    link, phone, thief = stage.pair(POST, "P003"), Phone(stage.url), Phone(stage.url)
    status, body = await phone.pair(link)
    assert (status, body["page"], body["responder"]) == (200, "post.html", "P003")
    assert (await thief.pair(link))[0] == 403
    cookie = next(iter(phone.session.cookie_jar))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/phone")
    book = (stage.folder / "devices.json").read_text()
    assert cookie.value not in book
    assert link.partition("#")[2] not in book
    await phone.close()
    await thief.close()


async def test_a_code_runs_out(stage: PhoneStage) -> None:
    link, phone = stage.pair(POST, "P003"), Phone(stage.url)
    stage.phones.post.engine = Later(stage.engine, 25 * 3_600_000)  # type: ignore[assignment]
    stage.phones._engine = stage.phones.post.engine
    assert (await phone.pair(link))[0] == 403
    await phone.close()


class Later:
    def __init__(self, engine: object, ahead_ms: int) -> None:
        self.engine = engine
        self.ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return epoch_ms() + self.ahead_ms


async def test_an_alarm_gets_its_receipt_and_the_same_id_the_same_one(stage: PhoneStage) -> None:
    phone = await paired(stage, POST, "P003")
    hello = await phone.hear("hello")
    assert (hello["sign"], hello["name"]) == (3, "银行3")
    for _ in range(2):
        await phone.say(word="alarm", id="a1", t=epoch_ms(), type="robbery")
        receipt = await phone.hear("receipt")
        assert (receipt["id"], receipt["incident"]) == ("a1", "I1")
        assert (await phone.hear("taken"))["id"] == "a1"
    assert len(stage.engine.board.alarms) == 1
    await phone.close()


async def test_an_order_is_answered_and_followed_to_its_end(stage: PhoneStage) -> None:
    guard, officer = await paired(stage, POST, "P003"), await paired(stage, UNIT, "U03")
    await guard.say(word="alarm", id="a1", t=epoch_ms(), type="robbery")
    order = await officer.hear("order")
    assert (order["incident"], order["type"], order["role"]) == ("I1", "robbery", "respond")
    way = await officer.session.get(f"{stage.url}/phone/way/{order['id']}?language=en")
    found = await way.json()
    steps = found["steps"]
    assert {"人民路", "解放路"} <= {street["name"] for street in found["streets"]}
    assert steps[0]["text"].startswith("Head")
    assert steps[-1]["move"] == "arrive"
    for number, (word, field, value) in enumerate(
        (
            ("ack", "answer", "accepted"),
            ("status", "status", "en_route"),
            ("status", "status", "on_scene"),
            ("status", "status", "available"),
        )
    ):
        said = {"word": word, "id": f"m{number}", "t": epoch_ms(), "order": order["id"]}
        await officer.say(**said, **{field: value})
        await officer.hear("taken")
    assert stage.statuses("U03") == ["completed"]
    state = await officer.hear("state")
    while state["status"] != "available" or state["order"] is not None:
        state = await officer.hear("state")
    await guard.close()
    await officer.close()


async def test_what_is_owed_comes_again_to_who_comes_back(stage: PhoneStage) -> None:
    officer = await paired(stage, UNIT, "U03")
    await officer.hear("state")
    await officer.ws.close() if officer.ws else None
    await stage.press("P003", "a1")
    await officer.open()
    state = await officer.hear("state")
    order = await officer.hear("order")
    held = state["order"]
    assert isinstance(held, dict)
    assert held["id"] == order["id"]
    async with officer.session.get(f"{stage.url}/phone/news") as answer:
        news = await answer.json()
    assert [one["is"] for one in news] == ["hello", "state", "order"]
    await officer.close()


async def test_the_same_by_post(stage: PhoneStage) -> None:
    phone = Phone(stage.url)
    await phone.pair(stage.pair(POST, "P003"))
    said = [
        {"is": "alarm", "id": "a1", "t": epoch_ms(), "type": "panic"},
        {"is": "alarm", "id": "a2", "t": epoch_ms(), "type": "no_such_type"},
        {"is": "sing", "id": "a3"},
        "no message",
    ]
    async with phone.session.post(f"{stage.url}/phone/send", json=said) as answer:
        told = await answer.json()
    assert [(one["is"], one.get("id")) for one in told] == [
        ("receipt", "a1"),
        ("taken", "a1"),
        ("reject", "a2"),
        ("taken", "a2"),
        ("reject", "a3"),
        ("taken", "a3"),
        ("reject", None),
    ]
    await phone.close()


async def test_neighbours_hear_of_it_but_not_of_a_silent_call(stage: PhoneStage) -> None:
    guard, other = await paired(stage, POST, "P003"), await paired(stage, POST, "P004")
    await guard.say(word="alarm", id="q1", t=epoch_ms(), type="duress", silent=True)
    receipt = await guard.hear("receipt")
    assert receipt["silent"] is True
    await guard.say(word="alarm", id="a1", t=epoch_ms(), type="panic")
    notice = await other.hear("notice")
    assert notice["incident"] == "I2"
    await guard.close()
    await other.close()


async def test_a_test_call_is_answered_and_not_asked_again(stage: PhoneStage) -> None:
    guard = await paired(stage, POST, "P003")
    await stage.engine.submit(CallMany(id="c1", kind=CallKind.MUSTER, text="拉动"), "user/boss")
    call = await guard.hear("notice")
    assert (call["kind"], call["answer"]) == ("muster", True)
    await guard.say(word="ack", id="m1", t=epoch_ms(), order=call["id"], answer="delivered")
    await guard.hear("taken")
    heard = next(iter(stage.engine.board.calls.values()))
    assert "P003" in heard.read_ms
    async with guard.session.get(f"{stage.url}/phone/news") as answer:
        assert "notice" not in [one["is"] for one in await answer.json()]
    await guard.close()


async def test_an_officers_fix_moves_him_and_a_guard_has_none(stage: PhoneStage) -> None:
    officer, guard = await paired(stage, UNIT, "U05"), await paired(stage, POST, "P001")
    row = stage.engine.board.force.rows[ResponderId("U05")]
    was = stage.tracker.get(row)
    assert was is not None
    t = epoch_ms() + 1_000
    await officer.say(word="fix", t=t, lon=was.lon + 1e-4, lat=was.lat, accuracy=8.0)
    await officer.say(word="check", id="k1", t=epoch_ms(), plate="沪A12345")
    assert (await officer.hear("check_result"))["hit"] is False
    stage.phones._hearing.stop()
    now = stage.tracker.get(row)
    assert now is not None
    assert now.at_ms == t
    await guard.say(word="fix", t=t, lon=121.4, lat=31.2)
    assert (await guard.hear("reject"))["field"] == "id"
    await officer.close()
    await guard.close()


async def test_who_is_not_paired_or_comes_from_elsewhere_gets_nothing(stage: PhoneStage) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("me", "news", "ws", "way/I1-1"):
            async with session.get(f"{stage.url}/phone/{path}") as answer:
                assert answer.status == 401
    phone = Phone(stage.url)
    await phone.pair(stage.pair(POST, "P003"))
    foreign = {"Origin": "http://evil.example"}
    for method, path in (("POST", "send"), ("POST", "pair"), ("GET", "ws")):
        address = f"{stage.url}/phone/{path}"
        async with phone.session.request(method, address, json=[], headers=foreign) as answer:
            assert answer.status == 403
    await phone.close()


async def test_a_revoked_device_is_shut_out(stage: PhoneStage) -> None:
    phone = await paired(stage, POST, "P003")
    await phone.hear("state")
    assert stage.pages.revoke("page-P003")
    await phone.say(word="alarm", id="a1", t=epoch_ms(), type="panic")
    assert phone.ws is not None
    closed = await phone.ws.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 4401)
    assert not stage.engine.board.alarms
    async with phone.session.get(f"{stage.url}/phone/me") as answer:
        assert answer.status == 401
    await phone.close()


async def test_an_administrator_enrols_sees_and_revokes_pages(stage: PhoneStage) -> None:
    boss, admin = await stage.log_in("boss"), await stage.log_in("admin")
    body = {"identity": "tablet-3", "kind": "post", "responder": "P003"}
    assert (await boss.post("phones", body))[0] == 403
    assert (await admin.post("phones", body | {"responder": "P999"}))[0] == 404
    status, made = await admin.post("phones", body)
    assert status == 200
    assert made["qr_svg"].startswith("<svg")
    phone = Phone(stage.url)
    assert (await phone.pair(made["link"]))[0] == 200
    await phone.open()
    await phone.hear("hello")
    _, rows = await admin.get("phones")
    assert [(row["identity"], row["paired"], row["open"]) for row in rows] == [
        ("tablet-3", True, 1)
    ]
    sent = {"X-CSRF-Token": admin.csrf}
    for expected in (200, 404):
        address = admin.address("phones/tablet-3")
        async with admin.session.delete(address, headers=sent) as answer:
            assert answer.status == expected
    _, lines = await admin.get("access")
    assert [line["what"] for line in lines][:2] == ["page_revoked", "page_enrolled"]
    for visitor in (boss, admin, phone):
        await visitor.close()


async def test_a_direct_call_is_told_who_comes(stage: PhoneStage) -> None:
    guard = await paired(stage, POST, "P003")
    hello = await guard.hear("hello")
    types = hello["types"]
    assert isinstance(types, list)
    assert [one["type"] for one in types if one["direct"]] == ["direct_call"]
    await guard.say(word="alarm", id="a1", t=epoch_ms(), type="direct_call")
    notice = await guard.hear("notice")
    assert "U0" in str(notice["text"])
    await guard.close()


async def test_a_device_of_another_datum_is_shifted(stage: PhoneStage) -> None:
    whose = (UNIT, ResponderId("U05"))
    code = stage.pages.enrol("gcj", whose, stage.now_ms(), datum=Datum.GCJ02)
    phone = Phone(stage.url)
    await phone.pair(f"#{code}")
    at = spot(5, 5)
    shown = wgs84_to_gcj02(np.array([[at.lon, at.lat]]))[0]
    said = {"is": "alarm", "id": "a1", "t": epoch_ms(), "type": "panic"}
    said |= {"lon": float(shown[0]), "lat": float(shown[1])}
    async with phone.session.post(f"{stage.url}/phone/send", json=[said]) as answer:
        assert (await answer.json())[0]["is"] == "receipt"
    alarm = next(iter(stage.engine.board.alarms.values()))
    assert air_m(alarm.place, at) < 0.5
    await phone.close()


async def test_a_gate_has_a_page_of_its_own(stage: PhoneStage) -> None:
    phone = Phone(stage.url)
    _, body = await phone.pair(stage.pair(ResponderKind.GATE, "K1"))
    assert body["page"] == "post.html"
    await phone.open()
    hello = await phone.hear("hello")
    assert (hello["kind"], hello["name"], hello["sign"], hello["groups"]) == (
        "gate",
        "东卡口",
        None,
        [],
    )
    await phone.say(word="alarm", id="a1", t=epoch_ms(), type="panic")
    assert (await phone.hear("receipt"))["incident"] == "I1"
    await phone.close()


async def test_the_fifth_page_of_a_responder_closes_the_first(stage: PhoneStage) -> None:
    phone = await paired(stage, POST, "P003")
    await phone.hear("state")
    first = phone.ws
    assert first is not None
    others = []
    for _ in range(4):
        await phone.open()
        await phone.hear("state")
        others.append(phone.ws)
    assert (await first.receive()).data == 4409
    assert len(stage.phones.post.list_lines((POST, ResponderId("P003")))) == 4
    for ws in others:
        assert ws is not None
        await ws.close()
    await phone.close()
