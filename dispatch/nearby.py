"""Open incidents by place: a grid of cells, so that joining an alarm stays cheap in a storm."""

from math import ceil, cos, floor, radians

from dispatch.words import IncidentId
from geo.air import METRES_PER_DEGREE
from geo.types import Point

CELL_DEG = 0.005
"""About 500 m: most joining windows fall into nine cells."""

Cell = tuple[int, int]


class Nearby:
    """Ids by cell of lon/lat WGS-84 degrees."""

    def __init__(self) -> None:
        self._cells: dict[Cell, dict[IncidentId, None]] = {}
        self._where: dict[IncidentId, Cell] = {}

    def put(self, key: IncidentId, place: Point) -> None:
        """Place or move an incident."""
        cell = (floor(place.lon / CELL_DEG), floor(place.lat / CELL_DEG))
        if self._where.get(key) == cell:
            return
        self.remove(key)
        self._where[key] = cell
        self._cells.setdefault(cell, {})[key] = None

    def remove(self, key: IncidentId) -> None:
        """Forget an incident; one that is not here is no error."""
        cell = self._where.pop(key, None)
        if cell is None:
            return
        del self._cells[cell][key]
        if not self._cells[cell]:
            del self._cells[cell]

    def list_around(self, place: Point, radius_m: float) -> list[IncidentId]:
        """All incidents whose cell may hold a point within the radius, sorted by id."""
        tall = ceil(radius_m / METRES_PER_DEGREE / CELL_DEG)
        wide = ceil(radius_m / METRES_PER_DEGREE / cos(radians(place.lat)) / CELL_DEG)
        east, north = floor(place.lon / CELL_DEG), floor(place.lat / CELL_DEG)
        found: list[IncidentId] = []
        for x in range(east - wide, east + wide + 1):
            for y in range(north - tall, north + tall + 1):
                found.extend(self._cells.get((x, y), ()))
        return sorted(found)
