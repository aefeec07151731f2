"""Figures of the web process against a bare Dash application on the same server software, in the same run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.running import free_port

ROOT = Path(__file__).parents[2]
ROUNDS = 5
CALLS = 300

BARE = """
from dash import Dash, Input, Output, html
app = Dash(__name__)
app.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
@app.callback(Output("o", "children"), Input("b", "n_clicks"))
def nothing(n):
    return n
server = app.server
"""


def figure(name: str, value: float, unit: str, reference: float, goal: str, *, at_most: float) -> dict[str, Any]:
    """A figure whose ratio must not exceed `at_most`."""
    ratio = value / reference
    return {
        "name": name, "value": round(value, 4), "unit": unit, "reference": round(reference, 4),
        "ratio": round(ratio, 4), "goal": goal, "ok": ratio <= at_most,
    }  # fmt: skip


@contextmanager
def serving(target: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple[int, float]]:
    """gunicorn with `target`; gives its port and the seconds from start to the first byte of a page."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8",
        "--log-level", "error", "--no-control-socket", target,
    ]  # fmt: skip
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=os.environ | environment)
    try:
        yield port, _first_byte(port, started)
    finally:
        process.terminate()
        process.wait(20)


def _first_byte(port: int, started: float) -> float:
    while time.monotonic() - started < 120:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/login")
            connection.getresponse().read(1)
            return time.monotonic() - started
        except OSError:
            time.sleep(0.005)
    raise TimeoutError("the server did not answer within two minutes")


@contextmanager
def bare() -> Iterator[tuple[int, float]]:
    """A bare Dash application with one empty callback."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(textwrap.dedent(BARE))
        with serving("bare:server", Path(folder), {}) as answer:
            yield answer


@contextmanager
def product(database_url: str) -> Iterator[tuple[int, float]]:
    """The product's web process on a database."""
    with tempfile.TemporaryDirectory() as data:
        settings = {"PLANTGLASS_DATABASE_URL": database_url, "PLANTGLASS_DATA": data, "PLANTGLASS_DEMO": "true"}
        with serving("app:serve()", ROOT, settings) as answer:
            yield answer


def first_byte(database_url: str) -> dict[str, Any]:
    """Process start to the first byte, best of alternating rounds."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with bare() as (_, seconds):
            theirs.append(seconds)
        with product(database_url) as (_, seconds):
            ours.append(seconds)
    return figure("first_byte", min(ours), "s", min(theirs), "<= 2.0", at_most=2.0)


def empty_callback(database_url: str) -> dict[str, Any]:
    """One callback that does next to nothing: guard, session, scope and permission against bare Dash; median time."""
    from tests.bench.prepared import cookie_of_engineer

    cookie = cookie_of_engineer(database_url)
    with bare() as (theirs, _), product(database_url) as (ours, _):
        bare_body = _body("o.children", "b", "n_clicks", 1)
        own_body = _own_callback()
        rounds = [(_median(theirs, bare_body, ""), _median(ours, own_body, cookie)) for _ in range(ROUNDS)]
    return figure(
        "empty_callback", min(o for _, o in rounds) * 1000, "ms", min(t for t, _ in rounds) * 1000, "<= 2.0", at_most=2.0
    )


def _own_callback() -> str:
    from components import frame

    return _body(f"{frame.PING_ANSWER}.data", frame.PING, "data", 1)


def _body(output: str, source: str, prop: str, value: Any) -> str:
    name, _, target = output.rpartition(".")
    return json.dumps(
        {
            "output": output,
            "outputs": {"id": name, "property": target},
            "inputs": [{"id": source, "property": prop, "value": value}],
            "changedPropIds": [f"{source}.{prop}"],
            "state": [],
        }
    )


def _median(port: int, body: str, cookie: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        connection.request("POST", "/_dash-update-component", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        times.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"the callback answered {answer.status}: {content[:300]!r}")
    return sorted(times)[len(times) // 2]


FIGURES: dict[str, Callable[[str], dict[str, Any]]] = {"first_byte": first_byte, "empty_callback": empty_callback}
