"""Jurisdiction: which incidents and responders a user with areas sees and acts on."""

from collections.abc import Iterable
from functools import cached_property

import msgspec
import shapely

from dispatch.board import Board
from dispatch.district import District
from dispatch.model import Advice, Heard, Incident, Order, Recommendation
from dispatch.words import ORDER_ENDED, AreaId, ResponderId
from geo.types import Point


class Scope:
    """The areas of a user in one book of the district, with all areas below them."""

    def __init__(self, areas: Iterable[AreaId], book: District) -> None:
        self.areas = frozenset(areas)
        self.book = book
        self.tree = self._below(self.areas)

    def of(self, book: District) -> "Scope":
        """The same areas in another book."""
        return self if book is self.book else Scope(self.areas, book)

    def _below(self, areas: frozenset[AreaId]) -> frozenset[AreaId]:
        found = set(areas)
        while True:
            more = {area.id for area in self.book.areas if area.parent in found} - found
            if not more:
                return frozenset(found)
            found |= more

    @cached_property
    def _shape(self) -> shapely.Geometry:
        rings = [area.ring for area in self.book.areas if area.id in self.tree and area.ring]
        shape = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
        shapely.prepare(shape)
        return shape

    def holds(self, place: Point) -> bool:
        """Whether a place lies in the areas."""
        return bool(shapely.intersects_xy(self._shape, place.lon, place.lat))

    def covers(self, ring: tuple[tuple[float, float], ...]) -> bool:
        """Whether a drawn ring lies wholly in the areas."""
        if len(ring) < 3:
            return False
        drawn = shapely.Polygon(ring)
        return bool(drawn.is_valid and shapely.covers(self._shape, drawn))

    @cached_property
    def own(self) -> frozenset[ResponderId]:
        """Responders of the areas: by place, by beat, or by base where there is no beat."""
        found = [post.id for post in self.book.posts if self.holds(post.place)]
        found += [gate.id for gate in self.book.gates if self.holds(gate.place)]
        for unit in self.book.units:
            mine = unit.beat in self.tree if unit.beat is not None else self.holds(unit.base)
            if mine:
                found.append(unit.id)
        return frozenset(found)

    def sees(self, incident: Incident | None) -> bool:
        """Whether an incident lies in the areas."""
        return incident is not None and not self.tree.isdisjoint(incident.areas)

    def guests(self, board: Board) -> frozenset[ResponderId]:
        """Foreign responders that serve an open incident of the areas."""
        rows = (board.incidents[one] for one in board.open)
        orders = (board.orders[order] for row in rows if self.sees(row) for order in row.orders)
        serving = {order.responder for order in orders if order.status not in ORDER_ENDED}
        return frozenset(serving - self.own)

    def seen(self, board: Board) -> frozenset[ResponderId]:
        """Every responder that may be seen now."""
        return self.own | self.guests(board)

    def cut(self, found: Recommendation) -> Recommendation:
        """A recommendation without foreign candidates, but for those that were chosen."""
        kept = tuple(row for row in found.candidates if row.chosen or row.responder in self.own)
        return msgspec.structs.replace(found, candidates=kept)

    def sees_advice(self, board: Board, advice: Advice) -> bool:
        """Whether all that an advice names is to be seen."""
        named = [one for one in (advice.incident, advice.leaves) if one is not None]
        rows = [board.incidents.get(one) for one in named]
        return advice.responder in self.own and all(self.sees(row) for row in rows)

    def cut_call(self, board: Board, heard: Heard) -> Heard | None:
        """A call as far as it concerns the areas; None when it does not."""
        notice = heard.notice
        mine = self.seen(board)
        to = tuple(one for one in notice.to if one[1] in mine)
        about = notice.incident is not None and self.sees(board.incidents.get(notice.incident))
        if not about and not to:
            return None
        fields: dict[str, object] = {"to": to}
        if not about:
            fields |= {"incident": None, "place": None}
        return Heard(
            notice=msgspec.structs.replace(notice, **fields),
            asked=min(heard.asked, len(to)),
            read_ms={one: at_ms for one, at_ms in heard.read_ms.items() if one in mine},
        )


def sees_order(scope: Scope | None, board: Board, order: Order | None) -> bool:
    """Whether the incident that an order serves is to be seen."""
    if order is None:
        return False
    return scope is None or scope.sees(board.incidents.get(order.serves))
