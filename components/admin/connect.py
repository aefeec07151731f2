"""Connecting a source: what to call, what it offers, and which signals that would be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
from dash import dcc, html

from components import format as show
from components.admin import ids, parts
from components.panel import panel
from components.shape import shape
from components.text import data, t
from engine.job import JobRun, JobState
from engine.tag import ValueKind

if TYPE_CHECKING:  # knows the configuration file's whole format, which no other page needs
    from engine.connect import Proposal

OPCUA, MQTT = "opcua", "mqtt"
KINDS = {OPCUA: "OPC UA server", MQTT: "MQTT broker"}
BROWSE, LISTEN = "browse", "listen"
MOST_UNOPENED = 30
FRESH_S = 60.0


def tab(_rights: Collection[str]) -> Any:
    """The skeleton: the form on the left, what is offered on the right."""
    told = (
        t("A place is proposed when its name stands in the path of a value; correct what is wrong in the table."),
        t("Values that feed a signal already are shown with its name and are not taken again."),
        t(
            "“Review the changes” makes a configuration of the chosen rows and shows what differs; nothing is written"
            " before you say so."
        ),
    )
    return html.Div(
        [
            html.Div(panel(ids.CONNECT, t("What to call"), _form(), menu=False), className="c3"),
            html.Div(panel(ids.OFFERED, t("What it offers"), _offered(), main=True, explain=told), className="c9"),
        ],
        className="row12",
    )


def _form() -> html.Div:
    kinds = [(key, t(word)) for key, word in KINDS.items()]
    return html.Div(
        [
            parts.group(t("Kind"), parts.pick(ids.KIND, kinds, OPCUA)),
            html.Div(_opcua(), id=ids.OPCUA_PART, className="pl-form"),
            html.Div(_mqtt(), id=ids.MQTT_PART, className="pl-form", hidden=True),
            html.Details(
                [html.Summary(t("Sign in with a password")), html.Div(_credentials(), className="pl-form")],
                className="adm-more",
            ),
            parts.field(t("Site"), parts.suggest(ids.SITE, maxLength=300)),
            parts.field(t("Name of the source"), parts.text_in(ids.SOURCE_NAME, maxLength=80, value="new-source")),
            html.Button(t("Test and look around"), id=ids.TRY, n_clicks=0, className="pl-ctl prim"),
        ],
        className="pl-form",
    )


def _opcua() -> list[Any]:
    from engine.config.options import SECURITY

    return [
        parts.field(t("Address"), parts.text_in(ids.URL, placeholder="opc.tcp://host:4840/name", maxLength=300)),
        parts.group(t("Security"), parts.pick(ids.SECURITY, [(name, name) for name in SECURITY], "None")),
    ]


def _mqtt() -> list[Any]:
    return [
        parts.field(t("Host"), parts.text_in(ids.HOST, maxLength=200)),
        parts.field(t("Port"), dcc.Input(id=ids.PORT, type="number", value=1883, min=1, max=65535, step=1, className="pl-in")),
        dcc.Checklist(id=ids.TLS, options=[{"value": "tls", "label": t("TLS")}], value=[], className="adm-check"),
        parts.field(t("Topics"), parts.text_in(ids.TOPICS, value="#", maxLength=300), t("Filters, with commas between.")),
        parts.field(
            t("Listen for, seconds"),
            dcc.Input(id=ids.SECONDS, type="number", value=10, min=2, max=60, step=1, className="pl-in"),
        ),
    ]


def _credentials() -> list[Any]:
    return [
        parts.field(t("User"), parts.text_in(ids.USER, maxLength=100)),
        parts.field(
            t("Environment variable with the password"),
            parts.text_in(ids.VARIABLE, maxLength=100, placeholder="LINE_1_PASSWORD"),
        ),
        parts.field(
            t("or file with the password"),
            parts.text_in(ids.FILE, maxLength=300),
            t("In the folder “secrets” of the worker's data. The password itself is never kept."),
        ),
    ]


def _offered() -> list[Any]:
    propose = html.Button(t("Review the changes"), id=ids.PROPOSE, n_clicks=0, className="pl-ctl prim")
    return [
        *(dcc.Store(id=name) for name in (ids.FORM, ids.SHOWN)),
        html.Div(
            html.P(t("Say what to call; its values appear here with age and quality."), className="t2"),
            id=ids.RUN_STATE,
            role="status",
        ),
        html.Div(id=ids.UNOPENED),
        html.Div(id=ids.OFFER_SAID, className="cap t2"),
        grid(),
        html.Div([propose], id=f"{ids.PROPOSE}-form", className="acts", hidden=True),
    ]


def grid() -> dag.AgGrid:
    """The table of proposals: chosen rows become signals; place, name, title, kind, unit and interval can be corrected."""
    return dag.AgGrid(
        id=ids.OFFER_GRID,
        columnDefs=[],
        rowData=[],
        getRowId="params.data.id",
        className="pl-grid adm-grid",
        defaultColDef={"resizable": True, "sortable": True, "filter": True, "minWidth": 90},
        dashGridOptions={
            "theme": "themeQuartz",
            "animateRows": False,
            "ensureDomOrder": True,
            "singleClickEdit": True,
            "stopEditingWhenCellsLoseFocus": True,
            "rowSelection": {"mode": "multiRow", "checkboxes": True, "headerCheckbox": True, "selectAll": "filtered"},
        },
        style={"display": "none"},
    )


def columns(places: Sequence[str], tables: Sequence[str]) -> list[dict[str, Any]]:
    """What each column says, and how it is corrected."""
    return [
        {"field": "path", "headerName": t("Value"), "minWidth": 200, "flex": 2, "tooltipField": "address"},
        {"field": "shown", "headerName": t("First value"), "flex": 1},
        {"field": "age", "headerName": t("Age"), "cellRenderer": "Age", "minWidth": 80, "flex": 0.6},
        {"field": "quality", "headerName": t("Quality"), "flex": 0.7},
        _edited("at", t("Place"), places, flex=1.8),
        {"field": "name", "headerName": t("Signal"), "editable": True, "minWidth": 150, "flex": 1.6},
        {"field": "title", "headerName": t("Title"), "editable": True, "flex": 1.2},
        _edited("kind", t("Kind"), [kind.value for kind in ValueKind], flex=0.7),
        {"field": "unit", "headerName": t("Unit"), "editable": True, "flex": 0.6},
        {"field": "interval_s", "headerName": t("Every, s"), "editable": True, "flex": 0.6, "type": "rightAligned"},
        *([_edited("state_table", t("State table"), ["", *tables], flex=0.9)] if tables else []),
        {"field": "taken_by", "headerName": t("Feeds already"), "flex": 1},
    ]


def _edited(name: str, title: str, values: Sequence[str], flex: float) -> dict[str, Any]:
    return {
        "field": name,
        "headerName": title,
        "editable": True,
        "flex": flex,
        "minWidth": 100,
        "cellEditor": "agSelectCellEditor",
        "cellEditorParams": {"values": list(values)},
    }


def rows(proposals: Sequence[Proposal], now_us: int) -> list[dict[str, Any]]:
    """Proposals as the table wants them; a value that no signal can hold is shown without a kind."""
    return [_row(n, proposal, now_us) for n, proposal in enumerate(proposals)]


def _row(number: int, proposal: Proposal, now_us: int) -> dict[str, Any]:
    found = proposal.found
    return {
        "id": str(number),
        "address": found.address,
        "path": " / ".join(found.path),
        "shown": f"{found.shown}{show.THIN}{found.unit}" if found.unit and found.shown else found.shown,
        "age": found.at_us,
        "last_words": show.NOTHING if found.at_us is None else show.duration(max(0, now_us - found.at_us)),
        "quality": quality(found.status),
        "at": proposal.at,
        "name": proposal.name,
        "title": proposal.title,
        "kind": found.kind.value if found.kind else "",
        "unit": found.unit,
        "interval_s": found.interval_s,
        "state_table": "",
        "taken_by": proposal.taken_by,
        "decode": found.decode,
    }


def quality(status: int) -> str:
    """Of an OPC UA status code."""
    return (t("good"), t("uncertain"), t("bad"), t("bad"))[status >> 30]


def chosen(proposals: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that are chosen at first: what can be a signal, has a place, and is none yet."""
    return [row for row in proposals if row["kind"] and row["at"] and not row["taken_by"]]


def state(run: JobRun) -> Any:
    """How the trial stands."""
    if run.state in (JobState.WAITING, JobState.RUNNING):
        said = t("Waiting for a worker") if run.state is JobState.WAITING else run.message or t("Calling")
        bar = html.Span(html.I(), className="meter", style={"--x": f"{round(100 * run.progress)}%"})
        return html.Span([bar, said], className="cov")
    if run.state is JobState.FAILED:
        return html.P(
            [shape("error", hidden=True), html.B(t("No connection")), html.Span(run.message, className="adm-break")],
            className="adm-alert",
            role="alert",
        )
    return html.P(run.message)


def unopened(best: Mapping[str, Any] | None) -> Any:
    """Folders of a server that were not opened, each with a way to open it."""
    folders = list((best or {}).get("unopened") or ())[:MOST_UNOPENED]
    if not folders:
        return None
    buttons = [
        html.Button(
            " / ".join(folder["path"]) or folder["address"],
            id=ids.open_id(folder["address"]),
            n_clicks=0,
            className="pl-ctl",
            **data(path="/".join(folder["path"])),
        )
        for folder in folders
    ]
    return html.Details(
        [html.Summary(t("{n} folders not opened", n=len(folders))), html.Div(buttons, className="acts")], className="adm-more"
    )


def offered(proposals: Sequence[Proposal]) -> str:
    """What was found, in a sentence."""
    if not proposals:
        return ""
    placed = sum(bool(p.at) for p in proposals)
    known = sum(bool(p.taken_by) for p in proposals)
    said = t("{n} values, a place proposed for {placed}", n=len(proposals), placed=placed)
    return said + (t("; {known} feed a signal already", known=known) if known else "")


def height(count: int) -> dict[str, Any]:
    """The style of the table for so many rows."""
    return {"height": f"{34 + 36 * min(count, 14) + 18}px"} if count else {"display": "none"}
