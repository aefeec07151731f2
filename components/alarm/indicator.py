"""The count of standing alarms in the top bar, and what the tree wears: the worst unacknowledged alarm below each node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from components.alarm import ids, words
from components.shape import shape
from components.text import t
from engine.alarm import Priority, worst


def link() -> html.A:
    """The way to the alarm page, in the top bar of every page."""
    return html.A(count({}), id=ids.COUNT, href="/alarm", className="pl-alarmcount")


def count(counts: Mapping[Priority, int]) -> list[html.Span]:
    """Shape and number of each priority; zero is quiet."""
    return [
        html.Span(t("Alarms"), className="pl-sr"),
        *(
            html.Span([shape(words.SHAPES[p]), str(counts.get(p, 0))], className="" if counts.get(p) else "zero")
            for p in Priority
        ),
    ]


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
