"""One decision under way: what it may read, and the facts and letters it has made so far."""

import msgspec

from dispatch import events as e
from dispatch.board import Board
from dispatch.letters import (
    CheckResult,
    HelpCall,
    Letter,
    NoticeLetter,
    OrderLetter,
    Receipt,
    Reject,
    recall_of,
)
from dispatch.model import Alarm
from dispatch.ports import Places, Positions, Roads
from dispatch.words import (
    CENTRE,
    SOURCES_OUTSIDE,
    IncidentId,
    OrderStatus,
    ResponderId,
    ResponderKind,
)

RECALLS = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


class Views(msgspec.Struct, frozen=True):
    """What the desk reads beside the board."""

    positions: Positions
    roads: Roads
    places: Places


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one command came to: facts already applied, and letters to release once durable."""

    events: tuple[e.AnyEvent, ...]
    letters: tuple[Letter, ...]

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """The refusals among the letters."""
        return tuple(letter for letter in self.letters if isinstance(letter, Reject))


class Work:
    """Collects a decision; each fact is on the board before the next step looks at it."""

    def __init__(self, board: Board, views: Views, now_ms: int, who: str) -> None:
        self.board = board
        self.views = views
        self.now_ms = now_ms
        self.who = who
        self.events: list[e.AnyEvent] = []
        self.letters: list[Letter] = []
        self.refill: list[IncidentId] = []
        self.freed = False

    def tell(self, event: e.AnyEvent) -> None:
        """State a fact: apply it and note the letters that follow from it."""
        self.board.apply(event)
        self.events.append(event)
        match event:
            case e.OrderIssued():
                self.letters.append(OrderLetter(order=event.order))
            case e.OrderOverdue():
                self.letters.append(OrderLetter(order=self.board.get_order(event.order)))
            case e.OrderAdvanced() if event.status in RECALLS:
                self.letters.append(recall_of(self.board.get_order(event.order)))
            case e.IncidentEscalated() if event.to == "neighbours":
                self.letters.append(self._help_call(event))
            case _:
                self.letters.extend(fleeting_letters(event))

    def _help_call(self, event: e.IncidentEscalated) -> HelpCall:
        row = self.board.incidents[event.incident]
        return HelpCall(
            incident=row.id,
            type=row.type,
            priority=row.priority,
            place=row.place,
            place_name=row.place_name,
            lacking=row.short,
            level=event.level,
            at_ms=event.at_ms,
        )

    def repeat(self, event: e.AnyEvent) -> None:
        """Send the letters of a fact again without stating it again."""
        self.letters.extend(fleeting_letters(event))

    def refuse_centre(self, message: str, *, field: str, value: str, error: str) -> None:
        """Answer the centre's own people, who have no terminal, that it cannot be."""
        self.refuse(ResponderKind.UNIT, CENTRE, message, field=field, value=value, error=error)

    def refuse(
        self,
        kind: ResponderKind,
        responder: ResponderId,
        message: str,
        *,
        field: str,
        value: str,
        error: str,
    ) -> None:
        """Answer that something asked for cannot be: a value, not an exception."""
        self.letters.append(
            Reject(
                kind=kind,
                responder=responder,
                id=message,
                field=field,
                value=value[:64],
                error=error,
            )
        )

    def outcome(self) -> Outcome:
        """The finished decision."""
        return Outcome(events=tuple(self.events), letters=tuple(self.letters))


def receipts_for(alarm: Alarm) -> list[Letter]:
    """The receipt of a recorded alarm; the same alarm always gets the same one.

    Who called by telephone or text has no terminal: the centre answers.
    """
    if alarm.source_kind in SOURCES_OUTSIDE:
        return []
    return [
        Receipt(
            kind=ResponderKind(alarm.source_kind),
            responder=alarm.source,
            id=alarm.id,
            incident=alarm.incident,
            at_ms=alarm.received_ms,
            silent=alarm.silent,
        )
    ]


def fleeting_letters(event: e.AnyEvent) -> list[Letter]:
    """Letters that no outbox keeps: sent once, and once more when a crash left that in doubt."""
    match event:
        case e.IncidentOpened() | e.AlarmJoined():
            return receipts_for(event.alarm)
        case e.NoticeSent():
            notice = event.notice
            return [NoticeLetter(notice=notice, to=to) for to in notice.to or (None,)]
        case e.PlateChecked():
            return [
                CheckResult(
                    responder=event.responder,
                    id=event.message,
                    plate=event.plate,
                    hit=event.hit,
                    reason=event.reason,
                    at_ms=event.at_ms,
                )
            ]
        case _:
            return []
