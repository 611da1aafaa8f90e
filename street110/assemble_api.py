"""Puts the operators' interface together: users, sessions, jurisdiction, routes."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from dispatch.district import District
from dispatch.runtime import Engine
from gateways.api.access_log import ACCESS_FILE, AccessLog
from gateways.api.app import Api
from gateways.api.finding import Finder
from gateways.api.gate import Gate
from gateways.api.presence import Presence
from gateways.api.sessions import SESSIONS_FILE, Sessions
from gateways.api.users import USERS_FILE, UserBook, UserBookError
from gateways.console.clients import Sight
from gateways.console.feed import Feed
from gateways.console.guard import LOOPBACK
from gateways.tips.names import make_gazetteer, names_of
from street110.config import Config, ConfigError
from street110.terrain import Terrain, landmarks_of

log = structlog.get_logger(__name__)


class ApiParts(NamedTuple):
    """What the console is given of the interface."""

    routes: Sequence[web.RouteDef]
    gate: Middleware
    feed: Feed
    sight: Callable[[web.Request], Sight]
    presence: Presence


async def make_api(engine: Engine, terrain: Terrain, config: Config, journal: Path) -> ApiParts:
    """The interface of a running engine, with what the journal's tail tells already read.

    Raises:
        ConfigError: the book of users cannot be read.
    """
    state = Path(config.state.directory)
    try:
        book = UserBook(state / USERS_FILE)
    except UserBookError as error:
        raise ConfigError(str(error)) from error
    open_here = config.http.host in LOOPBACK and not config.http.behind_proxy
    if not len(book) and not open_here:
        log.warning("no_users", help="nobody gets in: add one with `street110 user add`")
    gate = Gate(
        book,
        Sessions(state / SESSIONS_FILE, engine.now_ms()),
        AccessLog(state / ACCESS_FILE),
        engine.now_ms,
        open_here=open_here,
        behind_proxy=config.http.behind_proxy,
    )
    feed = Feed()

    def make_finder(district: District) -> Finder:
        landmarks = landmarks_of(Path(config.district), district)
        names = names_of(district, landmarks, terrain.roads)
        return Finder(district, names, make_gazetteer(district, landmarks, terrain.roads, {}))

    api = Api(engine, feed, terrain.tracker, gate, journal=journal, make_finder=make_finder)
    engine.watch(api.seen)
    await asyncio.to_thread(api.remember)
    return ApiParts(api.routes, gate.middleware(), feed, api.room.sight_of, api.presence)
