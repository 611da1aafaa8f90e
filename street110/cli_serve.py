"""`street110 serve`: the engine for real use, until it is told to stop."""

import asyncio
import gc
import signal
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from dispatch.district_file import DistrictError
from dispatch.runtime import Engine
from street110.assemble import Running
from street110.config import Config, ConfigError, load_config
from street110.logs import set_up_logs

log = structlog.get_logger(__name__)


def serve(
    config: Annotated[Path, typer.Option(help="TOML file; see docs/configure.md.")],
) -> None:
    """Run the engine until SIGTERM or Ctrl-C; exits 1 with the reason when it cannot go on."""
    try:
        loaded = load_config(config)
        set_up_logs(loaded.log)
        uvloop.run(run_until_told(loaded))
    except (ConfigError, DistrictError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


async def run_until_told(config: Config) -> None:
    """Start everything, wait for a signal or a failure, stop everything."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    running = Running(config)
    try:
        await running.start()
        settle_memory()
        log.info(
            "ready",
            district=running.district.id,
            mqtt=f"{running.mqtt_host}:{running.mqtt_port}",
            page=f"http://{config.http.host}:{running.console.port}/",
        )
        await wait_for_end(running.engine, stop)
    finally:
        await running.stop()
        log.info("stopped")


def settle_memory() -> None:
    """Leave what was loaded at start out of garbage collection: its pauses would hold orders."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def wait_for_end(engine: Engine, stop: asyncio.Event) -> None:
    """Return when told to stop; raise what ended the engine when it failed first."""
    told = asyncio.create_task(stop.wait(), name="stop")
    failed = asyncio.create_task(engine.wait_failed(), name="failure")
    done, _ = await asyncio.wait({told, failed}, return_when=asyncio.FIRST_COMPLETED)
    if failed in done:
        told.cancel()
        failed.result()
    failed.cancel()
