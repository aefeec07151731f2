"""Retention and system: sizes, growth, database, program."""

from __future__ import annotations

import platform
import time
from typing import Any

from dash import Input, Output, no_update
from flask import current_app, has_app_context

from callbacks.admin.asked import here_of
from callbacks.export import rows
from callbacks.registry import Request, callback
from components import live
from components.admin import ids, system
from components.export import Sheet
from components.panel import body_id
from components.view import Context
from db import health, storage
from engine.time import moment_of

READ = "job.read"
STARTED_US = time.time_ns() // 1000
"""When this web process began."""


def _version() -> str:
    return current_app.extensions["plantglass"].version if has_app_context() else ""


@callback(
    Output(body_id(ids.RETENTION), "children"),
    Output(ids.sentence_id("retention"), "children"),
    Input(live.PLACE, "data"),
    Input(live.REFRESH, "data"),
    permission=READ,
)
def show_retention(request: Request, place: dict[str, Any] | None, _again: Any) -> Any:
    """What is kept how long, with sizes and growth."""
    if here_of(place, "retention") is None:
        return no_update, no_update
    sizes, facts = storage.tables(request.store), storage.facts(request.store)
    return system.retention(sizes, moment_of(request.now_us).date()), system.sentence(_version(), facts)


@callback(
    Output(body_id(ids.PROGRAM), "children"),
    Output(body_id(ids.DATABASE), "children"),
    Output(body_id(ids.TABLES), "children"),
    Output(ids.sentence_id("system"), "children"),
    Input(live.PLACE, "data"),
    Input(live.REFRESH, "data"),
    permission=READ,
)
def show_system(request: Request, place: dict[str, Any] | None, _again: Any) -> Any:
    """What runs here, and on what."""
    here = here_of(place, "system")
    if here is None:
        return (no_update,) * 4
    facts, disks = storage.facts(request.store), system.disks(health.workers(request.store))
    return (
        system.program(_version(), platform.python_version(), STARTED_US, request.now_us, disks),
        system.database(facts, here.zone, request.now_us),
        system.tables(storage.tables(request.store)),
        system.sentence(_version(), facts),
    )


@rows(ids.RETENTION, permission=READ)
def retention_rows(request: Request, _here: Context) -> Sheet:
    """Retention, for a table or file."""
    return system.retention_sheet(storage.tables(request.store), moment_of(request.now_us).date())


@rows(ids.TABLES, permission=READ)
def table_rows(request: Request, _here: Context) -> Sheet:
    """Every table, for a table or file."""
    return system.tables_sheet(storage.tables(request.store))
