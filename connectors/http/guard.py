"""Default deny: every path needs a signed-in user with the permission that the path or callback names.

Open to everybody are only the paths in `OPEN`, each with its reason. A callback's permission is found by the
output that the request names; an output that nobody declared is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Flask, Request, Response, current_app, g, jsonify, redirect, request
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as AnyResponse

from components.wall.page import refused_page
from connectors.http import display
from db import access
from db.store import Store
from engine.access import User
from engine.errors import Forbidden, PlantError, Unavailable
from engine.wall.device import RIGHTS

log = logging.getLogger(__name__)

COOKIE = "plantglass_session"
OPEN: dict[str, str] = {
    "/login": "the way in",
    "/health": "asked by monitors without an account; tells states, no values",
    "/metrics": "scraped by Prometheus; tells counts, no values",
}
OPEN_FOLDERS: dict[str, str] = {"/assets/": "styles, fonts and scripts of the sign-in page; the same for everybody"}
ROUTES: dict[str, str] = {
    "/live": "historian.read",
    "/logout": "profile.self",
    "/start": "profile.self",
    "/wall-preview": "wall.manage",
}
DEVICES = "/wall/"
DEVICE_ROUTES: dict[str, str] = {"/wall/display": "wall.read", "/wall/data": "wall.read"}
"""What a wall display may ask for with its device's session: never with a person's, and a device's opens nothing else. The
only other path in `DEVICES` is the link itself, whose token is the proof."""
UPDATE = "/_dash-update-component"
EVERY_PATH = "/<path:path>"
"""The rule by which Dash answers every other path with the frame."""
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
MAX_BODY = 4 * 1024 * 1024

TroublePage = Callable[..., str]
"""(status, text, retry=...) -> the page, as components/trouble.py draws it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What HTTP handlers and callbacks of one application share."""

    store: Store
    session_minutes: int
    https: bool
    demo: bool
    version: str


class Account(UserMixin):
    """flask-login's view of a user."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.id = str(user.id)


def install(
    server: Flask,
    permission_of: Callable[[str], str | None],
    trouble_page: TroublePage,
    background: frozenset[str] = frozenset(),
) -> None:
    """Hang the guard, the sign-in manager and error answers on the server.

    `trouble_page` draws what a person sees instead of a page. `background` names the inputs ("id.property") that the
    page raises by itself: they are no sign of a person at work.
    """
    server.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    manager = LoginManager(server)
    manager.session_protection = None  # sessions live in the database, bound to a random token
    manager.request_loader(lambda asked: _account(asked, background))
    server.before_request(lambda: _guard(permission_of))
    server.register_error_handler(PlantError, lambda error: _tell(error, trouble_page))
    server.register_error_handler(HTTPException, lambda error: _tell_http(error, trouble_page))


def _context() -> Context:
    context: Context = current_app.extensions["plantglass"]
    return context


def _account(asked: Request, background: frozenset[str]) -> Account | None:
    token = asked.cookies.get(COOKIE)
    if not token:
        return None
    context = _context()
    user = access.user_of_session(context.store, token, context.session_minutes)
    if user is None or (user.demo and not context.demo):
        return None
    if not _by_itself(asked, background):
        access.touch_session(context.store, token)
    return Account(user)


def _by_itself(asked: Request, background: frozenset[str]) -> bool:
    """True for requests of a page that was left open: the pulse, and callbacks that only the pulse caused."""
    if asked.path != UPDATE:
        return asked.path == "/live"
    body = asked.get_json(silent=True)
    causes = body.get("changedPropIds") if isinstance(body, dict) else None
    return isinstance(causes, list) and bool(causes) and all(isinstance(c, str) and c in background for c in causes)


def _guard(permission_of: Callable[[str], str | None]) -> AnyResponse | tuple[Response, int] | None:
    if request.method not in METHODS:
        return jsonify(error="This method is not used here."), 405
    if request.path in OPEN or request.path.startswith(tuple(OPEN_FOLDERS)):
        return None
    _refuse_foreign_origin()
    if request.path.startswith(DEVICES):
        return _device()
    if not current_user.is_authenticated:
        return _to_login()
    permission = _permission(permission_of)
    if permission != "":
        _refuse_without(permission)
    return None


def _device() -> tuple[Response, int] | None:
    permission = DEVICE_ROUTES.get(request.path)
    if permission is None:
        return None if request.path.count("/") == 2 else (jsonify(error="There is nothing here."), 401)
    g.device = display.device_of(_context().store, request.cookies.get(display.COOKIE))
    if g.device is not None:
        return None if permission in RIGHTS else (jsonify(error=f"A display has no right “{permission}”."), 403)
    wants_page = "text/html" in request.headers.get("Accept", "")
    return (Response(refused_page()), 401) if wants_page else (jsonify(error="This display has no valid link."), 401)


def _permission(permission_of: Callable[[str], str | None]) -> str | None:
    if request.path != UPDATE:
        return ROUTES.get(request.path, "profile.self")
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        raise BadRequest("The request names no output.")
    return permission_of(body["output"])


def _refuse_without(permission: str | None) -> None:
    user: User = current_user.user
    store = _context().store
    if permission is None or not access.scope_for(store, user, permission).nodes:
        access.note_security(store, "forbidden", user.name, f"{request.path} needs {permission}", request.remote_addr or "")
        raise Forbidden(f"This needs the right “{permission}”; an administrator can grant it.")


def _refuse_foreign_origin() -> None:
    if request.method != "POST":
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none") or (origin and urlsplit(origin).netloc != request.host):
        raise Forbidden("This request came from another site.")


def _to_login() -> AnyResponse | tuple[Response, int]:
    if request.method not in ("GET", "HEAD") or not _wants_page():
        return jsonify(error="You are not signed in."), 401
    here = request.full_path.rstrip("?")
    return redirect("/login" if here == "/" else f"/login?next={quote(here)}")


def _tell(error: PlantError, trouble_page: TroublePage) -> tuple[Response | str, int]:
    if isinstance(error, Unavailable):
        log.warning("%s: %s", request.path, error)
    text = error.plain if isinstance(error, Unavailable) else str(error)
    if not _wants_page():
        return jsonify(error=text), error.status
    if isinstance(error, Unavailable):
        return trouble_page(error.status, retry=request.method in ("GET", "HEAD")), error.status
    return trouble_page(error.status, text), error.status


def _tell_http(error: HTTPException, trouble_page: TroublePage) -> tuple[Response | str, int]:
    """What no view answered: an unknown path, a body too large, a failure of ours (Flask has logged it)."""
    status = error.code or 500
    return (trouble_page(status) if _wants_page() else jsonify(error=error.description or error.name)), status


def _wants_page() -> bool:
    return "text/html" in request.headers.get("Accept", "")


def name_unknown(server: Flask, pages: Callable[[], frozenset[str]]) -> None:
    """Every path leads to the application's frame, which says what it has no page for: those answers are 404."""

    def apply(response: AnyResponse) -> AnyResponse:
        lone = request.path.rstrip("/") or "/"
        if request.url_rule and request.url_rule.rule == EVERY_PATH and response.status_code == 200 and lone not in pages():
            response.status_code = 404
        return response

    server.after_request(apply)


def add_headers(server: Flask, script_hashes: Callable[[], list[str]]) -> None:
    """Security headers on every answer. Dash makes its inline scripts with its first requests, perhaps of several threads
    at once; so their hashes are asked for again with every page, and what is no page has those of the last one."""
    policy = [_policy([])]

    def apply(response: AnyResponse) -> AnyResponse:
        if response.mimetype == "text/html":
            policy[0] = _policy(script_hashes())
        response.headers["Content-Security-Policy"] = policy[0]
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if _context().https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if not request.path.startswith(("/assets/", "/_dash-component-suites/")):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.after_request(apply)


def _policy(hashes: list[str]) -> str:
    scripts = " ".join(["'self'", *hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
