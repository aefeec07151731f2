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

from components import live, trend
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
    """A callback that does nothing: guard, session, permission and scope against bare Dash; median of many calls."""
    from tests.bench.prepared import cookie_of_engineer, demo_site

    cookie = cookie_of_engineer(demo_site(database_url))
    with bare() as (theirs, _), product(database_url) as (ours, _):
        bare_body = _body("o.children", {"b.n_clicks": 1})
        own_body = _body(f"{live.PLACE}.data", {f"{live.ADDRESS}.data": None, f"{live.REFRESH}.data": None})
        rounds = [(_median(theirs, bare_body, ""), _median(ours, own_body, cookie)) for _ in range(ROUNDS)]
    milliseconds = [min(column) * 1000 for column in zip(*rounds, strict=True)]
    return figure("empty_callback", milliseconds[1], "ms", milliseconds[0], "<= 2.0", at_most=2.0)


def live_tick(database_url: str) -> dict[str, Any]:
    """Bytes of a live tick of the trend, one new sample a signal, against the bytes of its whole figure over 8 hours."""
    from tests.bench import prepared

    store = prepared.demo_site(database_url)
    now_us = time.time_ns() // 1000
    prepared.eight_hours(store, now_us)
    cookie = prepared.cookie_of_engineer(store)
    with product(database_url) as (port, _):
        place = _place(port, cookie)
        whole = _post(port, _body(_output_with(f"{trend.FIGURE}.data"), {f"{live.PLACE}.data": place}), cookie)
        known = _known(json.loads(whole))
        state = {f"{live.PLACE}.data": place, f"{trend.AFTER}.data": known}
        tick = _post(port, _body(f"{trend.TICK}.data", {f"{live.LIVE}.data": {"now": now_us}}, state), cookie)
    return figure("live_tick", len(tick), "B", len(whole), "<= 0.02", at_most=0.02)


def _place(port: int, cookie: str) -> Any:
    from tests.bench import prepared

    address = {"path": "/machine", "search": f"?at={prepared.MACHINE}&from=now-8h&to=now", "zone": "UTC"}
    body = _body(f"{live.PLACE}.data", {f"{live.ADDRESS}.data": address, f"{live.REFRESH}.data": None})
    return json.loads(_post(port, body, cookie))["response"][live.PLACE]["data"]


def _known(answer: Any) -> dict[str, Any]:
    """What the browser would tell after drawing, one bucket ago."""
    sent = answer["response"][trend.FIGURE]["data"]
    widths = {tag: int(width or 1_000_000) for tag, width in sent["widths"].items()}
    return {"after": {tag: at - 2 * widths[tag] for tag, at in sent["after"].items()}, "widths": sent["widths"]}


def _output_with(part: str) -> str:
    """The whole output id of the product's callback that writes `part` among others."""
    from callbacks import registry

    registry.load()
    return next(output for output in registry.declared() if f"..{part}." in output or output == part)


def _body(output: str, inputs: dict[str, Any], state: dict[str, Any] | None = None) -> str:
    names = output.strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return json.dumps(
        {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": _values(inputs),
            "changedPropIds": list(inputs)[:1],
            "state": _values(state or {}),
        }
    )


def _values(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": name.rsplit(".", 1)[0], "property": name.rsplit(".", 1)[1], "value": value} for name, value in given.items()]


def _post(port: int, body: str, cookie: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    return _answer(connection, body, {"Content-Type": "application/json", "Cookie": cookie})


def _answer(connection: http.client.HTTPConnection, body: str, headers: dict[str, str]) -> bytes:
    connection.request("POST", "/_dash-update-component", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status not in (200, 204):
        raise RuntimeError(f"the callback answered {answer.status}: {content[:300]!r}")
    return content


def _median(port: int, body: str, cookie: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        _answer(connection, body, headers)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


FIGURES: dict[str, Callable[[str], dict[str, Any]]] = {
    "first_byte": first_byte,
    "empty_callback": empty_callback,
    "live_tick": live_tick,
}
