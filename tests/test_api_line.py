"""The operators' interface over real HTTP with a real engine: looking, doing, finding, calling."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api_stage import ApiStage, Visitor
from tests.world import spot


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ApiStage]:
    made = ApiStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def wang(stage: ApiStage) -> AsyncIterator[Visitor]:
    visitor = await stage.log_in("wang")
    yield visitor
    await visitor.close()


@pytest.fixture
async def boss(stage: ApiStage) -> AsyncIterator[Visitor]:
    visitor = await stage.log_in("boss")
    yield visitor
    await visitor.close()


async def test_an_incident_is_seen_with_its_story_and_reasons(
    stage: ApiStage, wang: Visitor
) -> None:
    await stage.press("P002", "a1")
    status, listed = await wang.get("incidents")
    assert status == 200
    assert [row["id"] for row in listed["incidents"]] == ["I1"]
    _, case = await wang.get("incidents/I1")
    assert case["alarms"][0]["source"] == "P002"
    for part in ("timeline", "alarms", "orders"):
        assert (await wang.get(f"incidents/I1/{part}"))[1] == case[part]
    _, weighed = await wang.get("incidents/I1/candidates")
    chosen = {
        row["responder"] for r in weighed["recommendations"] for row in r["candidates"]
        if row["chosen"]
    }  # fmt: skip
    assert chosen == {order["responder"] for order in case["orders"]}


async def test_candidates_of_now_are_weighed_and_nothing_is_written(
    stage: ApiStage, wang: Visitor
) -> None:
    await stage.press("P002", "a1")
    before = stage.engine.board.dump()
    status, fresh = await wang.get("incidents/I1/candidates", now=1)
    assert status == 200
    sent = {order.responder for order in stage.engine.board.orders.values()}
    found = {
        row["responder"] for r in fresh["recommendations"] for row in r["candidates"]
        if row["chosen"]
    }  # fmt: skip
    assert found
    assert not found & sent
    assert stage.engine.board.dump() == before


async def test_a_command_is_done_once_and_its_id_says_so(stage: ApiStage, wang: Visitor) -> None:
    await stage.press("P002", "a1", "dispute")
    note = {"id": "n1", "incident": "I1", "text": "保安已到场"}
    first = await wang.do("add_note", **note)
    assert first == (200, {"id": "n1", "incident": "I1", "events": ["note_added"]})
    status, again = await wang.do("add_note", **note)
    assert (status, again.pop("again"), again) == (200, True, first[1])
    assert len(stage.engine.board.incidents["I1"].notes) == 1  # type: ignore[index]
    status, other = await wang.do("add_note", id="n1", incident="I1", text="else")
    assert (status, other["error"]) == (409, "id_used")


async def test_an_id_stays_used_over_a_restart_of_the_interface(
    stage: ApiStage, wang: Visitor
) -> None:
    await stage.press("P002", "a1", "dispute")
    await wang.do("add_note", id="n1", incident="I1", text="once")
    port = stage.console.port
    await stage.console.stop()
    stage.console = stage.make_api_console()
    stage.api.remember()
    await stage.console.start("127.0.0.1", port)
    status, again = await wang.do("add_note", id="n1", incident="I1", text="once")
    assert (status, again["again"]) == (200, True)


async def test_a_state_that_changed_is_told_with_how_it_is_now(
    stage: ApiStage, wang: Visitor, boss: Visitor
) -> None:
    await stage.press("P002", "a1", "dispute")
    done, _ = await boss.do("close_incident", id="c1", incident="I1", disposition="handled")
    assert done == 200
    status, late = await wang.do("close_incident", id="c2", incident="I1", disposition="handled")
    assert (status, late["error"], late["field"]) == (409, "state_changed", "incident")
    assert late["now"]["status"] == "closed"
    status, back = await wang.do("reopen_incident", id="r1", incident="I1", reason="回来了")
    assert status == 200
    assert "incident_reopened" in back["events"]


async def test_what_cannot_be_taken_is_named(stage: ApiStage, wang: Visitor) -> None:
    await stage.press("P002", "a1", "dispute")
    gone = await wang.do("add_note", id="x1", incident="I99", text="who")
    assert (gone[0], gone[1]["error"], gone[1]["field"]) == (404, "not_found", "incident")
    bad = await wang.do("close_incident", id="x2", incident="I1", disposition="merged")
    assert (bad[0], bad[1]["field"]) == (422, "disposition")
    more = await wang.do("add_note", id="x3", incident="I1", text="t", colour="red")
    assert more[0] == 422
    huge = await wang.do("refer_incident", id="x4", incident="I1", department="d", due_ms=10**30)
    assert (huge[0], huge[1]["field"]) == (422, "due_ms")
    kind = await wang.do("change_incident", id="x5", incident="I1", reason="r", type="unheard")
    assert (kind[0], kind[1]["field"], kind[1]["error"]) == (422, "type", "invalid")
    assert (await wang.do("tick"))[0] == 404
    assert (await wang.do("load_district"))[0] == 404


async def test_the_operators_hand_moves_orders_and_units(stage: ApiStage, wang: Visitor) -> None:
    await stage.press("P002", "a1", "dispute")
    _, orders = await wang.get("incidents/I1/orders")
    order = orders[0]["id"]
    for number, word in enumerate(("accepted", "en_route", "on_scene", "completed")):
        status, _ = await wang.do(
            "move_order", id=f"m{number}", order=order, status=word, reason="电台"
        )
        assert status == 200, word
    status, over = await wang.do("move_order", id="m9", order=order, status="accepted", reason="?")
    assert (status, over["error"]) == (409, "state_changed")
    status, _ = await wang.do("set_status", id="s1", responder="U03", status="busy", reason="饭")
    assert status == 200
    _, units = await wang.get("units.geojson")
    states = {one["properties"]["id"]: one["properties"]["status"] for one in units["features"]}
    assert states["U03"] == "busy"


async def test_a_call_is_tried_out_then_taken_and_its_code_answers(
    stage: ApiStage, wang: Visitor
) -> None:
    at = spot(2, 2)
    call = {"type": "robbery", "place": {"lon": at.lon, "lat": at.lat}, "caller": "13800000000"}
    before = stage.engine.board.dump()
    status, tried = await wang.post("preview", call)
    assert status == 200
    assert stage.engine.board.dump() == before
    assert tried["joins"] is None
    status, taken = await wang.post("calls", {"id": "call-1", **call})
    assert status == 200
    assert taken["joined"] is False
    _, case = await wang.get(f"incidents/{taken['incident']}")
    assert {order["responder"] for order in case["orders"]} == {
        order["responder"] for order in tried["orders"]
    }
    status, again = await wang.post("calls", {"id": "call-1", **call})
    assert (again["code"], again["again"]) == (taken["code"], True)
    stranger = Visitor(stage.url)
    status, state = await stranger.get(f"code/{taken['code'].lower()}")
    assert (status, set(state), state["state"]) == (200, {"state", "at_ms"}, "dispatched")
    assert (await stranger.get("code/AAAAAAAA"))[0] == 404
    await stranger.close()
    status, second = await wang.post("preview", {**call, "caller": "13911111111"})
    assert second["joins"]["incident"] == taken["incident"]
    assert second["near"][0]["incident"] == taken["incident"]


async def test_a_plan_that_waits_shows_whom_a_confirmation_would_send(
    stage: ApiStage, wang: Visitor
) -> None:
    at = spot(2, 2)
    call = {"type": "notice_only", "place": {"lon": at.lon, "lat": at.lat}}
    _, tried = await wang.post("preview", call)
    assert tried["confirm"]
    assert tried["orders"]
    _, taken = await wang.post("calls", {"id": "k1", **call})
    assert taken["events"] == ["incident_opened", "incident_short"]
    status, sent = await wang.do("confirm_incident", id="k2", incident=taken["incident"])
    assert status == 200
    assert "order_issued" in sent["events"]


async def test_a_call_by_words_needs_one_certain_place(stage: ApiStage, wang: Visitor) -> None:
    status, taken = await wang.post("calls", {"id": "w1", "type": "dispute", "where": "银行2"})
    assert status == 200
    assert stage.engine.board.incidents[taken["incident"]].place == spot(2, 0)
    status, nowhere = await wang.post("calls", {"id": "w2", "type": "dispute", "where": "月球"})
    assert (status, nowhere["field"]) == (422, "where")
    status, none = await wang.post("calls", {"id": "w3", "type": "dispute"})
    assert (status, none["field"]) == (422, "place")


@pytest.mark.parametrize(
    ("typed", "name", "how"),
    [
        ("银行3", "银行3", "written"),
        ("3", "银行3", "sign"),
        ("p003", "银行3", "sign"),
        ("人民", "人民路", "begins"),
        ("民路", "人民路", "within"),
        ("renmin", "人民路", "pinyin"),
        ("rml", "人民路", "initials"),
        ("人民路与东风路", "", "crossing"),
        ("人民 东风", "", "crossing"),
    ],
)
async def test_places_are_found_as_one_types(
    stage: ApiStage, wang: Visitor, typed: str, name: str, how: str
) -> None:
    status, answer = await wang.get("find", q=typed)
    assert status == 200
    first = answer["found"][0]
    assert first["how"] == how
    assert name in first["name"]


async def test_everything_with_a_place_is_geojson(stage: ApiStage, wang: Visitor) -> None:
    await stage.press("P002", "a1")
    sizes = {}
    for name in ("incidents", "units", "posts", "gates", "areas"):
        status, found = await wang.get(f"{name}.geojson")
        assert (status, found["type"]) == (200, "FeatureCollection")
        sizes[name] = len(found["features"])
    assert sizes == {"incidents": 1, "units": 8, "posts": 5, "gates": 1, "areas": 3}
    _, units = await wang.get("units.geojson")
    first = units["features"][0]
    assert first["geometry"]["coordinates"] == pytest.approx([spot(1, 1).lon, spot(1, 1).lat])
    assert first["properties"]["heading_deg"] == 90.0


async def test_a_call_to_many_shows_who_has_read_it(
    stage: ApiStage, wang: Visitor, boss: Visitor
) -> None:
    body = {"kind": "muster", "text": "点名"}
    assert (await wang.do("call_many", id="m1", **body))[0] == 403
    status, _ = await boss.do("call_many", id="m1", **body)
    assert status == 200
    _, calls = await wang.get("calls")
    assert calls["standing"][0]["asked"] == 13
    assert calls["standing"][0]["read_ms"] == {}


async def test_plans_circles_and_advice_are_listed(stage: ApiStage, wang: Visitor) -> None:
    _, plans = await wang.get("plans")
    assert [plan["type"] for plan in plans][:2] == ["robbery", "panic"]
    _, circles = await wang.get("circles")
    assert [one["id"] for one in circles] == ["Z1", "Z2"]
    assert await wang.get("advice") == (200, [])
