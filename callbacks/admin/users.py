"""Users and roles: who may do what, and changing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Input, Output, State, no_update

from callbacks.admin.act import Action, action
from callbacks.admin.asked import here_of, picked, reason_of, rights
from callbacks.export import rows
from callbacks.registry import Request, callback
from components import live
from components.admin import ids, parts, users
from components.export import Sheet
from components.panel import body_id
from components.text import t
from components.view import Context
from db import location as places
from db import people
from db.password import hash_password, one_time_password
from db.people import Person
from engine.errors import Conflict, Invalid, NotFound
from engine.time import moment_of

READ, MANAGE = "config.read", "access.manage"


def _chosen(found: list[Person], here: Context) -> Person | None:
    return next((person for person in found if person.name == picked(here)), None)


def _now(request: Request) -> datetime:
    return moment_of(request.now_us)


@callback(
    Output(body_id(ids.PEOPLE), "children"),
    Output(body_id(ids.PERSON), "children"),
    Output(body_id(ids.RIGHTS), "children"),
    Output(body_id(ids.ROLES), "children"),
    Output(ids.sentence_id("users"), "children"),
    Input(live.PLACE, "data"),
    Input(live.REFRESH, "data"),
    permission=READ,
)
def show_users(request: Request, place: dict[str, Any] | None, _again: Any) -> Any:
    """Accounts, the chosen one and what it may do, roles."""
    here = here_of(place, "users")
    if here is None:
        return (no_update,) * 5
    found, roles, now = people.people(request.scope, request.store), people.roles(request.store), _now(request)
    chosen, held = _chosen(found, here), {role.name: role.permissions for role in roles}
    return (
        users.people(found, here.search, here.zone, now),
        users.person(chosen, here.zone, now, rights(request), request.user.name),
        users.rights(chosen, held, here.path, here.name),
        users.roles_table(roles),
        users.sentence(found, now),
    )


@callback(
    Output(ids.options_id(ids.GRANT_ROLE), "children"),
    Output(ids.options_id(ids.GRANT_PLACE), "children"),
    Input(live.PLACE, "data"),
    permission=MANAGE,
)
def show_choices(request: Request, place: dict[str, Any] | None) -> Any:
    """Roles, and the places where the reader manages access."""
    here = here_of(place, "users")
    if here is None:
        return no_update, no_update
    nodes = [node for node in places.tree(request.scope, request.store) if request.scope.covers(node.id)]
    return parts.options(r.name for r in people.roles(request.store)), parts.options((n.path, n.name) for n in nodes)


@rows(ids.PEOPLE, permission=READ)
def people_rows(request: Request, _here: Context) -> Sheet:
    """The accounts, for a table or file."""
    return users.people_sheet(people.people(request.scope, request.store), _now(request))


@rows(ids.RIGHTS, permission=READ)
def right_rows(request: Request, here: Context) -> Sheet:
    """Effective rights of the chosen user."""
    held = {role.name: role.permissions for role in people.roles(request.store)}
    return users.rights_sheet(_chosen(people.people(request.scope, request.store), here), held)


@rows(ids.ROLES, permission=READ)
def role_rows(request: Request, _here: Context) -> Sheet:
    """Roles × rights."""
    return users.roles_sheet(people.roles(request.store))


# ------------------------------------------------------------------ forms
@callback(
    Output(body_id(ids.NEW_PERSON), "children"),
    Output(ids.NEW_NAME, "value"),
    Output(ids.NEW_FULL_NAME, "value"),
    Output(ids.NEW_REASON, "value"),
    Output(ids.DONE, "data", allow_duplicate=True),
    Input(ids.ADD_PERSON, "n_clicks"),
    State(ids.NEW_NAME, "value"),
    State(ids.NEW_FULL_NAME, "value"),
    State(ids.NEW_REASON, "value"),
    permission=MANAGE,
    prevent_initial_call=True,
)
def add_person(request: Request, clicks: int | None, name: Any, full_name: Any, reason: Any) -> Any:
    """A new account with a one-time password, shown this once."""
    if not clicks:
        return (no_update,) * 5
    name = _name(name)
    password = one_time_password()
    hashed = hash_password(password)
    with people.managing(request.store, request.user, reason_of(reason)) as change:
        number = people.add(change, request.scope, name, str(full_name or "")[:200])
        people.set_one_time(change, request.scope, number, hashed)
    said = users.handed_over(name, password, people.ONE_TIME_HOURS)
    return said, "", "", "", {"said": t("{name} is added.", name=name), "at": request.now_us, "keep": True}


def _name(sent: Any) -> str:
    from engine.config.check_access import NAME

    name = str(sent or "").strip()
    if not NAME.fullmatch(name) or len(name) > 80:
        raise Invalid(t("A user name is made of letters, digits and . _ @ -, up to 80 of them."))
    return name


@callback(
    Output(body_id(ids.NEW_GRANT), "children"),
    Output(ids.GRANT_REASON, "value"),
    Output(ids.DONE, "data", allow_duplicate=True),
    Input(ids.ADD_GRANT, "n_clicks"),
    State(ids.GRANT_ROLE, "value"),
    State(ids.GRANT_PLACE, "value"),
    State(ids.GRANT_REASON, "value"),
    State(live.PLACE, "data"),
    permission=MANAGE,
    prevent_initial_call=True,
)
def add_grant(request: Request, clicks: int | None, role: Any, path: Any, reason: Any, place: Any) -> Any:
    """Grant a role to the chosen user at a place where the reader manages access."""
    here = here_of(place, "users")
    if not clicks or here is None:
        return (no_update,) * 3
    if not isinstance(role, str) or not isinstance(path, str):
        raise Invalid(t("Choose a role and a place."))
    node = places.node_at(request.scope, request.store, path.strip())
    user = people.named(request.store, picked(here))
    with people.managing(request.store, request.user, reason_of(reason)) as change:
        people.give(change, request.scope, user, role.strip(), node.id)
    return None, "", {"said": t("{role} is granted to {name}.", role=role, name=picked(here)), "at": request.now_us}


# ------------------------------------------------------------------ actions
def _id(on: str) -> int:
    if not on.isdecimal() or len(on) > 9:
        raise NotFound(t("There is no such account."))
    return int(on)


def _told(sentence: str) -> Any:
    def told(request: Request, on: str) -> str:
        return t(sentence, name=people.name_of(request.store, _id(on)))

    return told


@action(Action(users.UNLOCK, MANAGE, "Unlock an account", _told("{name} may try to sign in again at once.")))
def unlock(request: Request, on: str, reason: str) -> str:
    """Forget wrong passwords."""
    people.unlock(request.store, request.scope, _id(on), request.user, reason_of(reason))
    return t("The account is unlocked.")


_OFF = "{name} cannot sign in any more: sessions end and the password goes. The name stays taken, and all records stay."


@action(Action(users.DEACTIVATE, MANAGE, "Switch an account off", _told(_OFF)))
def deactivate(request: Request, on: str, reason: str) -> str:
    """Switch an account off."""
    if _id(on) == request.user.id:
        raise Conflict(t("You cannot switch off your own account; ask another administrator."))
    with people.managing(request.store, request.user, reason_of(reason)) as change:
        people.deactivate(change, request.scope, _id(on))
    return t("The account is switched off.")


_ON = "{name} may sign in again with a new one-time password; the grants are those from before."


@action(Action(users.ACTIVATE, MANAGE, "Switch an account on again", _told(_ON)))
def activate(request: Request, on: str, reason: str) -> Any:
    """Switch an account on again, with a one-time password."""
    return _with_password(request, _id(on), reason_of(reason), activate=True)


_NEW = "The password of {name} goes, sessions end, and a one-time password is made, with which a new one can be chosen."


@action(Action(users.PASSWORD, MANAGE, "New one-time password", _told(_NEW)))
def renew_password(request: Request, on: str, reason: str) -> Any:
    """A one-time password instead of one that is lost."""
    return _with_password(request, _id(on), reason_of(reason), activate=False)


def _with_password(request: Request, user_id: int, reason: str, *, activate: bool) -> Any:
    password = one_time_password()
    hashed = hash_password(password)
    with people.managing(request.store, request.user, reason) as change:
        if activate:
            people.activate(change, request.scope, user_id)
        people.set_one_time(change, request.scope, user_id, hashed)
    return users.handed_over(people.name_of(request.store, user_id), password, people.ONE_TIME_HOURS)


def _grant_told(request: Request, on: str) -> str:
    given = people.grant_of(request.scope, request.store, _id(on))
    return t("“{role}” at {place} is taken away.", role=given.role, place=given.path)


@action(Action(users.TAKE_AWAY, MANAGE, "Remove a grant", _grant_told))
def take_away(request: Request, on: str, reason: str) -> str:
    """Remove a grant."""
    with people.managing(request.store, request.user, reason_of(reason)) as change:
        people.take_away(change, request.scope, _id(on))
    return t("The grant is removed.")
