"""`/start`: where signing in leads. The user's own start view, else the page of the role, else the first that may be seen."""

from __future__ import annotations

from flask import Flask, current_app, redirect
from flask_login import current_user
from werkzeug.wrappers import Response

from components.landing import landing
from connectors.http.guard import Context
from db import access
from db import view as kept
from db.store import Store
from engine.access import User


def install(server: Flask) -> None:
    """The route; the guard has made sure that somebody is signed in."""
    server.add_url_rule("/start", "start", _start, methods=["GET"])


def _start() -> Response:
    context: Context = current_app.extensions["plantglass"]
    return redirect(start_of(context.store, current_user.user))


def start_of(store: Store, user: User) -> str:
    """The path to start with. A view that is gone, or that the user may not see any more, is passed over."""
    holds = access.holdings(store, user)
    likes = kept.preferences(store, user.id)
    scope = access.scope_for(store, user, "location.read")
    if likes.get("landing"):
        views = kept.views(scope, store, user.name, holds.roles)
        chosen = next((view.href for view in views if view.id == likes["landing"]), None)
        if chosen:
            return chosen
    recent = likes.get("recent") or []
    return landing(holds.roles, holds.permissions, recent[0][2] if recent else None)
