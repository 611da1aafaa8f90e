"""From bytes on a topic to a command, fixes, or an error that names field and value. Sans-IO."""

from typing import TypeAlias

import msgspec

from dispatch.commands import (
    AnswerOrder,
    AnyCommand,
    CheckPlate,
    RaiseAlarm,
    ReportSighting,
    ReportStatus,
)
from dispatch.words import IncidentId, OrderId, ResponderId, ResponderKind, SourceKind
from gateways.mqtt.faults import BadBody, check_place, check_texts, read_body, shorten
from gateways.mqtt.roster import Roster
from gateways.mqtt.wire import (
    DECISIONS,
    MAX_BODY_BYTES,
    MAX_FIXES,
    SENDERS,
    AckUp,
    AlarmUp,
    AnyUp,
    CheckUp,
    FixUp,
    SightingUp,
    StatusUp,
)
from geo.types import Point

NAN = float("nan")
FixRow: TypeAlias = tuple[int, int, float, float, float, float, float]
"""Row of the unit, epoch ms, lon, lat, m/s, degrees, metres; nan where not told."""
Sender: TypeAlias = tuple[ResponderKind, ResponderId]


class DecodeError(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong: where, what stood there (64 characters at most), why in words and in a word.

    `sender` is whom to tell: known in the district, or None. `id` is the message's own.
    """

    field: str
    value: str
    error: str
    reason: str
    sender: Sender | None = None
    id: str | None = None


class Fixes(msgspec.Struct, frozen=True, kw_only=True):
    """Readable fixes, and what was wrong with the others of the same message."""

    fixes: tuple[FixRow, ...]
    errors: tuple[DecodeError, ...] = ()


Decoded: TypeAlias = AnyCommand | Fixes | DecodeError


class _Mail(msgspec.Struct, frozen=True):
    """One message whose topic is understood, and what it is checked against."""

    kind: str
    name: str
    word: str
    payload: bytes
    packed: bool
    roster: Roster
    now_ms: int


_ONE_OR_MORE = msgspec.json.Decoder(FixUp | list[FixUp])
_ONE_OR_MORE_PACKED = msgspec.msgpack.Decoder(FixUp | list[FixUp])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_PACKED = msgspec.msgpack.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(FixUp)
_ONE_PACKED = msgspec.msgpack.Decoder(FixUp)
_BODY = {word: msgspec.json.Decoder(body) for word, body in DECISIONS.items()}
_BODY_PACKED = {word: msgspec.msgpack.Decoder(body) for word, body in DECISIONS.items()}
_PACKED = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})
_JSON = frozenset({"", "application/json", "text/json", "text/plain"})


def decode(
    topic: str, payload: bytes, content_type: str | None, roster: Roster, now_ms: int
) -> Decoded:
    """Read one message. `now_ms` (UTC epoch) bounds its time; never raises."""
    sender: Sender | None = None
    try:
        kind, name, word = _split(topic, roster)
        sender = _find_sender(kind, name, roster)
        _check_size(payload)
        packed = _is_packed(content_type)
        mail = _Mail(kind, name, word, payload, packed, roster, now_ms)
        return _decode_fixes(mail) if word in {"fix", "fixes"} else _decode_decision(mail)
    except BadBody as bad:
        return DecodeError(
            field=bad.field,
            value=shorten(bad.value),
            error=bad.error,
            reason=bad.reason,
            sender=sender or bad.sender,
            id=bad.id,
        )


def _split(topic: str, roster: Roster) -> tuple[str, str, str]:
    """Kind, id and last level of a topic below the root; the shared one is ("", "", "fixes")."""
    if not topic.startswith(roster.root):
        raise BadBody("topic", topic, f"expected a topic below {roster.root}", "topic")
    levels = topic[len(roster.root) :].split("/")
    match levels:
        case ["fixes"]:
            return "", "", "fixes"
        case ["unit", name, "fix"]:
            return "unit", name, "fix"
        case ["group", name, "alarm"]:
            return "group", name, "alarm"
        case ["unit" | "post" | "gate" as kind, name, word] if (
            word in SENDERS and ResponderKind(kind) in SENDERS[word]
        ):
            return kind, name, word
    raise BadBody("topic", topic, "nothing of this contract is sent to this topic", "topic")


def _find_sender(kind: str, name: str, roster: Roster) -> Sender | None:
    if kind == "":
        return None
    if kind == "group":
        if name not in roster.groups:
            raise BadBody("group", name, "no such group", "unknown")
        return None
    sender = ResponderKind(kind)
    if name not in roster.known[sender]:
        raise BadBody(kind, name, f"no such {kind}", "unknown")
    return sender, ResponderId(name)


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_BODY_BYTES:
        raise BadBody("body", f"{len(payload)} bytes", f"{MAX_BODY_BYTES} bytes at most", "size")


def _is_packed(content_type: str | None) -> bool:
    bare = (content_type or "").split(";")[0].strip().lower()
    if bare in _PACKED:
        return True
    if bare in _JSON:
        return False
    error = "expected application/json or application/msgpack"
    raise BadBody("content_type", bare, error, "content_type")


def _decode_fixes(mail: _Mail) -> Fixes:
    many = _ONE_OR_MORE_PACKED if mail.packed else _ONE_OR_MORE
    try:
        found = read_body(many, mail.payload, packed=mail.packed)
    except BadBody:
        return _decode_each(mail)
    several = isinstance(found, list)
    items: list[FixUp] = found if several else [found]
    _check_count(len(items))
    fixes: list[FixRow] = []
    errors: list[DecodeError] = []
    for at, item in enumerate(items):
        try:
            fixes.append(_row_of(mail, item))
        except BadBody as bad:
            errors.append(_item_error(mail, item.unit, bad, f"[{at}]." if several else ""))
    return Fixes(fixes=tuple(fixes), errors=tuple(errors))


def _decode_each(mail: _Mail) -> Fixes:
    """A list with a wrong item: take the others, say what is wrong with that one."""
    one, several = (_ONE_PACKED, _RAW_PACKED) if mail.packed else (_ONE, _RAW)
    raw_items = read_body(several, mail.payload, packed=mail.packed, instead=one)
    _check_count(len(raw_items))
    fixes: list[FixRow] = []
    errors: list[DecodeError] = []
    for at, raw in enumerate(raw_items):
        unit: str | None = None
        try:
            item = read_body(one, bytes(raw), packed=mail.packed)
            unit = item.unit
            fixes.append(_row_of(mail, item))
        except BadBody as bad:
            errors.append(_item_error(mail, unit or bad.unit, bad, f"[{at}]."))
    return Fixes(fixes=tuple(fixes), errors=tuple(errors))


def _item_error(mail: _Mail, unit: str | None, bad: BadBody, where: str) -> DecodeError:
    told = mail.name if mail.kind == "unit" else unit
    known = told is not None and told in mail.roster.rows
    return DecodeError(
        field=where + bad.field,
        value=shorten(bad.value),
        error=bad.error,
        reason=bad.reason,
        sender=(ResponderKind.UNIT, ResponderId(told)) if known and told else None,
    )


def _check_count(count: int) -> None:
    if count > MAX_FIXES:
        raise BadBody("body", f"{count} fixes", f"{MAX_FIXES} fixes at most", "count")


def _row_of(mail: _Mail, item: FixUp) -> FixRow:
    """A fix as numbers. Its place and its future are judged by the tracker, in bulk."""
    unit = mail.name if mail.kind == "unit" else item.unit
    if unit is None:
        raise BadBody("unit", "", "each fix on this topic names its unit", "shape")
    if item.unit is not None and item.unit != unit:
        raise BadBody("unit", item.unit, f"this topic belongs to {unit}", "foreign")
    row = mail.roster.rows.get(unit)
    if row is None:
        raise BadBody("unit", unit, "no such unit", "unknown")
    if item.t < mail.now_ms - mail.roster.past_ms:
        _check_time(item.t, mail.roster, mail.now_ms)
    return (
        row,
        item.t,
        item.lon,
        item.lat,
        NAN if item.speed is None else item.speed,
        NAN if item.heading is None else item.heading,
        NAN if item.accuracy is None else item.accuracy,
    )


def _check_time(sent_ms: int, roster: Roster, now_ms: int) -> None:
    if sent_ms < now_ms - roster.past_ms:
        raise BadBody("t", sent_ms, f"more than {roster.past_ms // 1000} s ago", "time")
    if sent_ms > now_ms + roster.ahead_ms:
        raise BadBody("t", sent_ms, f"more than {roster.ahead_ms // 1000} s ahead", "time")


def _decode_decision(mail: _Mail) -> AnyCommand:
    decoder = (_BODY_PACKED if mail.packed else _BODY)[mail.word]
    body: AnyUp = read_body(decoder, mail.payload, packed=mail.packed)
    try:
        sender = _settle_sender(mail.kind, mail.name, body, mail.roster)
        _check_time(body.t, mail.roster, mail.now_ms)
        check_texts(body)
        return _command_of(sender, body, mail.roster)
    except BadBody as bad:
        bad.id = body.id
        if mail.kind == "group" and body.post in mail.roster.groups[mail.name]:
            assert body.post is not None, "a member has a name"
            bad.sender = (ResponderKind.POST, ResponderId(body.post))
        raise


def _settle_sender(kind: str, name: str, body: AnyUp, roster: Roster) -> Sender:
    """The sender by the topic; a body that names another device is refused."""
    if kind == "group":
        if body.post is None:
            raise BadBody("post", "", "an alarm to a group names its post", "shape")
        if body.post not in roster.groups[name]:
            raise BadBody("post", body.post, f"no post of group {name}", "foreign")
        kind, name = "post", body.post
    for field in ("unit", "post", "gate"):
        said = getattr(body, field)
        if said is not None and (field, said) != (kind, name):
            raise BadBody(field, said, f"this topic belongs to {kind} {name}", "foreign")
    return ResponderKind(kind), ResponderId(name)


def _command_of(sender: Sender, body: AnyUp, roster: Roster) -> AnyCommand:
    kind, name = sender
    match body:
        case AlarmUp():
            return _alarm_of(sender, body, roster)
        case AckUp():
            return AnswerOrder(
                id=body.id,
                kind=kind,
                responder=name,
                order=OrderId(body.order),
                answer=body.answer,
                sent_ms=body.t,
                reason=body.reason,
            )
        case StatusUp():
            return ReportStatus(
                id=body.id,
                kind=kind,
                responder=name,
                status=body.status,
                sent_ms=body.t,
                order=None if body.order is None else OrderId(body.order),
            )
        case SightingUp():
            return _sighting_of(sender, body, roster)
        case CheckUp():
            return CheckPlate(id=body.id, responder=name, sent_ms=body.t, plate=body.plate)


def _alarm_of(sender: Sender, body: AlarmUp, roster: Roster) -> RaiseAlarm:
    if (body.lon is None) != (body.lat is None):
        missing = "lon" if body.lon is None else "lat"
        raise BadBody(missing, "", "lon and lat come together or not at all", "shape")
    place: Point | None = None
    if body.lon is not None and body.lat is not None:
        check_place(body.lon, body.lat, roster.bounds)
        place = Point(body.lon, body.lat)
    return RaiseAlarm(
        id=body.id,
        source_kind=SourceKind(sender[0]),
        source=sender[1],
        type=body.type,
        sent_ms=body.t,
        text=body.text,
        place=place,
        silent=body.silent,
        suspect=body.suspect,
    )


def _sighting_of(sender: Sender, body: SightingUp, roster: Roster) -> ReportSighting:
    check_place(body.lon, body.lat, roster.bounds)
    return ReportSighting(
        id=body.id,
        kind=sender[0],
        responder=sender[1],
        sent_ms=body.t,
        place=Point(body.lon, body.lat),
        on=body.on,
        incident=None if body.incident is None else IncidentId(body.incident),
        heading_deg=body.heading,
        speed_mps=body.speed,
        text=body.text,
    )
