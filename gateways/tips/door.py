"""From a tip to an alarm of the engine, and back to its state; no rule lives here."""

from typing import Protocol

from dispatch.board import Board
from dispatch.commands import AddNote, AnyCommand, RaiseAlarm
from dispatch.words import AlarmKey, IncidentId, ResponderId, SourceKind
from dispatch.work import Outcome
from gateways.tips.book import Tip


class EngineDoor(Protocol):
    """What tips need of `dispatch.runtime.Engine`."""

    board: Board

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        """Returns once the command's facts are durable."""
        ...


class TipDoor:
    """The conversation's way into an engine."""

    def __init__(self, engine: EngineDoor) -> None:
        self._engine = engine

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        return self._engine.now_ms()

    def knows(self, type_: str) -> bool:
        """Whether the district has a plan for an incident type."""
        return type_ in self._engine.board.plans

    def state_of(self, incident: IncidentId) -> str | None:
        """The incident's status; None when the board does not hold it any more."""
        row = self._engine.board.incidents.get(incident)
        return None if row is None else row.status.value

    async def raise_alarm(self, tip: Tip) -> IncidentId | None:
        """Put the tip on record; the same tip again is the same alarm."""
        assert tip.type is not None, "a tip that is raised has a type"
        source = ResponderId(tip.bridge)
        command = RaiseAlarm(
            id=tip.id,
            source_kind=SourceKind.TIP,
            source=source,
            type=tip.type,
            sent_ms=tip.received_ms,
            text=tip.text,
            place=tip.place,
            code=tip.code,
        )
        await self._engine.submit(command, f"tip/{tip.bridge}/{tip.by}")
        alarm = self._engine.board.alarms.get(AlarmKey(f"{source}/{tip.id}"))
        return None if alarm is None else alarm.incident

    async def add_note(self, tip: Tip, text: str) -> None:
        """Put what was written afterwards on the tip's incident."""
        assert tip.incident is not None, "a remark belongs to an incident"
        note = AddNote(id=f"{tip.id}-{len(tip.messages)}", incident=tip.incident, text=text)
        await self._engine.submit(note, f"tip/{tip.bridge}/{tip.by}")
