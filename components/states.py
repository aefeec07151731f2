"""The states of a panel or page that are not its content: empty, nowhere, no right, loading, told (ui.md 5)."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from components.shape import icon, shape
from components.text import aria, data, t
from components.view import asked_place


def empty(text: str, *actions: Component) -> html.Div:
    """What would be here, why it is not, and one way on."""
    ghost = html.Div(className="ghost pl-ghost", **aria(hidden="true"))
    return html.Div([ghost, html.P(text), *actions], className="pl-empty")


def no_data(first: str, last: str, latest: Component | None) -> html.Div:
    """No measurements in the range; `latest` leads to the newest range that has some."""
    text = t("No measurements between {first} and {last}.", first=first, last=last)
    return empty(text, *([latest] if latest else []))


def nowhere(search: str) -> html.Div:
    """The address names a place that does not exist, or that the reader may not see; both look the same."""
    asked = asked_place(search)
    text = t("There is no place “{place}” that you may see.", place=asked) if asked else t("No place is open to you yet.")
    way = html.A(t("Show all places"), href="/location", className="pl-ctl")
    return html.Div([html.Div(icon("lock"), className="big"), html.B(text), way], className="pl-empty")


def failed(text: str, error_id: str = "") -> html.Div:
    """What failed in plain words, the error id, and a way to try again."""
    again = html.Button(t("Try again"), className="pl-ctl", **data(do="again"))
    code = html.Span([t("Error"), " ", html.Code(error_id)], className="cap t2") if error_id else None
    return html.Div(
        [html.Div(shape("error", hidden=True), className="big"), html.B(text), html.Div([again, code], className="tries")],
        className="pl-empty is-error",
        role="alert",
    )


def forbidden(right: str, place: str) -> html.Div:
    """Which right is missing, and who can give it."""
    return html.Div(
        [
            html.Div(icon("lock"), className="big"),
            html.B(t("You need the right “{right}” at {place}.", right=right, place=place)),
            html.P(t("An administrator can grant it under Users and roles.")),
        ],
        className="pl-empty",
    )


def no_page() -> list[html.Div | html.Section]:
    """The address is no page of the application."""
    said = t("Nothing lies at this address. It may be mistyped, or from another version.")
    way = html.A(t("Go to the start page"), href="/", className="pl-ctl")
    body = html.Div([html.P(said), way], className="pl-empty")
    return [html.Div(html.H1(t("There is no such page")), className="pl-head"), html.Section(body, className="pl-panel")]


def refused(text: str) -> html.Div:
    """What the reader may not see, in the words of who refused it, and who can change that."""
    who = html.P(t("An administrator can grant it under Users and roles."))
    return html.Div([html.Div(icon("lock"), className="big"), html.B(text), who], className="pl-empty is-error", role="alert")


def ageing(content: Any, at_us: int | None, hold_us: int) -> html.Div:
    """Content that is hatched, with the time of its last update, once it is older than `hold_us`; the live script looks."""
    return html.Div(content, className="pl-ages", **data(at=at_us or 0, hold=hold_us))


def skeleton(rows: int = 4) -> html.Div:
    """The shape of content that is on its way; shown after 200 ms."""
    bars = [html.Div(className="sk", style={"width": f"{90 - 13 * (i % 4)}%"}) for i in range(rows)]
    return html.Div(bars, className="pl-sk", **aria(busy="true", label=t("Loading")), **_status())


def _status() -> dict[str, Any]:
    return {"role": "status"}


def notice(text: str) -> html.Div:
    """A banner above the page: something asked for was not understood."""
    close = html.Button(icon("x", small=True), className="pl-ctl icon ghost", **aria(label=t("Close")), **data(do="dismiss"))
    return html.Div([icon("flag"), html.Span(text), close], className="pl-banner", role="status")


def coverage(share: float) -> html.Span | None:
    """The chip of a value that rests on part of the data; None for all of it."""
    return html.Span(t("data {percent} %", percent=int(share * 100)), className="chip q") if share < 0.995 else None
