"""Sign in and out: argon2, lockout with growing waits, one error for every failure, sessions kept on the server."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app, make_response, redirect, request
from werkzeug.wrappers import Response

from connectors.http.guard import COOKIE, Context
from db import access
from db.store import Store
from engine.access import User
from engine.errors import Invalid, Unavailable

CSRF = "plantglass_csrf"
FREE_FAILURES, LONGEST_LOCK_S = 5, 900
LEAST_LENGTH, MOST_LENGTH = 12, 256
LONGEST_NAME = 200
WRONG = "User name or password is not right, or the account is locked for a while."
AWAY = "The database does not answer at the moment. Please try again."
_hashing = threading.Semaphore(2)  # a flood of logins must not starve the machine

LoginPage = Callable[..., str]


def install(server: Flask, login_page: LoginPage) -> None:
    """The routes /login and /logout. `login_page` draws the form."""
    server.add_url_rule("/login", "login", lambda: _show(login_page), methods=["GET"])
    server.add_url_rule("/login", "login_try", lambda: _try(login_page), methods=["POST"])
    server.add_url_rule("/logout", "logout", _leave, methods=["POST"])


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str, *, demo: bool = False) -> str:
    """The argon2id hash to keep. Raises `Invalid` for a password shorter than 12 characters (demo accounts excepted)."""
    if not demo and not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise Invalid(f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters; this one has {len(password)}.")
    return _hasher().hash(password)


def check_password(store: Store, name: str, password: str, remote: str) -> User | None:
    """The user when the password is right and the account neither locked nor off; None otherwise.

    An unknown name costs the same time as a wrong password. Failures are counted and written to the security log.
    """
    found = access.credential_of(store, name)
    locked = bool(found and found.locked_until and found.locked_until > datetime.now(UTC))
    right = _verify(found.password_hash if found else _nobody(), password)
    if found and right and not locked:
        access.note_success(store, found.user)
        access.note_security(store, "login", name, "", remote)
        return found.user
    if found and not locked:
        access.note_failure(store, found.user, FREE_FAILURES, LONGEST_LOCK_S)
    access.note_security(store, "locked" if locked else "login_failed", name, "", remote)
    return None


def _verify(kept: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher().verify(kept, password[:MOST_LENGTH])
        except (VerificationError, InvalidHashError):
            return False


def _show(login_page: LoginPage, error: str | None = None, status: int = 200) -> Response:
    context = _context()
    token = secrets.token_urlsafe(16)
    page = login_page(
        error=error,
        demo=context.demo,
        next_url=_inside(request.values.get("next")),
        csrf=token,
        version=context.version,
    )
    response = make_response(page, status)
    response.set_cookie(CSRF, token, httponly=True, samesite="Strict", secure=context.https)
    return response


def _try(login_page: LoginPage) -> Response:
    sent, kept = request.form.get("csrf", ""), request.cookies.get(CSRF, "")
    if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
        return _show(login_page, "The form was too old. Please try again.", 400)
    context = _context()
    name, password = request.form.get("user", "").strip(), request.form.get("password", "")
    if len(name) > LONGEST_NAME or "\x00" in name:
        return _show(login_page, WRONG, 401)
    try:
        user = check_password(context.store, name, password, request.remote_addr or "")
        token = access.start_session(context.store, user) if user and (context.demo or not user.demo) else None
    except Unavailable:
        return _show(login_page, AWAY, 503)
    if token is None:
        return _show(login_page, WRONG, 401)
    response = redirect(_inside(request.form.get("next")))
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=context.https)
    response.delete_cookie(CSRF)
    return response


def _leave() -> Response:
    token = request.cookies.get(COOKIE)
    if token:
        access.end_session(_context().store, token)
    response = redirect("/login")
    response.delete_cookie(COOKIE)
    return response


def _inside(target: str | None) -> str:
    """The path to go on to, if it lies within this application; else the front page."""
    try:
        parts = urlsplit(target or "/")
    except ValueError:  # no address at all
        return "/"
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not (target or "").startswith("//")
    return target if target and inside and "\\" not in target else "/"


def _context() -> Context:
    context: Context = current_app.extensions["plantglass"]
    return context
