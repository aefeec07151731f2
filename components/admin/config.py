"""Configuration as a file: take it out, choose one, see what would change, and bring it in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from components import format as show
from components.admin import ids, parts
from components.panel import panel
from components.shape import shape
from components.text import t

if TYPE_CHECKING:  # the file's whole format, which no other page needs
    from engine.config.diff import Diff, Difference
    from engine.config.problem import Problem

MOST_SHOWN, MOST_FIELDS, MOST_PROBLEMS = 400, 12, 200
LARGEST = 2_500_000
SIGNS = {"added": ("+", "Added"), "changed": ("~", "Changed"), "moved": (">", "Moved"), "retired": (show.MINUS, "Retired")}
WRITE = "config.write"


def tab(rights: Collection[str]) -> Any:
    """The skeleton."""
    out = [
        html.P(
            t(
                "The whole configuration as one TOML file: places, signals, sources, calendars, products, roles and grants."
                " It holds no password."
            )
        ),
        html.Div(html.Button(t("Save as a file"), id=ids.EXPORT_NOW, n_clicks=0, className="pl-ctl"), className="acts"),
    ]
    shown = html.Div(panel(ids.EXPORT, t("Export"), out, menu=False), className="c5")
    if WRITE not in rights:
        return html.Div(shown, className="row12")
    bring = html.Div(panel(ids.IMPORT, t("Import"), _upload(), menu=False, main=True), className="c7")
    change = panel(ids.DIFFERENCES, t("What would change"), nothing(), menu=False, wide=True)
    return [html.Div([shown, bring], className="row12"), parts.across(change), _apply()]


def _upload() -> list[Any]:
    button = html.Button(t("Choose a file"), className="pl-ctl")
    upload = dcc.Upload(button, id=ids.UPLOAD, accept=".toml,text/plain", max_size=LARGEST, className="adm-upload")
    return [
        html.P(t("What differs is shown first. Nothing is written before you say so, and all of it goes on record.")),
        html.Label([html.Span(t("Configuration file"), className="pl-sr"), upload]),
    ]


def _apply() -> html.Div:
    """Hidden until there is something to write."""
    form = [
        dcc.Store(id=ids.SEEN),
        parts.field(
            t("Reason"),
            parts.text_in(ids.CONFIG_REASON, maxLength=parts.LONGEST_REASON),
            t("Goes on record with your name, the time, and every changed record."),
        ),
        html.Button(t("Make these changes"), id=ids.APPLY, n_clicks=0, className="pl-ctl prim"),
    ]
    return html.Div(form, id=f"{ids.APPLY}-form", className="adm-apply pl-panel", hidden=True)


def nothing() -> html.P:
    """Before a file was chosen."""
    return html.P(t("Choose a file to see what it would change."), className="t2 adm-pad")


def refused(name: str, problems: Sequence[Problem]) -> html.Div:
    """Every mistake of a file with its line."""
    head = (("Line", "num"), ("What is wrong", "adm-wrap"))
    rows = [[str(p.line) if p.line else "", p.reason] for p in problems[:MOST_PROBLEMS]]
    said = t("“{name}” is refused as a whole: {n} mistakes.", name=name, n=len(problems))
    return html.Div([_alert(said), parts.table(head, rows, t("Mistakes"))])


def _alert(said: str) -> html.P:
    return html.P([shape("error", hidden=True), html.B(said)], className="adm-alert", role="alert")


def differences(name: str, found: Diff) -> html.Div | html.P:
    """What a file would change, entry by entry."""
    if not found:
        return html.P(t("“{name}” changes nothing: it is what holds now.", name=name), className="adm-pad")
    counted = [f"{sum(i.action.value == action for i in found.items)} {t(word).lower()}" for action, (_, word) in SIGNS.items()]
    said = t("“{name}”: {counts}.", name=name, counts=", ".join(counted))
    more = [
        html.P(
            t("… and {n} more; “plantglass config import --dry-run” lists all.", n=len(found.items) - MOST_SHOWN),
            className="t2 adm-pad",
        )
    ]
    retired = sum(i.action.value == "retired" for i in found.items)
    warned = (
        [
            html.P(
                [shape("p2", hidden=True), t("{n} records are retired: their history stays, they leave the pages.", n=retired)],
                className="adm-alert",
            )
        ]
        if retired
        else []
    )
    return html.Div(
        [
            html.P(html.B(said), className="adm-pad"),
            *warned,
            html.Ul([_difference(item) for item in found.items[:MOST_SHOWN]], className="adm-diff", tabIndex="0"),
            *(more if len(found.items) > MOST_SHOWN else []),
        ]
    )


def _difference(item: Difference) -> html.Li:
    sign, word = SIGNS[item.action.value]
    was = [html.Span(t(" was {was}", was=item.was), className="t2")] if item.was else []
    title: list[Any] = [
        html.Span(sign, className="sign", title=t(word)),
        html.Span(t(word), className="pl-sr"),
        html.Span(item.table, className="t2"),
        " ",
        html.B(" ".join(item.key)),
        *was,
    ]
    changes = item.changes()
    shown = [html.Li([f"{c.name}: ", html.Del(_value(c.old)), " → ", html.Ins(_value(c.new))]) for c in changes[:MOST_FIELDS]]
    return html.Li([html.Div(title), *([html.Ul(shown)] if shown else [])], className=f"is-{item.action.value}")


def _value(value: Any) -> str:
    from engine.config.writing import literal

    return t("(none)") if value is None else literal(value)[:300]


def applied(count: int) -> html.P:
    """After it was written."""
    return html.P(t("{n} changes are made and on record.", n=count), className="adm-pad")
