"""What a signal did over a range, as points for a chart and as words for a reader."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from components import format as show
from components.analog import level
from components.text import t
from components.view import View
from engine.historian.reduce import Trace
from engine.tag import StateTable, Tag, ValueKind

MOST_MARKS = 200


NEVER_US = 2**62


@dataclass(frozen=True, slots=True)
class Course:
    """What one signal did: times (µs, ascending), values, and which points stand for samples that are not good.

    `width_us` is the width of the buckets, 0 for raw samples; `low` and `high` are the envelope of buckets. A point with
    NaN and no doubt is a gap. `names` are the texts of a state tag's codes. A point at or after `end_us`, the end of the
    range, is there for the line only.
    """

    tag: Tag
    at_us: np.ndarray
    value: np.ndarray
    doubtful: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    width_us: int = 0
    names: Mapping[int, str] = field(default_factory=dict)
    end_us: int | None = None

    @property
    def usable(self) -> np.ndarray:
        """Where there is a good value."""
        return np.isfinite(self.value)

    @property
    def last(self) -> float | None:
        """The newest good value, or None."""
        known = np.flatnonzero(self.usable & self._within)
        return float(self.value[known[-1]]) if len(known) else None

    @property
    def newest_us(self) -> int | None:
        """Time of the newest point that stands for samples."""
        known = np.flatnonzero((self.usable | self.doubtful) & self._within)
        return int(self.at_us[known[-1]]) if len(known) else None

    @property
    def _within(self) -> np.ndarray:
        return np.ones(len(self.at_us), bool) if self.end_us is None else self.at_us < self.end_us

    @property
    def holds(self) -> bool:
        """True for a signal that speaks until its next change."""
        return self.tag.interval_s is None and not self.width_us

    @property
    def lone(self) -> bool:
        """True when some point has no neighbour to draw a line to, as where samples come later than they speak."""
        known = np.concatenate([[False], self.usable, [False]])
        return bool((known[1:-1] & ~known[:-2] & ~known[2:]).any())

    def since(self, at_us: int) -> Course:
        """The points from a time on."""
        i = int(np.searchsorted(self.at_us, at_us))
        low = None if self.low is None else self.low[i:]
        high = None if self.high is None else self.high[i:]
        return replace(self, at_us=self.at_us[i:], value=self.value[i:], doubtful=self.doubtful[i:], low=low, high=high)


def course(tag: Tag, trace: Trace, tables: Mapping[str, StateTable], end_us: int | None = None) -> Course:
    """A stored trace as a course. States, switches and counters show the last value of a bucket, the others its mean.

    What lies at or after `end_us` is no part of the range; without anything before it the course is empty."""
    stepped = tag.counter or tag.kind in (ValueKind.STATE, ValueKind.BOOL)
    doubtful = (trace.count > 0) & (trace.good_fraction == 0)
    value = trace.last if stepped else trace.mean
    enveloped = trace.kind == "bucket" and not stepped
    table = tables.get(tag.state_table or "")
    drawn = Course(
        tag,
        trace.at_us,
        np.asarray(value, dtype=np.float64),
        doubtful,
        trace.min if enveloped else None,
        trace.max if enveloped else None,
        trace.width_us,
        {code: text for code, (text, _) in table.codes.items()} if table else {},
        end_us,
    )
    return drawn if drawn.newest_us is not None else drawn.since(NEVER_US)


# ------------------------------------------------------------------ points
def shift_ms(view: View) -> int:
    """Milliseconds from UTC to the zone of the view at its end."""
    offset = show.local(view.to_us, view.zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset else 0


def crosses_change(view: View) -> bool:
    """True when the clock changes within the range, so that one shift does not hold for all of it."""
    return show.local(view.from_us, view.zone).utcoffset() != show.local(view.to_us, view.zone).utcoffset()


def points(drawn: Course, view: View) -> dict[str, dict[str, list[Any]]]:
    """Lists for Plotly by part: `line`, of buckets also `envelope`, and `bad` for samples that are not good.

    Times are milliseconds shifted to the zone of the view, in the middle of a bucket; NaN is None, where the line breaks.
    The envelope goes from least to greatest in every bucket: one stroke, which unlike a filled area keeps gaps open. Over
    a change of the clock each point brings its local time as text.
    """
    shift = shift_ms(view)
    at_us, value = _held(drawn, view.to_us)
    x = _listed(_shown_ms(at_us + drawn.width_us // 2, shift))
    parts: dict[str, dict[str, list[Any]]] = {"line": {"x": x, "y": _numbers(value, drawn.tag)}}
    if crosses_change(view):
        parts["line"]["text"] = [_local_words(moment, view.zone) for moment in (at_us + drawn.width_us // 2).tolist()]
    if drawn.low is not None and drawn.high is not None:
        low, high = _numbers(drawn.low, drawn.tag), _numbers(drawn.high, drawn.tag)
        parts["line"]["customdata"] = [[least, most] for least, most in zip(low, high, strict=True)]
        edges = [edge for pair in zip(low, high, strict=True) for edge in pair]
        parts["envelope"] = {"x": [moment for moment in x for _ in range(2)], "y": edges}
    marked = np.flatnonzero(drawn.doubtful)[-MOST_MARKS:]
    height = _before(drawn.value)[marked] if len(marked) else marked
    parts["bad"] = {"x": _listed(_shown_ms(drawn.at_us[marked], shift)), "y": _numbers(height, drawn.tag)}
    return parts


def _local_words(at_us: int, zone: str) -> str:
    return f"{show.clock(at_us, zone)} {show.zone_label(at_us, zone)}"


def _held(drawn: Course, to_us: int) -> tuple[np.ndarray, np.ndarray]:
    """A signal that speaks until its next change is drawn up to the end of the range."""
    if not drawn.holds or not len(drawn.at_us) or drawn.at_us[-1] >= to_us:
        return drawn.at_us, drawn.value
    return np.append(drawn.at_us, to_us), np.append(drawn.value, drawn.value[-1])


def _before(value: np.ndarray) -> np.ndarray:
    """Each value, or the last known one before it: the height at which a doubtful sample is marked."""
    known = np.where(np.isfinite(value), np.arange(len(value)), -1)
    latest = np.maximum.accumulate(known)
    return np.where(latest >= 0, value[latest], np.nan)


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
