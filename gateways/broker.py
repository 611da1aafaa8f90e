"""Brokers: an embedded one for a demo or a small district, and a configuration for a real one.

The embedded broker is amqtt in a child process, so that it costs the engine's loop nothing. It
speaks MQTT 3.1.1 on loopback, a few thousand messages a second, and forgets when it ends.
"""

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import Any, Self

import msgspec
from amqtt.broker import Broker as Amqtt

START_WITHIN_S = 15.0
STOP_WITHIN_S = 3.0
READY = "listening on port "


class EmbeddedBroker:
    """A child process that listens on a free loopback port; `port` is known once it started."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """Start the child and wait until it listens.

        Raises:
            RuntimeError: it did not listen in time, or ended.
        """
        self._child = child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateways.broker",
            str(self.port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None, "piped"
        try:
            async with asyncio.timeout(START_WITHIN_S):
                said = (await child.stdout.readline()).decode()
        except TimeoutError:
            said = ""
        if not said.startswith(READY):
            await self.stop()
            raise RuntimeError(f"the embedded broker did not start: {said.strip() or 'no answer'}")
        self.port = int(said.removeprefix(READY))

    async def stop(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class MosquittoTls(msgspec.Struct, frozen=True, kw_only=True):
    """PEM files of the broker's own certificate; `ca` alone lets devices present theirs."""

    certificate: Path
    key: Path
    ca: Path | None = None


def mosquitto_config(
    folder: Path,
    *,
    port: int = 1883,
    address: str = "127.0.0.1",
    password_file: Path | None = None,
    acl_file: Path | None = None,
    tls: MosquittoTls | None = None,
    user: str | None = None,
) -> str:
    """The text of a mosquitto.conf fit for dispatch; `folder` keeps what is not delivered yet.

    The stock limits of 20 in flight and 1 000 queued drop messages of QoS 1 to a connected
    engine, and without TCP_NODELAY a small message waits for the next one. Started as root,
    Mosquitto becomes `user`, or `mosquitto` when None is named; that user writes `folder`.
    """
    lines = [
        f"listener {port} {address}",
        "set_tcp_nodelay true",
        "max_inflight_messages 0",
        # Not 0 for "no limit": Mosquitto 2.0.11 then hangs up on whoever is denied a publish.
        "max_queued_messages 1000000",
        "max_queued_bytes 0",
        "message_size_limit 2097152",
        "persistence true",
        f"persistence_location {folder}{os.sep}",
        "autosave_interval 5",
        "persistent_client_expiration 14d",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
    ]
    if user is not None:
        lines.append(f"user {user}")
    if password_file is None:
        lines.append("allow_anonymous true")
    else:
        lines += ["allow_anonymous false", f"password_file {password_file}"]
    if acl_file is not None:
        lines.append(f"acl_file {acl_file}")
    if tls is not None:
        lines += [f"certfile {tls.certificate}", f"keyfile {tls.key}", "tls_version tlsv1.2"]
        if tls.ca is not None:
            lines += [f"cafile {tls.ca}", "require_certificate false"]
    return "\n".join(lines) + "\n"


async def _serve(port: int) -> None:
    """The child: listen until the parent goes away, however it goes."""
    config: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Amqtt(config)
    await broker.start()
    server = broker._servers["default"].instance  # noqa: SLF001 - it does not tell its port
    print(f"{READY}{server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 - to the parent
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    await broker.shutdown()


def main() -> None:
    """Run the child: `python -m gateways.broker PORT`, where 0 means a free one."""
    logging.basicConfig(level=logging.CRITICAL)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
