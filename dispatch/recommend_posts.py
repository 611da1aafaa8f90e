"""Which posts can be there on foot, ranked; what sounds at no silent site."""

import numpy as np

from dispatch.board import Board
from dispatch.candidates import LISTED, STATUS_WHY, Timed, Why, as_candidate
from dispatch.district import PostNeed
from dispatch.model import Incident, Recommendation
from dispatch.words import ResponderId, ResponderKind
from dispatch.work import Views
from geo.air import air_m
from geo.types import Profile

SILENT_SITE_M = 50.0
"""Posts this near to a silent alarm get nothing that could sound."""


def recommend_posts(
    board: Board, views: Views, incident: Incident, need: PostNeed, wanted: int
) -> tuple[Recommendation, list[Timed]]:
    """Rank the posts that can be there on foot; a silent site's own neighbours stay quiet."""
    counts, near = time_posts(board, views, incident, need.within_min * 60)
    near.sort(key=lambda one: one.rank_key)
    picks, listed = near[:wanted], near[: max(LISTED, wanted)]
    if len(near) > len(listed):
        counts[Why.FARTHER] = counts.get(Why.FARTHER, 0) + len(near) - len(listed)
    candidates = tuple(
        as_candidate(one, rank, chosen=rank <= wanted, limit_s=need.within_min * 60)
        for rank, one in enumerate(listed, 1)
    )
    return (
        Recommendation(
            need="post",
            wanted=wanted,
            found=len(picks),
            candidates=candidates,
            passed_over=counts,
        ),
        picks,
    )


def time_posts(
    board: Board, views: Views, incident: Incident, limit_s: float
) -> tuple[dict[str, int], list[Timed]]:
    """The posts that can come on foot within the limit, and why the others cannot, counted."""
    posts = list(board.posts.values())
    counts: dict[str, int] = {}
    if not posts:
        return counts, []
    reach = views.roads.reach(incident.place, Profile.FOOT, limit_s)
    eta = reach.seconds_from_fixed(board.post_places)
    near_enough = np.flatnonzero(np.isfinite(eta)).tolist()
    if len(near_enough) < len(posts):
        counts[Why.BEYOND_LIMIT] = len(posts) - len(near_enough)
    sent = {board.orders[order].responder for order in incident.orders}
    near: list[Timed] = []
    for i in near_enough:
        post = posts[i]
        away_m = air_m(post.place, incident.place)
        why = _post_barred(board, incident, post.id, away_m, sent)
        if why is not None:
            counts[why] = counts.get(why, 0) + 1
            continue
        responder = board.responders[post.id]
        missed = responder.missed > 0 or responder.musters_missed > 0
        near.append(
            Timed(
                responder=post.id,
                kind=ResponderKind.POST,
                profile=Profile.FOOT,
                tier=int(missed),
                eta_s=float(eta[i]),
                air_m=away_m,
                fix_age_s=None,
                position=post.place,
                limit_s=limit_s,
                missed=missed,
            )
        )
    return counts, near


def _post_barred(
    board: Board, incident: Incident, post: ResponderId, away_m: float, sent: set[ResponderId]
) -> Why | None:
    responder = board.responders[post]
    if post in incident.sources:
        return Why.SOURCE_OF_ALARM
    if post in sent:
        return Why.ALREADY_SENT
    if incident.silent and away_m < SILENT_SITE_M:
        return Why.AT_SILENT_SITE
    if responder.order is not None:
        return Why.ON_ORDER
    return STATUS_WHY.get(responder.status)
