"""Everything that has a place, as GeoJSON: incidents, units, posts, gates, areas."""

from typing import Any

import numpy as np
from aiohttp import web

from dispatch.district import Gate, Post
from dispatch.words import ResponderKind
from gateways.api.room import Room
from gateways.api.web import reply


class Maps:
    """Feature collections, lon/lat WGS-84 degrees, cut to the jurisdiction of who asks."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.routes = [
            web.get("/api/v1/incidents.geojson", self.incidents),
            web.get("/api/v1/units.geojson", self.units),
            web.get("/api/v1/posts.geojson", self.posts),
            web.get("/api/v1/gates.geojson", self.gates),
            web.get("/api/v1/areas.geojson", self.areas),
        ]

    async def incidents(self, request: web.Request) -> web.Response:
        """Open incidents as points."""
        scope = self._room.scope_in(request)
        return answer(
            [
                feature(
                    [row.place.lon, row.place.lat],
                    {
                        "id": row.id,
                        "type": row.type,
                        "priority": row.priority,
                        "status": row.status,
                        "place_name": row.place_name,
                        "raised_ms": row.raised_ms,
                        "silent": row.silent,
                        "exercise": row.exercise,
                    },
                )
                for row in self._room.board.list_open()
                if scope is None or scope.sees(row)
            ]
        )

    async def units(self, request: web.Request) -> web.Response:
        """Units with where they were last, how old that is and what they do."""
        room, board, scope = self._room, self._room.board, self._room.scope_in(request)
        tracker, now_ms = room.tracker, room.engine.now_ms()
        seen = None if scope is None else scope.seen(board)
        stale_s = room.book.rules.stale_after_s
        features = []
        for unit in room.book.units:
            row = tracker.rows.get(unit.id, -1)
            if seen is not None and unit.id not in seen:
                continue
            state = board.responders[unit.id]
            known = row >= 0 and int(tracker.at_ms[row]) > 0
            age_s = (now_ms - int(tracker.at_ms[row])) / 1000 if known else None
            about = {
                "id": unit.id,
                "name": unit.name,
                "kind": unit.kind,
                "officers": unit.officers,
                "beat": unit.beat,
                "capabilities": unit.capabilities,
                "status": state.status,
                "since_ms": state.since_ms,
                "order": state.order,
                "missed": state.missed,
                "age_s": age_s,
                "stale": age_s is None or age_s > stale_s[unit.kind],
                "heading_deg": number(tracker.heading_deg, row) if known else None,
                "speed_mps": number(tracker.speed_mps, row) if known else None,
            }
            place = [float(tracker.lon[row]), float(tracker.lat[row])] if known else None
            features.append(feature(place, about))
        return answer(features)

    async def posts(self, request: web.Request) -> web.Response:
        """Security points with their state."""
        more = ("sign", "category", "guards", "radios", "groups")
        return answer(self._fixed(request, ResponderKind.POST, self._room.book.posts, more))

    async def gates(self, request: web.Request) -> web.Response:
        """Checkpoints with their state."""
        more = ("road", "officers")
        return answer(self._fixed(request, ResponderKind.GATE, self._room.book.gates, more))

    async def areas(self, request: web.Request) -> web.Response:
        """Areas as polygons; of a user with areas his own and those below them."""
        scope = self._room.scope_in(request)
        return answer(
            [
                {
                    "type": "Feature",
                    "properties": {
                        "id": area.id,
                        "name": area.name,
                        "level": area.level,
                        "parent": area.parent,
                    },
                    "geometry": {"type": "Polygon", "coordinates": [[*area.ring, area.ring[0]]]},
                }
                for area in self._room.book.areas
                if area.ring and (scope is None or area.id in scope.tree)
            ]
        )

    def _fixed(
        self,
        request: web.Request,
        kind: ResponderKind,
        rows: tuple[Post, ...] | tuple[Gate, ...],
        more: tuple[str, ...],
    ) -> list[dict[str, Any]]:
        board, scope = self._room.board, self._room.scope_in(request)
        seen = None if scope is None else scope.seen(board)
        features = []
        for row in rows:
            if seen is not None and row.id not in seen:
                continue
            state = board.responders[row.id]
            about: dict[str, Any] = {"is": kind, "id": row.id, "name": row.name}
            about |= {name: getattr(row, name) for name in more}
            about |= {
                "status": state.status,
                "since_ms": state.since_ms,
                "order": state.order,
                "musters_missed": state.musters_missed,
            }
            features.append(feature([row.place.lon, row.place.lat], about))
        return features


def feature(place: list[float] | None, about: dict[str, Any]) -> dict[str, Any]:
    """A point, or a feature without a place."""
    geometry = None if place is None else {"type": "Point", "coordinates": place}
    return {"type": "Feature", "properties": about, "geometry": geometry}


def answer(features: list[dict[str, Any]]) -> web.Response:
    """A feature collection."""
    made = reply({"type": "FeatureCollection", "features": features})
    made.content_type = "application/geo+json"
    return made


def number(column: "np.ndarray[Any, Any]", row: int) -> float | None:
    """A figure of a column; None where it is unknown."""
    value = float(column[row])
    return value if np.isfinite(value) else None
