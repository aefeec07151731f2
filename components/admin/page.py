"""The frame of the admin page: its tabs, and what each needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from components.admin import config, connect, ids, jobs, parts, sources, system, users
from components.states import skeleton
from components.text import aria, t

TOPICS = {"topics": ["job", "config", "audit"]}


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the page, and the right that opens it."""

    key: str
    title: str
    permission: str


TABS: tuple[Tab, ...] = (
    Tab("sources", "Sources", "job.read"),
    Tab("connect", "Connect a source", "config.write"),
    Tab("jobs", "Jobs", "job.read"),
    Tab("users", "Users and roles", "config.read"),
    Tab("config", "Configuration", "config.read"),
    Tab("retention", "Retention", "job.read"),
    Tab("system", "System", "job.read"),
)
_DRAWN = {
    "sources": sources.tab,
    "connect": connect.tab,
    "jobs": jobs.tab,
    "users": users.tab,
    "config": config.tab,
    "retention": system.retention_tab,
    "system": system.tab,
}


def page() -> list[Any]:
    """Everything that is there before the first answer."""
    stores = [
        dcc.Store(id=name)
        for name in (ids.SINK_WATCH, ids.DRAWN, ids.HELD, ids.DONE, ids.SINK_DONE, ids.SINK_GO, ids.TEXT, ids.RUN)
    ]
    head = html.Div(html.H1(t("Admin"), id=ids.TITLE), className="pl-head")
    return [
        *stores,
        dcc.Store(id=ids.WATCH, data=TOPICS),
        head,
        html.Nav(id=ids.TABS, className="tabs adm-tabs", **aria(label=t("Parts of the page"))),
        html.Div(skeleton(6), id=ids.TAB),
        parts.act_dialog(),
    ]


def tab_of(search: str) -> Tab:
    """The tab in the address, or the first."""
    wanted = parts.asked(search).get("tab", "")
    return next((tab for tab in TABS if tab.key == wanted), TABS[0])


def tabs(search: str, rights: Collection[str]) -> list[html.A]:
    """The tabs as links, the chosen one marked; those that the reader may not open are left out, except the chosen one."""
    chosen = tab_of(search)
    return [_tab_link(tab, search, tab == chosen) for tab in TABS if tab.permission in rights or tab == chosen]


def _tab_link(tab: Tab, search: str, chosen: bool) -> html.A:
    to = parts.link(search, tab=tab.key, sel=None)
    return html.A(t(tab.title), href=to, className="on" if chosen else "", **(aria(current="page") if chosen else {}))


def drawn(tab: Tab, rights: Collection[str]) -> Any:
    """The skeleton of a tab, its generated sentence first."""
    sentence = html.P(id=ids.sentence_id(tab.key), className="adm-sentence t2")
    return html.Div([sentence, html.Div(_DRAWN[tab.key](rights))])
