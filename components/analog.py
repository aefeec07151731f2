"""The analog bar: band normal, hatch alarm zone, tip setpoint, pointer the value. The ISA-101 answer to gauges."""

from __future__ import annotations

import math

from dash import html

from components.text import aria
from engine.tag import Limits


def level(limits: Limits, value: float | None) -> str:
    """`p2` beyond an alarm limit, `p3` outside the normal band, else nothing. Unknown is nothing."""
    if value is None or math.isnan(value):
        return ""
    if _outside(value, limits.alarm_low, limits.alarm_high):
        return "p2"
    return "p3" if _outside(value, limits.normal_low, limits.normal_high) else ""


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def scale(limits: Limits) -> tuple[float, float] | None:
    """The ends of the bar: the display range, else alarm or normal limits with a margin; None without any limit."""
    marks = [
        m
        for m in (limits.alarm_low, limits.normal_low, limits.setpoint, limits.normal_high, limits.alarm_high)
        if m is not None
    ]
    low, high = limits.low, limits.high
    if (low is None or high is None) and len(marks) < 2:
        return None
    margin = (max(marks) - min(marks)) * 0.15 if len(marks) > 1 else 0.0
    low = min(marks) - margin if low is None else low
    high = max(marks) + margin if high is None else high
    return (low, high) if high > low else None


def analog_bar(limits: Limits, value: float | None, label: str) -> html.Span | None:
    """The bar, or None when no limit gives it a scale. `label` says in words what it shows."""
    ends = scale(limits)
    if ends is None:
        return None
    hot = level(limits, value)
    parts = [*_zones(limits, ends, value if hot == "p2" else None), *_band(limits, ends), *_marks(limits, ends, value)]
    styles = {"--a": _at(limits.normal_low, ends, 0.0), "--b": _at(limits.normal_high, ends, 100.0)}
    return html.Span(parts, className=f"analog{f' is-{hot}' if hot else ''}", style=styles, role="img", **aria(label=label))


def _at(value: float | None, ends: tuple[float, float], otherwise: float) -> str:
    if value is None:
        return f"{otherwise:g}%"
    return f"{100 * min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0]))):.1f}%"


def _zones(limits: Limits, ends: tuple[float, float], value: float | None) -> list[html.Span]:
    zones = []
    if limits.alarm_low is not None and limits.alarm_low > ends[0]:
        hit = " hit" if value is not None and value < limits.alarm_low else ""
        zones.append(html.Span(className=f"az{hit}", style={"left": "0", "width": _at(limits.alarm_low, ends, 0.0)}))
    if limits.alarm_high is not None and limits.alarm_high < ends[1]:
        hit = " hit" if value is not None and value > limits.alarm_high else ""
        zones.append(html.Span(className=f"az{hit}", style={"left": _at(limits.alarm_high, ends, 100.0), "right": "0"}))
    return zones


def _band(limits: Limits, ends: tuple[float, float]) -> list[html.Span]:
    return [html.Span(className="nb")] if limits.normal_low is not None or limits.normal_high is not None else []


def _marks(limits: Limits, ends: tuple[float, float], value: float | None) -> list[html.Span]:
    marks = []
    if limits.setpoint is not None:
        marks.append(html.Span(className="sp", style={"--x": _at(limits.setpoint, ends, 0.0)}))
    if value is not None and not math.isnan(value):
        marks.append(html.Span(className="pt", style={"--x": _at(value, ends, 0.0)}))
    return marks
