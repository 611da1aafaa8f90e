"""The configuration of `street110 serve`: one TOML file, every key checked, every error named."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

Part = TypeVar("Part", bound=msgspec.Struct)
Port = Annotated[int, Meta(ge=0, le=65_535)]


class ConfigError(Exception):
    """A configuration that cannot be used; the text names file, key and what was expected."""


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS towards an external broker: PEM files; `ca` alone is enough for a server certificate."""

    ca: str
    certificate: str | None = None
    key: str | None = None


class MqttConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker. With `embedded` the engine starts its own on loopback."""

    embedded: bool = True
    host: str = "127.0.0.1"
    port: Port = 1883
    version: Annotated[str, Meta(pattern="^(3.1.1|5)$")] = "5"
    client_id: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    user: str | None = None
    password_file: str | None = None
    tls: TlsConfig | None = None


class HttpConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pages and their interface, health and metrics; loopback unless an address is named.

    `behind_proxy`: a proxy on this machine brings TLS; its word on the address is believed, and
    cookies travel over TLS only. `hosts` are the names by which it is reached from outside.
    """

    host: str = "127.0.0.1"
    port: Port = 8110
    behind_proxy: bool = False
    hosts: tuple[str, ...] = ()


class StateConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the journal and the last positions are kept; snapshots every so many records."""

    directory: str = "var"
    snapshot_every: Annotated[int, Meta(ge=100, le=10_000_000)] = 50_000
    positions_every_s: Annotated[float, Meta(gt=0, le=3_600)] = 5.0


class RunsheetConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Printable sheets of the live state, for the hour when the engine is gone; 0 for none."""

    every_s: Annotated[float, Meta(ge=0, le=3_600)] = 60.0
    directory: str | None = None


class TipsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Citizens' messages by signed webhook: the bridges' secrets, and the words that decide."""

    bridges_file: str
    rules_file: str | None = None


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other centres: our own name as a domain, their tokens, and the type of what has none."""

    sender: str
    tokens_file: str
    fallback: str = "citizen_help"


class TravelConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Travel times: factors learnt from the journal, and rush hours; neither unless named."""

    factors_file: str | None = None
    rush_file: str | None = None


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Structured logs on standard error: `json` for machines, `console` for people."""

    level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"
    form: Annotated[str, Meta(pattern="^(json|console)$")] = "json"


DeviceProtocol = Literal["jt808", "dc09", "owntracks", "osmand", "tak", "sms", "nmea"]
DeviceTable = dict[str, str | int | float | bool | list[str]]
"""Settings of one protocol's gateway: `host`, `port` and its own, checked when it is made."""
FILES = ("certificate", "key", "ca", "password_file")


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything `street110 serve` needs; paths are relative to the file that names them."""

    district: str
    state: StateConfig = StateConfig()
    mqtt: MqttConfig = MqttConfig()
    http: HttpConfig = HttpConfig()
    log: LogConfig = LogConfig()
    travel: TravelConfig = TravelConfig()
    runsheets: RunsheetConfig = RunsheetConfig()
    tips: TipsConfig | None = None
    exchange: ExchangeConfig | None = None
    devices: dict[DeviceProtocol, DeviceTable] = {}


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: the file is missing, not TOML, or holds an unknown or unusable key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
    base = path.resolve().parent
    state = msgspec.structs.replace(config.state, directory=str(base / config.state.directory))
    return msgspec.structs.replace(
        config,
        district=str(base / config.district),
        state=state,
        mqtt=_resolve_mqtt(config.mqtt, base),
        travel=_resolve(config.travel, base, "factors_file", "rush_file"),
        runsheets=_resolve(config.runsheets, base, "directory"),
        tips=config.tips and _resolve(config.tips, base, "bridges_file", "rules_file"),
        exchange=config.exchange and _resolve(config.exchange, base, "tokens_file"),
        devices={name: _resolve_files(table, base) for name, table in config.devices.items()},
    )


def _resolve_files(table: DeviceTable, base: Path) -> DeviceTable:
    return {
        key: str(base / value) if key in FILES and isinstance(value, str) else value
        for key, value in table.items()
    }


def _resolve(part: Part, base: Path, *keys: str) -> Part:
    """The same part with its paths started at the folder of the configuration."""
    paths = {key: getattr(part, key) for key in keys}
    changed = {key: str(base / path) for key, path in paths.items() if path is not None}
    return msgspec.structs.replace(part, **changed)


def _resolve_mqtt(mqtt: MqttConfig, base: Path) -> MqttConfig:
    tls = mqtt.tls
    if tls is not None:
        tls = msgspec.structs.replace(
            tls,
            ca=str(base / tls.ca),
            certificate=str(base / tls.certificate) if tls.certificate else None,
            key=str(base / tls.key) if tls.key else None,
        )
    password = str(base / mqtt.password_file) if mqtt.password_file else None
    return msgspec.structs.replace(mqtt, tls=tls, password_file=password)
