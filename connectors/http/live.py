"""`GET /live?t=tag:12,tag:13`: the revisions of what a page shows, and how old the plant's data are.

Asked once a second by every open page. The web process reads the tables once a second, whatever the number of
pages; a page is told only of nodes that its user may see.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, request
from flask_login import current_user
from orjson import dumps

from connectors.http.guard import ROUTES, Context
from db import access, health, job, source
from db.source import SourceState
from db.store import Store
from engine.access import SYSTEM, Scope
from engine.errors import Invalid, Unavailable
from engine.job import HISTORY, Filling, filling

PERIOD_S = 1.0
MOST_TOPICS = 400
SEES_JOBS = "job.read"
"""Who is told how far history is filled in."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What all live answers of one second share."""

    revisions: dict[tuple[str, int], int]
    sources: list[SourceState]
    worker_age_s: float | None
    filling: Filling | None


class _Pulses:
    """The newest pulse of a store, read again when it is older than a second; one thread reads, the others wait.

    That the database does not answer is kept for a second as well, so that waiting requests fail together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Pulse | Unavailable]] = {}

    def of(self, store: Store) -> Pulse:
        with self._lock:
            at, found = self._kept.get(store.url, (float("-inf"), Unavailable("")))
            if time.monotonic() - at >= PERIOD_S:
                found = _read(store)
                self._kept[store.url] = (time.monotonic(), found)
        if isinstance(found, Unavailable):
            raise Unavailable(str(found))
        return found


_pulses = _Pulses()


def install(server: Flask) -> None:
    """The route /live."""
    server.add_url_rule("/live", "live", _live, methods=["GET"])


def _read(store: Store) -> Pulse | Unavailable:
    try:
        age = min((w.age_s for w in health.workers(store)), default=None)
        return Pulse(health.all_revisions(store), source.states(SYSTEM, store), age, filling_of(store))
    except Unavailable as error:
        return error


def filling_of(store: Store) -> Filling | None:
    """How far history is filled in, while it is."""
    return filling(next(iter(job.runs(SYSTEM, store, kinds=[HISTORY], limit=1)), None))


def _live() -> Response:
    context: Context = current_app.extensions["plantglass"]
    scope = access.scope_for(context.store, current_user.user, ROUTES["/live"])
    sites = access.sites_for(context.store, current_user.user, ROUTES["/live"])
    pulse = _pulses.of(context.store)
    now_us = time.time_ns() // 1000
    body = {
        "now": now_us,
        "version": context.version,
        "revisions": _visible(pulse.revisions, request.args.get("t", ""), scope),
        "sources": [_source(state, now_us) for state in pulse.sources if state.active and state.site_id in sites],
        "worker_age_s": pulse.worker_age_s,
    }
    if pulse.filling and access.scope_for(context.store, current_user.user, SEES_JOBS).nodes:
        body["filling"] = pulse.filling
    return Response(dumps(body), mimetype="application/json")


def _visible(revisions: dict[tuple[str, int], int], asked: str, scope: Scope) -> dict[str, int]:
    topics = [topic for topic in asked.split(",") if topic]
    if len(topics) > MOST_TOPICS:
        raise Invalid(f"A page may watch {MOST_TOPICS} topics; this one asks for {len(topics)}.")
    answer = {}
    for topic in topics:
        word, _, node = topic.partition(":")
        number = int(node) if node.isdecimal() and len(node) < 10 else 0
        if number == 0 or scope.covers(number):
            answer[topic] = revisions.get((word, number), 0)
    return answer


def _source(state: SourceState, now_us: int) -> dict[str, Any]:
    age = None if state.last_sample_us is None else max(0.0, (now_us - state.last_sample_us) / 1e6)
    return {"name": state.name, "state": state.state, "age_s": age, "expected_s": state.expected_s}
