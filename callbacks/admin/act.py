"""Asking before doing: one dialog for every action on one thing. Each action is a record with the right that it needs.

    @action(Action("job.run", "job.run", "Run a job now", told))
    def run_job(request: Request, key: str, reason: str) -> str: ...   # returns what is said then

What the browser sends is a name of an action and of a thing; both are looked up again here, and the right is checked
before the dialog tells anything and again before anything is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dash import Input, Output, State, no_update

from callbacks.registry import Request, callback, request_for
from components.admin import ids
from components.panel import body_id, failed_of
from components.text import t
from engine.errors import Invalid, NotFound

Told = Callable[[Request, str], str]
Do = Callable[[Request, str, str], Any]
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Action:
    """`told` says what will happen to the thing; it raises what hinders it."""

    name: str
    permission: str
    title: str
    told: Told


ACTIONS: dict[str, tuple[Action, Do]] = {}


def action(record: Action) -> Callable[[Do], Do]:
    """Register what an action does."""

    def register(do: Do) -> Do:
        ACTIONS[record.name] = (record, do)
        return do

    return register


def known(name: Any, on: Any) -> tuple[Action, Do, str]:
    """The action that the browser names, and the thing. Raises `NotFound`, `Invalid`."""
    found = ACTIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise NotFound(t("There is nothing of that name to do here."))
    if not isinstance(on, str) or len(on) > LONGEST_NAME or "\x00" in on:
        raise Invalid(t("The browser sent a name that no page made. Load the page again."))
    return *found, on


def allowed(request: Request, record: Action) -> Request:
    """The request with the scope of the action's right; raises `Forbidden`."""
    return replace(request_for(record.permission), now_us=request.now_us)


@callback(
    Output(ids.ACT_TITLE, "children"),
    Output(ids.ACT_TEXT, "children"),
    Output(ids.ACT_REASON, "value"),
    Output(ids.ACT_GO, "disabled"),
    Output(body_id(ids.ACT), "children"),
    Output(failed_of(body_id(ids.ACT)), "children"),
    Input(ids.ACT_WHAT, "data"),
    permission="profile.self",
    prevent_initial_call=True,
)
def open_act(request: Request, what: Any) -> Any:
    """What would be done, before it is."""
    if not isinstance(what, dict):
        return (no_update,) * 6
    record, _, on = known(what.get("do"), what.get("on"))
    said = record.told(allowed(request, record), on)
    return t(record.title), said, "", False, None, None


@callback(
    Output(body_id(ids.ACT), "children", allow_duplicate=True),
    Output(ids.ACT_GO, "disabled", allow_duplicate=True),
    Output(ids.DONE, "data"),
    Input(ids.ACT_GO, "n_clicks"),
    State(ids.ACT_WHAT, "data"),
    State(ids.ACT_REASON, "value"),
    permission="profile.self",
    prevent_initial_call=True,
)
def do_act(request: Request, clicks: int | None, what: Any, reason: str | None) -> Any:
    """Do it, and say so; what must be read once (a password) stays in the dialog."""
    if not clicks or not isinstance(what, dict):
        return (no_update,) * 3
    record, do, on = known(what.get("do"), what.get("on"))
    said = do(allowed(request, record), on, reason or "")
    if isinstance(said, str):
        return None, True, {"said": said, "at": request.now_us}
    return said, True, {"said": t("Done"), "at": request.now_us, "keep": True}
