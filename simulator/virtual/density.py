"""A density written as a formula of x and y: read by a small grammar, never by the interpreter."""

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from geo.types import FloatArray
from simulator.virtual.scenario import ScenarioError

MOST_CHARACTERS = 500
GRID = 257
"""Points a side at which the formula is looked at for its largest value."""
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: np.power,
}
NAMES: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "min": np.minimum,
    "max": np.maximum,
}


def evaluate(formula: str, x: FloatArray, y: FloatArray) -> FloatArray:
    """The formula at points: + - * / **, abs, sqrt, exp, log, min, max, x, y and numbers."""
    if len(formula) > MOST_CHARACTERS:
        raise ScenarioError(f"a density has at most {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(formula, mode="eval").body
        with np.errstate(all="ignore"):
            found = _value(tree, {"x": x, "y": y})
    except (SyntaxError, TypeError, RecursionError) as error:
        raise ScenarioError(f"density {formula!r}: {error}") from error
    return np.broadcast_to(np.asarray(found, dtype=np.float64), x.shape)


def _value(node: ast.expr, known: dict[str, FloatArray]) -> Any:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return BINARY[type(op)](_value(left, known), _value(right, known))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, known)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in NAMES:
            return NAMES[name](*(_value(arg, known) for arg in args))
        case _:
            raise ScenarioError(f"a density cannot hold {ast.unparse(node)!r}")


def draw_points(
    formula: str, box: tuple[float, float, float, float], rng: np.random.Generator, size: int
) -> FloatArray:
    """(size, 2) points of a box by the density, by acceptance and rejection."""
    west, south, east, north = box
    gx, gy = np.meshgrid(np.linspace(west, east, GRID), np.linspace(south, north, GRID))
    over = evaluate(formula, gx, gy)
    if not np.isfinite(over).all() or (over < 0).any() or over.max() <= 0:
        raise ScenarioError(f"density {formula!r} is not finite and positive in its box")
    most = float(over.max()) * 1.02
    found: list[FloatArray] = []
    have = 0
    while have < size:
        xy = rng.random((max(1_000, size), 2)) * (east - west, north - south) + (west, south)
        keep = rng.random(len(xy)) * most <= evaluate(formula, xy[:, 0], xy[:, 1])
        found.append(xy[keep])
        have += int(keep.sum())
    return np.concatenate(found)[:size]
