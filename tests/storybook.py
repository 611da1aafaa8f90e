"""Tells a story to the desk and writes down what it decides, line by line.

A story is plain text. A line with a time is something that happens; the indented lines below
it are what the desk decides, in its order, and nothing else. `(time passes)` is written where
the desk acts by itself. See tests/stories/README.md.
"""

from dispatch import commands as c
from dispatch import events as e
from dispatch.letters import Recall, Receipt, Reject
from dispatch.words import Answer, IncidentId, OrderId, ResponderId, ResponderKind, UnitStatus
from dispatch.work import Outcome
from tests.world import START_MS, Town, spot

DAY_MS = 8 * 3_600_000
KINDS = {"U": ResponderKind.UNIT, "P": ResponderKind.POST, "K": ResponderKind.GATE}
ANSWERS = {"gets": Answer.DELIVERED, "accepts": Answer.ACCEPTED, "refuses": Answer.REFUSED}


def clock(ms: int) -> str:
    """Story time of a moment: the town wakes at 08:00:00."""
    seconds = (ms - START_MS + DAY_MS) // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def moment(text: str) -> int:
    """The moment of a story time."""
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return START_MS - DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000


def say(event: e.AnyEvent) -> str | None:  # noqa: C901, PLR0911  # one match, all facts
    """One fact as a line of the story; None for what a dispatcher would not write down."""
    match event:
        case e.IncidentOpened():
            row = event.incident
            return f"incident {row.id} {row.type} at {row.place_name}, by {event.alarm.source}"
        case e.AlarmJoined():
            return f"alarm of {event.alarm.source} joins {event.incident}: {event.why}"
        case e.OrderIssued():
            order = event.order
            how = "on foot " if order.kind is ResponderKind.POST else ""
            eta = "no eta" if order.eta_s is None else f"eta {how}{order.eta_s:.0f} s"
            return f"order {order.id} to {order.responder} {order.role}, {eta}"
        case e.OrderAdvanced():
            why = f": {event.reason}" if event.reason else ""
            return f"{event.order} {event.status}{why}"
        case e.OrderOverdue():
            return f"{event.order} overdue, sent again, attempt {event.attempt}"
        case e.IncidentAdvanced():
            how = f": {event.disposition}" if event.disposition else ""
            return f"{event.incident} {event.status}{how}"
        case e.IncidentShort():
            lack = ", ".join(f"{n} {need}" for need, n in sorted(event.missing.items()))
            return f"{event.incident} lacks {lack or 'nothing'}"
        case e.IncidentEscalated():
            return f"{event.incident} escalated, level {event.level}"
        case e.NoticeSent():
            return f"notice to {event.notice.group}: {event.notice.text}"
        case e.PlateChecked():
            return f"plate {event.plate}: {event.reason or 'not wanted'}"
        case e.SightingReported():
            return f"sighting by {event.responder}, {event.on}"
        case _:
            return None


class Teller:
    """Runs one story in a fresh town."""

    def __init__(self) -> None:
        self.town = Town()
        self.lines: list[str] = []
        self.messages = 0

    def tell(self, story: str) -> str:
        """The story as it went: equal to the story as written when the desk does as told."""
        for line in story.splitlines():
            if not line.strip() or line.startswith("#"):
                self.lines.append(line.rstrip())
            elif line[0].isdigit() and not line.endswith("(time passes)"):
                at, _, what = line.partition("  ")
                self.pass_time(moment(at))
                self.lines.append(line.rstrip())
                self.write(self.happen(what.strip().split()))
        return "\n".join(self.lines) + "\n"

    def pass_time(self, until_ms: int) -> None:
        """Tick at each moment the desk asked for."""
        while (due_ms := self.town.desk.next_due_ms()) is not None and due_ms < until_ms:
            self.town.now_ms = max(self.town.now_ms, due_ms)
            outcome = self.town.desk.handle(c.Tick(), self.town.now_ms, "clock")
            if any(say(event) for event in outcome.events):
                self.lines.append(f"{clock(self.town.now_ms)}  (time passes)")
                self.write(outcome)
        self.town.now_ms = until_ms

    def write(self, outcome: Outcome | None) -> None:
        """Indent what was decided below what happened."""
        if outcome is None:
            return
        said = [line for event in outcome.events if (line := say(event))]
        for letter in outcome.letters:
            match letter:
                case Receipt():
                    said.append(f"receipt to {letter.responder} for {letter.id}: {letter.incident}")
                case Recall():
                    said.append(f"recall of {letter.order} to {letter.responder}")
                case Reject():
                    said.append(f"reject to {letter.responder}: {letter.field} {letter.value}")
        self.lines.extend(f"          {line}" for line in said)

    def happen(self, words: list[str]) -> Outcome | None:
        """One line of a story as a command or a move."""
        who = words[0]
        if who == "operator":
            return self.operate(words[1:])
        if words[1] == "drives":
            row = self.town.board.force.rows[ResponderId(who)]
            self.town.positions.put(row, spot(float(words[3]), float(words[4])), self.town.now_ms)
            return None
        command = self.command(who, words[1], words[2:])
        return self.town.desk.handle(command, self.town.now_ms, who)

    def command(self, who: str, verb: str, rest: list[str]) -> c.AnyCommand:
        """What a responder does: presses a button, answers, reports, checks a plate."""
        self.messages += 1
        message, now_ms = f"m{self.messages}", self.town.now_ms
        kind, responder = KINDS[who[0]], ResponderId(who)
        if verb == "presses":
            place = None
            if "at" in rest:
                x, y = rest[rest.index("at") + 1 : rest.index("at") + 3]
                place = spot(float(x), float(y))
            return c.RaiseAlarm(
                id=rest[1],
                source_kind=kind,
                source=responder,
                type=rest[0],
                sent_ms=now_ms,
                place=place,
                silent="silent" in rest,
            )
        if verb in ANSWERS:
            return c.AnswerOrder(
                id=message,
                kind=kind,
                responder=responder,
                order=OrderId(rest[0]),
                answer=ANSWERS[verb],
                sent_ms=now_ms,
                reason=" ".join(rest[1:]) or None,
            )
        if verb == "checks":
            return c.CheckPlate(id=message, responder=responder, sent_ms=now_ms, plate=rest[0])
        return c.ReportStatus(
            id=message,
            kind=kind,
            responder=responder,
            status=UnitStatus(rest[0]),
            sent_ms=now_ms,
            order=OrderId(rest[1]) if len(rest) > 1 else None,
        )

    def operate(self, words: list[str]) -> Outcome:
        """What an operator does: `sends U to I`, `recalls ORDER why`, `closes I how`."""
        command: c.AnyCommand
        if words[0] == "sends":
            command = c.SendOrder(
                id="o", incident=IncidentId(words[3]), responder=ResponderId(words[1])
            )
        elif words[0] == "recalls":
            command = c.CancelOrder(id="o", order=OrderId(words[1]), reason=" ".join(words[2:]))
        else:
            command = c.CloseIncident(
                id="o", incident=IncidentId(words[1]), disposition="_".join(words[2:])
            )
        return self.town.desk.handle(command, self.town.now_ms, "operator/wang")
