"""Puts the pages of guards and officers together: their book, their post, their routes."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from dispatch.runtime import Engine
from gateways.api.access_log import ACCESS_FILE, AccessLog
from gateways.api.phone_admin import PhoneAdmin
from gateways.api.phone_book import PhoneBook
from gateways.api.phone_hear import Hearing
from gateways.api.phone_post import PhonePost
from gateways.api.phones import Phones
from gateways.console.feed import Feed
from gateways.devices.registry import Registry, RegistryError
from street110.config import Config, ConfigError
from street110.device_books import book_of
from street110.terrain import Terrain


def make_phones(
    engine: Engine, terrain: Terrain, config: Config, registry: CollectorRegistry, feed: Feed
) -> Phones:
    """The pages' side of a running engine: already an outlet, and told of what is durable.

    Its routes hold those of administrators, too.

    Raises:
        ConfigError: the book of devices cannot be read.
    """
    try:
        devices = Registry(book_of(Path(config.state.directory)))
    except RegistryError as error:
        raise ConfigError(str(error)) from error
    post = PhonePost(engine, feed, registry)
    engine.add_outlet(post)
    engine.watch(post.seen)
    book = PhoneBook(devices)
    phones = Phones(
        post,
        Hearing(post, terrain.tracker, terrain.bounds),
        book,
        terrain.roads,
        terrain.tracker,
        registry,
        behind_proxy=config.http.behind_proxy,
    )
    access = AccessLog(Path(config.state.directory) / ACCESS_FILE)
    phones.routes += PhoneAdmin(post, book, access).routes
    return phones
