"""Exports of every panel, written once: table view, CSV, XLSX, and the note of each in the audit trail.

A page registers what a panel's rows are:

    @rows("loss", permission="oee.read")
    def loss_rows(request: Request, here: Context) -> Sheet: ...

`request` carries the scope of that permission, `here` the place and range; both are checked on the server, and the rows
are read anew: nothing is taken from the browser but which panel, and where the page stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dash import ALL, Input, Output, State, ctx, no_update
from flask import current_app, has_app_context

from callbacks.registry import Request, callback, request_for
from components import export, frame, live, panel
from components.export import Made, Sheet
from components.text import t
from components.view import Context, context_of
from db import audit
from db import location as places
from engine.access import PERMISSIONS
from engine.audit import Export
from engine.errors import Invalid, NotFound

Loader = Callable[[Request, Context], Sheet]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a panel's rows come from, and the right that they need."""

    permission: str
    load: Loader


SOURCES: dict[str, Source] = {}


def rows(name: str, *, permission: str) -> Callable[[Loader], Loader]:
    """Register the rows of the panel `name`."""
    if permission not in {p.key for p in PERMISSIONS}:
        raise ValueError(f"There is no permission “{permission}”.")

    def register(load: Loader) -> Loader:
        if name in SOURCES:
            raise ValueError(f"The panel “{name}” has rows already.")
        SOURCES[name] = Source(permission, load)
        return load

    return register


def loaded(request: Request, name: str, here: Context) -> Sheet:
    """The rows of a panel as the user of the request may see them. Raises `Forbidden`, `NotFound`."""
    source = SOURCES.get(name)
    if source is None:
        raise NotFound(t("This panel has no rows to show."))
    allowed = replace(request_for(source.permission), now_us=request.now_us)
    return export.cut(source.load(allowed, here))


@callback(
    Output(frame.DOWNLOAD, "data", allow_duplicate=True),
    Input(panel.save_id(ALL, ALL), "n_clicks"),
    State(live.PLACE, "data"),
    permission="profile.self",
    prevent_initial_call=True,
)
def save_panel(request: Request, _clicks: Any, place: dict[str, Any] | None) -> Any:
    """A panel as a file. A picture is drawn in the browser; here it is only noted."""
    asked, here = _asked(), context_of(place)
    if asked is None or here is None:
        return no_update
    return saved(request, asked["panel"], asked["form"], here)


def saved(request: Request, name: str, form: str, here: Context) -> Any:
    """The file of a panel, after its entry in the audit trail: who, what, which range and how many rows."""
    if form not in panel.FORMS:
        raise Invalid(t("Panels are saved as {forms}.", forms=", ".join(panel.FORMS)))
    here = _known(here)
    sheet = loaded(request, name, here)
    _note(request, here, form, sheet)
    return no_update if form == "png" else export.download(form, sheet, _made(request, here), here.name, sheet.title)


def _known(here: Context) -> Context:
    """The place as it is stored: what goes on record is not the browser's word."""
    if here.node is None:
        return replace(here, path="", name="")
    reading = request_for("location.read")
    node = places.tree(reading.scope, reading.store).nodes.get(here.node)
    if node is None:
        raise NotFound(t("There is no such place that you may see."))
    return replace(here, path=node.path, name=node.name, kind=node.kind.value)


def _note(request: Request, here: Context, form: str, sheet: Sheet) -> None:
    view = here.view(request.now_us)
    taken = Export(sheet.title, here.path, sheet.signals, view.from_us, view.to_us, len(sheet.rows), form, sheet.filters)
    with request.store.change(request.user.name, t("saved as {form}", form=form.upper())) as change:
        audit.note_export(change, taken)


def _made(request: Request, here: Context) -> Made:
    view = here.view(request.now_us)
    version = current_app.extensions["plantglass"].version if has_app_context() else ""
    user = f"{request.user.full_name} ({request.user.name})"
    return Made(here.path, view.from_us, view.to_us, view.zone, user, request.now_us, version)


def _asked() -> dict[str, Any] | None:
    """Which entry of a panel's menu was chosen; None when a panel just appeared."""
    known = ctx.triggered and ctx.triggered[0]["value"] and isinstance(ctx.triggered_id, dict)
    return dict(ctx.triggered_id) if known else None


@callback(
    Output(panel.ROWS_BODY, "children"),
    Output(panel.ROWS_TITLE, "children"),
    Input(panel.rows_id(ALL), "n_clicks"),
    State(live.PLACE, "data"),
    permission="profile.self",
    prevent_initial_call=True,
    running=[(Output(panel.ROWS_BODY, "aria-busy"), "true", "false")],
)
def show_rows(request: Request, _clicks: Any, place: dict[str, Any] | None) -> Any:
    """A panel's rows as a table."""
    asked, here = _asked(), context_of(place)
    if asked is None or here is None:
        return no_update, no_update
    sheet = loaded(request, asked["panel"], here)
    return export.table(sheet, here.view(request.now_us).zone), sheet.title
