"""Alarms come in: checked, placed, and made an incident or joined to one."""

import msgspec

from dispatch import events as e
from dispatch.assign import fill, set_status
from dispatch.board import Board
from dispatch.callout import tell_one
from dispatch.commands import RaiseAlarm
from dispatch.district import Plan
from dispatch.model import Alarm, Incident, Notice
from dispatch.words import (
    SOURCES_OUTSIDE,
    AlarmKey,
    AreaId,
    GroupId,
    IncidentId,
    IncidentStatus,
    NoticeId,
    ResponderId,
    ResponderKind,
    SourceKind,
    UnitStatus,
)
from dispatch.work import Work, receipts_for
from geo.air import air_m
from geo.types import Point

NOTICE_LIVES_MS = 30 * 60_000
CALLS_OF_NEED = frozenset({"panic", "duress"})
OFFICER_IN_NEED = "officer_in_need"
"""The type that a patrol's own panic or duress becomes: it outranks everything."""


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident that an alarm belongs to, with the rule that says so."""

    incident: IncidentId
    why: str
    apart_m: float
    apart_s: float


def raise_alarm(work: Work, command: RaiseAlarm) -> None:
    """Record an alarm once; the same id again gets the same receipt again."""
    board = work.board
    key = AlarmKey(f"{command.source}/{command.id}")
    known = board.alarms.get(key)
    if known is not None:
        work.letters.extend(receipts_for(known))
        return
    if not _acceptable(work, command):
        return
    plan = board.plans[type_of(board, command)]
    place, place_from = locate(work, command)
    join = find_join(board, command, plan, place, work.now_ms)
    incident_id = join.incident if join else IncidentId(f"I{board.incidents_opened + 1}")
    alarm = Alarm(
        key=key,
        id=command.id,
        source_kind=command.source_kind,
        source=command.source,
        type=plan.type,
        sent_ms=command.sent_ms,
        received_ms=work.now_ms,
        place=place,
        place_from=place_from,
        incident=incident_id,
        text=command.text,
        silent=command.silent or plan.silent,
        suspect=command.suspect,
        code=command.code,
    )
    if plan.type == OFFICER_IN_NEED:
        _spare(work, command.source)
    if join:
        _join(work, alarm, join)
    else:
        _open(work, alarm, plan, exercise=command.exercise)


def _spare(work: Work, officer: ResponderId) -> None:
    """Who is in need himself is sent nowhere until he reports that he is free again."""
    row = work.board.responders.get(officer)
    if row is not None and row.status is UnitStatus.AVAILABLE:
        set_status(work, officer, UnitStatus.BUSY, by="rule")


def type_of(board: Board, command: RaiseAlarm) -> str:
    """The incident type; an officer in need is one of its own where the book has a plan for it."""
    if command.source_kind is SourceKind.UNIT and command.type in CALLS_OF_NEED:
        return OFFICER_IN_NEED if OFFICER_IN_NEED in board.plans else command.type
    return command.type


def _acceptable(work: Work, command: RaiseAlarm) -> bool:
    """Whether the alarm can be taken; otherwise its sender is told which field is wrong."""
    board = work.board
    field = value = error = ""
    responder = board.responders.get(command.source)
    outside = command.source_kind in SOURCES_OUTSIDE
    if not outside and (responder is None or responder.kind.value != command.source_kind):
        field, value, error = "source", command.source, f"no such {command.source_kind}"
    elif outside and command.place is None:
        field, value, error = "place", "", "a call from outside needs a place"
    elif command.type not in board.plans:
        field, value = "type", command.type
        error = "no plan for this type; known: " + ", ".join(sorted(board.plans))
    else:
        late_by_ms = work.now_ms - command.sent_ms
        assert board.district is not None, "responders come from a book"
        rules = board.district.rules
        if late_by_ms > rules.alarm_too_old_s * 1000 or late_by_ms < -rules.clock_ahead_s * 1000:
            field, value = "t", str(command.sent_ms)
            error = "time of the alarm is outside the window; set the device's clock"
    if field and outside:
        work.refuse_centre(command.id, field=field, value=value, error=error)
    elif field:
        kind = ResponderKind(command.source_kind)
        work.refuse(kind, command.source, command.id, field=field, value=value, error=error)
    return not field


def locate(work: Work, command: RaiseAlarm) -> tuple[Point, str]:
    """Where the alarm is: what it says, else the post's place, else the unit's last fix or base."""
    board = work.board
    if command.place is not None:
        return command.place, "message"
    post = board.posts.get(command.source)
    if post is not None:
        return post.place, "post"
    gate = board.gates.get(command.source)
    if gate is not None:
        return gate.place, "gate"
    unit = board.units[command.source]
    fix = work.views.positions.get(board.force.rows[unit.id])
    if fix is None:
        return unit.base, "base"
    assert board.district is not None, "units come from a book"
    stale_ms = board.district.rules.stale_after_s[unit.kind] * 1000
    return Point(fix.lon, fix.lat), "stale_fix" if work.now_ms - fix.at_ms > stale_ms else "fix"


def find_join(
    board: Board, command: RaiseAlarm, plan: Plan, place: Point, now_ms: int
) -> Join | None:
    """The open incident this alarm belongs to: same press first, then the nearest in its window.

    A more urgent alarm never disappears into a less urgent incident: it opens its own.
    """
    assert board.district is not None, "plans come from a book"
    press_s = board.district.rules.same_press_s
    best: tuple[tuple[bool, float, str], Join] | None = None
    for incident_id in board.nearby.list_around(place, max(plan.join_within_m, 50.0)):
        incident = board.incidents[incident_id]
        apart_m = air_m(place, incident.place)
        apart_s = (now_ms - board.alarms[incident.alarms[-1]].received_ms) / 1000
        if command.exercise != incident.exercise:
            continue
        same = command.source in incident.sources and plan.type == incident.type
        if same and apart_s <= press_s:
            why = "same_press"
        elif plan.priority < incident.priority or not _compatible(board, plan, incident):
            continue
        elif apart_m <= plan.join_within_m and apart_s <= plan.join_within_s:
            why = "near_in_space_and_time"
        else:
            continue
        join = Join(incident=incident_id, why=why, apart_m=apart_m, apart_s=apart_s)
        key = (why != "same_press", apart_m, incident_id)
        if best is None or key < best[0]:
            best = key, join
    return best[1] if best else None


def _compatible(board: Board, plan: Plan, incident: Incident) -> bool:
    theirs = board.plans.get(incident.type)
    return (
        plan.type == incident.type
        or incident.type in plan.join_types
        or (theirs is not None and plan.type in theirs.join_types)
    )


def _join(work: Work, alarm: Alarm, join: Join) -> None:
    incident = work.board.incidents[join.incident]
    grows = alarm.source not in incident.sources
    work.tell(
        e.AlarmJoined(
            at_ms=work.now_ms,
            incident=incident.id,
            alarm=alarm,
            certainty=incident.certainty + grows,
            why=join.why,
            apart_m=round(join.apart_m, 1),
            apart_s=round(join.apart_s, 3),
        )
    )
    if grows and work.board.get_plan(incident).automatic:
        fill(work, incident.id)


def _open(work: Work, alarm: Alarm, plan: Plan, *, exercise: bool) -> None:
    incident = incident_of(work, alarm, alarm.incident, plan, exercise=exercise)
    work.tell(e.IncidentOpened(at_ms=work.now_ms, incident=incident, alarm=alarm))
    begin(work, incident, plan)


def begin(work: Work, incident: Incident, plan: Plan) -> None:
    """Let an incident's plan run, or say that it waits for a person; tell the neighbours."""
    if plan.automatic:
        fill(work, incident.id)
    else:
        work.tell(
            e.IncidentShort(
                at_ms=work.now_ms,
                incident=incident.id,
                missing={"confirmation": 1},
                next_due_ms=work.now_ms + plan.escalate_after_s * 1000,
            )
        )
    if plan.answer_caller and not incident.silent:
        _answer_caller(work, incident.id)
    if plan.notify_group and not incident.silent:
        for group in groups_near(work.board, incident):
            _notify(work, incident, group, plan)


def _answer_caller(work: Work, incident: IncidentId) -> None:
    """Tell the post that called who comes, and when."""
    row = work.board.incidents[incident]
    source = row.sources[0]
    if source not in work.board.posts:
        return
    orders = [work.board.orders[order] for order in row.orders]
    coming = [
        order.responder if order.eta_s is None else f"{order.responder} {order.eta_s:.0f} s"
        for order in orders
    ]
    text = f"{incident}: 已派 / coming: {', '.join(coming)}"
    if not coming:
        text = f"{incident}: 已记录, 正在调派 / on record, nobody is free yet"
    tell_one(work, (ResponderKind.POST, source), text, row.place)


def incident_of(
    work: Work, alarm: Alarm, incident: IncidentId, plan: Plan, *, exercise: bool
) -> Incident:
    """The row of an incident that one alarm opens."""
    post = work.board.posts.get(alarm.source) if alarm.place_from == "post" else None
    return Incident(
        id=incident,
        type=alarm.type,
        priority=plan.priority,
        status=IncidentStatus.PENDING,
        place=alarm.place,
        place_name=post.name if post else work.views.places.describe(alarm.place),
        areas=tuple(AreaId(area) for area in work.views.places.areas_at(alarm.place)),
        silent=alarm.silent,
        raised_ms=alarm.received_ms,
        since_ms=work.now_ms,
        alarms=(alarm.key,),
        sources=(alarm.source,),
        exercise=exercise,
    )


def groups_near(board: Board, incident: Incident) -> tuple[GroupId, ...]:
    """The mutual-aid groups to tell: the alarmed post's own, else those of the first post sent."""
    for source in incident.sources:
        if source in board.posts:
            return board.posts[source].groups
    for order_id in board.incidents[incident.id].orders:
        order = board.orders[order_id]
        if order.kind is ResponderKind.POST:
            return board.posts[ResponderId(order.responder)].groups
    return ()


def _notify(work: Work, incident: Incident, group: GroupId, plan: Plan) -> None:
    work.tell(
        e.NoticeSent(
            at_ms=work.now_ms,
            notice=Notice(
                id=NoticeId(f"N{work.board.notices_sent + 1}"),
                group=group,
                incident=incident.id,
                text=f"{plan.name_zh} / {plan.name_en}: {incident.place_name}",
                place=incident.place,
                sent_ms=work.now_ms,
                expires_ms=work.now_ms + NOTICE_LIVES_MS,
                exercise=incident.exercise,
            ),
        )
    )
