"""What joint assignment is asked and what it answers."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from dispatch.words import IncidentId, ResponderId
from geo.types import BoolArray, FloatArray, IntArray

FIRST_WEIGHT = 2
"""Seconds to the first responder count double those to each further one."""


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """One responder of one capability, wanted within so many seconds."""

    capability: str
    within_s: float


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that waits for responders; `wants` in the order of its plan.

    Without wants it only stands for whom it would lose by a diversion.
    """

    id: IncidentId
    priority: int
    waited_s: float
    wants: tuple[Want, ...] = ()


class Ready(NamedTuple):
    """Who could be sent, n rows, in a stable order of rows; m columns, the incidents.

    eta_s (n, m): seconds to the place, inf where it cannot or may not go.
    tier (n,): 0 trusted position, 1 doubtful, 2 never located.
    held (n,): priority of the order it is under way on, 0 when free.
    robs (n,): column of the incident of that order, -1 when free or not among the columns.
    locked (n,): may not be diverted, whatever the gain (it was once already).
    price_s (n,): seconds that leaving its beat costs, see `dispatch.coverage`.
    can: capability to (n,) mask.
    approach (n, m): a number of the road by which it would arrive, -1 where not known.
    """

    ids: tuple[ResponderId, ...]
    eta_s: FloatArray
    tier: IntArray
    held: IntArray
    robs: IntArray
    locked: BoolArray
    price_s: FloatArray
    can: dict[str, BoolArray]
    approach: IntArray


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What departments set differently. Seconds.

    `divert_gain_s`: what a diversion must gain at least. `covers_from`: the first priority that
    pays for coverage; more urgent ones take the nearest and let the price decide between equals.
    `robs_uncovered`: priorities that may divert even if the robbed incident then waits.
    `near_s`: how much later a second responder may be to come by another road. `spread_share`:
    one standard deviation of a travel time, as a share of it. `same_road` and `other_road`: how
    far two travel times vary together.
    """

    divert_gain_s: float = 60.0
    covers_from: int = 2
    robs_uncovered: frozenset[int] = frozenset({0, 1})
    near_s: float = 15.0
    spread_share: float = 0.25
    same_road: float = 0.9
    other_road: float = 0.3


class Slot(NamedTuple):
    """One want of one column; `weight` multiplies its seconds."""

    column: int
    number: int
    want: Want
    weight: int


class Case(NamedTuple):
    """One question whole.

    `gone` (n,): is used already. `barred` (n,): may be diverted only by a class that may rob.
    """

    waiting: Sequence[Waiting]
    ready: Ready
    options: Options
    gone: BoolArray
    barred: BoolArray

    def may_go(self, slots: Sequence[Slot]) -> BoolArray:
        """(slots, n): who may fill which want. Only a trusted position is worth a diversion."""
        ready = self.ready
        none = np.zeros(len(ready.ids), dtype=np.bool_)
        may = np.zeros((len(slots), len(ready.ids)), dtype=np.bool_)
        free = (ready.held == 0) & ~self.gone
        divertible = (ready.held > 0) & (ready.tier == 0) & ~ready.locked & ~self.gone
        for i, slot in enumerate(slots):
            priority = self.waiting[slot.column].priority
            robbed = divertible & (ready.held > priority)
            if priority not in self.options.robs_uncovered:
                robbed = robbed & ~self.barred
            reach = np.isfinite(ready.eta_s[:, slot.column])
            may[i] = reach & ready.can.get(slot.want.capability, none) & (free | robbed)
        return may

    def price_s(self, column: int, row: int) -> float:
        """What a responder's beat loses, as far as this incident's class has to pay for it."""
        pays = self.waiting[column].priority >= self.options.covers_from
        return float(self.ready.price_s[row]) if pays else 0.0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Who goes for one want; `responder` is None where nobody could.

    `diverted_from` is the priority of the order it leaves. `price_s` is what its beat loses.
    `alone_s` is what this want would have had if its incident were the only one: the difference
    is what the others cost it.
    """

    incident: IncidentId
    slot: int
    want: Want
    responder: ResponderId | None
    eta_s: float | None = None
    tier: int = 0
    late: bool = False
    diverted_from: int | None = None
    price_s: float = 0.0
    alone_s: float | None = None


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: a choice per want, who fills robbed incidents again, and which competed.

    `uncovered` are robbed incidents that nobody is left for. `groups` with one incident need not
    wait for the others.
    """

    choices: tuple[Choice, ...]
    recovered: tuple[Choice, ...]
    uncovered: tuple[IncidentId, ...]
    groups: tuple[tuple[IncidentId, ...], ...]

    def competes(self, incident: IncidentId) -> bool:
        """Whether it wanted a responder that another incident wanted too."""
        return any(incident in group and len(group) > 1 for group in self.groups)


def list_slots(waiting: Sequence[Waiting], ready: Ready) -> list[Slot]:
    """All wants, the most important first, which is filled first when there are too few.

    By priority, then first responders before second ones, then by whole minutes waited; of those
    that waited as long, the one nearest to help.
    """
    slots = [
        Slot(column, number, want, FIRST_WEIGHT if number == 0 else 1)
        for column, one in enumerate(waiting)
        for number, want in enumerate(one.wants)
    ]
    nearest_s = np.min(ready.eta_s, axis=0, initial=np.inf).tolist()

    def importance(slot: Slot) -> tuple[int, int, int, float, IncidentId]:
        one = waiting[slot.column]
        minutes = int(one.waited_s // 60)
        return one.priority, slot.number, -minutes, nearest_s[slot.column], one.id

    return sorted(slots, key=importance)
