"""Connecting a source: a worker looks around or listens, the page proposes signals, and they are saved as configuration.

The web process calls nobody: it asks for a run (`browse`, `listen`) and shows what the run found. A run belongs to who asked
for it. The configuration file's format is loaded when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, no_update

from callbacks.admin.asked import here_of, refuse_part
from callbacks.registry import Request, callback, clientside
from components import live
from components.admin import connect, ids, parts
from components.text import t
from db import job, tag
from db import location as places
from engine.errors import Conflict, Invalid, NotFound
from engine.job import JobRun, JobState
from engine.location import MapDef, NodeKind

if TYPE_CHECKING:
    from engine.config import Config
    from engine.config.record import SourceEntry
    from engine.connect import Found, Proposal, Wanted

WRITE = "config.write"
MOST_UNDER_WAY, MOST_TOGETHER, MOST_ROWS = 3, 12, 1_000
KINDS = {connect.OPCUA: connect.BROWSE, connect.MQTT: connect.LISTEN}
UNDER_WAY = (JobState.WAITING, JobState.RUNNING)

clientside("admin.kind", Output(ids.OPCUA_PART, "hidden"), Output(ids.MQTT_PART, "hidden"), Input(ids.KIND, "value"))
clientside("admin.go", Output(ids.SINK_GO, "data"), Input(ids.TEXT, "data"))
clientside(
    "admin.form",
    Output(ids.FORM, "data"),
    Input(ids.TRY, "n_clicks"),
    *(State(name, "value") for name in ids.FIELDS),
)


@callback(
    Output(ids.options_id(ids.SITE), "children"),
    Output(ids.SITE, "value"),
    Input(live.PLACE, "data"),
    permission=WRITE,
)
def show_sites(request: Request, place: dict[str, Any] | None) -> Any:
    """The sites, and the one of the page."""
    here = here_of(place, "connect")
    if here is None:
        return no_update, no_update
    sites = [node for node in _places(request) if node.kind is NodeKind.SITE]
    own = next((site.path for site in sites if f"{here.path}/".startswith(f"{site.path}/")), None)
    return parts.options((s.path, s.name) for s in sites), own or (sites[0].path if sites else "")


def _places(request: Request) -> list[MapDef]:
    return [node for node in places.tree(request.scope, request.store) if request.scope.covers(node.id)]


# ------------------------------------------------------------------ calling
@callback(
    Output(ids.RUN, "data"),
    Output(ids.SHOWN, "data"),
    Input(ids.FORM, "data"),
    permission=WRITE,
    prevent_initial_call=True,
)
def try_source(request: Request, form: Any) -> Any:
    """Ask a worker to call the source."""
    if not isinstance(form, dict):
        return no_update, no_update
    refuse_part(request)
    kind, settings = _settings(form)
    arguments: dict[str, Any] = {"settings": settings}
    if kind == connect.MQTT:
        arguments["seconds"] = _number(form.get("seconds"), 10)
    number = _asked(request, KINDS[kind], arguments)
    named = {"kind": kind, "site": str(form.get("site") or ""), "name": str(form.get("name") or "").strip()[:80]}
    return {"runs": [number], "form": named | {"settings": settings}}, None


def _asked(request: Request, kind: str, arguments: dict[str, Any]) -> int:
    mine = [run for run in job.runs(request.scope, request.store, list(KINDS.values()), 20) if run.state in UNDER_WAY]
    if len(mine) >= MOST_UNDER_WAY:
        raise Conflict(t("{n} trials are under way; wait for one of them to end.", n=len(mine)))
    return job.enqueue(request.store, kind, arguments, request.user.name)


def _settings(form: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Kind and settings as a source would have them, checked like those of a file. Raises `Invalid`."""
    from engine.config.options import SETTINGS
    from engine.config.reading import Reader

    kind = form.get("kind")
    if kind not in KINDS:
        raise Invalid(t("Choose an OPC UA server or an MQTT broker."))
    found = _opcua(form) if kind == connect.OPCUA else _mqtt(form)
    found |= {name: word for name in ("user", "password_env", "password_file") if (word := _word(form.get(name)))}
    reader = Reader()
    reader.record(SETTINGS[kind], found)
    if reader.problems:
        raise Invalid(" ".join(reason for _, reason in reader.problems))
    return kind, found


def _opcua(form: dict[str, Any]) -> dict[str, Any]:
    security = _word(form.get("security"))
    return {"url": _word(form.get("url"))} | ({"security": security} if security not in ("", "None") else {})


def _mqtt(form: dict[str, Any]) -> dict[str, Any]:
    if not _word(form.get("host")):
        raise Invalid(t("A broker to listen to needs its host."))
    topics = [topic.strip() for topic in _word(form.get("topics")).split(",") if topic.strip()]
    port, tls = _number(form.get("port"), 1883), {"tls": True} if form.get("tls") else {}
    return {"host": _word(form.get("host")), "port": port, "topics": topics or ["#"]} | tls


def _word(sent: Any) -> str:
    return sent.strip()[:300] if isinstance(sent, str) else ""


def _number(sent: Any, otherwise: int) -> int:
    return int(sent) if isinstance(sent, int | float) and not isinstance(sent, bool) and abs(sent) < 1e6 else otherwise


@callback(
    Output(ids.RUN, "data", allow_duplicate=True),
    Input(ids.open_id(ALL), "n_clicks"),
    State(ids.RUN, "data"),
    permission=WRITE,
    prevent_initial_call=True,
)
def open_folder(request: Request, _clicks: Any, sent: Any) -> Any:
    """Look into a folder that was not opened; what it holds joins the table."""
    if not (ctx.triggered and ctx.triggered[0]["value"] and isinstance(ctx.triggered_id, dict)):
        return no_update
    refuse_part(request)
    runs = _runs(request, sent)
    folders = [folder for run in runs for folder in (run.best or {}).get("unopened", ())]
    wanted = next((f for f in folders if f["address"] == ctx.triggered_id["address"]), None)
    if wanted is None or len(runs) >= MOST_TOGETHER:
        raise NotFound(t("This folder is not one of those that were found, or enough of them are open; begin anew."))
    arguments = {"settings": runs[0].arguments["settings"], "start": wanted["address"], "path": wanted["path"]}
    return sent | {"runs": [*sent["runs"], _asked(request, connect.BROWSE, arguments)]}


def _runs(request: Request, sent: Any) -> list[JobRun]:
    """The trials that the browser names, as far as the reader asked for them. Raises `NotFound`."""
    numbers = sent.get("runs") if isinstance(sent, dict) else None
    if not isinstance(numbers, list) or not all(isinstance(n, int) and 0 < n < 2**53 for n in numbers[:MOST_TOGETHER]):
        raise Invalid(t("The browser names a trial that no page began. Begin anew."))
    found = [job.run_of(request.store, number) for number in numbers[:MOST_TOGETHER]]
    if any(run.kind not in KINDS.values() or run.started_by != request.user.name for run in found):
        raise NotFound(t("There is no such trial of yours."))
    return found


# ------------------------------------------------------------------ what was found
@callback(
    Output(ids.RUN_STATE, "children"),
    Output(ids.UNOPENED, "children"),
    Output(ids.SHOWN, "data", allow_duplicate=True),
    Input(ids.RUN, "data"),
    Input(live.LIVE, "data"),
    Input(live.BEAT, "data"),
    State(ids.SHOWN, "data"),
    permission=WRITE,
    prevent_initial_call="initial_duplicate",
)
def show_run(request: Request, sent: Any, _live: Any, _beat: Any, shown: Any) -> Any:
    """How the trial stands; at its end the table is drawn, once."""
    if not sent or shown == (sent.get("runs") if isinstance(sent, dict) else None):
        return (no_update,) * 3
    runs = _runs(request, sent)
    newest = runs[-1]
    ended = newest.state not in UNDER_WAY
    opened = {run.arguments.get("start") for run in runs}
    rest = [f for run in runs for f in (run.best or {}).get("unopened", ()) if f["address"] not in opened]
    return (
        connect.state(newest),
        connect.unopened({"unopened": rest}) if ended else no_update,
        sent["runs"] if ended else no_update,
    )


@callback(
    Output(ids.OFFER_GRID, "rowData"),
    Output(ids.OFFER_GRID, "columnDefs"),
    Output(ids.OFFER_GRID, "selectedRows"),
    Output(ids.OFFER_GRID, "style"),
    Output(ids.OFFER_SAID, "children"),
    Output(f"{ids.PROPOSE}-form", "hidden"),
    Input(ids.SHOWN, "data"),
    State(ids.RUN, "data"),
    permission=WRITE,
)
def show_offer(request: Request, shown: Any, sent: Any) -> Any:
    """The values that were found, each with the signal that it probably is."""
    if not shown or not isinstance(sent, dict):
        return [], no_update, [], connect.height(0), "", True
    refuse_part(request)
    proposals = _proposals(request, _runs(request, sent), sent)
    rows = connect.rows(proposals, request.now_us)
    defined = connect.columns([node.path for node in _below(request, sent)], sorted(tag.state_tables(request.store)))
    chosen = {"ids": [row["id"] for row in connect.chosen(rows)]}
    return rows, defined, chosen, connect.height(len(rows)), connect.offered(proposals), not rows


def _proposals(request: Request, runs: Sequence[JobRun], sent: dict[str, Any]) -> list[Proposal]:
    from engine.connect import found_of, propose, same_source, taken_by

    kept, form = _kept(request), _form(sent)
    found: dict[str, Found] = {}
    for run in runs:
        for table in (run.best or {}).get("found", ()):
            one = found_of(table)
            found.setdefault(f"{one.address} {one.decode}", one)
    known = same_source(kept, form["site"], form["kind"], form["settings"])
    sites = kept.sites()
    names = [tag_.name for tag_ in kept.tags if sites.get(tag_.at) == form["site"]]
    return propose(list(found.values())[:MOST_ROWS], _below(request, sent), names, taken_by(kept, known))


def _below(request: Request, sent: dict[str, Any]) -> list[MapDef]:
    site = _form(sent)["site"]
    return [node for node in _places(request) if f"{node.path}/".startswith(f"{site}/")]


def _form(sent: dict[str, Any]) -> dict[str, Any]:
    """What was called, as the store of the page says; its settings are checked again when they are saved."""
    form = sent.get("form")
    if not isinstance(form, dict) or not all(isinstance(form.get(name), str) for name in ("kind", "site", "name")):
        raise Invalid(t("The browser names a source that no page asked for. Begin anew."))
    if not isinstance(form.get("settings"), dict):
        raise Invalid(t("The browser names a source that no page asked for. Begin anew."))
    return form


def _kept(request: Request) -> Config:
    from db.config import read_config

    return read_config(request.store)


# ------------------------------------------------------------------ saving
@callback(
    Output(ids.TEXT, "data", allow_duplicate=True),
    Input(ids.PROPOSE, "n_clicks"),
    State(ids.OFFER_GRID, "selectedRows"),
    State(ids.OFFER_GRID, "rowData"),
    State(ids.RUN, "data"),
    permission=WRITE,
    prevent_initial_call=True,
)
def propose_configuration(request: Request, clicks: int | None, selected: Any, rows: Any, sent: Any) -> Any:
    """The chosen rows as a configuration; its differences are shown where every file's are."""
    if not clicks or not isinstance(sent, dict):
        return no_update
    refuse_part(request)
    from engine.config import emit
    from engine.connect import extended

    kept = _kept(request)
    wider = extended(kept, _source(kept, _form(sent)), _wanted(selected, rows))
    return {"text": emit(wider), "name": t("signals of {source}", source=_form(sent)["name"]), "go": request.now_us}


def _source(kept: Config, form: dict[str, Any]) -> SourceEntry:
    from engine.config.record import SourceEntry
    from engine.connect import same_source

    known = same_source(kept, form["site"], form["kind"], form["settings"])
    return known or SourceEntry(form["site"], form["name"], form["kind"], settings=dict(form["settings"]))


def _wanted(selected: Any, rows: Any) -> list[Wanted]:
    """The chosen rows as they were corrected. Raises `Invalid` for what no table sent."""
    from engine.connect import Wanted

    chosen = {row.get("id") for row in selected if isinstance(row, dict)} if isinstance(selected, list) else set()
    found = []
    for row in rows[:MOST_ROWS] if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("id") not in chosen:
            continue
        words = [str(row.get(name) or "").strip()[:300] for name in ("address", "at", "name", "title", "kind", "unit")]
        decode = row.get("decode")
        table = str(row.get("state_table") or "") or None
        address, at, name, title, kind, unit = words
        options = decode if isinstance(decode, dict) else {}
        found.append(Wanted(address, at, name, title, kind, unit, _interval(row.get("interval_s")), table, options))
    return found


def _interval(sent: Any) -> float | None:
    if sent in (None, ""):
        return None
    try:
        return float(sent)
    except (TypeError, ValueError) as error:
        raise Invalid(t("“{sent}” is no interval in seconds.", sent=str(sent)[:40])) from error
