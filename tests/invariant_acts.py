"""Anything that people at the centre may ask of the desk, sensible or not, as a strategy."""

from hypothesis import strategies as st

from dispatch import commands as c
from dispatch.board import Board
from dispatch.model import Outcomes
from dispatch.words import (
    AlarmKey,
    CallKind,
    Disposition,
    FollowUpKind,
    IncidentId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    SourceKind,
    UnitStatus,
)
from tests.world import spot

PLANS = ("robbery", "panic", "duress", "dispute", "notice_only", "officer_in_need", "picnic")
blocks = st.integers(0, 9)
places = st.builds(spot, blocks, blocks)
reasons = st.sampled_from(["told by radio", "", "x" * 300])


def acts(board: Board, message: str, now_ms: int) -> st.SearchStrategy[c.AnyCommand]:
    """One command of an operator, about what is on the board or about nothing that is."""
    incidents = st.sampled_from([*board.incidents, IncidentId("I99")])
    orders = st.sampled_from([*board.orders, OrderId("I99-1")])
    responders = st.sampled_from([*board.responders, ResponderId("U99")])
    moments = st.none() | st.integers(now_ms - 4_000_000, now_ms + 60_000)
    said = st.just(message)
    return st.one_of(
        _cases(said, incidents, st.sampled_from([*board.alarms, AlarmKey("P9/a9")])),
        _records(said, incidents, now_ms),
        st.builds(
            c.SendOrder,
            id=said,
            incident=incidents,
            responder=responders,
            role=st.none() | st.sampled_from(Role),
            reason=st.none() | reasons,
        ),
        st.builds(c.CancelOrder, id=said, order=orders, reason=reasons),
        st.builds(
            c.MoveOrder,
            id=said,
            order=orders,
            status=st.sampled_from(OrderStatus),
            reason=reasons,
            happened_ms=moments,
        ),
        st.builds(
            c.SetStatus,
            id=said,
            responder=responders,
            status=st.sampled_from(UnitStatus),
            reason=reasons,
        ),
        st.builds(
            c.SettleAdvice,
            id=said,
            advice=st.sampled_from([*board.advice, "A99"]),
            accept=st.booleans(),
            reason=st.none() | reasons,
        ),
        _calls(said, incidents, now_ms),
    )


def _cases(
    said: st.SearchStrategy[str],
    incidents: st.SearchStrategy[IncidentId],
    alarms: st.SearchStrategy[AlarmKey],
) -> st.SearchStrategy[c.AnyCommand]:
    return st.one_of(
        st.builds(c.ConfirmIncident, id=said, incident=incidents),
        st.builds(c.MergeIncidents, id=said, kept=incidents, merged=incidents, reason=reasons),
        st.builds(c.UnmergeIncident, id=said, merged=incidents, reason=reasons),
        st.builds(c.SplitAlarm, id=said, alarm=alarms, reason=reasons),
        st.builds(
            c.LinkIncidents,
            id=said,
            incident=incidents,
            other=incidents,
            relation=st.sampled_from(["part_of", "related", "cousin"]),
        ),
        st.builds(c.ReopenIncident, id=said, incident=incidents, reason=reasons),
        st.builds(
            c.ChangeIncident,
            id=said,
            incident=incidents,
            reason=reasons,
            type=st.none() | st.sampled_from(PLANS),
            place=st.none() | places,
            priority=st.none() | st.integers(-1, 7),
        ),
        st.builds(
            c.CloseIncident,
            id=said,
            incident=incidents,
            disposition=st.sampled_from([*map(str, Disposition), "vanished"]),
            outcomes=st.builds(Outcomes, checked=st.integers(0, 3)),
        ),
    )


def _records(
    said: st.SearchStrategy[str], incidents: st.SearchStrategy[IncidentId], now_ms: int
) -> st.SearchStrategy[c.AnyCommand]:
    return st.one_of(
        st.builds(c.AddNote, id=said, incident=incidents, text=reasons),
        st.builds(
            c.StrikeNote, id=said, incident=incidents, number=st.integers(0, 3), reason=reasons
        ),
        st.builds(
            c.ReferIncident,
            id=said,
            incident=incidents,
            department=st.sampled_from(["water_works", ""]),
            due_ms=st.integers(now_ms - 10_000, now_ms + 5_000_000),
        ),
        st.builds(
            c.FinishFollowUp, id=said, incident=incidents, kind=st.sampled_from(FollowUpKind)
        ),
    )


def _calls(
    said: st.SearchStrategy[str], incidents: st.SearchStrategy[IncidentId], now_ms: int
) -> st.SearchStrategy[c.AnyCommand]:
    square = ((121.0, 31.0), (122.0, 31.0), (122.0, 32.0), (121.0, 32.0))
    return st.one_of(
        st.builds(
            c.CallMany,
            id=said,
            kind=st.sampled_from(CallKind),
            text=reasons,
            incident=st.none() | incidents,
            kinds=st.sampled_from([(ResponderKind.UNIT,), (ResponderKind.POST,), ()]),
            ring=st.sampled_from([(), square, square[:2]]),
            lives_s=st.sampled_from([0, 60, 1_800]),
        ),
        st.builds(
            c.RaiseAlarm,
            id=said,
            source_kind=st.sampled_from([SourceKind.CALL, SourceKind.TIP, SourceKind.CENTRE]),
            source=st.sampled_from([ResponderId("139"), ResponderId("138")]),
            type=st.sampled_from(PLANS),
            sent_ms=st.just(now_ms),
            place=st.none() | places,
            exercise=st.booleans(),
        ),
    )
