"""A sparkline without a chart: one small drawing per layer, used as a CSS mask, so that the colour stays a token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from urllib.parse import quote

from dash import html

from components.text import aria

WIDTH, HEIGHT = 120, 28


def spark(values: Sequence[float], label: str, band: tuple[float, float] | None = None) -> html.Span:
    """The course of `values` (equal steps, NaN is a gap) with dots at the least and the greatest; `band` behind it."""
    known = [v for v in values if not math.isnan(v)]
    if len(known) < 2:
        return html.Span(className="spark is-empty", role="img", **aria(label=label))
    low, high = min([*known, *(band or ())]), max([*known, *(band or ())])
    points = _points(values, low, high)
    layers = [html.I(className="b", style=_mask(_rect(band, low, high)))] if band else []
    layers.append(html.I(className="l", style=_mask(_line(points) + _dots(points))))
    return html.Span(layers, className="spark", role="img", **aria(label=label))


def _y(value: float, low: float, high: float) -> float:
    return HEIGHT - 3 - (HEIGHT - 6) * ((value - low) / (high - low) if high > low else 0.5)


def _points(values: Sequence[float], low: float, high: float) -> list[tuple[float, float] | None]:
    step = (WIDTH - 6) / max(1, len(values) - 1)
    return [None if math.isnan(v) else (3 + i * step, _y(v, low, high)) for i, v in enumerate(values)]


def _line(points: list[tuple[float, float] | None]) -> str:
    pen, path = "M", ""
    for point in points:
        path += f"{pen}{point[0]:.1f} {point[1]:.1f}" if point else ""
        pen = "L" if point else "M"
    return f"<path d='{path}' fill='none' stroke='black' stroke-width='1.5' stroke-linejoin='round'/>"


def _dots(points: list[tuple[float, float] | None]) -> str:
    drawn = [p for p in points if p]
    ends = {min(drawn, key=lambda p: p[1]), max(drawn, key=lambda p: p[1])}
    return "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2'/>" for x, y in sorted(ends))


def _rect(band: tuple[float, float], low: float, high: float) -> str:
    top, bottom = _y(band[1], low, high), _y(band[0], low, high)
    return f"<rect x='0' y='{top:.1f}' width='{WIDTH}' height='{max(1, bottom - top):.1f}'/>"


def _mask(drawing: str) -> dict[str, str]:
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio='none'>{drawing}</svg>"
    return {"maskImage": f'url("data:image/svg+xml,{quote(svg)}")'}
