"""Sign in and out: argon2, lockout with growing waits, one error for every failure, sessions kept on the server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Flask, current_app, make_response, redirect, request
from werkzeug.wrappers import Response

from connectors.http.guard import COOKIE, Context
from db import access
from db.access import Credential
from db.password import hash_password, nobodys_hash, verify
from db.store import Store
from engine.errors import Invalid, Unavailable

CSRF = "plantglass_csrf"
FREE_FAILURES, LONGEST_LOCK_S = 5, 900
LONGEST_NAME = 200
START = "/start"
WRONG = "User name or password is not right, or the account is locked for a while."
AWAY = "The database does not answer at the moment. Please try again."
CHOOSE = "This password is good for one sign-in. Choose your own now."
DIFFER = "The two new passwords differ."
SAME = "The new password must be another than the one-time password."

LoginPage = Callable[..., str]


def install(server: Flask, login_page: LoginPage) -> None:
    """The routes /login and /logout. `login_page` draws the form."""
    server.add_url_rule("/login", "login", lambda: _show(login_page), methods=["GET"])
    server.add_url_rule("/login", "login_try", lambda: _try(login_page), methods=["POST"])
    server.add_url_rule("/logout", "logout", _leave, methods=["POST"])


def check_password(store: Store, name: str, password: str, remote: str) -> Credential | None:
    """The account when the password is right, in time, and the account neither locked nor off; None otherwise.

    An unknown name costs the same time as a wrong password. Failures are counted and written to the security log.
    """
    found = access.credential_of(store, name)
    locked = bool(found and found.locked_until and found.locked_until > datetime.now(UTC))
    right = verify(found.password_hash if found else nobodys_hash(), password)
    late = bool(found and found.one_time_until and found.one_time_until < datetime.now(UTC))
    if found and right and not locked and not late:
        access.note_success(store, found.user)
        access.note_security(store, "login", name, "with a one-time password" if found.one_time_until else "", remote)
        return found
    if found and not locked and not right:
        access.note_failure(store, found.user, FREE_FAILURES, LONGEST_LOCK_S)
    access.note_security(store, "locked" if locked else "login_failed", name, "", remote)
    return None


def _show(login_page: LoginPage, error: str | None = None, status: int = 200, choosing: str = "") -> Response:
    context = _context()
    token = secrets.token_urlsafe(16)
    page = login_page(
        error=error,
        demo=context.demo,
        next_url=_inside(request.values.get("next")),
        csrf=token,
        version=context.version,
        choosing=choosing,
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
        found = check_password(context.store, name, password, request.remote_addr or "")
        if found is None or (found.user.demo and not context.demo):
            return _show(login_page, WRONG, 401)
        problem = _chosen(context.store, found, password) if found.one_time_until else ""
        if problem:
            return _show(login_page, problem, 400 if "new" in request.form else 200, choosing=name)
        token = access.start_session(context.store, found.user)
    except Unavailable:
        return _show(login_page, AWAY, 503)
    response = redirect(_inside(request.form.get("next")))
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=context.https)
    response.delete_cookie(CSRF)
    return response


def _chosen(store: Store, found: Credential, one_time: str) -> str:
    """Keep the password that the person chose instead of the one-time one; else what is still wrong with it."""
    new, again = request.form.get("new"), request.form.get("again")
    if new is None:
        return CHOOSE
    if new != again:
        return DIFFER
    if new == one_time:
        return SAME
    try:
        access.set_password(store, found.user.id, hash_password(new), found.user.name)
    except Invalid as error:
        return str(error)
    return ""


def _leave() -> Response:
    token = request.cookies.get(COOKIE)
    if token:
        access.end_session(_context().store, token)
    response = redirect("/login")
    response.delete_cookie(COOKIE)
    return response


def _inside(target: str | None) -> str:
    """The path to go on to, if it lies within this application; else where the user starts."""
    try:
        parts = urlsplit(target or "")
    except ValueError:  # no address at all
        return START
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not (target or "").startswith("//")
    return target if target and inside and "\\" not in target else START


def _context() -> Context:
    context: Context = current_app.extensions["plantglass"]
    return context
