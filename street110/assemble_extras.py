"""What stands beside the line: run-sheets on disk, tips of citizens, other centres."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from dispatch.district import District
from dispatch.runtime import Engine
from gateways.exchange.app import ExchangeApp
from gateways.runsheet_writer import RunSheets
from gateways.tips.app import TipApp, load_common_words
from gateways.tips.book import TipBook
from gateways.tips.door import TipDoor
from gateways.tips.names import make_gazetteer
from gateways.tips.rules import RULES, Rule, read_rules
from gateways.tips.signature import Gatekeeper
from gateways.tips.talk import Talk
from street110.config import Config, ConfigError, ExchangeConfig, TipsConfig
from street110.terrain import Terrain, landmarks_of

log = structlog.get_logger(__name__)


def make_run_sheets(
    engine: Engine, terrain: Terrain, config: Config, registry: CollectorRegistry
) -> RunSheets:
    """The run-sheets of an engine, in the state directory unless another folder is named."""
    state = Path(config.state.directory)
    folder = Path(config.runsheets.directory) if config.runsheets.directory else state / "sheets"
    return RunSheets(engine, terrain.tracker, folder, state / "runsheet.key", registry)


def make_routes(
    engine: Engine, terrain: Terrain, config: Config, registry: CollectorRegistry
) -> Sequence[web.RouteDef]:
    """The routes of tips and exchange, where the configuration asks for them."""
    routes: list[web.RouteDef] = []
    district = engine.board.district
    assert district is not None, "a district is loaded before its edges are made"
    if config.tips is not None:
        routes += make_tips(engine, terrain, config, config.tips, registry).routes
    if config.exchange is not None:
        routes += make_exchange(engine, district, config.exchange, registry).routes
    return routes


def make_tips(
    engine: Engine, terrain: Terrain, config: Config, tips: TipsConfig, registry: CollectorRegistry
) -> TipApp:
    """The webhook of citizens' messages, with the district's own names as its dictionary.

    Raises:
        ConfigError: a file of bridges or rules that cannot be used.
    """
    district = engine.board.district
    assert district is not None, "a district is loaded before its edges are made"
    secrets = read_secrets(Path(tips.bridges_file))
    try:
        keeper = Gatekeeper({name: secret.encode() for name, secret in secrets.items()})
    except ValueError as error:
        raise ConfigError(f"{tips.bridges_file}: {error}") from error
    gazetteer = make_gazetteer(
        district,
        landmarks_of(Path(config.district), district),
        terrain.roads,
        load_common_words(),
    )
    door = TipDoor(engine)
    book = TipBook(Path(config.state.directory) / "tips.jsonl", engine.now_ms())
    talk = Talk(door, book, gazetteer, tip_rules(tips, district))
    return TipApp(talk, door, keeper, registry)


def tip_rules(tips: TipsConfig, district: District) -> tuple[Rule, ...]:
    """The rules of the named file, or the usual ones for the types that have a plan.

    Raises:
        ConfigError: the file has an error; the text names its line.
    """
    types = frozenset(plan.type for plan in district.plans)
    if tips.rules_file is None:
        return tuple(rule for rule in RULES if rule.type in types)
    path = Path(tips.rules_file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    rules, problems = read_rules(text, path.name, types)
    if problems:
        raise ConfigError("\n".join(str(problem) for problem in problems))
    return rules


def make_exchange(
    engine: Engine, district: District, exchange: ExchangeConfig, registry: CollectorRegistry
) -> ExchangeApp:
    """The doors of other centres.

    Raises:
        ConfigError: tokens that cannot be used, or a fallback type without a plan.
    """
    if exchange.fallback not in {plan.type for plan in district.plans}:
        raise ConfigError(f"exchange.fallback: no plan for {exchange.fallback}")
    tokens = read_secrets(Path(exchange.tokens_file))
    try:
        return ExchangeApp(engine, tokens, exchange.sender, exchange.fallback, registry)
    except ValueError as error:
        raise ConfigError(f"{exchange.tokens_file}: {error}") from error


def read_secrets(path: Path) -> dict[str, str]:
    """A TOML file of `name = "secret"`, which only the engine's user should read.

    Raises:
        ConfigError: the file is missing or holds anything else.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for name, secret in raw.items():
        if not isinstance(secret, str):
            raise ConfigError(f'{path}: {name}: expected {name} = "secret"')
    return raw
