"""What crews do with an order, in virtual time: hear, accept, set out, arrive, work, go back.

Chance of one responder at one incident has a stream of its own, so that two policies which send
the same responder to the same incident see it behave alike.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from dispatch.commands import AnswerOrder, AnyCommand, ReportStatus
from dispatch.district import Post, Unit
from dispatch.force import PROFILE_OF
from dispatch.model import Order
from dispatch.words import Answer, OrderId, ResponderId, ResponderKind, UnitStatus
from geo.air import air_m
from geo.types import Point, Route
from simulator.agenda import Agenda
from simulator.drive import Trip
from simulator.patrol import list_beat
from simulator.virtual.days import Days
from simulator.virtual.ground import FAR_S, Ground
from simulator.virtual.scenario import Law

HEARD_S = 1.0
"""From the desk to the ear, by radio."""
Say = Callable[[AnyCommand], None]


def draw(law: Law, rng: Random) -> float:
    """A duration by a law of the file, from a crew's own dice."""
    mean = law.mean or (1 / law.rate if law.rate else 0.0)
    match law.law:
        case "exponential":
            return rng.expovariate(1 / mean)
        case "deterministic":
            return mean
        case "uniform":
            return rng.uniform(law.low or 0.0, law.high or mean)
        case "empirical":
            return rng.choice(law.values)
        case "gamma" | "erlang":
            shape = law.shape or 1 / (law.cv or (law.sd or mean) / mean) ** 2
            return rng.gammavariate(shape, mean / shape)
        case _:
            sigma = math.sqrt(math.log1p((law.cv or (law.sd or mean) / mean) ** 2))
            return mean * rng.lognormvariate(-sigma * sigma / 2, sigma)


class Life(NamedTuple):
    """What all crews of a day share: the clock, the scenario, the desk's ear, and the dice."""

    agenda: Agenda
    days: Days
    say: Say
    start_ms: int
    dice: str


class Crew(ABC):
    """What is common to everyone who gets orders."""

    def __init__(
        self,
        kind: ResponderKind,
        name: ResponderId,
        life: Life,
    ) -> None:
        self.kind = kind
        self.id = name
        self.agenda = life.agenda
        self.days = life.days
        self.say = life.say
        self.start_ms = life.start_ms
        self.dice = life.dice
        self.order: Order | None = None
        self.heard: set[OrderId] = set()
        self.turn = 0
        self.on_duty = True
        self._said = 0

    def hear(self, order: Order, now_s: float) -> None:
        """Take an order, or the same one again."""
        rng = Random(f"{self.dice}:{self.id}:{order.incident}:{order.attempts}")
        crews = self.days.crews
        if self.order is not None and self.order.id == order.id:
            return
        if order.id in self.heard and order.attempts == 1:
            return
        self.heard.add(order.id)
        silent, refuses = rng.random() < crews.silent, rng.random() < crews.refuse
        if silent:
            return
        accept_s = HEARD_S + draw(crews.accept, rng)
        if refuses:
            self.agenda.at(now_s + accept_s, lambda _: self.answer(order, Answer.REFUSED))
            return
        self.order = order
        self.turn += 1
        turn = self.turn
        self.agenda.at(now_s + accept_s, lambda at_s: self.accept(order, turn, rng, at_s))

    def accept(self, order: Order, turn: int, rng: Random, now_s: float) -> None:
        """Say yes, and get ready."""
        if turn != self.turn:
            return
        self.answer(order, Answer.ACCEPTED)
        if turn != self.turn:
            return
        ready_s = now_s + draw(self.days.crews.turnout, rng)
        self.agenda.at(ready_s, lambda at_s: self.set_out(order, turn, rng, at_s))

    def set_out(self, order: Order, turn: int, rng: Random, now_s: float) -> None:
        """Leave for the place."""
        if turn != self.turn:
            return
        long_s = self.move(order, rng, now_s)
        self.report(UnitStatus.EN_ROUTE, order)
        if turn == self.turn:
            self.agenda.at(now_s + long_s, lambda at_s: self.arrive(order, turn, rng, at_s))

    def arrive(self, order: Order, turn: int, rng: Random, now_s: float) -> None:
        """Be there, and work."""
        if turn != self.turn:
            return
        self.report(UnitStatus.ON_SCENE, order)
        if turn == self.turn:
            done_s = now_s + self.work_s(order, rng)
            self.agenda.at(done_s, lambda at_s: self.finish(order, turn, at_s))

    def finish(self, order: Order, turn: int, now_s: float) -> None:
        """Report done, and be free."""
        if turn != self.turn:
            return
        self.let_go(now_s)
        self.report(UnitStatus.AVAILABLE if self.on_duty else UnitStatus.OFF_DUTY, order)

    def recall(self, order: OrderId, now_s: float) -> None:
        """Drop an order that was taken back; what was done is over."""
        if self.order is not None and self.order.id == order:
            self.let_go(now_s)
        self._said += 1
        self.say(
            AnswerOrder(
                id=f"s{self._said}", kind=self.kind, responder=self.id, order=order,
                answer=Answer.DELIVERED, sent_ms=self.now_ms(),
            )
        )  # fmt: skip

    def let_go(self, now_s: float) -> None:
        """Nothing more is due for the order held."""
        self.turn += 1
        self.order = None
        self.rest(now_s)

    def now_ms(self) -> int:
        """The crew's clock, which is right."""
        return self.start_ms + int(self.agenda.now_s * 1000)

    def answer(self, order: Order, answer: Answer) -> None:
        """Say yes or no to an order."""
        self._said += 1
        self.say(
            AnswerOrder(
                id=f"s{self._said}", kind=self.kind, responder=self.id, order=order.id,
                answer=answer, sent_ms=self.now_ms(),
            )
        )  # fmt: skip

    def report(self, status: UnitStatus, order: Order | None) -> None:
        """Report a status, about an order or at large."""
        self._said += 1
        self.say(
            ReportStatus(
                id=f"s{self._said}", kind=self.kind, responder=self.id, status=status,
                sent_ms=self.now_ms(), order=order.id if order is not None else None,
            )
        )  # fmt: skip

    @abstractmethod
    def move(self, order: Order, rng: Random, now_s: float) -> float:
        """Start to the place; the seconds it takes."""
        ...

    @abstractmethod
    def work_s(self, order: Order, rng: Random) -> float:
        """The seconds of work on scene."""
        ...

    @abstractmethod
    def rest(self, now_s: float) -> None:
        """What to do when free."""
        ...


class UnitCrew(Crew):
    """A patrol: it goes round its beat, and drives where it is ordered."""

    def __init__(self, unit: Unit, ground: Ground, life: Life) -> None:
        super().__init__(ResponderKind.UNIT, unit.id, life)
        self.unit = unit
        self.ground = ground
        self.profile = PROFILE_OF[unit.kind]
        self.stops = list_beat(unit, ground.district.posts, life.days.patrol.stops - 1)
        self.roaming = Random(f"{life.dice}:patrol:{unit.id}")
        self.at_stop: Point | None = unit.base
        self.trip = Trip([(unit.base.lon, unit.base.lat)], 1.0, 0.0)

    def place(self, now_s: float) -> Point:
        """Where it is."""
        return self.trip.at(now_s).place

    def stand(self, now_s: float) -> None:
        """Stop where it is."""
        here = self.place(now_s)
        self.trip = Trip([(here.lon, here.lat)], 1.0, now_s)

    def follow(self, way: Route | None, factor: float, now_s: float) -> float:
        """Drive a way; the seconds it takes, an hour in place where there is none."""
        if way is None:
            return FAR_S
        if way.length_m <= 0 or way.seconds <= 0:
            return 1.0
        self.trip = Trip(way.line, 1.0, now_s)
        line_m = self.trip.end_s - now_s
        long_s = way.seconds * factor
        self.trip = Trip(way.line, max(line_m, 0.1) / long_s, now_s)
        return long_s

    def move(self, order: Order, rng: Random, now_s: float) -> float:
        """By road, with the luck of the traffic."""
        sigma = math.sqrt(math.log1p(self.days.crews.travel_cv**2))
        luck = rng.lognormvariate(-sigma * sigma / 2, sigma)
        start = self.place(now_s)
        self.at_stop = None
        reach = self.ground.roads.reach(order.place, self.profile, FAR_S)
        return self.follow(reach.find_route(start), luck, now_s)

    def work_s(self, order: Order, rng: Random) -> float:
        """By the type of the incident."""
        self.stand(self.agenda.now_s)
        law = self.days.crews.scene_by_type.get(order.type, self.days.crews.scene)
        return draw(law, rng)

    def rest(self, now_s: float) -> None:
        """Back to the beat."""
        self.stand(now_s)
        self.patrol(now_s)

    def patrol(self, now_s: float) -> None:
        """To another stop of the beat, and stay there for some minutes."""
        turn = self.turn
        only_base = self.days.patrol.back_to_base
        target = self.stops[-1] if only_base else self.roaming.choice(self.stops)
        start = self.at_stop or self.place(now_s)
        if self.at_stop is not None:
            way = self.ground.find_way(start, target, self.profile)
        else:
            way = self.ground.roads.reach(target, self.profile, FAR_S).find_route(start)
        long_s = self.follow(way, 1.0, now_s) if start != target else 0.0
        self.at_stop = None
        least, most = self.days.patrol.stop_min
        stay_s = self.roaming.uniform(least, most) * 60

        def stop(at_s: float) -> None:
            if turn == self.turn:
                self.at_stop = target
                self.agenda.at(at_s + stay_s, again)

        def again(at_s: float) -> None:
            if turn == self.turn and not only_base:
                self.patrol(at_s)

        self.agenda.at(now_s + long_s, stop)


class PostCrew(Crew):
    """Guards of a post: on foot, and back at their door afterwards."""

    def __init__(self, post: Post, life: Life) -> None:
        super().__init__(ResponderKind.POST, post.id, life)
        self.post = post

    def move(self, order: Order, rng: Random, now_s: float) -> float:  # noqa: ARG002  # as Crew asks
        """On foot, as the order's estimate says, else by the straight line."""
        if order.eta_s is not None:
            return max(order.eta_s, 1.0)
        return max(1.0, air_m(self.post.place, order.place) / self.days.crews.walk_mps)

    def work_s(self, order: Order, rng: Random) -> float:  # noqa: ARG002  # as Crew asks
        """Until the police have it."""
        return draw(self.days.crews.hold, rng)

    def rest(self, now_s: float) -> None:
        """Nothing: the post is where it was."""
