"""`/health` for monitors and `/metrics` for Prometheus: states and counts, never values of the plant."""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import Flask, Response, current_app, jsonify

from connectors.http.guard import Context
from connectors.http.live import filling_of
from db import health, source
from db.health import Account, WorkerState
from db.source import SourceState
from db.store import Store
from engine.access import SYSTEM
from engine.errors import Unavailable
from engine.job import Filling

log = logging.getLogger(__name__)

WORKER_DEAD_S = 30.0


def install(server: Flask) -> None:
    """The routes /health and /metrics."""
    server.add_url_rule("/health", "health", _health, methods=["GET"])
    server.add_url_rule("/metrics", "metrics", _metrics, methods=["GET"])


def _health() -> tuple[Response, int]:
    context: Context = current_app.extensions["plantglass"]
    report = report_of(context.store)
    return jsonify({"version": context.version} | report), 200 if report["ok"] else 503


def report_of(store: Store) -> dict[str, Any]:
    """Database, workers and sources in plain words; `ok` when the database answers and a worker lives."""
    try:
        workers, sources, filling = health.workers(store), source.states(SYSTEM, store), filling_of(store)
    except Unavailable as error:
        log.warning("The health page: %s", error)  # the sentence names host and login, which a stranger need not know
        return {"ok": False, "database": {"state": "down"}, "worker": {"state": "unknown"}, "sources": []}
    alive = any(w.age_s < WORKER_DEAD_S for w in workers)
    report: dict[str, Any] = {
        "ok": alive,
        "database": {"state": "up"},
        "worker": {"state": "up" if alive else "down", "workers": [_worker(w) for w in workers]},
        "sources": [_source(s) for s in sources],
    }
    return report | ({"history": _history(filling)} if filling else {})


def _history(filling: Filling) -> dict[str, Any]:
    return {"state": filling.state, "days_filled": filling.filled, "days": filling.days}


def _worker(state: WorkerState) -> dict[str, Any]:
    return {"id": state.id, "age_s": round(state.age_s, 1), "roles": state.roles, "spool_waiting": state.spool_waiting}


def _source(state: SourceState) -> dict[str, Any]:
    return {"name": state.name, "kind": state.kind, "active": state.active, "state": state.state, "age_s": _age(state)}


def _age(state: SourceState) -> float | None:
    return None if state.last_sample_us is None else round(max(0.0, time.time() - state.last_sample_us / 1e6), 1)


def _metrics() -> Response:
    context: Context = current_app.extensions["plantglass"]
    store = context.store
    lines = [
        *_gauge("plantglass_worker_age_seconds", "worker", {w.id: w.age_s for w in health.workers(store)}),
        *_gauge("plantglass_spool_waiting", "worker", {w.id: w.spool_waiting for w in health.workers(store)}),
        *_sources(source.states(SYSTEM, store)),
        *_counts(health.accounts(store)),
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


def _sources(states: list[SourceState]) -> list[str]:
    return [
        *_gauge("plantglass_source_up", "source", {s.name: int(s.state == "connected") for s in states if s.active}),
        *_gauge("plantglass_source_age_seconds", "source", {s.name: _age(s) for s in states if s.active}),
        *_gauge(
            "plantglass_source_skew_seconds", "source", {s.name: None if s.skew_us is None else s.skew_us / 1e6 for s in states}
        ),
    ]


def _counts(accounts: list[Account]) -> list[str]:
    fields = ("received", "stored", "duplicates", "superseded", "dead_lettered", "uncertain")
    return [
        line
        for field in fields
        for line in _gauge(
            f"plantglass_samples_{field}_total", "source", {a.name: getattr(a, field) for a in accounts}, kind="counter"
        )
    ]


def _gauge(name: str, label: str, values: dict[str, Any], kind: str = "gauge") -> list[str]:
    rows = [f'{name}{{{label}="{_escape(key)}"}} {value}' for key, value in values.items() if value is not None]
    return [f"# TYPE {name} {kind}", *rows]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
