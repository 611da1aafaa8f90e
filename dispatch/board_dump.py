"""The board as it is written down: its tables, and the order in which rows were made."""

import msgspec

from dispatch.district import District
from dispatch.events import SightingReported
from dispatch.events_case import CirclesTaken
from dispatch.model import Advice, Alarm, Heard, Incident, Order, Responder, Sighting
from dispatch.words import AlarmKey, IncidentId, NoticeId, OrderId, ResponderId


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of a board as they are written down."""

    district: District | None
    responders: dict[ResponderId, Responder]
    incidents: dict[IncidentId, Incident]
    alarms: dict[AlarmKey, Alarm]
    orders: dict[OrderId, Order]
    closed: list[IncidentId]
    sightings: list[Sighting]
    incidents_opened: int
    notices_sent: int
    at_ms: int
    advice: dict[str, Advice] = {}
    advice_given: int = 0
    calls: dict[NoticeId, Heard] = {}
    calls_ended: list[Heard] = []
    circles: list[CirclesTaken] = []
    centre_seen: list[str] = []


def serial(key: str) -> tuple[int, ...]:
    """`I12-3` as (12, 3): the order in which things were made."""
    return tuple(int(part) for part in key.lstrip("INA").split("-"))


def sighting_of(event: SightingReported) -> Sighting:
    """The row of a sighting, for the board."""
    return Sighting(
        responder=event.responder,
        seen_ms=event.seen_ms,
        place=event.place,
        on=event.on,
        incident=event.incident,
        heading_deg=event.heading_deg,
        speed_mps=event.speed_mps,
        text=event.text,
    )
