"""What the panels of the machine page show, as rows for their tables and files. Newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from components.course import Course
from components.events import Told
from components.export import Cell, Column, Sheet
from components.machine import Reading
from components.shape import word
from components.text import t
from components.timeline import History
from engine.time import MINUTE_US, SECOND_US


def quality(severity: int) -> str:
    """The word for how far a value can be trusted: 0 good, 1 uncertain, 2 and above bad."""
    return (t("good"), t("uncertain"), t("bad"))[min(severity, 2)]


# ------------------------------------------------------------------ signals
def trend_sheet(courses: Sequence[Course]) -> Sheet:
    """Every drawn point of every signal: samples, or the means of equal intervals with their least and greatest."""
    columns = (
        *(Column(t(title)) for title in ("Signal", "Title", "Unit")),
        Column(t("Time"), "time"),
        *(Column(t(title), "number") for title in ("Value", "Least", "Greatest")),
        Column(t("State")),
        Column(t("Quality")),
        Column(t("Mean over"), "number", "s"),
    )
    rows = [row for course in courses for row in _points(course)]
    rows.sort(key=lambda row: int(row[3] or 0), reverse=True)
    return Sheet(t("Trend"), columns, rows, signals=tuple(course.tag.name for course in courses))


def _points(course: Course) -> Iterator[list[Cell]]:
    named = [course.tag.name, course.tag.title, course.tag.unit]
    mean_s = course.width_us / SECOND_US if course.width_us else None
    for i in np.flatnonzero(course.usable | course.doubtful).tolist():
        value = _known(course.value, i)
        said = course.names.get(int(value), "") if value is not None else ""
        measured = [value, _known(course.low, i), _known(course.high, i)]
        yield [*named, int(course.at_us[i]), *measured, said, t("not good") if course.doubtful[i] else t("good"), mean_s]


def _known(values: np.ndarray | None, i: int) -> float | None:
    return None if values is None or np.isnan(values[i]) else float(values[i])


def now_sheet(readings: Iterable[Reading]) -> Sheet:
    """The newest value of every signal that has one."""
    columns = (
        *(Column(t(title)) for title in ("Signal", "Title")),
        Column(t("Value"), "number"),
        *(Column(t(title)) for title in ("Text", "Unit")),
        Column(t("Time"), "time"),
        Column(t("Quality")),
    )
    told = [r for r in readings if r.at_us is not None]
    rows = [[r.tag.name, r.tag.title, r.value, r.text, r.tag.unit, r.at_us, quality(r.severity)] for r in told]
    return Sheet(t("Now"), columns, rows, signals=tuple(r.tag.name for r in told))


# ------------------------------------------------------------------ states and events
def state_sheet(found: History | None, shown: str) -> Sheet:
    """Every state of the range; None: the place has no state. `shown` says how exact the rows are."""
    columns = (
        Column(t("From"), "time"),
        Column(t("To"), "time"),
        *(Column(t(title)) for title in ("State", "Said")),
        Column(t("For"), "number", "min", 2),
    )
    rows: list[list[Cell]] = []
    for part in (found.row if found else [])[::-1]:
        named = word(part.category) if part.category else t("Unknown")
        rows.append([part.from_us, part.to_us, named, part.text, (part.to_us - part.from_us) / MINUTE_US])
    return Sheet(t("States"), columns, rows, filters=((t("Shown"), shown),))


def event_sheet(found: Told, shown: str) -> Sheet:
    """The listed events; what lasts has no end, what has no length no duration."""
    columns = (
        Column(t("At"), "time"),
        *(Column(t(title)) for title in ("Event", "Detail")),
        Column(t("Until"), "time"),
        Column(t("For"), "number", "min", 2),
    )
    rows: list[list[Cell]] = []
    for event in found.rows:
        until_us = event.until_us if event.until_us != event.at_us else None
        minutes = (until_us - event.at_us) / MINUTE_US if until_us is not None else None
        rows.append([event.at_us, event.title, event.detail, until_us, minutes])
    return Sheet(t("Last events"), columns, rows, filters=((t("Shown"), shown),))
