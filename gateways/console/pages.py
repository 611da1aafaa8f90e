"""The files of the page and the map, held in memory: nothing is read from disk by a request."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely
from aiohttp import web
from aiohttp.typedefs import Handler

PAGES = Path(__file__).resolve().parent.parent / "pages"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
    ".md": "text/plain",
}
SHORT = {"report.html": "report/report.html"}
"""Pages that may be asked for at the root."""
WORTH_PACKING = 1_024


class Held:
    """One body with its packed twin and its tag; answers 304 to who has it already."""

    def __init__(self, body: bytes, content_type: str, max_age_s: int = 0) -> None:
        self.body = body
        self.content_type = content_type
        self.packed = gzip.compress(body, 6, mtime=0) if len(body) >= WORTH_PACKING else None
        self.tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        self.cache = f"max-age={max_age_s}" if max_age_s else "no-cache"

    def answer(self, request: web.Request) -> web.Response:
        """The body, packed for who takes it so."""
        headers = {"ETag": self.tag, "Cache-Control": self.cache, "Vary": "Accept-Encoding"}
        if request.headers.get("If-None-Match") == self.tag:
            return web.Response(status=304, headers=headers)
        body = self.body
        if self.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = self.packed
        return web.Response(
            body=body, content_type=self.content_type, charset="utf-8", headers=headers
        )


def load_pages() -> dict[str, Held]:
    """Every file under the pages folder by its path; what is not there cannot be asked for."""
    return {
        path.relative_to(PAGES).as_posix(): Held(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(PAGES.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }


def serve_pages(pages: dict[str, Held]) -> Handler:
    """A handler for `/`, the short names, and `/pages/...`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", "index.html")
        held = pages.get(SHORT.get(name, name))
        if held is None:
            raise web.HTTPNotFound(text="no such file\n")
        return held.answer(request)

    return answer


def hold_json(value: Any, max_age_s: int = 0) -> Held:
    """A JSON body to be served many times."""
    return Held(msgspec.json.encode(value), "application/json", max_age_s)


def join_streets(streets: dict[str, Any]) -> dict[str, Any]:
    """Pieces of one street joined into long lines, so that its name finds room along it."""
    parts: dict[tuple[str, str], list[Any]] = {}
    for feature in streets["features"]:
        about = feature["properties"]
        parts.setdefault((about["class"], about["name"]), []).append(
            shapely.LineString(feature["geometry"]["coordinates"])
        )
    features = []
    for (kind, name), lines in parts.items():
        joined = shapely.line_merge(shapely.MultiLineString(lines))
        for line in shapely.get_parts(joined):
            points = np.round(shapely.get_coordinates(line), 5).tolist()
            features.append(
                {
                    "type": "Feature",
                    "properties": {"class": kind, "name": name},
                    "geometry": {"type": "LineString", "coordinates": points},
                }
            )
    return {"type": "FeatureCollection", "features": features}
