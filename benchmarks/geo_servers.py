"""Indexes of what moves that are servers: Redis GEOSEARCH and PostGIS KNN, started here."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
import redis

from benchmarks.geo_peers import START_MS, first_circle_m, to_metres, widen_circle
from benchmarks.machine import START_S, child, free_port, wait_for_port
from geo.types import BoolArray, FloatArray, IntArray, Point

LOAD_AT_ONCE = 2_000
USER = "street110"
POSTGRES_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "jit": "off",
}
"""As fast as it gets when nothing need survive a crash."""


class NotHere(Exception):  # noqa: N818  # a peer that cannot be had is no error of ours
    """A peer that this machine does not have; the text says what to install."""


class RedisGeo:
    """Redis GEOADD and GEOSEARCH; who may go has a key of his own, known beforehand."""

    name = "Redis GEOSEARCH"

    def __init__(self, lonlat: FloatArray, may_go: BoolArray) -> None:
        binary = shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if binary is None:
            raise NotHere("redis-server is not installed; on Debian: apt-get install redis-server")
        self._stack = ExitStack()
        port = free_port()
        server = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        process = self._stack.enter_context(child([*server, "--logfile", os.devnull]))
        wait_for_port(port, process)
        self._pid = process.pid
        self._client = redis.Redis(host="127.0.0.1", port=port)
        info: Any = self._client.info("server")
        self.version = f"{info['redis_version']}, redis-py {redis.__version__}"
        self._key = np.where(may_go, "may_go", "others").tolist()
        self._start_m = first_circle_m(len(lonlat))
        for first in range(0, len(lonlat), LOAD_AT_ONCE):
            rows = np.arange(first, min(first + LOAD_AT_ONCE, len(lonlat)))
            self.move(rows, lonlat[rows], START_MS)

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """One GEOADD for each of the two keys."""
        values: dict[str, list[Any]] = {"may_go": [], "others": []}
        for row, (lon, lat) in zip(rows.tolist(), lonlat.tolist(), strict=True):
            values[self._key[row]] += (lon, lat, row)
        with self._client.pipeline(transaction=False) as pipe:
            for key, said in values.items():
                if said:
                    pipe.geoadd(key, said)
            pipe.execute()

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """The first of a circle as Redis sorts them, of a larger one when they are too few."""

        def ask(radius_m: float) -> IntArray:
            found: Any = self._client.geosearch(
                "may_go", longitude=to.lon, latitude=to.lat,
                radius=radius_m, unit="m", sort="ASC", count=k,
            )  # fmt: skip
            return np.array([int(row) for row in found], dtype=np.int64)

        return widen_circle(ask, k, may_go, self._start_m)

    def pids(self) -> list[int]:
        """The server."""
        return [self._pid]

    def close(self) -> None:
        """End the server."""
        self._client.close()
        self._stack.close()


class PostGis:
    """PostGIS: an unlogged table, a GiST index, `ORDER BY place <-> point` with a mask in it."""

    name = "PostGIS KNN"

    def __init__(self, lonlat: FloatArray, may_go: BoolArray) -> None:
        self._stack = ExitStack()
        url, self._master = self._stack.enter_context(postgres())
        self._link = self._stack.enter_context(connect(url))
        self._link.prepare_threshold = 0
        try:
            self._link.execute("CREATE EXTENSION postgis")
        except psycopg.Error as missing:
            self._stack.close()
            raise NotHere(
                "PostGIS is not installed; on Debian: apt-get install postgresql-postgis"
            ) from missing
        said = self._link.execute("SELECT postgis_lib_version(), current_setting('server_version')")
        postgis, server = said.fetchone() or ("", "")
        self.version = f"{postgis}, PostgreSQL {server.split()[0]}"
        self._link.execute(
            "CREATE UNLOGGED TABLE unit (id int PRIMARY KEY, may_go bool, place geometry(Point))"
            " WITH (fillfactor = 50)"
        )
        xy = to_metres(lonlat)
        with self._link.cursor().copy("COPY unit (id, may_go, place) FROM STDIN") as copy:
            for row, (x, y) in enumerate(xy.tolist()):
                copy.write_row((row, bool(may_go[row]), f"POINT({x!r} {y!r})"))
        self._link.execute("CREATE INDEX ON unit USING gist (place) WHERE may_go")
        self._link.execute("ANALYZE unit")

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """One statement for the whole batch."""
        xy = to_metres(lonlat)
        self._link.execute(
            "UPDATE unit SET place = ST_Point(new.x, new.y)"
            " FROM unnest(%s::int[], %s::float8[], %s::float8[]) AS new(id, x, y)"
            " WHERE unit.id = new.id",
            (rows.tolist(), xy[:, 0].tolist(), xy[:, 1].tolist()),
        )

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:  # noqa: ARG002
        """The index holds those who may go, and no others: the mask is known beforehand."""
        x, y = to_metres(np.array([to.lon, to.lat])).tolist()
        found = self._link.execute(
            "SELECT id FROM unit WHERE may_go ORDER BY place <-> ST_Point(%s, %s) LIMIT %s",
            (x, y, k),
        )
        return np.array([row[0] for row in found.fetchall()], dtype=np.int64)

    def pids(self) -> list[int]:
        """The server and its processes."""
        return [self._master, *(p.pid for p in psutil.Process(self._master).children())]

    def close(self) -> None:
        """End the server and take its files away."""
        self._stack.close()


def connect(url: str) -> psycopg.Connection[Any]:
    """Connect to a server that listens, but may still be starting."""
    deadline_s = time.monotonic() + START_S
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """A PostgreSQL of our own on loopback, in a temporary folder; where it is, and its pid.

    Raises NotHere where it is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise NotHere("PostgreSQL is not installed; on Debian: apt-get install postgresql-postgis")
    binaries = found[-1] if found else Path(str(on_path)).parent
    # It refuses to run as root; Debian's package makes a user for it.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if owner else []
    with tempfile.TemporaryDirectory(prefix="street110-postgis-") as name:
        folder = Path(name)
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        made = subprocess.run(
            [*become, binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync"],
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
        )
        if made.returncode:
            raise NotHere(f"PostgreSQL does not start here: {made.stderr.strip()[-200:]}")
        port = free_port()
        options = {**POSTGRES_OPTIONS, "listen_addresses": "127.0.0.1", "port": str(port)}
        options["unix_socket_directories"] = str(folder)
        said = [f"--{key}={value}" for key, value in options.items()]
        server = [*become, str(binaries / "postgres"), "-D", str(data), *said]
        with child(server, log=folder / "log") as process:
            wait_for_port(port, process)
            yield f"host=127.0.0.1 port={port} user={USER} dbname=postgres", process.pid
