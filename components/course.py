"""What a signal did over a range, as points for a chart, as words for a reader, and as rows for a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from components import format as show
from components.analog import level
from components.text import t
from components.view import View
from engine.tag import Tag
from engine.time import SECOND_US


@dataclass(frozen=True, slots=True)
class Course:
    """What one signal did: times (µs, ascending), values, and the severity of their quality (0 good, 1 uncertain, 2 bad).

    `width_us` is the width of the buckets, 0 for raw samples; `low` and `high` are the envelope of buckets.
    `names` are the texts of a state tag's codes.
    """

    tag: Tag
    at_us: np.ndarray
    value: np.ndarray
    severity: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    width_us: int = 0
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def last(self) -> float | None:
        """The newest good value, or None."""
        known = np.flatnonzero(self.usable)
        return float(self.value[known[-1]]) if len(known) else None

    @property
    def usable(self) -> np.ndarray:
        """Where there is a finite value that is not bad."""
        return np.isfinite(self.value) & (self.severity < 2)

    @property
    def holds(self) -> bool:
        """True for a signal that speaks until its next change."""
        return self.tag.interval_s is None and not self.width_us


# ------------------------------------------------------------------ points
def points(course: Course, shift: int, to_us: int) -> dict[str, dict[str, list[Any]]]:
    """Lists for Plotly by part: `line`, of buckets also `low` and `high`, and `bad` for doubtful raw samples."""
    at_us, value = _held(course, to_us)
    breaks = _breaks(course, at_us)
    x = np.insert(_shown_ms(at_us, shift), breaks, np.nan) if len(breaks) else _shown_ms(at_us, shift)
    parts = {"line": {"x": _listed(_filled(x)), "y": _numbers(np.insert(value, breaks, np.nan), course.tag)}}
    for part, edge in (("low", course.low), ("high", course.high)):
        if edge is not None:
            parts[part] = {"x": parts["line"]["x"], "y": _numbers(np.insert(edge, breaks, np.nan), course.tag)}
    doubtful = np.flatnonzero((course.severity > 0) & np.isfinite(course.value))[-200:]
    parts["bad"] = {"x": _listed(_shown_ms(course.at_us[doubtful], shift)), "y": _numbers(course.value[doubtful], course.tag)}
    return parts


def _held(course: Course, to_us: int) -> tuple[np.ndarray, np.ndarray]:
    """A signal that speaks until its next change is drawn up to the end of the range."""
    value = np.where(course.severity < 2, course.value, np.nan)
    if not course.holds or not len(course.at_us) or course.at_us[-1] >= to_us:
        return course.at_us, value
    return np.append(course.at_us, to_us), np.append(value, value[-1])


def _breaks(course: Course, at_us: np.ndarray) -> np.ndarray:
    """Where a gap must be drawn: the next point comes later than a sample speaks."""
    hold = course.tag.hold_s
    widest = max(1.5 * course.width_us, (hold or 0) * SECOND_US)
    if widest == 0 or len(at_us) < 2:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.diff(at_us) > widest) + 1


def _shown_ms(at_us: np.ndarray, shift: int) -> np.ndarray:
    return np.asarray(at_us, dtype=np.float64) / 1000 + shift


def _filled(x: np.ndarray) -> np.ndarray:
    """The time of a drawn gap: just after the point before it."""
    holes = np.flatnonzero(np.isnan(x))
    x[holes] = x[holes - 1] + 1
    return x


def _listed(x: np.ndarray) -> list[Any]:
    whole = np.rint(x)
    return [int(v) for v in whole] if np.abs(whole - x).max(initial=0) < 0.0005 else [round(float(v), 3) for v in x]


def _numbers(value: np.ndarray, tag: Tag) -> list[float | None]:
    digits = (tag.decimals if tag.decimals is not None else 6) + 2
    return [round(float(v), digits) if math.isfinite(v) else None for v in value]


# ------------------------------------------------------------------ words and numbers
def summary(courses: Sequence[Course], view: View) -> str:
    """The chart in words, for screen readers."""
    span = t(
        "{first} to {last}", first=show.day_and_clock(view.from_us, view.zone), last=show.day_and_clock(view.to_us, view.zone)
    )
    return " ".join([t("Trend, {span}.", span=span), *(_said(course) for course in courses)])


def _said(course: Course) -> str:
    known = course.value[course.usable]
    if not len(known):
        return t("{title}: no measurements.", title=course.tag.title)
    least = float(np.nanmin(course.low)) if course.low is not None else float(known.min())
    most = float(np.nanmax(course.high)) if course.high is not None else float(known.max())
    unit, digits = course.tag.unit, course.tag.decimals
    return t(
        "{title}: last {last}, between {least} and {most}; {crossed}.",
        title=course.tag.title,
        last=show.quantity(course.last, unit, digits),
        least=show.number(least, digits),
        most=show.quantity(most, unit, digits),
        crossed=_crossings(course, least, most),
    )


def _crossings(course: Course, least: float, most: float) -> str:
    if "p2" in (level(course.tag.limits, least), level(course.tag.limits, most)):
        return t("an alarm limit was crossed")
    return t("within its alarm limits")
