"""The bodies of commands: the fields of each command of the desk, with the limits of an edge.

The structs are drawn from the commands themselves, so that a command and its body cannot drift
apart; what is narrowed, and how, stands in one table.
"""

from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta
from msgspec.structs import fields

from dispatch.commands import Command
from dispatch.district import Lat, Lon
from dispatch.operate import CLOSINGS, MOVABLE, OPERATIONS
from dispatch.words import OrderStatus
from gateways.api.web import MAX_MS
from geo.types import Point

MessageId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]
AlarmId = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(min_length=1, max_length=500)]
Ms = Annotated[int, Meta(ge=0, le=MAX_MS)]
Tally = Annotated[int, Meta(ge=0, le=100_000)]
TypeWord = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
MAX_RING = 500


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place: lon/lat WGS-84 degrees."""

    lon: Lon
    lat: Lat

    def point(self) -> Point:
        """The place as the desk knows it."""
        return Point(self.lon, self.lat)


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an incident came to, counted."""

    checked: Tally = 0
    arrested: Tally = 0
    vehicles_recovered: Tally = 0
    citizens_helped: Tally = 0


Closing = Literal[tuple(sorted(one.value for one in CLOSINGS))]  # type: ignore[valid-type]  # read from the desk's table
Moved = Literal[tuple(sorted(one.value for one in MOVABLE))]  # type: ignore[valid-type]  # likewise
Ring = Annotated[tuple[tuple[Lon, Lat], ...], Meta(max_length=MAX_RING)]
NARROW: dict[str, Any] = {
    "id": MessageId,
    "reason": Words,
    "text": Words,
    "department": Annotated[str, Meta(min_length=1, max_length=100)],
    "disposition": Closing,
    "relation": Literal["part_of", "related"],
    "happened_ms": Ms,
    "due_ms": Ms,
    "number": Annotated[int, Meta(ge=1, le=100_000)],
    "priority": Annotated[int, Meta(ge=1, le=5)],
    "place": Place,
    "outcomes": Counts,
    "lives_s": Annotated[int, Meta(ge=1, le=86_400)],
    "ring": Ring,
    "alarm": AlarmId,
    "type": TypeWord,
}
"""What a field of this name takes at this edge, where that is less than the command says."""
NAMES = frozenset(
    {"incident", "kept", "merged", "other", "order", "responder", "advice", "group", "area"}
)
"""Fields that name a row by its id."""


def make_body(command: type[Command]) -> type[msgspec.Struct]:
    """The body of one command."""
    hints = get_type_hints(command)
    made: list[Any] = []
    for field in fields(command):
        kind = NARROW.get(field.name, Id if field.name in NAMES else hints[field.name])
        if command.__name__ == "MoveOrder" and hints[field.name] is OrderStatus:
            kind = Moved
        optional = type(None) in getattr(hints[field.name], "__args__", ())
        if field.required:
            made.append((field.name, kind))
        elif optional:
            made.append((field.name, kind | None, None))
        else:
            default = Counts() if field.name == "outcomes" else field.default
            made.append((field.name, kind, default))
    return msgspec.defstruct(
        f"{command.__name__}Body",
        made,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        namespace={"__doc__": command.__doc__},
    )


def tag_of(kind: type[msgspec.Struct]) -> str:
    """The word by which a command or fact is known."""
    return str(kind.__struct_config__.tag)


COMMANDS: dict[str, type[Command]] = {tag_of(kind): kind for kind in OPERATIONS}
BODIES: dict[str, type[msgspec.Struct]] = {do: make_body(kind) for do, kind in COMMANDS.items()}


def command_of(do: str, body: msgspec.Struct) -> Any:
    """The desk's command of a body."""
    return msgspec.convert(msgspec.to_builtins(body), COMMANDS[do])


class CallBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call for help as it is tried out: a place, or `where` in words."""

    type: TypeWord
    place: Place | None = None
    where: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    text: Words | None = None
    caller: Annotated[str, Meta(pattern="^[0-9A-Za-z+*#-]{1,32}$")] | None = None
    silent: bool = False
    suspect: Words | None = None
    exercise: bool = False


class NewCallBody(CallBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A 110 call that is taken; `id` is the client's own."""

    id: MessageId


class LoginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants in."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]
