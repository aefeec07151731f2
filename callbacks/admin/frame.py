"""The tabs of the admin page, and what is said when something was done."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update

from callbacks.admin.asked import here_of, rights
from callbacks.registry import Request, callback, clientside
from components import live, states
from components.admin import ids, page
from components.text import t

clientside("live.watch", Output(ids.SINK_WATCH, "data"), Input(ids.WATCH, "data"))
clientside("admin.done", Output(ids.SINK_DONE, "data"), Input(ids.DONE, "data"))


@callback(
    Output(ids.TABS, "children"),
    Output(ids.TAB, "children"),
    Output(ids.DRAWN, "data"),
    Input(live.PLACE, "data"),
    State(ids.DRAWN, "data"),
    permission="location.read",
)
def show_tab(request: Request, place: dict[str, Any] | None, drawn: str | None) -> Any:
    """The tabs, and the skeleton of the chosen one unless it is there already."""
    here = here_of(place)
    if here is None:
        return (no_update,) * 3
    held = rights(request)
    tab = page.tab_of(here.search)
    links = page.tabs(here.search, held)
    if drawn == tab.key:
        return links, no_update, no_update
    if tab.permission not in held:
        return links, states.forbidden(tab.permission, here.name or t("any place")), tab.key
    return links, page.drawn(tab, held), tab.key
