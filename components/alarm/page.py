"""The skeleton of the alarm page, and its tabs."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from components.alarm import ids, journal, side
from components.panel import panel
from components.states import skeleton
from components.text import aria, t
from components.view import View, href

TABS = (("live", "List"), ("journal", "Journal"), ("performance", "Performance"))
_EXPLAIN = (
    "An alarm tells that something is wrong and that there is something to do about it; everything else is an event.",
    "What nobody has acknowledged stands first, by priority, the newest first; then what is acknowledged and still active.",
    "While the pointer or the focus is in the list nothing moves: new alarms wait behind a button.",
    "Keys: j and k or the arrows choose an alarm, Enter opens it, a acknowledges it and chooses the next, Esc closes.",
)


def page() -> list[Any]:
    """Everything that is there before the first answer."""
    stores = [dcc.Store(id=name) for name in (ids.WATCH, ids.SINK_WATCH, ids.HELD, ids.RELEASE, ids.ACK, ids.DONE)]
    head = html.Div([html.H1(t("Alarms"), id=ids.TITLE), html.Span(id=ids.SENTENCE, className="sub")], className="pl-head")
    parts = [_list(), _journal(), html.Div(html.Div(skeleton(6), id=ids.FIGURES_BODY), id=ids.FIGURES_PART, hidden=True)]
    return [*stores, head, html.Nav(id=ids.TABS, className="tabs", **aria(label=t("Parts of the page"))),
            html.Div([html.Div(parts, className="al-main"), side.frame()], className="al-page")]  # fmt: skip


def _list() -> html.Div:
    shown = panel(ids.LIST, t("Alarm list"), skeleton(6), wide=True, main=True, rows=True, explain=tuple(map(t, _EXPLAIN)))
    set_aside = panel(ids.ASIDE, t("Shelved and out of service"), skeleton(2), wide=True, rows=True)
    return html.Div([shown, set_aside], id=ids.LIST_PART, className="stack")


def _journal() -> html.Div:
    body = [html.Div(id=ids.JOURNAL_EMPTY), journal.grid()]
    return html.Div(panel(ids.JOURNAL, t("Journal"), body, wide=True, rows=True), id=ids.JOURNAL_PART, hidden=True)


def tab_of(view: View) -> str:
    """The tab in the address, or the first."""
    return view.tab if view.tab in dict(TABS) else TABS[0][0]


def tabs(view: View) -> list[html.A]:
    """The tabs as links, the chosen one marked."""
    chosen = tab_of(view)
    return [
        html.A(t(name), href=href(view, tab=tab), className="on" if tab == chosen else "",
               **(aria(current="page") if tab == chosen else {}))
        for tab, name in TABS
    ]  # fmt: skip
