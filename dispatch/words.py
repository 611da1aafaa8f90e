"""The words of the trade as closed sets, and which status may follow which.

The tables are the rule: the desk, the console and the documents read them from here.
"""

from enum import StrEnum
from typing import NewType

AlarmKey = NewType("AlarmKey", str)
IncidentId = NewType("IncidentId", str)
OrderId = NewType("OrderId", str)
NoticeId = NewType("NoticeId", str)
ResponderId = NewType("ResponderId", str)
GroupId = NewType("GroupId", str)
AreaId = NewType("AreaId", str)

CENTRE = ResponderId("operator")
"""To whom refusals of what a person at the centre asked for are addressed; no device listens."""


class ResponderKind(StrEnum):
    """What an order can go to; the value is also the MQTT topic level."""

    UNIT = "unit"
    POST = "post"
    GATE = "gate"


class SourceKind(StrEnum):
    """Where an alarm comes from: a responder's own device, or a person through the centre."""

    UNIT = "unit"
    POST = "post"
    GATE = "gate"
    CALL = "call"
    TIP = "tip"
    CENTRE = "centre"


SOURCES_OUTSIDE = frozenset({SourceKind.CALL, SourceKind.TIP, SourceKind.CENTRE})
"""Sources that are no responders: they name a place, and get a code instead of a receipt."""


class UnitKind(StrEnum):
    """How a unit appears on the street; decides its travel profile and its staleness limit."""

    CAR = "car"
    MOTORCYCLE = "motorcycle"
    FOOT = "foot"
    PLAIN_CLOTHES = "plain_clothes"


class UnitStatus(StrEnum):
    """The state of a responder, after the usual CAD model."""

    AVAILABLE = "available"
    DISPATCHED = "dispatched"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    BUSY = "busy"
    OUT_OF_SERVICE = "out_of_service"
    OFF_DUTY = "off_duty"


class OrderStatus(StrEnum):
    """The state of an order, from issue to one of its four ends."""

    ISSUED = "issued"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    REFUSED = "refused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class IncidentStatus(StrEnum):
    """The state of an incident."""

    PENDING = "pending"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    CONTAINED = "contained"
    CLOSED = "closed"


class Role(StrEnum):
    """What an order asks of its responder."""

    RESPOND = "respond"
    HOLD = "hold"
    OBSERVE = "observe"
    STOP = "stop"
    RING = "ring"


class Disposition(StrEnum):
    """How an incident ended."""

    HANDLED = "handled"
    FALSE_ALARM = "false_alarm"
    CANCELLED = "cancelled"
    GONE_ON_ARRIVAL = "gone_on_arrival"
    UNFOUNDED = "unfounded"
    REFERRED = "referred"
    DRILL = "drill"
    MERGED = "merged"
    """Only a merge says this."""


class FollowUpKind(StrEnum):
    """What is still owed after an incident: each has a date by which it must be done."""

    FEEDBACK = "feedback"
    SUPERVISE = "supervise"
    CALL_BACK = "call_back"
    REFERRAL = "referral"
    ARCHIVE = "archive"


class AdviceKind(StrEnum):
    """What the desk may only recommend; a person accepts or dismisses it."""

    DIVERT = "divert"
    MOVE_UP = "move_up"
    COVER = "cover"


class CallKind(StrEnum):
    """Why many are called at once: for information, for a search by all, or as a test."""

    NOTICE = "notice"
    SEARCH = "search"
    MUSTER = "muster"


class Answer(StrEnum):
    """What a responder says to an order."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class AreaLevel(StrEnum):
    """The four levels of jurisdiction, widest first, and the beat below them."""

    CITY = "city"
    DISTRICT = "district"
    TOWNSHIP = "township"
    COMMUNITY = "community"
    BEAT = "beat"


_O = OrderStatus
ORDER_FOLLOWS: dict[OrderStatus, frozenset[OrderStatus]] = {
    _O.ISSUED: frozenset(_O) - {_O.ISSUED},
    _O.DELIVERED: frozenset(_O) - {_O.ISSUED, _O.DELIVERED},
    _O.ACCEPTED: frozenset({_O.EN_ROUTE, _O.ON_SCENE, _O.COMPLETED, _O.REFUSED, _O.CANCELLED}),
    _O.EN_ROUTE: frozenset({_O.ON_SCENE, _O.COMPLETED, _O.REFUSED, _O.CANCELLED}),
    _O.ON_SCENE: frozenset({_O.COMPLETED, _O.CANCELLED}),
    _O.REFUSED: frozenset(),
    _O.COMPLETED: frozenset(),
    _O.CANCELLED: frozenset(),
    _O.EXPIRED: frozenset(),
}
ORDER_ENDED = frozenset(status for status, then in ORDER_FOLLOWS.items() if not then)
ORDER_UNANSWERED = frozenset({_O.ISSUED, _O.DELIVERED})
ORDER_TAKEN = frozenset({_O.ACCEPTED, _O.EN_ROUTE, _O.ON_SCENE})
ORDER_SHOWN = ORDER_TAKEN | {_O.DELIVERED}

_U = UnitStatus
REPORTABLE = frozenset(
    {_U.AVAILABLE, _U.EN_ROUTE, _U.ON_SCENE, _U.BUSY, _U.OUT_OF_SERVICE, _U.OFF_DUTY}
)
"""What a responder may report of itself; `dispatched` is the desk's word alone."""
NEEDS_ORDER = frozenset({_U.EN_ROUTE, _U.ON_SCENE})

_I = IncidentStatus
INCIDENT_FOLLOWS: dict[IncidentStatus, frozenset[IncidentStatus]] = {
    _I.PENDING: frozenset({_I.DISPATCHED, _I.CLOSED}),
    _I.DISPATCHED: frozenset({_I.PENDING, _I.ON_SCENE, _I.CONTAINED, _I.CLOSED}),
    _I.ON_SCENE: frozenset({_I.PENDING, _I.DISPATCHED, _I.CONTAINED, _I.CLOSED}),
    _I.CONTAINED: frozenset({_I.PENDING, _I.DISPATCHED, _I.ON_SCENE, _I.CLOSED}),
    _I.CLOSED: frozenset(),
}
