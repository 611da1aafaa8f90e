"""One day of a district in virtual time, over the desk, the board and the roads of the engine."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np

from dispatch import events as e
from dispatch.board import Board
from dispatch.commands import AnyCommand, LoadDistrict, RaiseAlarm, Tick
from dispatch.desk import Desk
from dispatch.district import District
from dispatch.letters import NoticeLetter, OrderLetter, Recall
from dispatch.model import Notice
from dispatch.ports import Positions, Record, Roads
from dispatch.words import IncidentId, OrderStatus, ResponderId, ResponderKind, UnitStatus
from dispatch.work import Outcome, Views
from geo.air import air_m
from simulator.agenda import Agenda
from simulator.virtual.crew import HEARD_S, Crew, Life, PostCrew, UnitCrew, draw
from simulator.virtual.day_calls import Alarm
from simulator.virtual.days import Days, Policy
from simulator.virtual.ground import AirPositions, AirRoads, Ground

START_MS = 1_767_225_600_000
"""A midnight; the day of the year means nothing here."""
AFTER_S = 2 * 3_600.0
"""So long after the last alarm the run goes on, that late arrivals are seen."""
NEVER = float("nan")


class Seen(msgspec.Struct, kw_only=True):
    """What became of one incident: seconds since the start; NaN for never."""

    incident: str
    type: str
    priority: int
    raised_s: float
    unit_s: float = NEVER
    post_s: float = NEVER
    helper_s: float = NEVER
    orders: int = 0


class DayDone(NamedTuple):
    """A finished day: its incidents, and counts of what was decided."""

    seen: list[Seen]
    decisions: int
    diverted: int
    records: list[Record]


ONE_CLASS = 3
"""The priority of everything where the queue knows none."""


def adapt(district: District, policy: Policy) -> District:
    """The district's book as a policy would have it."""
    plans = []
    for plan in district.plans:
        changed = plan
        if not policy.posts:
            changed = msgspec.structs.replace(
                changed, posts=msgspec.structs.replace(changed.posts, count=0)
            )
        if not policy.groups:
            changed = msgspec.structs.replace(changed, notify_group=False)
        if policy.queue == "arrival":
            changed = msgspec.structs.replace(changed, priority=ONE_CLASS)
        if not policy.divert:
            changed = msgspec.structs.replace(changed, divert_gain_s=3_600.0)
        plans.append(changed)
    circles = district.circles if policy.circles else ()  # advice that nobody here would follow
    rules = msgspec.structs.replace(
        district.rules,
        joint=policy.joint,
        divert="automatic" if policy.automatic else "advice",
        cover_s=policy.cover_s,
    )
    return msgspec.structs.replace(district, plans=tuple(plans), circles=circles, rules=rules)


class Day:
    """The clock, the desk, the crews, and what happens between them."""

    def __init__(
        self, ground: Ground, days: Days, policy: Policy, alarms: list[Alarm], run: int,
        *, keep: bool = False,
    ) -> None:  # fmt: skip
        self.days = days
        self.priorities = {plan.type: plan.priority for plan in ground.district.plans}
        self.agenda = Agenda()
        self.tracker = ground.make_tracker()
        positions: Positions = self.tracker
        roads: Roads = ground.roads
        if policy.near == "air":
            positions, roads = AirPositions(self.tracker), AirRoads(ground.roads)
        self.district = adapt(ground.district, policy)
        self.board = Board()
        self.desk = Desk(self.board, Views(positions, roads, ground.places))
        self.seen: dict[IncidentId, Seen] = {}
        self.records: list[Record] = []
        self.keep = keep
        self.decisions = 0
        self.diverted = 0
        self.dice = f"{days.run.seed}:{run}"
        self._fixed_at = -1
        self._tick_s: float | None = None
        life = Life(self.agenda, days, self.say, START_MS, self.dice)
        self.units = [UnitCrew(unit, ground, life) for unit in self.district.units]
        self.crews: dict[ResponderId, Crew] = {crew.id: crew for crew in self.units}
        for post in self.district.posts:
            self.crews[post.id] = PostCrew(post, life)
        self.members = {
            group.id: [post for post in self.district.posts if group.id in post.groups]
            for group in self.district.groups
        }
        self.alarms = alarms

    def run(self) -> DayDone:
        """Live the whole day."""
        self.say(LoadDistrict(district=self.district))
        for number, alarm in enumerate(self.alarms):
            self.agenda.at(alarm.at_s, self._raiser(number, alarm))
        for crew in self.units:
            self.agenda.at(crew.roaming.uniform(0.0, 600.0), crew.patrol)
        self._plan_shifts()
        last_s = max(self.days.run.hours * 3_600, self.alarms[-1].at_s if self.alarms else 0.0)
        self.agenda.run(last_s + AFTER_S)
        return DayDone(list(self.seen.values()), self.decisions, self.diverted, self.records)

    def _raiser(self, number: int, alarm: Alarm) -> Callable[[float], None]:
        def deed(_: float) -> None:
            self.say(
                RaiseAlarm(
                    id=f"A{number}", source_kind=alarm.source_kind, source=alarm.source,
                    type=alarm.type, sent_ms=self.now_ms(), place=alarm.place,
                )
            )  # fmt: skip

        return deed

    def now_ms(self) -> int:
        """The desk's clock."""
        return START_MS + int(self.agenda.now_s * 1000)

    def say(self, command: AnyCommand) -> None:
        """Give a command to the desk, and let everyone hear what comes of it."""
        self._refresh()
        now_ms = self.now_ms()
        outcome = self.desk.handle(command, now_ms, "simulator")
        self.decisions += 1
        if self.keep:
            self.records.append(
                Record(at_ms=now_ms, who="simulator", command=command, events=outcome.events)
            )
        self._note(outcome)
        self._deliver(outcome)
        self._plan_tick()

    def _refresh(self) -> None:
        """Bring the tracker to the latest fixes that units have sent by now."""
        every_s = self.days.crews.fix_every_s
        turn = int(self.agenda.now_s / every_s)
        if turn == self._fixed_at:
            return
        self._fixed_at = turn
        at_s = turn * every_s
        places = [unit.place(at_s) for unit in self.units]
        size = len(places)
        unknown = np.full(size, np.nan)
        at_ms = START_MS + int(at_s * 1000)
        self.tracker.update(
            np.arange(size),
            np.full(size, at_ms, dtype=np.int64),
            np.array([(place.lon, place.lat) for place in places]).reshape(-1, 2),
            unknown, unknown, unknown, at_ms,
        )  # fmt: skip

    def _note(self, outcome: Outcome) -> None:
        """Keep the moments that are measured."""
        now_s = self.agenda.now_s
        for event in outcome.events:
            match event:
                case e.IncidentOpened():
                    row = event.incident
                    self.seen[row.id] = Seen(
                        incident=row.id,
                        type=row.type,
                        priority=self.priorities[row.type],
                        raised_s=now_s,
                    )
                case e.OrderIssued():
                    self.seen[event.order.incident].orders += 1
                case e.OrderAdvanced() if event.status is OrderStatus.ON_SCENE:
                    order = self.board.get_order(event.order)
                    seen = self.seen[order.incident]
                    if order.kind is ResponderKind.UNIT:
                        seen.unit_s = earlier(seen.unit_s, now_s)
                    else:
                        seen.post_s = earlier(seen.post_s, now_s)
                case e.OrderAdvanced() if event.status is OrderStatus.CANCELLED:
                    self.diverted += "divert" in (event.reason or "")
                case _:
                    pass

    def _deliver(self, outcome: Outcome) -> None:
        now_s = self.agenda.now_s
        for letter in outcome.letters:
            match letter:
                case OrderLetter():
                    self._tell(letter.order.responder, letter, now_s)
                case Recall():
                    self._tell(letter.responder, letter, now_s)
                case NoticeLetter():
                    self._help(letter.notice, now_s)
                case _:
                    pass

    def _tell(self, responder: ResponderId, letter: OrderLetter | Recall, now_s: float) -> None:
        """One hop by radio to a crew; gates and the centre have nobody to tell here."""
        crew = self.crews.get(responder)
        if crew is None:
            return
        if isinstance(letter, OrderLetter):
            order = letter.order
            self.agenda.at(now_s, lambda at_s: crew.hear(order, at_s))
        else:
            recalled = letter.order
            self.agenda.at(now_s + HEARD_S, lambda at_s: crew.recall(recalled, at_s))

    def _help(self, notice: Notice, now_s: float) -> None:
        """Guards of the same group who heard of it walk over, some of them."""
        if notice.group is None or notice.incident is None or notice.place is None:
            return
        crews = self.days.crews
        seen = self.seen.get(notice.incident)
        for post in self.members.get(notice.group, ()):
            away_m = air_m(post.place, notice.place)
            rng = Random(f"{self.dice}:help:{post.id}:{notice.incident}")
            if seen is None or away_m > crews.group_reach_m or rng.random() >= crews.group_help:
                continue
            there_s = now_s + draw(crews.turnout, rng) + 1.3 * away_m / crews.walk_mps
            seen.helper_s = earlier(seen.helper_s, there_s)

    def _plan_tick(self) -> None:
        """Enter the moment at which the desk next wants to be told the time."""
        due_ms = self.desk.next_due_ms()
        if due_ms is None:
            return
        due_s = max((due_ms - START_MS) / 1000 + 0.001, self.agenda.now_s + 0.001)
        if self._tick_s is not None and self._tick_s <= due_s:
            return
        self._tick_s = due_s
        self.agenda.at(due_s, self._tick)

    def _tick(self, now_s: float) -> None:
        if self._tick_s is not None and self._tick_s <= now_s:
            self._tick_s = None
            self.say(Tick())

    def _plan_shifts(self) -> None:
        """Enter the changes of shift of all days of the run."""
        shifts = sorted(self.days.shift, key=lambda shift: shift.hour)
        if not shifts:
            return
        start = self.days.run.start_hour
        first = [shift for shift in shifts if shift.hour <= start] or shifts
        self.agenda.at(0.001, self._changer(first[-1].on_duty))
        for day in range(int(self.days.run.hours // 24) + 2):
            for shift in shifts:
                due_s = (day * 24 + shift.hour - start) * 3_600.0
                if due_s > 0:
                    self.agenda.at(due_s, self._changer(shift.on_duty))

    def _changer(self, share: float) -> Callable[[float], None]:
        return lambda _: self._change(share)

    def _change(self, share: float) -> None:
        """Bring the force to a share; who has an order goes off duty after it."""
        size = len(self.units)
        for place, crew in enumerate(self.units):
            on_duty = (place * 7_919 % size) < share * size
            if on_duty == crew.on_duty:
                continue
            crew.on_duty = on_duty
            if crew.order is None:
                crew.report(UnitStatus.AVAILABLE if on_duty else UnitStatus.OFF_DUTY, None)


def earlier(known_s: float, now_s: float) -> float:
    """The earlier of two moments, one of which may be none."""
    return now_s if not known_s <= now_s else known_s
