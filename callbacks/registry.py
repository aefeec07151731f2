"""How a callback is declared: with the permission that it needs, and the request it gets.

    @callback(Output(...), Input(...), permission="historian.read")
    def show_values(request: Request, at: str) -> ...:

The wrapper finds the user, refuses without the permission, and hands over a `Request` with the scope that the
user's grants reach for that permission. `refuse_undeclared` stops the start when any callback went past it.
"""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dash
from dash import ctx, set_props
from dash._callback import GLOBAL_CALLBACK_LIST, GLOBAL_CALLBACK_MAP
from flask import current_app
from flask_login import current_user

import callbacks
from components import live, notice, panel, states, still
from components.text import t
from db import access
from db.store import Store
from engine.access import PERMISSIONS, Scope, User
from engine.errors import Forbidden, PlantError, Unavailable

_KEYS = {p.key for p in PERMISSIONS}
_declared: dict[str, str] = {}
_entries: list[dict[str, Any]] = []
_functions: dict[str, Any] = {}
_FRAMEWORK = ("_pages_content", "_pages_store", "_pages_dummy")


@dataclass(frozen=True, slots=True)
class Request:
    """What a callback may use: who asks, what they may see, the store, and the time."""

    user: User
    scope: Scope
    store: Store
    now_us: int


def callback(*arguments: Any, permission: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`dash.callback` with a permission; the function gets a `Request` first."""
    if permission not in _KEYS:
        raise ValueError(f"There is no permission “{permission}”.")

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def guarded(*values: Any) -> Any:
            return still.settle(function(request_for(permission), *values))

        known = len(GLOBAL_CALLBACK_LIST)
        dash.callback(*arguments, **options)(guarded)
        _declared.update({entry["output"]: permission for entry in GLOBAL_CALLBACK_LIST[known:]})
        return function

    return declare


def clientside(function: str, *arguments: Any, **options: Any) -> None:
    """A callback that runs in the browser alone, as `namespace.function` of a script in assets/."""
    namespace, name = function.rsplit(".", 1)
    known = len(GLOBAL_CALLBACK_LIST)
    dash.clientside_callback(dash.ClientsideFunction(namespace, name), *arguments, **options)
    _declared.update({entry["output"]: "" for entry in GLOBAL_CALLBACK_LIST[known:]})


def request_for(permission: str) -> Request:
    """The request of the signed-in user; raises `Forbidden` when the right is missing everywhere."""
    user = getattr(current_user, "user", None)
    if user is None:
        raise Forbidden("You are not signed in.")
    store: Store = current_app.extensions["plantglass"].store
    scope = access.scope_for(store, user, permission)
    if not scope.nodes:
        raise Forbidden(f"This needs the right “{permission}”.")
    return Request(user, scope, store, time.time_ns() // 1000)


def permission_of(output: str) -> str | None:
    """The permission of the callback that writes `output`; "" in the browser only; None when undeclared."""
    if output.split(".")[0].strip(".") in _FRAMEWORK or output.startswith(tuple(f"..{f}" for f in _FRAMEWORK)):
        return "profile.self"
    return _declared.get(output)


def declared() -> dict[str, str]:
    """Permission by output of every callback that was declared here."""
    return dict(_declared)


def refuse_undeclared(callback_map: Mapping[str, Any] | Iterable[str]) -> None:
    """Raise `RuntimeError` naming every callback without a permission; called once at start."""
    missing = sorted(output for output in callback_map if permission_of(output) is None)
    if missing:
        raise RuntimeError(f"These callbacks declare no permission: {', '.join(missing)}")


def load() -> None:
    """Import every module of this room, so that the application made next has its callbacks.

    Dash hands what was declared to the first application of a process and forgets it; a second one gets the same.
    """
    for module in pkgutil.iter_modules(callbacks.__path__):
        importlib.import_module(f"callbacks.{module.name}")
    if _entries:
        GLOBAL_CALLBACK_LIST.extend(dict(entry) for entry in _entries)
        GLOBAL_CALLBACK_MAP.update(_functions)
    else:
        _entries.extend(dict(entry) for entry in GLOBAL_CALLBACK_LIST)
        _functions.update(GLOBAL_CALLBACK_MAP)


def tell(error: Exception) -> None:
    """The one handler of what callbacks raise: a `PlantError` is shown as it is, anything else with an id to quote."""
    number = f"{time.time_ns() // 1_000_000:x}"
    if not isinstance(error, PlantError):
        logging.getLogger("plantglass").error("error %s", number, exc_info=error)
    text = _said(error)
    known = None if isinstance(error, PlantError) else number
    slots = _slots()
    for slot in slots:
        said = states.refused(text) if isinstance(error, Forbidden) else states.failed(text, known or "")
        set_props(slot, {"children": said})
    if not slots:
        set_props(notice.NOTICE, {"children": notice.message(text, known)})


def _said(error: Exception) -> str:
    if isinstance(error, Unavailable):
        return error.plain
    return str(error) if isinstance(error, PlantError) else t("Something went wrong on the server.")


def _slots() -> list[str]:
    """Where the panels that this callback fills say so; none when the page renewed itself: then old content stays."""
    causes = {cause["prop_id"] for cause in ctx.triggered}
    if causes and causes <= {f"{name}.data" for name in live.BY_ITSELF if name != live.REFRESH}:
        return []
    outputs = ctx.outputs_list if isinstance(ctx.outputs_list, list) else [ctx.outputs_list]
    return [panel.failed_of(out["id"]) for out in outputs if isinstance(out, dict) and panel.is_body(out.get("id"))]
