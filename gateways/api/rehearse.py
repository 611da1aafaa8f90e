"""What would happen: the desk at work on a copy of the board, of which nothing is kept.

The copy holds the book, the responders and the open incidents; rows are frozen, so copying them is
copying tables. Travel times and positions are those of now.
"""

import msgspec
from msgspec.structs import replace

from dispatch import events as e
from dispatch.assign import fill, filled, needs_of
from dispatch.board import Board
from dispatch.commands import ConfirmIncident, RaiseAlarm
from dispatch.desk import Desk
from dispatch.intake import Join, find_join, type_of
from dispatch.letters import Reject
from dispatch.model import Incident, Order, Recommendation
from dispatch.words import IncidentId, IncidentStatus
from dispatch.work import Views, Work
from geo.air import air_m
from geo.types import Point

NEAR_M = 500.0
MOST_NEAR = 20
MORE_WANTED = 2
BY = "rehearsal"


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident in the neighbourhood."""

    incident: IncidentId
    type: str
    priority: int
    status: IncidentStatus
    place_name: str
    raised_ms: int
    apart_m: float


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm would come to; `confirm` says that its plan waits for a person."""

    place: Point
    place_name: str
    joins: Join | None
    near: list[Near]
    recommendations: list[Recommendation]
    orders: list[Order]
    short: dict[str, int]
    confirm: bool


def copy_board(board: Board) -> Board:
    """The board as it stands, without what is closed."""
    twin = Board()
    book = board.district
    assert book is not None, "an engine that runs has a district"
    twin.district = replace(book, hot_list=())
    twin.responders = dict(board.responders)
    rows = [board.incidents[one] for one in sorted(board.open)]
    for row in rows:
        twin.incidents[row.id] = row
        twin.alarms |= {one: board.alarms[one] for one in row.alarms if one in board.alarms}
        twin.orders |= {one: board.orders[one] for one in row.orders if one in board.orders}
    for responder in board.responders.values():
        if responder.order is not None and responder.order in board.orders:
            twin.orders[responder.order] = board.orders[responder.order]
    twin.incidents_opened = board.incidents_opened
    twin.notices_sent = board.notices_sent
    twin.advice_given = board.advice_given
    twin.at_ms = board.at_ms
    twin._derive()  # noqa: SLF001  # the same that restoring a dump ends with
    return twin


def rehearse(board: Board, views: Views, command: RaiseAlarm, now_ms: int) -> Rehearsal | Reject:
    """What the desk would do with a call, or why it would refuse it. Changes nothing."""
    assert command.place is not None, "a call has a place by now"
    twin = copy_board(board)
    desk = Desk(twin, views)
    plan = twin.plans.get(type_of(twin, command))
    join = None
    if plan is not None:
        join = find_join(twin, command, plan, command.place, now_ms)
    outcome = desk.handle(command, now_ms, BY)
    if outcome.rejects:
        return outcome.rejects[0]
    events = list(outcome.events)
    opened = IncidentId(f"I{board.incidents_opened + 1}") if join is None else join.incident
    confirm = "confirmation" in twin.incidents[opened].short
    if confirm:
        asked = desk.handle(ConfirmIncident(id=BY, incident=opened), now_ms, BY)
        events += asked.events
    mine = [one for one in events if isinstance(one, e.Recommended) and one.incident == opened]
    issued = [one.order for one in events if isinstance(one, e.OrderIssued)]
    return Rehearsal(
        place=command.place,
        place_name=twin.incidents[opened].place_name,
        joins=join,
        near=list_near(board, command.place),
        recommendations=[one.recommendation for one in mine],
        orders=[order for order in issued if order.incident == opened],
        short=twin.incidents[opened].short,
        confirm=confirm,
    )


def list_near(board: Board, place: Point) -> list[Near]:
    """Open incidents around a place, the nearest first."""
    rows: list[tuple[float, Incident]] = []
    for one in board.nearby.list_around(place, NEAR_M):
        row = board.incidents[one]
        apart_m = air_m(place, row.place)
        if apart_m <= NEAR_M:
            rows.append((apart_m, row))
    rows.sort(key=lambda one: (one[0], one[1].id))
    return [
        Near(
            incident=row.id,
            type=row.type,
            priority=row.priority,
            status=row.status,
            place_name=row.place_name,
            raised_ms=row.raised_ms,
            apart_m=round(apart_m, 1),
        )
        for apart_m, row in rows[:MOST_NEAR]
    ]


def weigh_now(
    board: Board, views: Views, incident: IncidentId, now_ms: int
) -> list[Recommendation]:
    """Who could be sent to an open incident now, as if more of every need were wanted."""
    twin = copy_board(board)
    row = twin.incidents[incident]
    plan = twin.get_plan(row)
    work = Work(twin, views, now_ms, BY)
    asked = {f"unit:{need.capability}": need.count for need in needs_of(plan, row)}
    asked["post"] = plan.posts.count
    # What was sent counts against the plan; what is wanted here comes on top of it.
    owed = {
        need: max(0, filled(work, incident, need) - count + MORE_WANTED)
        for need, count in asked.items()
    }
    twin.put_incident(replace(row, owed=owed, short={}))
    fill(work, incident)
    return [
        one.recommendation
        for one in work.events
        if isinstance(one, e.Recommended) and one.incident == incident
    ]
