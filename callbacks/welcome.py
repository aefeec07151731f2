"""The welcome panel: shown until it is closed, ticked off as things are tried."""

from __future__ import annotations

from typing import Any

from dash import ALL, Input, Output, ctx
from flask import current_app, has_app_context

from callbacks.registry import Request, callback
from components import frame, live, welcome
from components.landing import landing
from components.view import context_of
from db import access
from db import view as kept

KEPT = "welcome"


@callback(
    Output(welcome.PANEL, "children"),
    Input(frame.APP, "id"),
    Input(welcome.task_id(ALL), "n_clicks"),
    Input(welcome.DISMISS, "n_clicks", allow_optional=True),
    Input(welcome.RESTART, "n_clicks"),
    Input(live.PLACE, "data"),
    permission="profile.self",
)
def show_welcome(request: Request, *causes: Any) -> Any:
    """The panel as it stands after what was pressed; it is there where people start, and where it was asked for."""
    here = context_of(causes[-1])
    state = kept.preferences(request.store, request.user.id).get(KEPT) or {}
    pressed = _pressed()
    if pressed is not None:
        state = kept.prefer(request.store, request.user.id, KEPT, lambda before: _after(before or {}, pressed))
    if state.get("closed") or (here is not None and pressed != "restart" and not _starts(request, here.page)):
        return []
    return drawn(request, state)


def _starts(request: Request, page: str) -> bool:
    """True for the page on which the user starts."""
    holds = access.holdings(request.store, request.user)
    return page in ("/", landing(holds.roles, holds.permissions, None))


def drawn(request: Request, state: dict[str, Any]) -> Any:
    """The panel for the roles of the user."""
    demo = current_app.extensions["plantglass"].demo if has_app_context() else False
    tasks = welcome.tasks(access.holdings(request.store, request.user).roles, demo=demo)
    return welcome.panel(tasks, state.get("done", []), request.user.full_name)


def _pressed() -> str | None:
    """`task:<key>`, `close`, `restart`; None when the page was only opened."""
    if not ctx.triggered or not ctx.triggered[0]["value"]:
        return None
    if isinstance(ctx.triggered_id, dict):
        return f"task:{ctx.triggered_id['task']}"
    return {welcome.DISMISS: "close", welcome.RESTART: "restart"}.get(ctx.triggered_id)


def _after(before: dict[str, Any], pressed: str) -> dict[str, Any]:
    if pressed == "restart":
        return {"done": [], "closed": False}
    if pressed == "close":
        return before | {"closed": True}
    known = {task.key for tasks in welcome.TASKS.values() for task in tasks}
    key = pressed.removeprefix("task:")
    return before | {"done": sorted({*before.get("done", []), *({key} & known)})}
