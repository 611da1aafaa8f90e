"""A road graph as a picture: wide roads wide, footways thin, in the district's own plane."""

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from geo.osm import CLASSES
from geo.roads import Roads
from geo.types import Profile

WIDE = ("motorway", "trunk", "primary")
MIDDLE = ("secondary", "tertiary", "motorway_link", "trunk_link", "primary_link")
PAPER = "#fbfaf7"
DOTS_PER_INCH = 100
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


def measure(roads: Roads, width: int) -> tuple[float, int]:
    """Pixels a metre and pixels of height of a picture `width` pixels across."""
    low, high = (np.asarray(roads.shape_xy).min(axis=0), np.asarray(roads.shape_xy).max(axis=0))
    scale = width / max(high[0] - low[0], 1.0)
    return float(scale), max(1, int(np.ceil((high[1] - low[1]) * scale)))


def draw_svg(roads: Roads, width: int) -> str:
    """The whole graph as SVG text, `width` pixels across, north up, with the credit it owes."""
    xy = np.asarray(roads.shape_xy)
    scale, height = measure(roads, width)
    at = np.round((xy - xy.min(axis=0)) * (scale, -scale) + (0, height), 1)
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
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n'
        f'<g fill="none" stroke-linejoin="round" stroke-linecap="round">\n{layers}</g>\n'
        f'<text x="8" y="{height - 8}" font-family="sans-serif" font-size="12">'
        f"{escape(roads.about['credit'])}</text>\n</svg>\n"
    )


def draw_png(roads: Roads, width: int, out: Path) -> None:
    """The same picture as PNG; higher than a picture can be, it is refused with ValueError."""
    xy = np.asarray(roads.shape_xy) - np.asarray(roads.shape_xy).min(axis=0)
    scale, height = measure(roads, width)
    if height >= 1 << 16:
        raise ValueError(f"{out}: {width} by {height} pixels is no picture; make it narrower")
    figure = Figure((width / DOTS_PER_INCH, height / DOTS_PER_INCH), DOTS_PER_INCH, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    axes.set(xlim=(0, width), ylim=(0, height))
    lines = np.split(xy * scale, np.asarray(roads.shape_start[1:-1]))
    layer = [layer_of(roads, piece) for piece in range(len(lines))]
    for name, colour, pixels in STYLES:
        mine = [line for line, its in zip(lines, layer, strict=True) if its == name]
        points = pixels * 72 / DOTS_PER_INCH
        axes.add_collection(LineCollection(mine, colors=colour, linewidths=points))
    axes.text(8, 8, roads.about["credit"], fontsize=9)
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png", dpi=DOTS_PER_INCH)
