"""Users and roles: who may do what where and why, and the changes that somebody who manages access makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dash import html

from components import format as show
from components.admin import ids, parts
from components.export import Column, Sheet
from components.panel import body_id, dialog, failed_of, panel
from components.shape import icon, shape
from components.states import skeleton
from components.text import data, t
from engine.access import PERMISSIONS, Given, Permission, reasons, reasons_at
from engine.time import us_of

if TYPE_CHECKING:
    from db.people import Person, Role

UNLOCK, DEACTIVATE, ACTIVATE, PASSWORD, TAKE_AWAY = "user.unlock", "user.off", "user.on", "user.password", "grant.remove"
MANAGE = "access.manage"


def tab(rights: Collection[str]) -> Any:
    """The skeleton; what changes accounts is there for those who may."""
    add = html.Button(t("Add a user"), className="pl-ctl", **data(do="open", opens=ids.NEW_PERSON))
    tools = (add,) if MANAGE in rights else ()
    told = (
        t("A grant gives a role at a place, and holds in everything below it."),
        t("The table names, for each right, the places where the user holds it and the role that gives it there."),
    )
    everybody = panel(ids.PEOPLE, t("Users"), skeleton(6), wide=True, main=True, rows=True, tools=tools)
    chosen = panel(ids.PERSON, t("Chosen user"), skeleton(4), menu=False)
    effective = t("Effective rights of the chosen user")
    return [
        html.Div([html.Div(everybody, className="c6"), html.Div(chosen, className="c6")], className="row12"),
        parts.across(panel(ids.RIGHTS, effective, skeleton(4), wide=True, rows=True, explain=told)),
        parts.across(panel(ids.ROLES, t("Roles and rights"), skeleton(6), wide=True, rows=True)),
        *([_new_person(), _new_grant()] if MANAGE in rights else []),
    ]


# ------------------------------------------------------------------ accounts
_PERSON = (("User", ""), ("State", ""), ("Roles", "adm-wrap"), ("Last seen", ""))


def people(found: Sequence[Person], search: str, zone: str, now: datetime) -> Any:
    """Every account that the reader may see."""
    chosen = parts.asked(search).get("sel", "")
    rows = [parts.line(_PERSON, _person(p, search, zone, now), chosen=p.name == chosen) for p in found]
    return parts.table(_PERSON, rows, t("Users"))


def _person(person: Person, search: str, zone: str, now: datetime) -> list[Any]:
    demo = [" ", html.Span(t("demo"), className="chip q")] if person.demo else []
    return [
        [
            html.A(person.name, href=parts.link(search, sel=person.name), className="sb"),
            *demo,
            html.Div(person.full_name, className="cap t2"),
        ],
        state(person, now),
        ", ".join(sorted({g.role for g in person.grants})) or t("none"),
        parts.moment(person.seen_at, zone, us_of(now)),
    ]


def state(person: Person, now: datetime) -> Any:
    """Whether the account may sign in, in words; what hinders it has a shape."""
    said = state_word(person, now)
    quiet = said == t("Active")
    return said if quiet else html.Span([shape("out_of_service", hidden=True), said], className="state_chip")


def state_word(person: Person, now: datetime) -> str:
    """Active, locked, without password, …"""
    if not person.active:
        return t("Switched off")
    if person.locked_until is not None and person.locked_until > now:
        return t("Locked")
    if not person.has_password:
        return t("Without password")
    if person.one_time_until is not None:
        return t("One-time password waits") if person.one_time_until > now else t("One-time password expired")
    return t("Active")


def people_sheet(found: Sequence[Person], now: datetime) -> Sheet:
    """One row a grant, and one for accounts without any."""
    columns = (
        Column(t("User")),
        Column(t("Full name")),
        Column(t("State")),
        Column(t("Role")),
        Column(t("Place")),
        Column(t("Last seen"), "time"),
    )
    rows = [
        [
            p.name,
            p.full_name,
            state_word(p, now),
            given.role if given else "",
            given.path if given else "",
            None if p.seen_at is None else us_of(p.seen_at),
        ]
        for p in found
        for given in (p.grants or (None,))
    ]
    return Sheet(t("Users"), columns, rows)


def sentence(found: Sequence[Person], now: datetime) -> str:
    """What matters first."""
    locked = [p.name for p in found if state_word(p, now) == t("Locked")]
    said = t("{n} active users", n=sum(p.active for p in found))
    return said + (t("; locked: {names}", names=", ".join(locked[:3])) if locked else "")


# ------------------------------------------------------------------ the chosen one
_GRANT = (("Role", ""), ("Place", "adm-wrap"), ("", ""))


def person(chosen: Person | None, zone: str, now: datetime, rights: Collection[str], own: str) -> Any:
    """The account, its grants, and what may be done with it."""
    if chosen is None:
        return html.P(t("Choose a user in the table."), className="t2")
    may = MANAGE in rights
    grants = (
        parts.table(_GRANT, [_grant(g, may) for g in chosen.grants], t("Grants"))
        if chosen.grants
        else html.P(t("No grant: the user sees nothing."), className="t2")
    )
    facts = [
        ("Full name", chosen.full_name),
        ("State", state(chosen, now)),
        ("Failures to sign in", parts.count(chosen.failures)),
        ("Last seen", parts.moment(chosen.seen_at, zone, us_of(now))),
    ]
    return html.Div(
        [html.H3([chosen.name]), parts.facts(facts), grants, *([_actions(chosen, now, own)] if may else [])], className="stack"
    )


def _grant(given: Given, may: bool) -> list[Any]:
    return [
        given.role,
        [given.place, html.Div(given.path, className="cap t2")],
        parts.act(TAKE_AWAY, str(given.id), t("Remove")) if may else "",
    ]


def _actions(chosen: Person, now: datetime, own: str) -> html.Div:
    made = []
    if chosen.active:
        made.append(html.Button(t("Add a grant"), className="pl-ctl", **data(do="open", opens=ids.NEW_GRANT)))
        if chosen.locked_until is not None and chosen.locked_until > now:
            made.append(parts.act(UNLOCK, str(chosen.id), t("Unlock")))
        made.append(parts.act(PASSWORD, str(chosen.id), t("New one-time password")))
        made += [parts.act(DEACTIVATE, str(chosen.id), t("Switch off"))] if chosen.name != own else []
    else:
        made.append(parts.act(ACTIVATE, str(chosen.id), t("Switch on again")))
    return html.Div(made, className="acts")


# ------------------------------------------------------------------ effective rights
def rights(chosen: Person | None, roles: Mapping[str, frozenset[str]], at: str, name: str) -> Any:
    """Each right: where the user holds it, and by which role; with the answer for the place of the page."""
    if chosen is None:
        return html.P(t("Choose a user to see what the grants add up to."), className="t2 adm-pad")
    head = (
        ("Right", "adm-wrap"),
        (t("At {place}", place=name) if name else t("At the chosen place"), ""),
        ("Everywhere that it holds, and why", "adm-wrap"),
    )
    rows = [_right(p, reasons(p.key, chosen.grants, roles), at) for p in PERMISSIONS]
    return parts.table(head, rows, t("Effective rights"))


def _right(permission: Permission, found: list[Given], at: str) -> list[Any]:
    here = reasons_at(at, found) if at else []
    why = [html.Div([html.B(g.place), " ", html.Span(t("as {role}", role=g.role), className="t2")]) for g in found]
    answer = t("yes, as {roles}", roles=", ".join(sorted({g.role for g in here}))) if here else t("no")
    return [
        [html.Div(t(permission.title), className="med"), html.Code(permission.key, className="cap t2")],
        html.Span(answer, className="" if here else "t3"),
        why or html.Span(t("nowhere"), className="t3"),
    ]


def rights_sheet(chosen: Person | None, roles: Mapping[str, frozenset[str]]) -> Sheet:
    """One row for each right and grant that gives it."""
    columns = (Column(t("User")), Column(t("Right")), Column(t("Held at")), Column(t("By role")))
    grants = chosen.grants if chosen else ()
    held = [[chosen.name, p.key, g.path, g.role] for p in PERMISSIONS for g in reasons(p.key, grants, roles)] if chosen else []
    return Sheet(t("Effective rights"), columns, held)


def roles_table(roles: Sequence[Role]) -> Any:
    """Roles × rights."""
    head = (("Right", "adm-wrap"), *((role.name.capitalize(), "adm-mid") for role in roles))
    return parts.table(head, [_role_row(p, roles) for p in PERMISSIONS], t("Roles and rights"))


def _role_row(permission: Permission, roles: Sequence[Role]) -> list[Any]:
    cells = [_has(permission.key in role.permissions) for role in roles]
    return [[html.Div(t(permission.title), className="med"), html.Span(t(permission.description), className="cap t2")], *cells]


def _has(held: bool) -> Any:
    word = html.Span(t("yes") if held else t("no"), className="pl-sr")
    return [icon("check", small=True), word] if held else word


def roles_sheet(roles: Sequence[Role]) -> Sheet:
    """The same as rows."""
    columns = (Column(t("Right")), *(Column(role.name) for role in roles))
    return Sheet(
        t("Roles and rights"),
        columns,
        [[p.key, *(t("yes") if p.key in r.permissions else "" for r in roles)] for p in PERMISSIONS],
    )


# ------------------------------------------------------------------ forms
def _new_person() -> html.Dialog:
    form = [
        parts.field(t("User name"), parts.text_in(ids.NEW_NAME, maxLength=80), t("Never used again for somebody else.")),
        parts.field(t("Full name"), parts.text_in(ids.NEW_FULL_NAME, maxLength=120), t("As it stands beside a signature.")),
        parts.field(
            t("Reason"),
            parts.text_in(ids.NEW_REASON, maxLength=parts.LONGEST_REASON),
            t("Goes on record with your name and the time."),
        ),
        html.Div(id=failed_of(body_id(ids.NEW_PERSON)), className="pl-failed"),
        html.Div(id=body_id(ids.NEW_PERSON), className="pl-body"),
        html.Div(
            [html.Button(t("Add the user"), id=ids.ADD_PERSON, n_clicks=0, className="pl-ctl prim"), _cancel()],
            className="acts",
        ),
    ]
    return dialog(ids.NEW_PERSON, t("Add a user"), html.Div(form, className="pl-form"))


def _new_grant() -> html.Dialog:
    form = [
        parts.field(t("Role"), parts.suggest(ids.GRANT_ROLE, maxLength=80)),
        parts.field(t("Place"), parts.suggest(ids.GRANT_PLACE, maxLength=300), t("It holds in everything below.")),
        parts.field(
            t("Reason"),
            parts.text_in(ids.GRANT_REASON, maxLength=parts.LONGEST_REASON),
            t("Goes on record with your name and the time."),
        ),
        html.Div(id=failed_of(body_id(ids.NEW_GRANT)), className="pl-failed"),
        html.Div(id=body_id(ids.NEW_GRANT), className="pl-body"),
        html.Div([html.Button(t("Grant"), id=ids.ADD_GRANT, n_clicks=0, className="pl-ctl prim"), _cancel()], className="acts"),
    ]
    return dialog(ids.NEW_GRANT, t("Add a grant"), html.Div(form, className="pl-form"))


def _cancel() -> html.Button:
    return html.Button(t("Cancel"), className="pl-ctl", **data(do="close"))


def handed_over(name: str, password: str, hours: int) -> html.Div:
    """The one-time password, shown this once."""
    return html.Div(
        [
            html.P(
                t(
                    "Hand this to {name}: it is good for one sign-in within {hours} hours, to choose an own password."
                    " It is not shown again.",
                    name=name,
                    hours=hours,
                )
            ),
            html.Code(password, className="adm-secret"),
        ],
        className="adm-handed",
        role="status",
    )


def reach(given: Sequence[Given]) -> str:
    """Roles and places in a line, for confirmations."""
    return ", ".join(f"{g.role} {show.DASH} {g.place}" for g in given)
