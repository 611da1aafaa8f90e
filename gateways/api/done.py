"""What operators' commands came to, by the id that the client chose: said again, not done again.

It is fed from the durable records alone, and read from the journal's tail at the start, so that
an id stays used over a restart.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from dispatch import events as e
from dispatch import events_case as f
from dispatch.commands import Command, RaiseAlarm
from dispatch.ports import Record
from dispatch.words import IncidentId, OrderId
from gateways.api.bodies import tag_of

KEPT = 20_000
BY = "operator/"
"""Before a user's name where the journal says who."""


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command came to; `again` where it had been done before."""

    id: str
    again: bool = False
    incident: IncidentId | None = None
    code: str | None = None
    joined: bool | None = None
    events: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """A digest of what was asked, and the answer."""

    digest: str
    done: Done


class DoneBook:
    """The last commands of operators, by who and id."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], Entry] = OrderedDict()

    def find(self, who: str, message: str) -> Entry | None:
        """What was done under this id by this user."""
        return self._held.get((who, message))

    def take(self, records: Iterable[Record]) -> None:
        """Take durable records, oldest first."""
        for record in records:
            message = getattr(record.command, "id", None)
            if record.who.startswith(BY) and message is not None:
                entry = Entry(digest_of(record.command), done_of(record.command, record.events))
                self._held[record.who, message] = entry
                if len(self._held) > KEPT:
                    self._held.popitem(last=False)


def digest_of(command: Any) -> str:
    """The same for the same command; what the edge makes anew at each try is left out."""
    if isinstance(command, RaiseAlarm):
        command = replace(command, sent_ms=0, code=None, place=None)
    return hashlib.sha256(msgspec.msgpack.encode(command)).hexdigest()


def done_of(command: Command, events: Sequence[e.AnyEvent]) -> Done:
    """The answer to a command that was carried out."""
    told = [type(event) for event in events if not isinstance(event, e.MessageTaken)]
    tags = tuple(dict.fromkeys(tag_of(kind) for kind in told))
    incident, code, joined = _named(command), None, None
    for event in events:
        match event:
            case e.IncidentOpened() | f.AlarmSplit():
                incident = event.incident.id
                joined = False if isinstance(event, e.IncidentOpened) else None
                code = event.alarm.code if isinstance(event, e.IncidentOpened) else None
            case e.AlarmJoined():
                incident, joined, code = event.incident, True, event.alarm.code
            case _:
                continue
        break
    return Done(
        id=getattr(command, "id", ""), incident=incident, code=code, joined=joined, events=tags
    )


def _named(command: Command) -> IncidentId | None:
    """The incident that a command names, itself or by an order."""
    for field in ("incident", "kept", "merged"):
        found = getattr(command, field, None)
        if found is not None:
            return IncidentId(found)
    order: OrderId | None = getattr(command, "order", None)
    return None if order is None else IncidentId(order.rpartition("-")[0])
