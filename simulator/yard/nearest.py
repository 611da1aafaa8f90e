"""Distances to the k-th nearest of units spread evenly at random, by density.

With n units per unit of area the k-th nearest is farther than r when fewer than k of them lie in
the ball of that radius: a Poisson count of mean n c r^2, c = pi for the straight line and 2 along
a grid (Kolesar & Blum 1973; Larson & Odoni 1981).
"""

from math import gamma, pi, sqrt

from scipy import optimize, stats

BALL = {"euclid": pi, "manhattan": 2.0}
"""Area of the ball of radius 1."""


def mean_distance(metric: str, density: float, order: int = 1) -> float:
    """The mean distance to the unit that is `order`-th nearest."""
    return gamma(order + 0.5) / gamma(order) / sqrt(BALL[metric] * density)


def distance_at(metric: str, density: float, share: float, order: int = 1) -> float:
    """The distance within which the `order`-th nearest is in so many of the cases."""
    area = BALL[metric] * density

    def beyond(r: float) -> float:
        return float(stats.poisson.cdf(order - 1, area * r * r)) - (1 - share)

    return float(optimize.brentq(beyond, 0.0, 20.0 / sqrt(area)))
