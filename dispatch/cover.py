"""What a beat loses when its unit is sent away, weighed by the clock for all free units at once.

The watched places are the book's circles, or the middles of its smallest areas where it has no
circles. A price holds until it is weighed again; it is no fact, and is not kept.
"""

import numpy as np

from dispatch.coverage import Coverage, Watched
from dispatch.district import District
from dispatch.force import PROFILES
from dispatch.words import AreaLevel
from dispatch.work import Work
from geo.types import Point

COVERS_FROM = 2
"""The first priority that pays for coverage; a more urgent incident gets the nearest."""
WITHIN_S = 600.0
LEVELS = list(AreaLevel)


def watched_places(book: District) -> list[tuple[Watched, Point]]:
    """The places that somebody should be near, each an equal share of the calls to come."""
    if book.circles:
        return [
            (Watched(id=one.id, name=one.name, within_s=one.minutes * 60), one.place)
            for one in book.circles
        ]
    if not book.areas:
        return []
    smallest = max((area.level for area in book.areas), key=LEVELS.index)
    found = []
    for area in book.areas:
        if area.level is smallest:
            lon, lat = np.mean(np.array(area.ring), axis=0).tolist()
            found.append((Watched(id=area.id, name=area.name), Point(lon, lat)))
    return found


def take_prices(work: Work) -> None:
    """Weigh what each free unit's leaving would cost; the prices stand until the next look."""
    book, force = work.board.district, work.board.force
    assert book is not None, "units come from a book"
    places = watched_places(book)
    force.price_s[:] = 0.0
    free = force.available & work.views.positions.located()
    rows = np.flatnonzero(free)
    if not places or len(rows) == 0:
        return
    spots = work.views.positions.spots()
    eta_s = np.full((len(places), len(free)), np.inf)
    for number, (_, place) in enumerate(places):
        for profile in PROFILES:
            mine = free & force.users[profile]
            if mine.any():
                reach = work.views.roads.reach(place, profile, WITHIN_S)
                reach.fill_seconds(spots, mine, eta_s[number])
    units = tuple(force.ids[row] for row in rows.tolist())
    cover = Coverage(tuple(one for one, _ in places), units, eta_s[:, rows])
    share = len(places)
    force.price_s[rows] = cover.price_s(exchange=float(share), most_s=book.rules.cover_s)
