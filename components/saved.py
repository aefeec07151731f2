"""Saved views: the dialog that saves one, and the list in the user menu. Owns their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components.panel import dialog
from components.shape import icon
from components.text import aria, data, t
from engine.view import SavedView

DIALOG, NAME, SHARED, START, SAVE, TOLD = "saved", "saved-name", "saved-shared", "saved-start", "saved-save", "saved-told"
LIST, CHANGED, ASKED = "saved-list", "saved-changed", "saved-asked"
DROP, LAND = "saved-drop", "saved-land"


def drop_id(view: Any) -> dict[str, Any]:
    """The button that deletes a view; `ALL` for every one."""
    return {"type": DROP, "view": view}


def land_id(view: Any) -> dict[str, Any]:
    """The button that makes a view the start; `ALL` for every one."""
    return {"type": LAND, "view": view}


def button() -> html.Button:
    """The page action beside help: keep this view."""
    opens = data(do="open", opens=DIALOG)
    return html.Button(
        icon("save"), className="pl-ctl icon ghost hide-t", title=t("Save view"), **aria(label=t("Save view")), **opens
    )


def dialog_() -> html.Dialog:
    """Name, who sees it, whether it is where one starts. assets/saved.js gathers what was chosen."""
    name = dcc.Input(id=NAME, type="text", maxLength=80, className="pl-in", autoComplete="off", value="")
    form = html.Div(
        [
            html.P(t("A view is this page with its place, time range and choices. Relative times move along."), className="t2"),
            html.Label([html.Span(t("Name")), name], className="pl-field"),
            html.Div(id=SHARED),
            html.Div(_toggle(t("Start here after signing in"), START), className="pl-toggles"),
            html.P(id=TOLD, className="pl-wrong", role="alert"),
            html.Button(t("Save view"), id=SAVE, className="pl-ctl prim", n_clicks=0, **data(said=t("View saved"))),
            *(dcc.Store(id=name) for name in (ASKED, CHANGED)),
        ],
        className="pl-form",
    )
    return dialog(DIALOG, t("Save view"), form)


def _toggle(words: str, value: str) -> html.Button:
    return html.Button(words, className="it pl-box", **data(do="toggle", value=value), **aria(pressed="false"))


def sharing(roles: Sequence[str]) -> Any:
    """The roles to share with; nothing where the user may not share."""
    if not roles:
        return []
    boxes = html.Div([_toggle(t(role.capitalize()), role) for role in roles], className="pl-toggles")
    return html.Fieldset([html.Legend(t("Share with"), className="cap t2"), boxes], className="pl-share")


def menu() -> html.Div:
    """In the user menu: the views, and the way to keep this one."""
    keep = html.Button([icon("save"), t("Save this view")], className="it", **data(do="open", opens=DIALOG))
    return html.Div([html.Div(id=LIST), html.Div(keep, className="pl-list")], className="pl-views")


def listed(views: Sequence[SavedView], user: str, landing: int | None) -> list[Any]:
    """The views that the user may open; own ones can be dropped, one can be where the user starts."""
    if not views:
        return [html.Span(t("No saved views yet"), className="cap t2")]
    return [
        html.Span(t("Saved views"), className="cap t2"),
        html.Ul([_listed(v, user, landing) for v in views], className="pl-list"),
    ]


def _listed(view: SavedView, user: str, landing: int | None) -> html.Li:
    link = html.A([view.name, html.Span(_whose(view, user), className="cap t2")], href=view.href, className="it")
    starts = view.id == landing
    start = html.Button(
        icon("flag", small=True),
        id=land_id(view.id),
        n_clicks=0,
        className="pl-ctl icon ghost",
        title=t("Start here after signing in"),
        **aria(label=t("Start with {name}", name=view.name), pressed=str(starts).lower()),
    )
    drop = html.Button(
        icon("x", small=True),
        id=drop_id(view.id),
        n_clicks=0,
        className="pl-ctl icon ghost",
        title=t("Delete view"),
        **aria(label=t("Delete {name}", name=view.name)),
    )
    return html.Li([link, start, *([drop] if view.owner == user else [])])


def _whose(view: SavedView, user: str) -> str:
    if view.owner != user:
        return t("by {owner}", owner=view.owner)
    return t("shared with {roles}", roles=", ".join(view.shared_with)) if view.shared_with else ""
