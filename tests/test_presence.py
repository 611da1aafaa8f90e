"""Who is on the street by his own fixes, and what the free cars reach, over the real interface."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from dispatch.commands import LoadDistrict
from dispatch.shifts import Duty, Roster, Shift
from dispatch.words import ResponderId
from gateways.api.presence import Presence
from tests.api_stage import ApiStage

NIGHT = Shift(id="night", name="夜班", begin_min=0, end_min=0)
YESTERDAY = date(1970, 1, 1)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ApiStage]:
    made = ApiStage(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def test_looks_prove_who_was_there(stage: ApiStage) -> None:
    duties = tuple(
        Duty(responder=ResponderId(one), shift="night", from_date=YESTERDAY)
        for one in ("U01", "U08")
    )
    off = Duty(responder=ResponderId("U02"), shift="night", to_date=YESTERDAY + timedelta(days=1))
    roster = Roster(shifts=(NIGHT,), duties=(*duties, off), offset_min=480)
    await stage.engine.submit(
        LoadDistrict(district=replace(stage.district, roster=roster)), "admin/test"
    )
    await stage.api.presence.look()
    stage.tracker.at_ms[0] -= 3_600_000
    await stage.api.presence.look()
    boss = await stage.log_in("boss")
    status, found = await boss.get("presence")
    assert status == 200
    assert (found["roster"], found["looks"]) == (True, 2)
    lines = {line["id"]: line for line in found["units"]}
    assert found["units"][0]["id"] == "U01"
    assert (lines["U01"]["due"], lines["U01"]["heard"], lines["U01"]["shift"]) == (
        True,
        False,
        "夜班",
    )
    assert (lines["U01"]["looks_due"], lines["U01"]["looks_heard"]) == (2, 1)
    assert lines["U02"]["due"] is False
    assert lines["U02"]["looks_due"] == 0
    # It patrols the west and stands in the east.
    assert (lines["U08"]["beat"], lines["U08"]["in_beat"]) == ("西街道", False)
    assert lines["U03"]["in_beat"] is None
    again = Presence(stage.api.room, stage.folder / "presence.json")
    assert again._day.looks == 2
    await boss.close()


async def test_a_user_of_one_area_sees_his_own_units_and_points(stage: ApiStage) -> None:
    east, wang = await stage.log_in("east"), await stage.log_in("wang")
    _, found = await east.get("presence")
    assert sorted(line["id"] for line in found["units"]) == ["U04", "U05", "U06", "U07"]
    _, covered = await east.get("coverage")
    assert (covered["posts"], covered["units"]) == (2, 8)
    for path in ("presence", "coverage"):
        assert (await wang.get(path))[0] == 403
    await east.close()
    await wang.close()


async def test_the_nearer_the_more_is_reached(stage: ApiStage) -> None:
    boss = await stage.log_in("boss")
    _, found = await boss.get("coverage")
    reached = [row["reached"] for row in found["within"]]
    assert [row["within_s"] for row in found["within"]] == [60, 180, 300]
    assert reached == sorted(reached)
    assert reached[-1] == 5
    stage.tracker.at_ms[:] = 0
    stage.clock_ahead_ms = 0
    stage.api.presence._covered = None
    _, nobody = await boss.get("coverage")
    assert (nobody["units"], nobody["within"][-1]["reached"]) == (0, 0)
    assert len(nobody["uncovered"]) == 5
    await boss.close()
