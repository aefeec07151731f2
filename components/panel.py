"""A panel: title, subtitle with range and filter in words, body, menu. Owns the ids of every panel's parts.

    panel("loss", t("Losses"), body, subtitle=t("This shift"), rows=True, figure=True, explain=(t("..."), t("...")))

The menu has full screen (also the f key), copy link and explain; with `rows` also table, CSV and XLSX, with `figure` PNG
and copy image. What the rows are is said once, in the page's callbacks, by a loader that is run anew on the server for
every export, with the permission and scope of who asks:

    @rows("loss", permission="oee.read")                          # callbacks/export.py
    def loss_rows(request: Request, here: Context) -> Sheet: ...  # components/export.py
"""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from dash import html
from dash.development.base_component import Component

from components.shape import icon
from components.text import aria, data, t

SAVE, ROWS = "panel-save", "panel-rows"
FORMS = ("csv", "xlsx", "png")
ROWS_DIALOG, ROWS_TITLE, ROWS_BODY = "rows-dialog", "rows-dialog-title", "rows-shown"
_BODY = "-body"


class Options(TypedDict, total=False):
    """What a panel may have beside its title and body."""

    subtitle: Any
    """Range and filter in words."""
    rows: bool
    """A loader is registered (callbacks/export.py): table, CSV, XLSX."""
    figure: bool
    """The body holds a dcc.Graph: PNG, copy image."""
    explain: Any
    """Sentences, or a component; shown in a dialog."""
    menu: bool
    """False: no menu (default True)."""
    wide: bool
    """No padding, as for tables."""
    main: bool
    """What the f key means when the focus is in no panel."""


def save_id(name: Any, form: Any) -> dict[str, Any]:
    """The menu entry that exports a panel as one of `FORMS`; `ALL` for every one."""
    return {"type": SAVE, "panel": name, "form": form}


def rows_id(name: Any) -> dict[str, Any]:
    """The menu entry that shows a panel's rows as a table; `ALL` for every one."""
    return {"type": ROWS, "panel": name}


def sub_id(name: str) -> str:
    """The subtitle."""
    return f"{name}-sub"


def body_id(name: str) -> str:
    """The body."""
    return f"{name}{_BODY}"


def is_body(output: Any) -> bool:
    """True for the id of a panel's body."""
    return isinstance(output, str) and output.endswith(_BODY)


def failed_of(body: str) -> str:
    """Where a panel says that its body could not be made; empty else."""
    return f"{body}-failed"


def explain_id(name: str) -> str:
    """The dialog that explains the panel."""
    return f"{name}-explain"


def panel(name: str, title: str, body: Any, *, tools: tuple[Component, ...] = (), **options: Unpack[Options]) -> html.Section:
    """A panel; `tools` are controls beside its menu."""
    subtitle = html.Div(options.get("subtitle", ""), id=sub_id(name), className="sub")
    head = html.Div([html.H2(title, id=f"{name}-title"), subtitle], className="tt")
    classes = f"pl-panel{' flush' if options.get('wide') else ''}{' is-main' if options.get('main') else ''}"
    content = html.Div(body, id=body_id(name), className="pl-body")
    failed = html.Div(id=failed_of(body_id(name)), className="pl-failed")
    menu = [_menu(name, title, options)] if options.get("menu", True) else []
    return html.Section(
        [html.Header([head, *tools, *menu]), failed, content, *_explain(name, title, options.get("explain"))],
        className=classes,
        **aria(labelledby=f"{name}-title"),
    )


def _menu(name: str, title: str, options: Options) -> html.Details:
    entries = [_entry(t("Full screen"), data(do="full")), *_saves(name, options)]
    entries.append(_entry(t("Copy link"), data(do="copy", said=t("Link copied"))))
    entries.append(_entry(t("Copy link with fixed times"), data(do="copy", frozen="1", said=t("Link copied"))))
    if options.get("explain"):
        entries.append(_entry(t("Explain"), data(do="open", opens=explain_id(name))))
    summary = html.Summary(icon("dots"), className="pl-ctl icon ghost", **aria(label=t("Menu of {title}", title=title)))
    return html.Details([summary, html.Div(entries, className="pl-pop right pl-list")], className="pl-menu")


def _saves(name: str, options: Options) -> list[html.Button]:
    entries = []
    if options.get("rows"):
        shows = data(do="open", opens=ROWS_DIALOG)
        entries.append(html.Button(t("Table"), id=rows_id(name), n_clicks=0, className="it", **shows))
        entries.append(html.Button(t("Save as CSV"), id=save_id(name, "csv"), n_clicks=0, className="it"))
        entries.append(html.Button(t("Save as XLSX"), id=save_id(name, "xlsx"), n_clicks=0, className="it"))
    if options.get("figure"):
        draws = data(do="png", said=t("Image saved"))
        entries.append(html.Button(t("Save as PNG"), id=save_id(name, "png"), n_clicks=0, className="it", **draws))
        entries.append(_entry(t("Copy image"), data(do="png", copied="1", said=t("Image copied"))))
    return entries


def _entry(text: str, attributes: dict[str, Any]) -> html.Button:
    return html.Button(text, className="it", **attributes)


def _explain(name: str, title: str, told: Any) -> list[html.Dialog]:
    if not told:
        return []
    body = told if isinstance(told, Component) else [html.P(sentence) for sentence in told]
    return [dialog(explain_id(name), title, body)]


def rows_dialog() -> html.Dialog:
    """The one dialog in which any panel shows its rows; the frame holds it."""
    body = html.Div(id=ROWS_BODY, className="pl-rows", tabIndex="0", role="region", **aria(label=t("Rows")))
    return dialog(ROWS_DIALOG, t("Table"), body, wide=True)


def dialog(name: str, title: str, body: Any, *, wide: bool = False) -> html.Dialog:
    """A modal dialog that a control with data-do="open" data-opens=name shows; Escape closes it."""
    close = html.Button(icon("x"), className="pl-ctl icon ghost", **aria(label=t("Close")), **data(do="close"))
    head = html.Header([html.H2(title, id=f"{name}-title"), close])
    return html.Dialog(
        [head, html.Div(body)], id=name, className=f"pl-dialog{' wide' if wide else ''}", **aria(labelledby=f"{name}-title")
    )
