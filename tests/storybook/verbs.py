"""What can happen in a story: each line becomes one command, in the words of the README."""

from collections.abc import Callable
from itertools import pairwise

from dispatch import commands as c
from dispatch.model import Outcomes
from dispatch.words import (
    AlarmKey,
    Answer,
    AreaId,
    CallKind,
    Disposition,
    FollowUpKind,
    GroupId,
    IncidentId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    SourceKind,
    UnitStatus,
)
from geo.types import Point
from tests.storybook.clocks import moment
from tests.world import spot

KINDS = {"U": ResponderKind.UNIT, "P": ResponderKind.POST, "K": ResponderKind.GATE}
ANSWERS = {"gets": Answer.DELIVERED, "accepts": Answer.ACCEPTED, "refuses": Answer.REFUSED}
OUTSIDE = {"caller": SourceKind.CALL, "tip": SourceKind.TIP, "centre": SourceKind.CENTRE}
OUTCOMES = tuple(Outcomes.__struct_fields__)
Say = Callable[[list[str], str, int], c.AnyCommand]


def take(words: list[str], word: str, count: int = 1) -> list[str] | None:
    """Cut `word` and the words after it out of a line; None when it is not there."""
    if word not in words:
        return None
    at = words.index(word)
    found = words[at + 1 : at + 1 + count]
    if len(found) < count:
        raise ValueError(f"{word!r} wants {count} words after it")
    del words[at : at + 1 + count]
    return found


def place_in(words: list[str]) -> Point | None:
    """`at X Y` as a place of the town."""
    found = take(words, "at", 2)
    return spot(float(found[0]), float(found[1])) if found else None


def flag(words: list[str], word: str) -> bool:
    """Whether a word stands in the line; it is cut out."""
    return take(words, word, 0) is not None


def of_responder(who: str, words: list[str], message: str, now_ms: int) -> c.AnyCommand:
    """A unit, post or gate: presses, answers, reports, sees, checks, reads."""
    kind, responder, verb = KINDS[who[0]], ResponderId(who), words.pop(0)
    if verb == "presses":
        return _press(kind, responder, words, now_ms)
    if verb in ANSWERS or verb == "reads":
        return c.AnswerOrder(
            id=message,
            kind=kind,
            responder=responder,
            order=OrderId(words[0]),
            answer=ANSWERS.get(verb, Answer.DELIVERED),
            sent_ms=now_ms,
            reason=" ".join(words[1:]) or None,
        )
    if verb == "checks":
        return c.CheckPlate(id=message, responder=responder, sent_ms=now_ms, plate=words[0])
    if verb == "sees":
        place, incident = place_in(words), take(words, "of")
        assert place is not None, "sees ... at X Y"
        return c.ReportSighting(
            id=message,
            kind=kind,
            responder=responder,
            sent_ms=now_ms,
            place=place,
            on=words[0],
            incident=IncidentId(incident[0]) if incident else None,
            text=" ".join(words[1:]) or None,
        )
    if verb == "is":
        return c.ReportStatus(
            id=message,
            kind=kind,
            responder=responder,
            status=UnitStatus(words[0]),
            sent_ms=now_ms,
            order=OrderId(words[1]) if len(words) > 1 else None,
        )
    known = ", ".join((*ANSWERS, "presses", "reads", "is", "drives", "checks", "sees"))
    raise ValueError(f"{who} can do {known}, not {verb!r}")


def _press(
    kind: ResponderKind, responder: ResponderId, words: list[str], now_ms: int
) -> c.RaiseAlarm:
    place, silent, exercise = place_in(words), flag(words, "silent"), flag(words, "exercise")
    sent, suspect = take(words, "sent"), take(words, "suspect")
    return c.RaiseAlarm(
        id=words[1],
        source_kind=SourceKind(kind.value),
        source=responder,
        type=words[0],
        sent_ms=moment(sent[0]) if sent else now_ms,
        place=place,
        silent=silent,
        exercise=exercise,
        suspect=suspect[0] if suspect else None,
        text=" ".join(words[2:]) or None,
    )


def from_outside(who: str, words: list[str], now_ms: int) -> c.RaiseAlarm:
    """`caller 139 reports TYPE ID at X Y [exercise] [silent] [words]`, also tip and centre."""
    source, verb = words.pop(0), words.pop(0)
    if verb != "reports":
        raise ValueError(f"a {who} reports, and does not {verb!r}")
    place, silent, exercise = place_in(words), flag(words, "silent"), flag(words, "exercise")
    return c.RaiseAlarm(
        id=words[1],
        source_kind=OUTSIDE[who],
        source=ResponderId(source),
        type=words[0],
        sent_ms=now_ms,
        place=place,
        silent=silent,
        exercise=exercise,
        text=" ".join(words[2:]) or None,
    )


def _sends(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """sends U01 to I1 [as ROLE] [because WHY...]"""
    role = take(words, "as")
    because = words[words.index("because") + 1 :] if "because" in words else []
    return c.SendOrder(
        id=message,
        incident=IncidentId(words[2]),
        responder=ResponderId(words[0]),
        role=Role(role[0]) if role else None,
        reason=" ".join(because) or None,
    )


def _closes(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """closes I1 how [N arrested, ...]"""
    incident = IncidentId(words.pop(0))
    counts = {}
    for name in OUTCOMES:
        if name in words:
            at = words.index(name)
            counts[name] = int(words[at - 1])
            del words[at - 1 : at + 1]
    end = next((n for n in range(len(words), 0, -1) if "_".join(words[:n]) in ENDS), len(words))
    return c.CloseIncident(
        id=message,
        incident=incident,
        disposition="_".join(words[:end]),
        outcomes=Outcomes(**counts),
        text=" ".join(words[end:]) or None,
    )


ENDS = frozenset(str(word) for word in Disposition)


def _changes(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """changes I1 [type T] [priority N] [at X Y] why"""
    place, type_, priority = place_in(words), take(words, "type"), take(words, "priority")
    return c.ChangeIncident(
        id=message,
        incident=IncidentId(words[0]),
        reason=" ".join(words[1:]),
        type=type_[0] if type_ else None,
        place=place,
        priority=int(priority[0]) if priority else None,
    )


def _calls(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """calls all|group G1|area A1 notice|search|muster [about I1] [for S] [units|posts] text"""
    about = take(words, "about")
    timed = any(word == "for" and then.isdigit() for word, then in pairwise(words))
    lives = take(words, "for") if timed else None
    to = words.pop(0)
    target = words.pop(0) if to in {"group", "area"} else None
    kind = CallKind(words.pop(0))
    exercise = flag(words, "exercise")
    kinds = (ResponderKind.UNIT, ResponderKind.POST)
    if words[0] in {"units", "posts"}:
        kinds = (ResponderKind(words.pop(0)[:-1]),)  # type: ignore[assignment]
    return c.CallMany(
        id=message,
        kind=kind,
        text=" ".join(words),
        incident=IncidentId(about[0]) if about else None,
        group=GroupId(target) if to == "group" and target else None,
        area=AreaId(target) if to == "area" and target else None,
        kinds=kinds,
        lives_s=int(lives[0]) if lives else 1_800,
        exercise=exercise,
    )


def _notes(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """notes I1 [of TIME] text"""
    then = take(words, "of")
    return c.AddNote(
        id=message,
        incident=IncidentId(words[0]),
        text=" ".join(words[1:]),
        happened_ms=moment(then[0]) if then else None,
    )


def _moves(words: list[str], message: str, _now_ms: int) -> c.AnyCommand:
    """moves I1-1 STATUS [of TIME] why"""
    then = take(words, "of")
    return c.MoveOrder(
        id=message,
        order=OrderId(words[0]),
        status=OrderStatus(words[1]),
        reason=" ".join(words[2:]),
        happened_ms=moment(then[0]) if then else None,
    )


def _why(words: list[str], first: int) -> str:
    return " ".join(words[first:])


OPERATOR: dict[str, Say] = {
    "sends": _sends,
    "recalls": lambda w, m, _: c.CancelOrder(id=m, order=OrderId(w[0]), reason=_why(w, 1)),
    "closes": _closes,
    "confirms": lambda w, m, _: c.ConfirmIncident(id=m, incident=IncidentId(w[0])),
    "merges": lambda w, m, _: c.MergeIncidents(
        id=m, merged=IncidentId(w[0]), kept=IncidentId(w[2]), reason=_why(w, 3)
    ),
    "unmerges": lambda w, m, _: c.UnmergeIncident(id=m, merged=IncidentId(w[0]), reason=_why(w, 1)),
    "splits": lambda w, m, _: c.SplitAlarm(id=m, alarm=AlarmKey(w[0]), reason=_why(w, 1)),
    "links": lambda w, m, _: c.LinkIncidents(
        id=m, incident=IncidentId(w[0]), other=IncidentId(w[2]), relation=w[3]
    ),
    "reopens": lambda w, m, _: c.ReopenIncident(id=m, incident=IncidentId(w[0]), reason=_why(w, 1)),
    "changes": _changes,
    "notes": _notes,
    "strikes": lambda w, m, _: c.StrikeNote(
        id=m, incident=IncidentId(w[0]), number=int(w[1]), reason=_why(w, 2)
    ),
    "refers": lambda w, m, _: c.ReferIncident(
        id=m, incident=IncidentId(w[0]), department=w[2], due_ms=moment(w[4])
    ),
    "finishes": lambda w, m, _: c.FinishFollowUp(
        id=m, incident=IncidentId(w[0]), kind=FollowUpKind(w[1]), text=_why(w, 2) or None
    ),
    "sets": lambda w, m, _: c.SetStatus(
        id=m, responder=ResponderId(w[0]), status=UnitStatus(w[1]), reason=_why(w, 2)
    ),
    "moves": _moves,
    "accepts": lambda w, m, _: c.SettleAdvice(
        id=m, advice=w[0], accept=True, reason=_why(w, 1) or None
    ),
    "dismisses": lambda w, m, _: c.SettleAdvice(
        id=m, advice=w[0], accept=False, reason=_why(w, 1) or None
    ),
    "calls": _calls,
}
"""What an operator can do, by verb."""


def of_operator(words: list[str], message: str, now_ms: int) -> c.AnyCommand:
    """One act of an operator."""
    verb = words.pop(0)
    if verb not in OPERATOR:
        raise ValueError(f"an operator {', '.join(OPERATOR)}; not {verb!r}")
    return OPERATOR[verb](words, message, now_ms)
