"""A road graph as a picture: wide roads wide, footways thin, in the district's own plane."""

from xml.sax.saxutils import escape

import numpy as np

from geo.osm import CLASSES
from geo.roads import Roads
from geo.types import Profile

WIDE = ("motorway", "trunk", "primary")
MIDDLE = ("secondary", "tertiary", "motorway_link", "trunk_link", "primary_link")
STYLES = (
    ("foot", "#9bb58a", 0.6),
    ("small", "#8a8f98", 0.8),
    ("middle", "#d08b3c", 1.6),
    ("wide", "#b3402e", 2.4),
)
"""Layers in the order painted: name, colour, pixels."""


def layer_of(roads: Roads, piece: int) -> str:
    """The layer that a piece of road is painted in."""
    kind = CLASSES[roads.kind[piece]]
    if not np.isfinite(roads.times[Profile.CAR][2 * piece : 2 * piece + 2]).any():
        return "foot"
    if kind in WIDE:
        return "wide"
    return "middle" if kind in MIDDLE else "small"


def draw_svg(roads: Roads, width: int) -> str:
    """The whole graph as SVG text, `width` pixels across, north up, with the credit it owes."""
    xy = np.asarray(roads.shape_xy)
    low, high = xy.min(axis=0), xy.max(axis=0)
    scale = width / (high[0] - low[0])
    height = int(np.ceil((high[1] - low[1]) * scale))
    at = np.round((xy - low) * (scale, -scale) + (0, height), 1)
    paths: dict[str, list[str]] = {name: [] for name, _, _ in STYLES}
    for piece in range(len(roads.shape_start) - 1):
        line = at[roads.shape_start[piece] : roads.shape_start[piece + 1]].tolist()
        paths[layer_of(roads, piece)].append("M" + "L".join(f"{x:g} {y:g}" for x, y in line))
    layers = "".join(
        f'<path d="{"".join(paths[name])}" stroke="{colour}" stroke-width="{pixels}"/>\n'
        for name, colour, pixels in STYLES
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">\n'
        f'<rect width="100%" height="100%" fill="#fbfaf7"/>\n'
        f'<g fill="none" stroke-linejoin="round" stroke-linecap="round">\n{layers}</g>\n'
        f'<text x="8" y="{height - 8}" font-family="sans-serif" font-size="12">'
        f"{escape(roads.about['credit'])}</text>\n</svg>\n"
    )
