"""Wall displays: the list, issuing a link, renewing and revoking it."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, no_update
from flask import request as asked

from callbacks.admin.act import Action, action
from callbacks.admin.asked import reason_of
from callbacks.export import rows
from callbacks.registry import Request, callback
from components import live
from components.admin import ids as acts
from components.export import Sheet
from components.panel import body_id
from components.text import t
from components.view import Context, context_of
from components.wall import devices
from db import location, wall
from engine.errors import Invalid, NotFound
from engine.time import moment_of
from engine.wall.device import Playlist, Setting, clock_of

MANAGE = "wall.manage"


@callback(
    Output(body_id(devices.DEVICES), "children"),
    Output(devices.SENTENCE, "children"),
    Output(devices.PLACE, "options"),
    Output(devices.SLIDES, "options"),
    Input(live.PLACE, "data"),
    Input(live.REFRESH, "data"),
    Input(live.BEAT, "data"),
    permission=MANAGE,
)
def show_devices(request: Request, place: dict[str, Any] | None, _again: Any, _beat: Any) -> Any:
    """The displays, and what may be chosen for a new one."""
    here = context_of(place)
    if here is None or here.page != devices.PATH:
        return (no_update,) * 4
    found, now = wall.devices(request.scope, request.store), moment_of(request.now_us)
    tree = location.tree(request.scope, request.store)
    choices = devices.places(tree, (node.id for node in tree if request.scope.covers(node.id)))
    return devices.table(found, here.zone, now), devices.sentence(found, now), *choices


@rows(devices.DEVICES, permission=MANAGE)
def device_rows(request: Request, _here: Context) -> Sheet:
    """The displays, for a table or file."""
    return devices.sheet(wall.devices(request.scope, request.store), moment_of(request.now_us))


@callback(
    Output(devices.NOTE, "children"),
    Input(devices.TILES, "value"),
    Input(devices.INCHES, "value"),
    Input(devices.DISTANCE, "value"),
    permission=MANAGE,
)
def show_note(_request: Request, tiles: Any, inches: Any, distance: Any) -> Any:
    """The type size of what is chosen, or why it is refused."""
    return devices.note(tiles, inches, distance)


@callback(
    Output(body_id(devices.NEW), "children"),
    Output(acts.DONE, "data", allow_duplicate=True),
    Input(devices.ISSUE, "n_clicks"),
    State(devices.NAME, "value"),
    State(devices.PLACE, "value"),
    State(devices.INCHES, "value"),
    State(devices.DISTANCE, "value"),
    State(devices.TILES, "value"),
    State(devices.SECONDS, "value"),
    State(devices.SLIDES, "value"),
    State(devices.THEME, "value"),
    State(devices.DIM_FROM, "value"),
    State(devices.DIM_TO, "value"),
    State(devices.REASON, "value"),
    permission=MANAGE,
    prevent_initial_call=True,
)
def save_device(request: Request, clicks: int | None, *chosen: Any) -> Any:
    """Issue the link of a new display; it is shown this once."""
    if not clicks:
        return no_update, no_update
    setting, reason = setting_of(chosen[:-1]), reason_of(chosen[-1])
    _refuse_other_slides(request, setting)
    with request.store.change(request.user.name, reason) as change:
        _, token = wall.issue(change, request.scope, setting, request.user.name)
    return devices.handed_over(_link(token)), {"said": t("The link is issued."), "at": request.now_us, "keep": True}


def setting_of(chosen: tuple[Any, ...]) -> Setting:
    """What the form says, in the order of its fields. Raises `Invalid`."""
    name, node, inches, distance, tiles, seconds, slides, theme, dim_from, dim_to = chosen
    numbers = (node, inches, distance, tiles, seconds)
    if not isinstance(name, str) or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise Invalid(t("Name, place, inches, distance, tiles and seconds are all needed."))
    playlist = Playlist(int(seconds), devices.slides_of(slides))
    times = clock_of(str(dim_from or "")), clock_of(str(dim_to or ""))
    return Setting(name, int(node), float(inches), float(distance), int(tiles), playlist, str(theme), *times)


def _refuse_other_slides(request: Request, setting: Setting) -> None:
    tree = location.tree(request.scope, request.store)
    inside = {node.path for node in tree.subtree(setting.node_id)}
    other = next((path for path in setting.playlist.slides[1:] if path not in inside), None)
    if other is not None:
        raise Invalid(t("The slide “{path}” is not below the place of the display.", path=other))


def _link(token: str) -> str:
    return f"{asked.host_url}wall/{token}"


def _id(on: str) -> int:
    if not on.isdecimal() or len(on) > 9:
        raise NotFound(t("There is no such wall display."))
    return int(on)


def _revoke_told(request: Request, on: str) -> str:
    device = wall.device(request.scope, request.store, _id(on))
    return t("“{name}” goes dark within seconds, and its link is worth nothing from then on.", name=device.setting.name)


@action(Action(devices.REVOKE, MANAGE, "Revoke a display", _revoke_told))
def revoke(request: Request, on: str, reason: str) -> str:
    """Revoke the link and the sessions."""
    with request.store.change(request.user.name, reason_of(reason)) as change:
        wall.revoke(change, request.scope, _id(on), request.user.name)
    return t("The display is revoked.")


def _renew_told(request: Request, on: str) -> str:
    device = wall.device(request.scope, request.store, _id(on))
    return t("“{name}” gets another link; the old one ends, and its screen with it.", name=device.setting.name)


@action(Action(devices.RENEW, MANAGE, "New link of a display", _renew_told))
def renew(request: Request, on: str, reason: str) -> Any:
    """Another link, shown this once."""
    with request.store.change(request.user.name, reason_of(reason)) as change:
        token = wall.renew(change, request.scope, _id(on))
    return devices.handed_over(_link(token))
