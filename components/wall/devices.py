"""The page of wall displays: which there are, when each last asked, and the form that issues a link. Owns their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import dcc, html

from components import format as show
from components.admin import ids as acts
from components.admin import parts
from components.export import Column, Sheet
from components.panel import body_id, dialog, failed_of, panel
from components.shape import shape
from components.states import empty, skeleton
from components.text import data, t
from engine.errors import Invalid
from engine.location import NodeKind, Tree
from engine.time import us_of
from engine.wall.device import LEAST_S, MOST_S, OVERVIEW, THEMES, Device
from engine.wall.size import LAYOUTS, least_px, type_px

PATH = "/walls"
DEVICES, NEW, SENTENCE = "wall-devices", "wall-new", "wall-sentence"
NAME, PLACE, INCHES, DISTANCE, TILES, SECONDS, SLIDES, THEME, DIM_FROM, DIM_TO, REASON, ISSUE, NOTE = (
    f"wall-{word}"
    for word in (
        "name", "place", "inches", "distance", "tiles", "seconds", "slides", "theme", "dim-from", "dim-to", "reason",
        "issue", "note",
    )
)  # fmt: skip
REVOKE, RENEW = "wall.revoke", "wall.renew"
LIVE_FOR = timedelta(seconds=45)
"""A display whose page asked no longer ago shows something now."""


def page() -> list[Any]:
    """Everything that is there before the first answer."""
    add = html.Button(t("Add a display"), className="pl-ctl prim", **data(do="open", opens=NEW))
    head = html.Div([html.H1(t("Wall displays")), html.P(id=SENTENCE, className="t2")], className="pl-head")
    told = (
        t("A display is opened by its link, once, on its own screen; it needs no account and can only look."),
        t("The type size follows from screen and distance: capital letters fill 20 minutes of arc, and at least 16."),
        t("A revoked display says so within seconds."),
    )
    shown = panel(DEVICES, t("Displays"), skeleton(5), wide=True, main=True, rows=True, tools=(add,), explain=told)
    stores = [dcc.Store(id=acts.DONE), dcc.Store(id=acts.SINK_DONE)]
    return [*stores, head, parts.across(shown), _form(), parts.act_dialog()]


# ------------------------------------------------------------------ the list
_HEAD = (("Display", ""), ("Place", "adm-wrap"), ("State", ""), ("Last asked", ""), ("Type", "num"), ("Slides", ""), ("", ""))


def table(found: Sequence[Device], zone: str, now: datetime) -> Any:
    """Every display that the reader may manage."""
    if not found:
        return empty(t("No display has a link yet. Add one, and open its link once on its screen."))
    return parts.table(_HEAD, [parts.line(_HEAD, _row(device, zone, now)) for device in found], t("Displays"))


def _row(device: Device, zone: str, now: datetime) -> list[Any]:
    setting = device.setting
    screen = t("{inches} inches from {distance} m", inches=f"{setting.screen_inches:g}", distance=f"{setting.distance_m:g}")
    rotation = t("{n} of {seconds} s", n=len(setting.playlist.slides), seconds=setting.playlist.seconds)
    return [
        [html.B(setting.name), html.Div(f"{t('{n} tiles', n=setting.tiles)} · {screen}", className="cap t2")],
        [device.place, html.Div(device.path, className="cap t2")],
        _state(device, zone, now),
        parts.ago(device.seen_at, us_of(now)),
        show.quantity(setting.px, "px", 0),
        rotation if len(setting.playlist.slides) > 1 else t("overview"),
        _actions(device),
    ]


def _state(device: Device, zone: str, now: datetime) -> Any:
    word = state_word(device, now)
    if device.revoked_at is None:
        version = t("version {version}", version=device.seen_version) if device.seen_version else ""
        return [html.Div(word), html.Div(version, className="cap t2")]
    by = t("by {name}, {at}", name=device.revoked_by, at=show.when(us_of(device.revoked_at), zone, us_of(now)))
    return [html.Span([shape("out_of_service", hidden=True), word], className="state_chip"), html.Div(by, className="cap t2")]


def state_word(device: Device, now: datetime) -> str:
    """Shows, silent, never opened, revoked."""
    if device.revoked_at is not None:
        return t("Revoked")
    if device.seen_at is None:
        return t("Never opened")
    return t("Shows") if now - device.seen_at <= LIVE_FOR else t("Silent")


def _actions(device: Device) -> html.Div:
    preview = html.A(t("Preview"), href=f"/wall-preview?device={device.id}", target="_blank", className="pl-ctl")
    if device.revoked_at is not None:
        return html.Div([preview], className="acts")
    name = str(device.id)
    return html.Div([preview, parts.act(RENEW, name, t("New link")), parts.act(REVOKE, name, t("Revoke"))], className="acts")


def sentence(found: Sequence[Device], now: datetime) -> str:
    """What matters first: displays that should show something and do not."""
    words = [state_word(device, now) for device in found]
    silent = [d.setting.name for d, word in zip(found, words, strict=True) if word == t("Silent")]
    if silent:
        return t("Silent: {names}.", names=", ".join(silent[:3]))
    return t("{n} displays show something now.", n=words.count(t("Shows")))


def sheet(found: Iterable[Device], now: datetime) -> Sheet:
    """One row a display."""
    columns = (
        Column(t("Display")),
        Column(t("Place")),
        Column(t("State")),
        Column(t("Last asked"), "time"),
        Column(t("Screen"), "number", "in", 0),
        Column(t("Distance"), "number", "m", 1),
        Column(t("Type"), "number", "px", 0),
        Column(t("Made by")),
        Column(t("Version")),
    )
    rows = [
        [
            d.setting.name,
            d.path,
            state_word(d, now),
            None if d.seen_at is None else us_of(d.seen_at),
            d.setting.screen_inches,
            d.setting.distance_m,
            d.setting.px,
            d.created_by,
            d.seen_version,
        ]
        for d in found
    ]
    return Sheet(t("Wall displays"), columns, rows)


# ------------------------------------------------------------------ the form
def _form() -> html.Dialog:
    body = [
        parts.field(t("Name"), parts.text_in(NAME, maxLength=80), t("Where it hangs, such as “Canteen”.")),
        parts.field(t("Place"), parts.choice(PLACE, []), t("It shows this place and what is below it, and nothing else.")),
        html.Div(
            [
                parts.field(t("Screen, inches"), _number(INCHES, 55, 5, 300)),
                parts.field(t("Viewing distance, m"), _number(DISTANCE, 5, 0.5, 50)),
                parts.field(t("Tiles"), parts.choice(TILES, _tiles(), 3)),
            ],
            className="acts",
        ),
        html.Div(id=NOTE, className="pl-note", role="status"),
        parts.field(
            t("More slides"), parts.choice(SLIDES, [], [], multi=True), t("After the overview; an urgent alarm stops there.")
        ),
        html.Div(
            [
                parts.field(t("Seconds a slide"), _number(SECONDS, 30, LEAST_S, MOST_S)),
                parts.field(t("Theme"), parts.choice(THEME, _themes(), THEMES[0]), t("Light in rooms above about 300 lux.")),
                parts.field(t("Dimmed from"), parts.text_in(DIM_FROM, placeholder="22:00", maxLength=5)),
                parts.field(t("to"), parts.text_in(DIM_TO, placeholder="06:00", maxLength=5)),
            ],
            className="acts",
        ),
        parts.field(
            t("Reason"), parts.text_in(REASON, maxLength=parts.LONGEST_REASON), t("Goes on record with your name and the time.")
        ),
        html.Div(id=failed_of(body_id(NEW)), className="pl-failed"),
        html.Div(id=body_id(NEW), className="pl-body"),
        html.Div(
            [
                html.Button(t("Issue the link"), id=ISSUE, n_clicks=0, className="pl-ctl prim"),
                html.Button(t("Close"), className="pl-ctl", **data(do="close")),
            ],
            className="acts",
        ),
    ]
    return dialog(NEW, t("Add a display"), html.Div(body, className="pl-form"))


def _number(name: str, value: float, least: float, most: float) -> dcc.Input:
    return dcc.Input(id=name, type="number", className="pl-in", value=value, min=least, max=most, step="any")


def _tiles() -> list[dict[str, Any]]:
    return [{"value": w.tiles, "label": t("{n} tiles", n=w.tiles)} for w in LAYOUTS]


def _themes() -> list[dict[str, str]]:
    return [{"value": "dark", "label": t("Dark")}, {"value": "light", "label": t("Light")}]


def places(tree: Tree, covered: Iterable[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What may be chosen: places for a display, and slides (areas and lines) after its overview."""
    inside = set(covered)
    nodes = [node for node in tree if node.id in inside and node.kind is not NodeKind.ENTERPRISE]
    slides = [node for node in nodes if node.kind in (NodeKind.AREA, NodeKind.LINE, NodeKind.PROCESS_CELL)]
    return (
        [{"value": n.id, "label": n.path} for n in nodes if n.kind not in (NodeKind.ROOM, NodeKind.MACHINE)],
        [{"value": n.path, "label": n.path} for n in slides],
    )


def note(tiles: Any, inches: Any, distance: Any) -> html.Div:
    """Before it is issued: the type size that results, or why the layout is refused."""
    try:
        layout = next(w for w in LAYOUTS if w.tiles == tiles)
        size, least = type_px(layout, float(inches), float(distance)), least_px(float(inches), float(distance))
    except Invalid as error:
        return html.Div([shape("error", hidden=True), " ", str(error)], className="wrong", role="alert")
    except (StopIteration, TypeError, ValueError):
        return html.Div(t("Say inches, metres and tiles."), className="t2")
    return html.Div(t("Type of {size} px; {least} px is the least from there.", size=size, least=least), className="t2")


def handed_over(url: str) -> html.Div:
    """The link, shown this once."""
    told = t("Open this link once on the screen itself. It is not shown again; whoever has it can look, until it is revoked.")
    return html.Div([html.P(told), html.Code(url, className="adm-secret")], className="adm-handed")


def slides_of(chosen: Any) -> tuple[str, ...]:
    """The playlist: the overview, then what was chosen."""
    return (OVERVIEW, *(path for path in chosen or () if isinstance(path, str) and path != OVERVIEW))
