"""Why this responder and not the others, told from the journal alone, in Chinese and English."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from dispatch import events as e
from dispatch.district import District
from dispatch.model import Alarm, Candidate, Incident, Order, Recommendation
from dispatch.ports import Record
from dispatch.words import IncidentId, OrderId, ResponderId

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

REASONS: dict[str, tuple[str, str]] = {
    "nearest": ("到达最快", "arrives soonest"),
    "farther": ("到达较慢", "arrives later"),
    "beyond_limit": ("超出预案时限", "beyond the plan's time limit"),
    "no_way": ("无路可达", "no way there by road"),
    "stale": ("定位过期", "its last position is too old"),
    "no_fix": ("从未定位", "never sent a position"),
    "unresponsive": ("上次指令未应答", "did not answer its last order"),
    "on_order": ("正在执行其他指令", "is on another order"),
    "busy": ("忙碌", "is busy"),
    "off_duty": ("未当班", "is off duty"),
    "out_of_service": ("停用", "is out of service"),
    "lacks_capability": ("不具备所需能力", "lacks the capability"),
    "already_sent": ("已派往本警情", "was already sent to this incident"),
    "refused": ("拒绝指令", "refused the order"),
    "source_of_alarm": ("报警来源本身", "is the source of the alarm"),
    "diverted": ("由较低等级警情改派", "diverted from a less urgent incident"),
    "covers_beat": ("其责任区将无人照应", "its beat would be left bare"),
    "gain_too_small": ("改派节省时间不足", "diverting it would gain too little"),
    "by_operator": ("由调度员指定", "picked by an operator"),
    "at_silent_site": ("静默警情现场, 不得发声", "at a silent site, where nothing may sound"),
}
"""Each reason a candidate can carry, in Chinese and English."""

STATUSES: dict[str, tuple[str, str]] = {
    "issued": ("已下达", "issued"),
    "delivered": ("已送达", "delivered"),
    "accepted": ("已接受", "accepted"),
    "refused": ("已拒绝", "refused"),
    "en_route": ("在途", "en route"),
    "on_scene": ("到场", "on scene"),
    "completed": ("已完成", "completed"),
    "cancelled": ("已取消", "cancelled"),
    "expired": ("已过期", "expired"),
    "pending": ("待派", "pending"),
    "dispatched": ("已派警", "dispatched"),
    "contained": ("已控制", "contained"),
    "closed": ("已结束", "closed"),
}
ROLES: dict[str, tuple[str, str]] = {
    "respond": ("处警", "respond"),
    "hold": ("先期控制", "hold the place"),
    "observe": ("观察", "observe"),
    "stop": ("拦截", "stop the person or vehicle"),
    "ring": ("围堵", "take a place in the ring"),
}


class UnknownOrderError(LookupError):
    """The journal holds no such order."""


class Step(msgspec.Struct, frozen=True):
    """One moment of an order's life: UTC epoch ms, and what happened in Chinese and English."""

    at_ms: int
    zh: str
    en: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the journal says of one order. Without a recommendation a person chose."""

    seq: int
    who: str
    order: Order
    recommendation: Recommendation | None
    steps: tuple[Step, ...]
    district: District | None

    @property
    def chosen(self) -> Candidate | None:
        """The line of the responder that got the order."""
        rows = self.recommendation.candidates if self.recommendation is not None else ()
        return next((row for row in rows if row.responder == self.order.responder), None)

    @property
    def runner_up(self) -> Candidate | None:
        """The best of those that were not chosen."""
        rows = self.recommendation.candidates if self.recommendation is not None else ()
        return next((row for row in rows if not row.chosen), None)


class Explainer:
    """Reads records in order and keeps what belongs to one order."""

    def __init__(self, order: OrderId) -> None:
        self.order_id = order
        self.incident = IncidentId(order.rpartition("-")[0])
        self.order: Order | None = None
        self.seq = 0
        self.who = ""
        self.recommendation: Recommendation | None = None
        self.district: District | None = None
        self.steps: list[Step] = []

    def concerns(self, payload: bytes) -> bool:
        """Whether a record might matter, by its bytes alone; spares decoding all the others."""
        return self.incident.encode() in payload or b"district_loaded" in payload

    def take(self, seq: int, record: Record) -> None:
        """Take one record."""
        latest: Recommendation | None = None
        for event in record.events:
            match event:
                case e.DistrictLoaded() if self.order is None:
                    self.district = event.district
                case e.Recommended() if event.incident == self.incident:
                    latest = event.recommendation
                case e.OrderIssued() if event.order.id == self.order_id:
                    self.order, self.seq, self.who = event.order, seq, record.who
                    # By an operator's hand there was no ranking, whatever else the record holds.
                    if latest is not None and latest.need == event.order.need:
                        self.recommendation = latest
            step = _step(event, self.order_id, self.incident)
            if step is not None:
                self.steps.append(step)

    def result(self) -> Explanation:
        """What was found. Raises UnknownOrderError when the order never was."""
        if self.order is None:
            raise UnknownOrderError(self.order_id)
        return Explanation(
            seq=self.seq,
            who=self.who,
            order=self.order,
            recommendation=self.recommendation,
            steps=tuple(self.steps),
            district=self.district,
        )


def explain(records: Iterable[tuple[int, Record]], order: OrderId) -> Explanation:
    """Everything that records in order say of one order. Raises UnknownOrderError."""
    explainer = Explainer(order)
    for seq, record in records:
        explainer.take(seq, record)
    return explainer.result()


def _step(event: e.AnyEvent, order: OrderId, incident: IncidentId) -> Step | None:  # noqa: PLR0911  # one match
    """The line that an event adds to the life of an order, if it does."""
    at_ms = event.at_ms
    match event:
        case e.IncidentOpened() if event.incident.id == incident:
            return _opened(at_ms, event.incident, event.alarm)
        case e.AlarmJoined() if event.incident == incident:
            key, apart = event.alarm.key, f"{event.apart_m:.0f} m, {event.apart_s:.0f} s"
            return Step(at_ms, f"报警 {key} 并入 ({apart})", f"alarm {key} joined ({apart} apart)")
        case e.OrderIssued() if event.order.id == order:
            zh, en = ROLES[event.order.role]
            unit = event.order.responder
            return Step(at_ms, f"指令下达 {unit}: {zh}", f"order issued to {unit}: {en}")
        case e.OrderIssued() if event.order.incident == incident:
            other, unit = event.order.id, event.order.responder
            return Step(at_ms, f"另派 {unit} ({other})", f"{unit} ordered too ({other})")
        case e.OrderAdvanced() if event.order == order:
            return _said(at_ms, ("指令", "order"), event.status, event.by, event.reason)
        case e.OrderOverdue() if event.order == order:
            attempt = event.attempt
            return Step(
                at_ms,
                f"超时未应答, 第 {attempt} 次下达",
                f"no answer in time; sent for the {_nth(attempt)} time",
            )
        case e.RecallConfirmed() if event.order == order:
            by = event.by
            return Step(at_ms, f"撤回已确认 ({by})", f"recall confirmed (by {by})")
        case e.IncidentAdvanced() if event.incident == incident:
            return _said(at_ms, ("警情", "incident"), event.status, event.by, event.disposition)
        case e.IncidentEscalated() if event.incident == incident:
            level, why = event.level, event.reason
            return Step(at_ms, f"升级告警 {level} 级: {why}", f"escalated to level {level}: {why}")
        case _:
            return None


def _opened(at_ms: int, incident: Incident, alarm: Alarm) -> Step:
    place, kind = incident.place_name, incident.type
    return Step(
        at_ms,
        f"{alarm.source} 报警 ({kind}), 警情 {incident.id} 立案: {place}",
        f"alarm of {alarm.source} ({kind}) opens incident {incident.id}: {place}",
    )


def _said(at_ms: int, what: tuple[str, str], status: str, by: str, reason: str | None) -> Step:
    status_zh, status_en = STATUSES[status]
    how = f"({by}): {reason}" if reason else f"({by})"
    return Step(at_ms, f"{what[0]}{status_zh} {how}", f"{what[1]} {status_en} {how}")


def _nth(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def say(pair: tuple[str, str], lang: Language) -> str:
    """One of a pair of words, Chinese first."""
    return pair[0] if lang == "zh" else pair[1]


def say_reason(reason: str, lang: Language) -> str:
    """A candidate's reason in words; one that this version does not know stays as it is."""
    return say(REASONS.get(reason, (reason, reason)), lang)


def clock_of(district: District | None) -> Callable[[int], str]:
    """Local time of the district, or UTC where its zone is not known, from epoch ms."""
    zone: tzinfo = UTC
    if district is not None:
        try:
            zone = ZoneInfo(district.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            zone = UTC
    return lambda at_ms: format_time(at_ms, zone)


def format_time(at_ms: int, zone: tzinfo) -> str:
    """`2026-05-01 08:00:05.250 CST`."""
    moment = datetime.fromtimestamp(at_ms / 1000, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03} {moment:%Z}"


def name_of(district: District | None, responder: ResponderId) -> str:
    """The responder's name in the book, or nothing when the book does not hold it."""
    if district is None:
        return ""
    names = {one.id: one.name for one in district.units}
    names |= {one.id: one.name for one in district.posts}
    names |= {one.id: one.name for one in district.gates}
    return names.get(responder, "")


def tell_choice(explanation: Explanation, lang: Language) -> list[str]:
    """Sentences: why this responder got the order, and what would have changed it."""
    order, chosen, second = explanation.order, explanation.chosen, explanation.runner_up
    if chosen is None or explanation.recommendation is None:
        by = order.by
        zh = f"{order.responder} 由 {by} 指定, 未经排序。"
        return [say((zh, f"{order.responder} was picked by {by}; nothing was ranked."), lang)]
    why = say_reason(chosen.reason, lang)
    eta = _seconds(chosen.eta_s)
    zh = f"派 {order.responder}: {why}, 预计 {eta}, 排名第 {chosen.rank}。"
    en = f"{order.responder} was sent: {why}, ETA {eta}, ranked {chosen.rank}."
    told = [say((zh, en), lang)]
    if second is not None:
        told.append(_tell_second(chosen, second, lang))
    need = explanation.recommendation
    if need.found < need.wanted:
        zh = f"需要 {need.wanted} 个, 只找到 {need.found} 个。"
        told.append(say((zh, f"{need.wanted} were wanted, {need.found} were found."), lang))
    return told


def _tell_second(chosen: Candidate, second: Candidate, lang: Language) -> str:
    why = say_reason(second.reason, lang)
    zh = f"次选 {second.responder}: {why}"
    en = f"Next would have been {second.responder}: {why}"
    if chosen.eta_s is not None and second.eta_s is not None:
        gap = second.eta_s - chosen.eta_s
        if gap >= 0:
            return say((f"{zh}, 慢 {gap:.0f} 秒。", f"{en}, {gap:.0f} s later."), lang)
        return say((f"{zh}, 虽然快 {-gap:.0f} 秒。", f"{en}, though {-gap:.0f} s sooner."), lang)
    return say((f"{zh}。", f"{en}."), lang)


def _seconds(eta_s: float | None) -> str:
    return "?" if eta_s is None else f"{eta_s:.0f} s"
