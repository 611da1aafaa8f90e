"""Calls to many: a description to all at once, who has read it, and musters that measure it."""

import numpy as np

from dispatch import commands as c
from dispatch import events as e
from dispatch import events_case as f
from dispatch.board import Board
from dispatch.model import Incident, Notice
from dispatch.recommend_posts import SILENT_SITE_M
from dispatch.words import (
    CallKind,
    NoticeId,
    ResponderId,
    ResponderKind,
    UnitStatus,
)
from dispatch.work import Work
from geo.air import air_m
from geo.rings import RingError, inside
from geo.types import Point

LONGEST_TEXT = 500
LONGEST_LIFE_S = 86_400
TOLD_LIVES_MS = 10 * 60_000
Addressee = tuple[ResponderKind, ResponderId]


def call_many(work: Work, command: c.CallMany) -> None:
    """Send a call to everyone it is meant for; a search or muster then collects answers."""
    incident = work.board.incidents.get(command.incident) if command.incident else None
    field = value = error = ""
    if command.incident is not None and incident is None:
        field, value, error = "incident", command.incident, "no such incident"
    elif not 0 < len(command.text.strip()) <= LONGEST_TEXT:
        field, value, error = "text", command.text, f"1 to {LONGEST_TEXT} characters"
    elif not 1 <= command.lives_s <= LONGEST_LIFE_S:
        field, value, error = "lives_s", str(command.lives_s), f"1 to {LONGEST_LIFE_S}"
    elif command.area is not None and ring_of(work.board, command) == ():
        field, value, error = "area", command.area, "no such area in the book"
    if field:
        work.refuse_centre(command.id, field=field, value=value, error=error)
        return
    try:
        to = audience(work, command, incident)
    except RingError as bad:
        work.refuse_centre(command.id, field="ring", value=str(command.ring)[:64], error=str(bad))
        return
    if not to:
        work.refuse_centre(command.id, field="kinds", value="", error="this call reaches nobody")
        return
    work.tell(
        e.NoticeSent(
            at_ms=work.now_ms,
            notice=Notice(
                id=NoticeId(f"N{work.board.notices_sent + 1}"),
                group=None,
                incident=command.incident,
                text=command.text.strip(),
                place=incident.place if incident is not None else None,
                sent_ms=work.now_ms,
                expires_ms=work.now_ms + command.lives_s * 1000,
                kind=command.kind,
                to=to,
                exercise=command.exercise or (incident is not None and incident.exercise),
            ),
            asked=len(to),
        )
    )


def ring_of(board: Board, command: c.CallMany) -> tuple[tuple[float, float], ...]:
    """The ring drawn, or that of the named area; empty when there is neither."""
    book = board.district
    if command.area is None or book is None:
        return command.ring
    return next((area.ring for area in book.areas if area.id == command.area), ())


def audience(work: Work, command: c.CallMany, incident: Incident | None) -> tuple[Addressee, ...]:
    """Everyone of the kinds asked for, in the group and the ring, who is on duty."""
    board = work.board
    people = [
        (row.kind, row.id)
        for row in board.responders.values()
        if row.kind in command.kinds and row.status is not UnitStatus.OFF_DUTY
    ]
    if command.group is not None:
        people = [
            (kind, one)
            for kind, one in people
            if kind is ResponderKind.POST and command.group in board.posts[one].groups
        ]
    ring = ring_of(board, command)
    if ring and people:
        places = [place_of(work, one) for _, one in people]
        lonlat = np.array([(place.lon, place.lat) for place in places])
        chosen = inside(ring, lonlat).tolist()
        people = [one for one, stays in zip(people, chosen, strict=True) if stays]
    if incident is not None and incident.silent:
        people = [one for one in people if not _at_silent_site(work, one[1], incident)]
    return tuple(people)


def _at_silent_site(work: Work, responder: ResponderId, incident: Incident) -> bool:
    near = air_m(place_of(work, responder), incident.place) < SILENT_SITE_M
    return responder in incident.sources or (near and responder not in work.board.units)


def place_of(work: Work, responder: ResponderId) -> Point:
    """Where a responder is: its own place, its last fix, or its base."""
    board = work.board
    if responder in board.posts:
        return board.posts[responder].place
    if responder in board.gates:
        return board.gates[responder].place
    fix = work.views.positions.get(board.force.rows[responder])
    return Point(fix.lon, fix.lat) if fix is not None else board.units[responder].base


def read(work: Work, notice: NoticeId, responder: ResponderId) -> None:
    """A responder has read a call; the first time counts."""
    heard = work.board.calls[notice]
    if responder not in heard.read_ms:
        work.tell(f.CallRead(at_ms=work.now_ms, notice=notice, responder=responder))


def may_read(work: Work, notice: str, responder: ResponderId) -> bool:
    """Whether a standing call was addressed to a responder."""
    heard = work.board.calls.get(NoticeId(notice))
    return heard is not None and responder in {one for _, one in heard.notice.to}


def end(work: Work, notice: NoticeId) -> None:
    """A call's time is over; how many answered is its result."""
    heard = work.board.calls[notice]
    work.tell(
        f.CallEnded(
            at_ms=work.now_ms,
            notice=heard.notice,
            asked=heard.asked,
            answered=len(heard.read_ms),
        )
    )


def ask(work: Work, to: Addressee, text: str, incident: Incident, lives_ms: int) -> None:
    """Ask one responder by rule, with an answer expected."""
    _tell(work, to, text, incident.place, lives_ms, incident=incident, kind=CallKind.SEARCH)


def tell_one(work: Work, to: Addressee, text: str, place: Point | None) -> None:
    """Inform one responder; nothing is owed."""
    _tell(work, to, text, place, TOLD_LIVES_MS, incident=None, kind=CallKind.NOTICE)


def _tell(
    work: Work,
    to: Addressee,
    text: str,
    place: Point | None,
    lives_ms: int,
    *,
    incident: Incident | None,
    kind: CallKind,
) -> None:
    notice = Notice(
        id=NoticeId(f"N{work.board.notices_sent + 1}"),
        group=None,
        incident=incident.id if incident is not None else None,
        text=text,
        place=place,
        sent_ms=work.now_ms,
        expires_ms=work.now_ms + lives_ms,
        kind=kind,
        to=(to,),
        exercise=incident is not None and incident.exercise,
    )
    asked = 0 if kind is CallKind.NOTICE else 1
    work.tell(e.NoticeSent(at_ms=work.now_ms, notice=notice, asked=asked))
