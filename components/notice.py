"""The one place where a page says what went wrong; read out by screen readers at once."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.shape import icon
from components.text import aria, data, t

NOTICE = "notice"


def region() -> html.Div:
    """The empty region; the frame holds it once."""
    return html.Div(id=NOTICE, className="pl-notice", role="alert")


def message(text: str, number: str | None = None) -> list[Component]:
    """What failed in plain words, a way to try again, and the number to quote when the server logged it."""
    quoted = [html.Span([t("Error"), " ", html.Code(number)], className="cap t2")] if number else []
    mark = html.I(className="pl-shape pl-shape--err", **aria(hidden="true"))
    again = html.Button(t("Try again"), className="pl-ctl", **data(do="again"))
    close = html.Button(icon("x", small=True), className="pl-ctl icon ghost", **aria(label=t("Close")), **data(do="dismiss"))
    return [html.Div([mark, html.Span(text), *quoted, again, close], className="pl-banner is-error")]
