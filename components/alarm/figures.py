"""How well the alarm system works: rates, floods, what is frequent, chatters, is fleeting or stale, and the mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from components import format as show
from components.alarm import ids, words
from components.alarm.listing import aside_table
from components.panel import panel
from components.shape import shape
from components.text import aria, t
from components.view import View, href
from engine.alarm import Alarm, Aside, Priority
from engine.alarm.performance import AIM, FLOOD, KPIS, SPAN_US, STALE_US, Often, Performance
from engine.kpi import Kpi
from engine.time import SECOND_US

BARS = 144
TOP_PANEL, RATE_PANEL, MIX_PANEL = "alarm-top", "alarm-rate", "alarm-mix"
CHATTER_PANEL, FLEETING_PANEL, STALE_PANEL = "alarm-chatter", "alarm-fleeting", "alarm-stale"


def body(found: Performance, standing: Sequence[Alarm], asides: Sequence[Aside], view: View, now_us: int) -> list[Any]:
    """The figures of the range."""
    old = old_ones(standing, now_us)
    tiles = html.Div([_tile(kpi, found) for kpi in KPIS], className="al-tiles")
    rate = panel(RATE_PANEL, t("Alarms in each 10 minutes"), _course(found, view, now_us), subtitle=_worst(found, view, now_us),
                 rows=True)  # fmt: skip
    top = panel(TOP_PANEL, t("Top ten"), _often(found.top, view), wide=True, rows=True, subtitle=t("Most often raised"))
    mix = panel(MIX_PANEL, t("Mix of priorities"), _mix(found), rows=True, subtitle=t("Against the aim of ISA-18.2"))
    chatter = panel(CHATTER_PANEL, t("Chattering"), _often(found.chattering, view), wide=True, rows=True,
                    subtitle=t("Raised 3 times or more within a minute"))  # fmt: skip
    fleeting = panel(FLEETING_PANEL, t("Fleeting"), _often(found.fleeting, view), wide=True, rows=True,
                     subtitle=t("Gone within 10 seconds, before anybody could act"))  # fmt: skip
    stale = panel(STALE_PANEL, t("Stale"), _stale(old, view, now_us), wide=True, rows=True,
                  subtitle=t("Active for more than 24 hours"))  # fmt: skip
    shelved = panel(ids.SHELVED, t("Shelved and out of service"), aside_table(asides, view, now_us), wide=True, rows=True)
    return [
        tiles,
        _row((rate, 8), (mix, 4)),
        _row((top, 6), (html.Div([chatter, fleeting, stale], className="stack"), 6)),
        _row((shelved, 12)),
    ]


def old_ones(standing: Sequence[Alarm], now_us: int) -> list[Alarm]:
    """Those that have been active for long."""
    return [alarm for alarm in standing if alarm.active and now_us - alarm.since_us > STALE_US]


def _row(*parts: tuple[Any, int]) -> html.Div:
    return html.Div([html.Div(part, className=f"c{columns}") for part, columns in parts], className="row12")


def _tile(kpi: Kpi[Performance], found: Performance) -> html.Div:
    value = kpi.value(found)
    missed = value is not None and kpi.target is not None and value > kpi.target
    target = t("aim: at most {value}", value=shown(kpi, kpi.target)) if kpi.target is not None else t("no aim set")
    return html.Div(
        [
            html.Div(t(kpi.title), className="lb", title=t(kpi.definition)),
            html.Div(shown(kpi, value), className="v"),
            html.Div([target, html.B(t(" · missed")) if missed else None], className="d"),
        ],
        className="kpi_tile",
    )


def shown(kpi: Kpi[Performance], value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return show.NOTHING
    if kpi.unit == "s":
        return show.duration(int(value * SECOND_US))
    return show.quantity(value * 100, "%", kpi.decimals) if kpi.unit == "%" else show.number(value, kpi.decimals)


def _worst(found: Performance, view: View, now_us: int) -> str:
    if not found.worst_per_span or found.worst_span_us is None:
        return t("None in this range")
    first, last = (show.when(at, view.zone, now_us) for at in (found.worst_span_us, found.worst_span_us + SPAN_US))
    return t(
        "At most {n}, {first}–{last}; a flood is more than {flood}", n=found.worst_per_span, first=first, last=last, flood=FLOOD
    )


def _course(found: Performance, view: View, now_us: int) -> html.Div | html.P:
    """A bar for each span, or for the worst of several where there are many; the line is where a flood begins."""
    if not found.spans:
        return html.P(t("The range is shorter than 10 minutes."), className="t2")
    each = -(-len(found.spans) // BARS)
    groups = [found.spans[i : i + each] for i in range(0, len(found.spans), each)]
    counts = [max(count for _, count in group) for group in groups]
    top = max(FLOOD + 2, *counts)
    bars = [
        html.I(style={"height": f"{100 * count / top:.1f}%"}, className="is-flood" if count > FLOOD else "",
               title=f"{show.when(group[0][0], view.zone, now_us)}: {count}")
        for group, count in zip(groups, counts, strict=True)
    ]  # fmt: skip
    line = html.Span(str(FLOOD), className="al-flood", style={"bottom": f"{100 * FLOOD / top:.1f}%"})
    label = t("Alarms in each 10 minutes: {n} in all, at most {worst}", n=found.total, worst=found.worst_per_span or 0)
    ends = [html.Span(show.when(at, view.zone, now_us)) for at in (found.from_us, found.to_us)]
    drawn = html.Div([*bars, line], className="al-bars", role="img", **aria(label=label))
    return html.Div([drawn, html.Div(ends, className="pl-marks cap t2")])


def _often(rows: Sequence[Often], view: View) -> html.Div | html.P:
    if not rows:
        return html.P(t("None in this range."), className="t2 pad")
    head = html.Thead(html.Tr([html.Th(t(n), scope="col") for n in ("Alarm", "Location", "Times", "Share")]))
    body_ = [
        html.Tr(
            [
                html.Td([shape(words.SHAPES[one.priority], label=words.priority_word(one.priority)), " ", _link(one, view)]),
                html.Td(one.place),
                html.Td(str(one.count), className="num"),
                html.Td(show.quantity(one.share * 100, "%", 0), className="num"),
            ]
        )
        for one in rows
    ]
    return html.Div(html.Table([head, html.Tbody(body_)], className="pl-table"), className="al-scroll")


def _link(one: Often, view: View) -> html.A:
    return html.A(one.title, href=href(view, sel=(str(one.definition_id),)), className="al-title")


def _stale(old: Sequence[Alarm], view: View, now_us: int) -> html.Div | html.P:
    if not old:
        return html.P(t("None now."), className="t2 pad")
    rows = [
        html.Tr(
            [
                html.Td(html.A(a.title, href=href(view, sel=(str(a.definition_id),)), className="al-title")),
                html.Td(a.place),
                html.Td(show.duration(now_us - a.since_us), className="num"),
            ]
        )
        for a in old
    ]
    head = html.Thead(html.Tr([html.Th(t(n), scope="col") for n in ("Alarm", "Location", "For")]))
    return html.Div(html.Table([head, html.Tbody(rows)], className="pl-table"), className="al-scroll")


def _mix(found: Performance) -> html.Div | html.P:
    if not found.total:
        return html.P(t("None in this range."), className="t2")
    rows = [_share(priority, found.mix[priority]) for priority in reversed(Priority)]
    return html.Div(rows, className="al-mix")


def _share(priority: Priority, share: float) -> html.Div:
    words_ = t("{share} %, aim {aim} %", share=show.number(share * 100, 0), aim=show.number(AIM[priority] * 100, 0))
    aim = html.U(style={"left": f"{AIM[priority] * 100:.0f}%"})
    meter = html.Span([html.I(), aim], className="meter", style={"--x": f"{100 * share:.1f}%"}, **aria(hidden="true"))
    name = html.Span([shape(words.SHAPES[priority], hidden=True), " ", words.priority_word(priority)])
    return html.Div([name, meter, html.Span(words_, className="cap t2")])
