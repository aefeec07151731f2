"""A panel: title, subtitle with range and filter in words, body, menu. Owns the ids of every panel's parts."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from components.shape import icon
from components.text import aria, data, t

CSV, TABLE = "panel-csv", "panel-table"


def csv_id(name: str) -> dict[str, str]:
    """The menu entry that saves what a panel shows."""
    return {"type": CSV, "panel": name}


def table_id(name: str) -> dict[str, str]:
    """The menu entry that shows a panel's numbers."""
    return {"type": TABLE, "panel": name}


def sub_id(name: str) -> str:
    """The subtitle."""
    return f"{name}-sub"


def body_id(name: str) -> str:
    """The body."""
    return f"{name}-body"


def explain_id(name: str) -> str:
    """The dialog that explains the panel."""
    return f"{name}-explain"


def panel(name: str, title: str, body: Any, *, tools: tuple[Component, ...] = (), **options: Any) -> html.Section:
    """A panel.

    Options: `sub`, `csv`, `table` (the dialog with its numbers), `explain` (sentences), `wide` (no padding), `main` (what
    the f key means).
    """
    head = html.Div(
        [html.H2(title, id=f"{name}-title"), html.Div(options.get("sub", ""), id=sub_id(name), className="sub")], className="tt"
    )
    classes = f"pl-panel{' flush' if options.get('wide') else ''}{' is-main' if options.get('main') else ''}"
    content = html.Div(body, id=body_id(name), className="pl-body")
    return html.Section(
        [html.Header([head, *tools, _menu(name, title, options)]), content, *_explain(name, title, options.get("explain"))],
        className=classes,
        **aria(labelledby=f"{name}-title"),
    )


def _menu(name: str, title: str, options: dict[str, Any]) -> html.Details:
    entries = [_entry(t("Full screen"), data(do="full"))]
    if options.get("table"):
        shows = data(do="open", opens=options["table"])
        entries.append(html.Button(t("Table"), id=table_id(name), n_clicks=0, className="it", **shows))
    if options.get("csv"):
        entries.append(html.Button(t("Save as CSV"), id=csv_id(name), n_clicks=0, className="it"))
    entries.append(_entry(t("Copy link"), data(do="copy", said=t("Link copied"))))
    entries.append(_entry(t("Copy link with fixed times"), data(do="copy", frozen="1", said=t("Link copied"))))
    if options.get("explain"):
        entries.append(_entry(t("Explain"), data(do="open", opens=explain_id(name))))
    summary = html.Summary(icon("dots"), className="pl-ctl icon ghost", **aria(label=t("Menu of {title}", title=title)))
    return html.Details([summary, html.Div(entries, className="pl-pop right pl-list")], className="pl-menu")


def _entry(text: str, attributes: dict[str, Any]) -> html.Button:
    return html.Button(text, className="it", **attributes)


def _explain(name: str, title: str, sentences: tuple[str, ...] | None) -> list[html.Dialog]:
    if not sentences:
        return []
    return [dialog(explain_id(name), title, [html.P(sentence) for sentence in sentences])]


def dialog(name: str, title: str, body: Any, *, wide: bool = False) -> html.Dialog:
    """A modal dialog that a control with data-do="open" data-opens=name shows; Escape closes it."""
    close = html.Button(icon("x"), className="pl-ctl icon ghost", **aria(label=t("Close")), **data(do="close"))
    head = html.Header([html.H2(title, id=f"{name}-title"), close])
    return html.Dialog(
        [head, html.Div(body)], id=name, className=f"pl-dialog{' wide' if wide else ''}", **aria(labelledby=f"{name}-title")
    )
