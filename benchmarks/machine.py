"""The machine, the broker and the processes of a measurement: started here, ended here."""

import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

START_S = 30.0
STOP_S = 15.0
PACKAGES = ("aiomqtt", "gmqtt", "msgspec", "numba", "numpy", "uvloop")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a child listens; its early end is an error."""
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at its start with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"{process.args!r} does not listen on {port} after {START_S} s")


@contextmanager
def child(
    command: list[str], log: Path | None = None, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours for a while: asked to end, then made to, by its own pid."""
    with open(log or os.devnull, "wb") as out:  # noqa: PTH123  devnull has no Path
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=out, env={**os.environ, **(env or {})}
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def mosquitto(folder: Path) -> Iterator[tuple[int, int]]:
    """A Mosquitto on loopback with limits that drop nothing; its port and pid."""
    binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        raise RuntimeError("mosquitto is not installed; on Debian: apt-get install mosquitto")
    port, conf = free_port(), folder / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type none\n"
        "max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n"
    )
    with child([binary, "-c", str(conf)]) as process:
        wait_for_port(port, process)
        yield port, process.pid


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def resident_mib(pid: int) -> float:
    """Memory that a process holds, in MiB."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def describe() -> dict[str, Any]:
    """What the figures were measured on."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
    broker = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    said = subprocess.run([broker or "mosquitto", "-h"], capture_output=True, check=False).stdout
    return {
        "cpu": name,
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": [round(x, 2) for x in psutil.getloadavg()],
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "broker": said.decode().splitlines()[0] if said else "unknown",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
