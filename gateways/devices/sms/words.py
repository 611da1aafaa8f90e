"""What is written to a responder's telephone, and what its answers mean."""

import hashlib
import hmac
import math
import re
import unicodedata

from dispatch.model import Order
from gateways.devices.heard import Reply
from gateways.devices.sms.text import MAX_PARTS, PART_UCS2
from geo.air import air_m
from geo.types import Point

CODE_DIGITS = 5
LONGEST = MAX_PARTS * PART_UCS2 // 2
"""Characters that six parts hold, whatever the alphabet."""
LONGEST_PLACE, LONGEST_TEXT = 60, 120
STREETS_TOLD = 2
HERE_M = 50.0
ACCEPT = frozenset({"1", "接受", "收到", "接收", "同意", "ok", "yes", "y", "accept", "roger"})
REFUSE = frozenset({"2", "拒绝", "不能", "无法", "no", "n", "refuse", "reject"})
HELP = frozenset({"110", "sos", "help", "求救", "求助", "救命", "紧急"})
ANSWER = re.compile(r"([^\W\d_]+|[12](?!\d))(?:[\s,.:;、。#/+-]*(\d{4,8}))?[\s.!。]*")
SIDES = (
    ("北", "N"), ("东北", "NE"), ("东", "E"), ("东南", "SE"),
    ("南", "S"), ("西南", "SW"), ("西", "W"), ("西北", "NW"),
)  # fmt: skip
ROLES = {
    "respond": ("出警", "respond"),
    "hold": ("原地守护", "hold your post"),
    "observe": ("观察", "observe"),
    "stop": ("拦截", "stop vehicles"),
    "ring": ("围堵布控", "take your ring place"),
}
SAYINGS = {
    "accepted": ("已记录：接受 {incident}。", "Recorded: {incident} accepted."),
    "refused": ("已记录：拒绝 {incident}。", "Recorded: {incident} refused."),
    "wrong_code": ("验证码不对或已使用，未记录。", "Wrong or used code; nothing was recorded."),
    "no_code": (
        "请在答复后加上短信中的验证码，如：1 12345。",
        "Add the code of the order to your answer, as in: 1 12345.",
    ),
    "alarm": ("已接警 {incident}。", "On record: {incident}."),
    "noted": ("已转给指挥员：{incident}。", "Passed on: {incident}."),
    "not_read": (
        "未能理解。紧急请回复 SOS 或拨打110。",
        "Not understood. In an emergency send SOS or call 110.",
    ),
    "recalled": ("【110】指令撤回，{incident} 不再前往。", "110: RECALLED, {incident}: do not go."),
}


def code_of(key: bytes, order: str, identity: str) -> str:
    """The answer code of an order on one telephone: the same after a restart, not to be guessed."""
    digest = hmac.digest(key, f"{order}\n{identity}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def read_answer(text: str) -> tuple[Reply, str | None] | None:
    """An acceptance or a refusal and the code beside it; None for any other text."""
    found = ANSWER.fullmatch(plain(text))
    if found is None:
        return None
    word = found[1].casefold()
    if word in ACCEPT:
        return Reply.ACCEPTED, found[2]
    return (Reply.REFUSED, found[2]) if word in REFUSE else None


def asks_help(text: str) -> bool:
    """Whether a text is nothing but a call for help."""
    return plain(text).strip(" .!。").casefold() in HELP


def plain(text: str) -> str:
    """Full-width figures and letters as narrow ones, blanks at the ends gone."""
    return unicodedata.normalize("NFKC", text).strip()


def say(what: str, *, zh: bool, incident: str = "") -> str:
    """One sentence back."""
    return SAYINGS[what][0 if zh else 1].format(incident=incident)


def order_text(order: Order, name: str, code: str, *, zh: bool) -> str:
    """An order for somebody without a map: what, where, from which side, how to answer."""
    role = ROLES.get(order.role.value, (order.role.value, order.role.value))[0 if zh else 1]
    where, streets = order.place_name[:LONGEST_PLACE], _streets(order, zh=zh)
    way = _way(order, zh=zh)
    words = (order.text or "")[:LONGEST_TEXT]
    if zh:
        drill = "【演练】" if order.exercise else ""
        parts = [
            f"【110】{drill}{order.incident} {name} P{order.priority} {role}",
            f"地点：{where}",
        ]
        parts += [way, streets, words, "静默出警" if order.silent else ""]
        told = "。".join(one for one in parts if one)
        return _fit(told, f"。回复“1 {code}”接受，“2 {code}”拒绝")
    drill = "EXERCISE " if order.exercise else ""
    parts = [f"110: {drill}{order.incident} {name} P{order.priority} {role}", f"At {where}"]
    parts += [way, streets, words, "No siren" if order.silent else ""]
    told = ". ".join(one for one in parts if one)
    return _fit(told, f". Reply '1 {code}' to accept, '2 {code}' to refuse")


def _fit(told: str, how: str) -> str:
    """The way to answer is never cut off."""
    return told[: LONGEST - len(how)] + how


def _streets(order: Order, *, zh: bool) -> str:
    named = list(dict.fromkeys(one.name for one in order.streets if one.name))[-STREETS_TOLD:]
    if not named:
        return ""
    return f"经{'、'.join(named)}" if zh else f"By {', '.join(named)}"


def _way(order: Order, *, zh: bool) -> str:
    """Side and distance of the place from where the responder was, as the crow flies."""
    if not order.line:
        return ""
    start = Point(*order.line[0])
    far_m = air_m(start, order.place)
    if far_m < HERE_M:
        return ""
    side = SIDES[round(bearing_deg(start, order.place) / 45) % 8][0 if zh else 1]
    far = f"{far_m / 1000:.1f}" if far_m >= 1000 else f"{round(far_m, -1):.0f}"
    unit = ("公里" if zh else "km") if far_m >= 1000 else ("米" if zh else "m")
    return f"在您{side}{far}{unit}" if zh else f"{far} {unit} {side} of you"


def bearing_deg(one: Point, other: Point) -> float:
    """The direction from one place to another near it, degrees from north."""
    east = (other.lon - one.lon) * math.cos(math.radians((one.lat + other.lat) / 2))
    return math.degrees(math.atan2(east, other.lat - one.lat)) % 360
