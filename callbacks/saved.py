"""Saved views: keep one, list them, delete one, start with one."""

from __future__ import annotations

from typing import Any

from dash import ALL, Input, Output, State, ctx, no_update

from callbacks.registry import Request, callback, clientside, request_for
from components import frame, live, saved
from components.text import t
from components.view import Context, context_of
from db import access
from db import view as kept
from engine.access import ROLES
from engine.errors import Forbidden, PlantError
from engine.view import SavedView

LANDING = "landing"
NOT_SHARED_WITH = frozenset({"wall"})


clientside("saved.gather", Output(saved.ASKED, "data"), Input(saved.SAVE, "n_clicks"), State(saved.NAME, "value"))
clientside("saved.done", Output(saved.NAME, "value"), Input(saved.CHANGED, "data"))


@callback(Output(saved.LIST, "children"), Input(frame.APP, "id"), Input(saved.CHANGED, "data"), permission="location.read")
def show_views(request: Request, _app: Any, _changed: Any) -> Any:
    """The views that the user may open."""
    roles = access.holdings(request.store, request.user).roles
    listed = kept.views(request.scope, request.store, request.user.name, roles)
    landing = kept.preferences(request.store, request.user.id).get(LANDING)
    return saved.listed(listed, request.user.name, landing)


@callback(Output(saved.SHARED, "children"), Input(frame.APP, "id"), permission="location.read")
def show_sharing(request: Request, _app: Any) -> Any:
    """The roles that the user may share views with."""
    may = "view.share" in access.holdings(request.store, request.user).permissions
    return saved.sharing(sorted(set(ROLES) - NOT_SHARED_WITH) if may else [])


@callback(
    Output(saved.TOLD, "children"),
    Output(saved.CHANGED, "data"),
    Input(saved.ASKED, "data"),
    State(live.PLACE, "data"),
    permission="location.read",
    prevent_initial_call=True,
)
def save_view(request: Request, asked: Any, place: dict[str, Any] | None) -> Any:
    """Keep the page as it is; what is wrong is said beside the form, which keeps its content."""
    here = context_of(place)
    if here is None or not isinstance(asked, dict):
        return no_update, no_update
    roles = [str(role) for role in asked.get("roles") or () if role in ROLES]
    try:
        view_id = keep(request, here, str(asked.get("name") or "").strip(), roles)
    except PlantError as wrong:
        return str(wrong), no_update
    if asked.get("start"):
        kept.prefer(request.store, request.user.id, LANDING, lambda _before: view_id)
    return "", {"saved": view_id, "at": request.now_us}


def keep(request: Request, here: Context, name: str, roles: list[str]) -> int:
    """Store the view of a place in the scope. Raises `Forbidden` for sharing without the right there, `Invalid`."""
    if here.node is None:
        raise Forbidden(t("This page shows no place that you may see."))
    request.scope.check(here.node)
    if roles:
        request_for("view.share").scope.check(here.node)
    view = SavedView(None, name, request.user.name, here.page, here.search, here.node, tuple(sorted(set(roles))))
    with request.store.change(request.user.name, t("saved view")) as change:
        return kept.save_view(change, view)


def _clicked() -> int | None:
    """The view whose button was pressed; None when the list was only drawn."""
    pressed = ctx.triggered and ctx.triggered[0]["value"] and isinstance(ctx.triggered_id, dict)
    number = ctx.triggered_id["view"] if pressed else None
    return number if isinstance(number, int) and 0 < number < 2**31 else None


@callback(
    Output(saved.CHANGED, "data", allow_duplicate=True),
    Input(saved.drop_id(ALL), "n_clicks"),
    permission="location.read",
    prevent_initial_call=True,
)
def drop_view(request: Request, _clicks: Any) -> Any:
    """Delete a view of the user's own."""
    view_id = _clicked()
    if view_id is None:
        return no_update
    with request.store.change(request.user.name, t("deleted view")) as change:
        kept.drop_view(change, request.user.name, view_id)
    return {"dropped": view_id, "at": request.now_us}


@callback(
    Output(saved.CHANGED, "data", allow_duplicate=True),
    Input(saved.land_id(ALL), "n_clicks"),
    permission="location.read",
    prevent_initial_call=True,
)
def choose_start(request: Request, _clicks: Any) -> Any:
    """Start with a view after signing in; the same again: start with the page of the role."""
    view_id = _clicked()
    if view_id is None:
        return no_update
    kept.prefer(request.store, request.user.id, LANDING, lambda before: None if before == view_id else view_id)
    return {"start": view_id, "at": request.now_us}
