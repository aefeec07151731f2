"""The one place where a page says what went wrong; read out by screen readers at once."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

NOTICE = "notice"


def region() -> html.Div:
    """The empty region; the frame holds it once."""
    return html.Div(id=NOTICE, className="pl-notice", role="alert")


def message(text: str, number: str | None = None) -> list[Component]:
    """What failed in plain words, with the number to quote when the server logged it."""
    quoted: list[Component] = [html.Span(f"Error {number}", className="pl-id cap t2")] if number else []
    shown: list[Component] = [html.I(className="pl-shape pl-shape--err"), html.Span(text)]
    return shown + quoted
