"""The count of standing alarms in the top bar, and what the tree wears: the worst unacknowledged alarm below each node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from components import format as show
from components.alarm import ids, words
from components.shape import shape
from components.text import t
from engine.alarm import Priority, worst


def link() -> html.A:
    """The way to the alarm page, in the top bar of every page."""
    return html.A(count(None), id=ids.COUNT, href="/alarm", className="pl-alarmcount")


def count(counts: Mapping[Priority, int] | None) -> list[html.Span]:
    """Shape and number of each priority; zero is quiet, and None is not known yet."""
    return [html.Span(t("Alarms"), className="pl-sr"), *(_number(p, counts) for p in Priority)]


def _number(priority: Priority, counts: Mapping[Priority, int] | None) -> html.Span:
    count_ = None if counts is None else counts.get(priority, 0)
    shown = show.NOTHING if count_ is None else str(count_)
    return html.Span([shape(words.SHAPES[priority]), shown], className="" if count_ else "zero")


def spoken(counts: dict[Priority, int]) -> str:
    """The count for those who hear it, and as its tooltip."""
    return t("Alarms: {counts}", counts=words.counted(counts) or t("none"))


def tree_marks(rolled: Mapping[int, dict[Priority, int]]) -> dict[str, list[Any]]:
    """Node -> [class suffix of the shape, how many alarms are not acknowledged in all, the rule with its numbers]."""
    found = {}
    for node, counts in rolled.items():
        leading = worst(counts)
        if leading is not None:
            rule = t("Worst alarm not acknowledged, here and below: {counts}", counts=words.counted(counts))
            found[str(node)] = [words.SHAPES[leading], sum(counts.values()), rule]
    return found
