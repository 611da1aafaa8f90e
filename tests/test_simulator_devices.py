"""What a virtual terminal does with what it hears, in virtual time."""

import itertools
import json
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.district import District, Group, Plan, Post, Unit
from dispatch.words import GroupId, ResponderId, ResponderKind, UnitKind
from geo.types import Point
from simulator.agenda import Agenda
from simulator.devices import Device, World
from simulator.drive import Trip, join_route
from simulator.ledger import Ledger
from simulator.options import Habits
from simulator.patrol import Patrol, list_beat
from simulator.presses import list_neighbours, schedule

START_MS = 1_700_000_000_000
WILLING = Habits(refuse=0.0, silent=0.0)


@dataclass
class Street:
    """One device, everything it said, and an hour hand."""

    agenda: Agenda
    ledger: Ledger
    device: Device
    said: list[tuple[str, dict[str, Any]]]

    def hear(self, word: str, **body: Any) -> None:
        self.device.hear(word, json.dumps(body).encode(), self.agenda.now_s)

    def words(self) -> list[str]:
        return [body.get("answer") or body.get("status") or topic for topic, body in self.said]


def make_street(habits: Habits, kind: ResponderKind = ResponderKind.POST) -> Street:
    agenda, ledger = Agenda(), Ledger()
    said: list[tuple[str, dict[str, Any]]] = []
    world = World(
        agenda=agenda,
        ledger=ledger,
        habits=habits,
        say=lambda _device, topic, body, _qos: said.append((topic, json.loads(body))),
        now_s=lambda: agenda.now_s,
        start_ms=START_MS,
        run="t",
        seed=7,
    )
    device = Device(world, kind, "P001")
    return Street(agenda, ledger, device, said)


def order(order_id: str = "I1-1", **changes: Any) -> dict[str, Any]:
    body = {
        "id": order_id,
        "incident": "I1",
        "action": "order",
        "role": "respond",
        "lon": 121.47,
        "lat": 31.23,
        "eta_s": 60.0,
        "length_m": 90.0,
        "route": [[121.469, 31.23], [121.47, 31.23]],
        "t": START_MS,
        "expires": START_MS + 300_000,
    }
    return body | changes


def recall(order_id: str = "I1-1") -> dict[str, Any]:
    return {
        "id": order_id,
        "incident": "I1",
        "action": "recall",
        "reason": "diverted",
        "t": START_MS,
        "expires": START_MS + 300_000,
    }


def test_a_willing_device_goes_all_the_way() -> None:
    street = make_street(WILLING)
    street.hear("order", **order())
    assert street.words() == ["delivered"], "delivery is confirmed at once, before any delay"
    street.agenda.run(3_600)
    assert street.words() == ["delivered", "accepted", "en_route", "on_scene", "available"]
    assert {body["order"] for _, body in street.said} == {"I1-1"}
    ids = [body["id"] for _, body in street.said]
    assert len(set(ids)) == len(ids)


def test_a_refusing_device_says_so_and_no_more() -> None:
    street = make_street(Habits(refuse=1.0, silent=0.0))
    street.hear("order", **order())
    street.agenda.run(3_600)
    assert street.words() == ["delivered", "refused"]


def test_a_silent_officer_leaves_only_the_delivery() -> None:
    street = make_street(Habits(refuse=0.0, silent=1.0))
    street.hear("order", **order())
    street.agenda.run(3_600)
    assert street.words() == ["delivered"]


def test_a_repeated_order_is_answered_again_with_the_same_ids_and_shown_once() -> None:
    street = make_street(WILLING)
    street.hear("order", **order())
    street.agenda.run(10)
    before = list(street.said)
    street.hear("order", **order())
    assert street.said == before + before
    assert street.ledger.orders_received == 2
    assert len(street.ledger.orders) == 1
    street.agenda.run(3_600)
    assert street.words().count("available") == 1


def test_a_recalled_order_is_confirmed_each_time_and_worked_no_more() -> None:
    street = make_street(WILLING)
    street.hear("order", **order())
    street.agenda.run(30)
    assert street.words()[-1] == "en_route"
    street.said.clear()
    street.hear("order", **recall())
    street.hear("order", **recall())
    street.agenda.run(3_600)
    assert street.words() == ["delivered", "delivered"]
    assert street.said[0] == street.said[1]
    assert street.ledger.recalls_received == 2


def test_an_order_that_comes_after_its_recall_is_not_shown() -> None:
    street = make_street(WILLING)
    street.hear("order", **recall())
    street.hear("order", **order())
    street.agenda.run(3_600)
    assert set(street.words()) == {"delivered"}
    assert len({body["id"] for _, body in street.said}) == 1


def test_an_expired_order_is_not_shown() -> None:
    street = make_street(WILLING)
    street.hear("order", **order(expires=START_MS - 1))
    street.agenda.run(3_600)
    assert street.said == []
    assert street.ledger.orders_received == 1


def test_a_newer_order_takes_the_place_of_the_older() -> None:
    street = make_street(WILLING)
    street.hear("order", **order())
    street.agenda.run(30)
    street.hear("order", **order("I2-1", incident="I2"))
    street.agenda.run(3_600)
    last = [body["order"] for _, body in street.said if body.get("status") == "available"]
    assert last == ["I2-1"]


def test_what_was_said_of_open_orders_is_said_again_after_a_loss() -> None:
    street = make_street(WILLING)
    street.hear("order", **order())
    street.agenda.run(30)
    before = list(street.said)
    street.device.resay(30.0)
    assert street.said == before + before
    street.agenda.run(3_600)
    street.said.clear()
    street.device.resay(street.agenda.now_s)
    assert street.said == [], "what ended long ago is not dug up"


def test_an_alarm_is_sent_with_one_id_until_its_receipt() -> None:
    street = make_street(replace(WILLING, alarm_retry_s=(2.0, 8.0)))
    alarm = street.device.press("robbery", 0.0)
    street.agenda.run(25)
    assert len(street.said) == 1 + 4, "at 2, 6, 14 and 22 s"
    assert {body["id"] for _, body in street.said} == {alarm}
    assert {body["t"] for _, body in street.said} == {START_MS}
    street.hear("receipt", id=alarm, incident="I1", t=START_MS, silent=False)
    street.agenda.run(3_600)
    assert len(street.said) == 5
    assert street.ledger.figures()["receipts_seen"] == 1


def test_a_rejected_alarm_is_not_sent_again() -> None:
    street = make_street(WILLING)
    alarm = street.device.press("nonsense", 0.0)
    street.hear("reject", id=alarm, field="type", value="nonsense", error="no such type")
    street.agenda.run(3_600)
    assert len(street.said) == 1
    assert street.ledger.figures()["rejects"] == 1
    assert street.ledger.list_unreceipted() == []


def test_a_group_hears_an_alarm_but_never_a_silent_one() -> None:
    street = make_street(WILLING)
    street.device.press("robbery", 0.0, groups=("G1",))
    assert [topic for topic, _ in street.said] == ["post/P001/alarm", "group/G1/alarm"]
    assert street.said[1][1]["post"] == "P001"
    assert street.said[0][1]["id"] == street.said[1][1]["id"]
    street.said.clear()
    street.device.press("robbery", 0.0, silent=True, groups=("G1",))
    assert [topic for topic, _ in street.said] == ["post/P001/alarm"]


def make_unit(habits: Habits) -> tuple[Street, Patrol, list[Point]]:
    street = make_street(habits, ResponderKind.UNIT)
    base = Point(121.46, 31.23)
    unit = Unit(id=ResponderId("P001"), name="1", kind=UnitKind.CAR, officers=2, base=base)
    asked: list[Point] = []
    patrol = Patrol(street.device.world, unit, (), lambda _patrol, _start, to: asked.append(to))
    street.device.mover = patrol
    patrol.start()
    return street, patrol, asked


def test_a_patrol_drives_to_its_order_and_reports_every_fix_on_the_way() -> None:
    street, patrol, _ = make_unit(replace(WILLING, fix_every_s=2.0))
    street.hear("order", **order(route=[[121.465, 31.23]], eta_s=100.0, length_m=1_000.0))
    street.agenda.run(600)
    fixes = [body for topic, body in street.said if topic == "unit/P001/fix"]
    assert len(fixes) == 300
    assert [b["t"] for b in fixes] == sorted({b["t"] for b in fixes})
    assert all(abs(then["lon"] - now["lon"]) < 0.0004 for now, then in itertools.pairwise(fixes)), (
        "10 m/s for 2 s and the jitter: no leaps"
    )
    arrived = next(b["t"] for _, b in street.said if b.get("status") == "on_scene")
    at_place = next(b["t"] for b in fixes if abs(b["lon"] - 121.47) < 0.0001)
    assert abs(arrived - at_place) <= 4_000
    assert patrol.place(600).lon == pytest.approx(121.47, abs=1e-3)


def test_a_faster_pace_stays_within_what_is_possible() -> None:
    street, _, _ = make_unit(replace(WILLING, pace=100.0, fix_every_s=1.0))
    street.hear("order", **order(eta_s=10.0, length_m=1_000.0))
    street.agenda.run(60)
    speeds = [body["speed"] for topic, body in street.said if topic.endswith("fix")]
    assert max(speeds) == pytest.approx(0.7 * 70.0)


def test_an_idle_patrol_asks_for_a_target_once_and_goes_where_it_is_sent() -> None:
    street, patrol, asked = make_unit(WILLING)
    street.agenda.run(30)
    assert len(asked) == 1
    patrol.follow(None, 30)
    street.agenda.run(40)
    assert len(asked) == 2


@given(st.lists(st.tuples(st.floats(121.4, 121.5), st.floats(31.2, 31.3)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_trip_starts_at_its_start_and_ends_at_its_end(line: list[tuple[float, float]]) -> None:
    trip = Trip(line, 10.0, 5.0)
    assert trip.at(0.0).place == Point(*line[0]) or trip.end_s == 5.0
    assert trip.at(trip.end_s + 0.001).place == Point(*line[-1])
    assert trip.at(trip.end_s + 0.001).arrived


def test_a_route_is_joined_where_it_is_nearest() -> None:
    route = [(121.0, 31.0), (121.1, 31.0), (121.2, 31.0)]
    line = join_route(Point(121.11, 31.0), route, Point(121.2, 31.01))
    assert line == ((121.11, 31.0), (121.1, 31.0), (121.2, 31.0), (121.2, 31.01))


def make_district() -> District:
    rng = Random(5)
    posts = tuple(
        Post(
            id=ResponderId(f"P{n:03}"),
            sign=n,
            name=f"岗{n}",
            category="bank",
            place=Point(121.46 + rng.random() / 50, 31.22 + rng.random() / 50),
            guards=2,
            radios=2,
            groups=(GroupId("G1"),),
        )
        for n in range(1, 13)
    )
    plans = tuple(
        Plan(type=word, name_zh=word, name_en=word, priority=priority)
        for word, priority in (("robbery", 1), ("dispute", 4))
    )
    units = (
        Unit(
            id=ResponderId("U1"),
            name="1",
            kind=UnitKind.CAR,
            officers=2,
            base=Point(121.465, 31.225),
        ),
    )
    return District(
        id="test",
        name_zh="试",
        name_en="Test",
        timezone="Asia/Shanghai",
        units=units,
        posts=posts,
        gates=(),
        groups=(Group(id=GroupId("G1"), name="互助组", channel="1"),),
        areas=(),
        plans=plans,
    )


def test_the_same_seed_gives_the_same_presses_and_another_seed_others() -> None:
    district, habits = make_district(), Habits()

    def first(seed: int) -> list[Any]:
        return list(itertools.islice(schedule(district, habits, seed), 200))

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_presses_come_at_the_rate_and_in_the_kinds_asked_for() -> None:
    habits = Habits(alarms_a_minute=60.0)
    presses = list(itertools.islice(schedule(make_district(), habits, 3), 2_000))
    assert 1_500 < presses[-1].at_s < 2_000, "about a scene a second; some have two presses"
    assert any(press.again_s for press in presses)
    assert any(press.silent for press in presses)
    assert any(press.kind is ResponderKind.UNIT for press in presses)
    words = [press.type for press in presses]
    assert words.count("dispute") > words.count("robbery") > 100


def test_neighbours_are_the_nearest_other_posts() -> None:
    district = make_district()
    neighbours = list_neighbours(district)
    assert all(len(near) == 3 and post not in near for post, near in neighbours.items())


def test_a_patrol_goes_round_the_posts_nearest_to_its_base() -> None:
    district = make_district()
    beat = list_beat(district.units[0], district.posts, 3)
    assert len(beat) == 4
    assert beat[-1] == district.units[0].base

    def away(place: Point) -> float:
        return (place.lon - 121.465) ** 2 * 0.73 + (place.lat - 31.225) ** 2

    assert max(map(away, beat)) <= min(
        away(post.place) for post in district.posts if post.place not in beat
    )


def test_the_whole_street_repeats_itself_from_its_seed() -> None:
    def live() -> list[tuple[str, dict[str, Any]]]:
        street, _, _ = make_unit(Habits())
        for number in range(20):
            street.hear("order", **order(f"I{number}-1", incident=f"I{number}"))
            street.agenda.run(60.0 * (number + 1))
        return street.said

    assert live() == live()
