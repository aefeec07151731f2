"""What changed at a place against another time: the largest movers with a candidate for the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import html

from components import format as show
from components.export import Cell, Column, Sheet
from components.help import kpi_shown
from components.states import empty
from components.text import t
from components.view import View, place_href
from engine.overview import Mover

MOST_CHANGES = 5
AGAINST: Mapping[str, str] = {"week": "last week", "before": "before"}
"""What a range is compared with, in words."""
CAUSES: Mapping[str, str] = {
    "delay_s": "standing with a batch",
    "down_s": "standing without a batch",
    "setup_s": "being set up or cleaned",
}
EXPLAIN = (
    "Indicators of the parts over this range against the range that is compared with, the largest changes first.",
    "The cause is a candidate: the bucket of lost time that changed most, at equal lengths of known time.",
    (
        "Changes of OEE below 1 point, of right first time below 0.2 points, of energy below 3 % and of data coverage below 2"
        " points are left out."
    ),
)


def changed(movers: Sequence[Mover], view: View, comparable: bool) -> Any:
    """The largest changes with a candidate for the cause and the way to the evidence."""
    if not comparable:
        return empty(t("Compares with {against}. Nothing is known of that time.", against=t(AGAINST[view.cmp])))
    if not movers:
        return empty(t("Lists what moved against {against}. Nothing moved enough to tell.", against=t(AGAINST[view.cmp])))
    rest = len(movers) - MOST_CHANGES
    items = html.Ul([_change(mover, view) for mover in movers[:MOST_CHANGES]], className="chg")
    more = html.P(t("{rest} more in the table of the menu", rest=rest), className="cap t2") if rest > 0 else None
    return [items, more]


def _change(mover: Mover, view: View) -> html.Li:
    name = t("{place}, {what}", place=mover.node.name, what=_lower(t(mover.kpi.title)))
    link = html.A(t("See {place}", place=mover.node.name), href=place_href(view, mover.node.path, mover.node.kind.value))
    return html.Li(
        [
            html.Span(name, className="a"),
            html.Span(moved(mover), className="dl"),
            html.Span([_why(mover), " ", link], className="w"),
        ]
    )


def _lower(title: str) -> str:
    return title if title.isupper() else title[:1].lower() + title[1:]


def moved(mover: Mover) -> str:
    """`+3.4 points`, `−9 %`."""
    sign = "+" if mover.change > 0 else show.MINUS
    if mover.kpi.unit == "%":
        return f"{sign}{show.quantity(100 * abs(mover.change), t('points'), 1)}"
    return f"{sign}{show.quantity(100 * abs(mover.change), '%', 0)}"


def _why(mover: Mover) -> str:
    now, before = (kpi_shown(mover.kpi, value) for value in (mover.now, mover.before))
    said = t("{now} after {before}.", now=now, before=before)
    return f"{said} {cause(mover)}".strip()


def cause(mover: Mover) -> str:
    """The candidate for the cause in words."""
    if mover.why is None:
        return ""
    key, seconds = mover.why
    span = show.duration(int(abs(seconds) * 1e6))
    if seconds > 0:
        return t("{span} more {what}.", span=span, what=t(CAUSES[key]))
    return t("{span} less {what}.", span=span, what=t(CAUSES[key]))


def changes_sheet(movers: Iterable[Mover], view: View) -> Sheet:
    """Every change as rows."""
    heads = (
        Column(t("Place")), Column(t("Path")), Column(t("Indicator")), Column(t("Unit")), Column(t("Now"), "number", "", 4),
        Column(t("Before"), "number", "", 4), Column(t("Change")), Column(t("Candidate for the cause")),
    )  # fmt: skip
    found: list[list[Cell]] = [
        [m.node.name, m.node.path, t(m.kpi.title), m.kpi.unit, *_scaled(m), moved(m), cause(m)] for m in movers
    ]
    return Sheet(t("What changed"), heads, found, filters=((t("Compared with"), t(AGAINST[view.cmp])),))


def _scaled(mover: Mover) -> list[float]:
    scale = 100 if mover.kpi.unit == "%" else 1
    return [mover.now * scale, mover.before * scale]
