"""The run-sheet: the live state as one printable page, for the desk and for each post, signed.

It is written every minute beside the journal, so that there is something to work from when the
engine is not there. The page has no script and asks for nothing from outside. A signature behind
its end shows that the engine wrote it and that nobody changed it since.
"""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dispatch.board import Board
from dispatch.district import Post
from dispatch.model import Incident, Order, Responder
from dispatch.words import ORDER_ENDED, ResponderId, ResponderKind
from gateways.runsheet_words import label, page, table
from geo.air import air_m
from geo.types import Position

NEARBY_M = 1_500.0
NEIGHBOURS = 12
HAND_LINES = 12
DESK_FILE = "desk.html"
_TAIL = re.compile(rb"<!-- street110 ed25519 ([0-9a-f]{128}) -->\n\Z")


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet is drawn from beside the board: when, and where units are."""

    now_ms: int
    positions: Mapping[ResponderId, Position] = {}


class KeyKindError(ValueError):
    """A key file that holds a key of another kind."""


class Signer:
    """The engine's own key, made at its first use and kept where only its owner reads it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def open(cls, path: Path) -> "Signer":
        """The key of a file; the file is made when there is none.

        Raises:
            ValueError: the file holds no Ed25519 key.
        """
        if not path.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyKindError(f"{path}: not an Ed25519 key")
        return cls(key)

    def public_key(self) -> bytes:
        """32 bytes to give to whoever has to check a sheet."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, text: str) -> bytes:
        """The page with its signature behind it."""
        body = text.encode()
        mark = self._key.sign(body).hex()
        return body + f"<!-- street110 ed25519 {mark} -->\n".encode()


def verify(sheet: bytes, public_key: bytes) -> bool:
    """Whether a sheet is as the holder of the key wrote it, byte for byte."""
    found = _TAIL.search(sheet)
    if found is None:
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(bytes.fromhex(found[1].decode()), sheet[: found.start()])
    except (InvalidSignature, ValueError):
        return False
    return True


def render_all(board: Board, scene: Scene, signer: Signer) -> dict[str, bytes]:
    """All sheets by file name: the desk's, and one for each post. Reads the board, writes nothing.

    Names of posts are ids, so they are safe as file names.
    """
    sheets = {DESK_FILE: signer.sign(render_desk(board, scene))}
    for post in board.posts.values():
        sheets[f"post-{post.id}.html"] = signer.sign(render_post(board, scene, post))
    return sheets


def write_all(folder: Path, sheets: Mapping[str, bytes], public_key: bytes) -> None:
    """Replace each file as a whole, and remove sheets of posts that are gone.

    May run beside the engine in another thread: it touches nothing but files. Only the desk's
    sheet is forced to the disk: a hundred such waits a minute would slow the journal's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in sheets.items():
        replace_file(folder / name, raw, durable=name == DESK_FILE)
    key_file, key_line = folder / "public-key.txt", public_key.hex().encode() + b"\n"
    if not key_file.exists() or key_file.read_bytes() != key_line:
        replace_file(key_file, key_line, durable=True)
    for old in folder.glob("post-*.html"):
        if old.name not in sheets:
            old.unlink(missing_ok=True)


def replace_file(path: Path, raw: bytes, *, durable: bool) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of either."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(raw)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)


def render_desk(board: Board, scene: Scene) -> str:
    """The whole live state: open incidents with their orders, and all forces."""
    opened = board.list_open()
    parts = [*_head(board, scene, label("desk")), f"<h2>{label('open')} ({len(opened)})</h2>"]
    parts += [_incident(board, one, private=True) for one in opened] or [_none()]
    counts: dict[str, int] = {}
    for row in board.responders.values():
        key = f"{label(row.kind)} {label(row.status)}"
        counts[key] = counts.get(key, 0) + 1
    parts.append(f"<h2>{label('forces')}</h2>")
    parts.append("<p>" + "; ".join(f"{k}: {counts[k]}" for k in sorted(counts)) + "</p>")
    parts.append(
        table(
            ("responder", "kind", "status", "order", "position"),
            [_responder(board, scene, row) for row in board.responders.values()],
        )
    )
    parts.append(_hand_lines())
    return page("street110 run-sheet", parts)


def render_post(board: Board, scene: Scene, post: Post) -> str:
    """What one post needs: its orders, its neighbours and channel, and what happens around it.

    A silent incident appears only if the post itself was ordered there: a sheet lies open.
    """
    orders = [
        (board.incidents[order.serves], order)
        for order in board.orders.values()
        if order.responder == post.id and order.status not in ORDER_ENDED
    ]
    mine = {incident.id for incident, _ in orders}
    near = [
        one
        for one in board.list_open()
        if one.id not in mine and not one.silent and air_m(one.place, post.place) <= NEARBY_M
    ]
    title = f"{label('post')} {post.sign} {escape(post.name)} ({escape(post.id)})"
    parts = [*_head(board, scene, title), f"<h2>{label('for_you')}</h2>"]
    parts += [_incident(board, one, private=True) for one, _ in orders] or [_none()]
    parts.append(f"<h2>{label('nearby')}</h2>")
    parts += [_incident(board, one, private=False) for one in near] or [_none()]
    parts.append(f"<h2>{label('group')}</h2>")
    parts += [_group(board, post)]
    parts.append(_hand_lines())
    return page(f"street110 run-sheet {post.id}", parts)


def _head(board: Board, scene: Scene, title: str) -> list[str]:
    book = board.district
    name = "" if book is None else f"{escape(book.name_zh)} {escape(book.name_en)}"
    return [
        f"<h1>{label('run_sheet')}: {title}</h1>",
        f"<p>{name} — {label('as_of')} <b>{_clock(board, scene.now_ms, day=True)}</b></p>",
        f"<p>{label('every')}</p>",
    ]


def _none() -> str:
    return f"<p>{label('none')}</p>"


def _clock(board: Board, at_ms: int, *, day: bool = False) -> str:
    """Local time of the district; with its day and zone where it stands alone."""
    zone = ZoneInfo(board.district.timezone if board.district else "UTC")
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return local.strftime("%Y-%m-%d %H:%M:%S %z" if day else "%m-%d %H:%M:%S")


def _incident(board: Board, incident: Incident, *, private: bool) -> str:
    """One incident; `private` with what was said and who goes."""
    plan = board.get_plan(incident)
    exercise = incident.exercise
    first = board.alarms.get(incident.alarms[0]) if incident.alarms else None
    where = f"{incident.place_name} ({incident.place.lon:.5f}, {incident.place.lat:.5f})"
    marks = [label("silent")] if incident.silent else []
    rows = [
        (label("type"), escape(f"{plan.name_zh} {plan.name_en}")),
        (label("place"), escape(where)),
        (label("since"), _clock(board, incident.raised_ms)),
        (label("status"), " ".join((label(incident.status), *marks))),
    ]
    if private:
        if first is not None and first.text:
            rows.append((label("text"), escape(first.text)))
        rows += [
            (label("order"), _order(board, board.orders[order]))
            for order in incident.orders
            if board.orders[order].status not in ORDER_ENDED
        ]
        if incident.short:
            lacks = ", ".join(f"{need} x{count}" for need, count in sorted(incident.short.items()))
            rows.append((label("lacks"), escape(lacks)))
    head = f"<b>{escape(incident.id)}</b> {label('priority')} {incident.priority}"
    if exercise:
        head = f'<span class="exercise">{label("exercise")}</span> {head}'
    body = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    mark = ' class="p1"' if incident.priority <= 1 else ""
    return f'<table{mark}><tr><td colspan="2">{head}</td></tr>{body}</table><br>'


def _order(board: Board, order: Order) -> str:
    eta = ""
    if order.eta_s is not None:
        due = _clock(board, order.issued_ms + round(order.eta_s * 1000))
        eta = f"; {label('eta')} {due}"
    return (
        f"{escape(order.id)}: {_name(board, order.responder)} — {label(order.role)}, "
        f"{label(order.status)} {_clock(board, order.since_ms)}{eta}"
    )


def _name(board: Board, responder: ResponderId) -> str:
    for rows in (board.units, board.posts, board.gates):
        if responder in rows:
            return f"{escape(responder)} {escape(rows[responder].name)}"
    return escape(responder)


def _responder(board: Board, scene: Scene, row: Responder) -> tuple[str, ...]:
    at = scene.positions.get(row.id)
    where = ""
    if at is not None:
        where = f"{at.lon:.5f}, {at.lat:.5f} {_clock(board, at.at_ms)}"
    elif row.kind is ResponderKind.POST and row.id in board.posts:
        place = board.posts[row.id].place
        where = f"{place.lon:.5f}, {place.lat:.5f}"
    return (
        _name(board, row.id),
        label(row.kind),
        label(row.status),
        escape(row.order or ""),
        where,
    )


def _group(board: Board, post: Post) -> str:
    book = board.district
    groups = [] if book is None else [one for one in book.groups if one.id in post.groups]
    lines = [
        f"<p>{escape(one.id)} {escape(one.name)}, {label('channel')} {escape(one.channel)}</p>"
        for one in groups
    ]
    others = [
        (air_m(post.place, one.place), one)
        for one in board.posts.values()
        if one.id != post.id and set(one.groups) & set(post.groups)
    ]
    others.sort(key=lambda pair: (pair[0], pair[1].id))
    rows = [
        (str(one.sign), _name(board, one.id), f"{away_m:.0f} m", str(one.guards))
        for away_m, one in others[:NEIGHBOURS]
    ]
    heads = ("post", "neighbours", "place", "guards")
    return "".join(lines) + (table(heads, rows) if rows else "")


def _hand_lines() -> str:
    rows = [("", "", "")] * HAND_LINES
    return f"<h2>{label('by_hand')}</h2>" + table(("time", "who", "what"), rows, ' class="lines"')
