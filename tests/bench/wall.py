"""Figures of the wall display: what fifty of them cost, and how soon a stop of the plant is on the wall."""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from commands.opening import database_url as embedded_url
from connectors.http.display import COOKIE
from connectors.twin.state import Channel, Command
from db import location, wall
from db.store import Store
from engine.access import SYSTEM
from engine.wall.device import Setting
from engine.wall.size import MOST_TILES
from settings import Settings
from tests.bench import prepared, web
from tests.browser.running import Running, demo

HOME = "acme/dublin"
DISPLAYS, SECONDS = 50, 20
LINES = {"blister-1": "Line 1 Blister", "blister-2": "Line 2 Blister", "filler-1": "Line 1 Vials"}
STOPS, POLLERS, STOP_MIN = 6, 4, 0.3
FIRST_LIMIT_S = 180
CLOCK = os.sysconf("SC_CLK_TCK")


def wall_cpu(database_url: str) -> dict[str, Any]:
    """CPU of the web process for 50 displays at 1 Hz, against 50 empty callbacks a second on bare Dash."""
    sessions = _sessions(prepared.demo_site(database_url), DISPLAYS)
    with web.product(database_url) as (port, _):
        ours = _cpu(port, [_display(port, session) for session in sessions])
    with web.bare() as (port, _):
        body = web._body("o.children", {"b.n_clicks": 1})
        theirs = _cpu(port, [_callback(port, body) for _ in range(DISPLAYS)])
    return web.figure("wall_cpu", ours, "CPU s", theirs, "<= 5", at_most=5.0)


def wall_queries(database_url: str) -> dict[str, Any]:
    """Transactions (one query each) a second for 50 displays of a place, against one display."""
    store = prepared.demo_site(database_url)
    sessions = _sessions(store, DISPLAYS)
    with web.product(database_url) as (port, _):
        one = _transactions(store, port, sessions[:1])
        all_ = _transactions(store, port, sessions)
    return web.figure("wall_queries", all_, "1/s", one, "<= 1.3", at_most=1.3)


def stop_to_wall(_database_url: str) -> dict[str, Any]:
    """Seconds from a jam that is injected to the answer in which a display sees it; median, displays ask at 1 Hz."""
    with demo(days=0) as plant, _polling(plant) as seen:
        found = [second for _ in range(STOPS) for second in _stop(plant, seen)]
    worst = max(found)
    return web.figure("stop_to_wall", statistics.median(found), "s", 1.0, "<= 2", at_most=2.0) | {"worst": round(worst, 2)}


def first_tile(_database_url: str) -> dict[str, Any]:
    """Seconds from the start of the demo in an empty folder to an answer in which a tile of a display knows its machine."""
    began = time.monotonic()
    with demo() as plant, _opened(plant) as store:
        ask = _display(int(plant.environment["PLANTGLASS_PORT"]), _session(store, 0))
        while not _knows(ask()["slots"]):
            if time.monotonic() - began > FIRST_LIMIT_S:
                raise TimeoutError(f"no tile knew its machine within {FIRST_LIMIT_S} s")
            time.sleep(0.2)
        seconds = time.monotonic() - began
    return web.figure("first_tile", seconds, "s", 1.0, "<= 30", at_most=30.0)


def _knows(slots: dict[str, dict[str, str]]) -> bool:
    shown = [slots[f"t{n}"]["class"] for n in range(MOST_TILES)]
    return any("is-stale" not in name and "is-none" not in name for name in shown)


# ------------------------------------------------------------------ many displays
def _sessions(store: Store, count: int) -> list[str]:
    """A session each for so many displays of the site."""
    return [_session(store, n) for n in range(count)]


def _session(store: Store, number: int) -> str:
    setting = Setting(f"Hall {number}", location.node_at(SYSTEM, store, HOME).id, 65, 5)
    with store.change("bench", "a display") as change:
        _, token = wall.issue(change, SYSTEM, setting, "bench")
    session = wall.start_session(store, token)
    assert session is not None
    return session


Ask = Callable[[], Any]


def _display(port: int, session: str) -> Ask:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask() -> Any:
        answer = _answer(connection, "GET", "/wall/data", None, {"Cookie": f"{COOKIE}={session}"})
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the wall answered {answer.status}: {content[:200]!r}")
        return json.loads(content)

    return ask


def _callback(port: int, body: str) -> Ask:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"}
    return lambda: _answer(connection, "POST", "/_dash-update-component", body, headers).read()


def _answer(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """The answer; a connection that the server closed while it rested is opened again, as a browser does."""
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse()
    except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
        connection.close()
        connection.request(method, path, body, headers)
        return connection.getresponse()


def _each_second(asks: list[Ask], seconds: float) -> None:
    """All of them once a second, spread over it, one after the other."""
    for ask in asks:
        ask()
    begun = time.monotonic()
    for turn in range(int(seconds)):
        for n, ask in enumerate(asks):
            time.sleep(max(0.0, begun + turn + n / len(asks) - time.monotonic()))
            ask()


def _cpu(port: int, asks: list[Ask]) -> float:
    """CPU seconds of the server while it is asked for `SECONDS`."""
    _each_second(asks, 1)
    before = _used(port)
    _each_second(asks, SECONDS)
    return _used(port) - before


def _used(port: int) -> float:
    ours = [entry for entry in Path("/proc").glob("[0-9]*") if f"127.0.0.1:{port}\0" in _read(entry / "cmdline")]
    return sum(sum(int(v) for v in _read(entry / "stat").rsplit(")", 1)[1].split()[11:13]) for entry in ours) / CLOCK


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:  # the process ended meanwhile
        return ""


def _transactions(store: Store, port: int, sessions: list[str]) -> float:
    asks = [_display(port, session) for session in sessions]
    _each_second(asks, 2)
    before = _committed(store)
    _each_second(asks, SECONDS)
    return (_committed(store) - before) / SECONDS


def _committed(store: Store) -> int:
    time.sleep(2)  # the server tells its counts a second late
    with store.read() as connection:
        asked = text("select xact_commit from pg_stat_database where datname = current_database()")
        return int(connection.execute(asked).scalar_one())


# ------------------------------------------------------------------ a stop
Seen = dict[tuple[int, str], list[tuple[float, str]]]
"""By poller and line: when which state was first seen."""


@contextmanager
def _polling(plant: Running) -> Iterator[Seen]:
    """Displays that ask once a second, each at a time of its own within it."""
    port, seen, ended = int(plant.environment["PLANTGLASS_PORT"]), Seen(), threading.Event()

    def poll(number: int, ask: Ask) -> None:
        time.sleep(number / POLLERS)
        begun = time.monotonic()
        turn = 0
        while not ended.is_set():
            _note(seen, number, ask()["slots"])
            turn += 1
            ended.wait(max(0.0, begun + turn - time.monotonic()))

    with _opened(plant) as store:
        asks = [_display(port, session) for session in _sessions(store, POLLERS)]
    threads = [threading.Thread(target=poll, args=pair, daemon=True) for pair in enumerate(asks)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join(10)


@contextmanager
def _opened(plant: Running) -> Iterator[Store]:
    store = Store(embedded_url(Settings(data=plant.folder)))
    try:
        yield store
    finally:
        store.close()


def _note(seen: Seen, number: int, slots: dict[str, dict[str, str]]) -> None:
    now = time.time()
    for name in [slot for slot in slots if slot.endswith(".name") and slot.startswith("t")]:
        kept = seen.setdefault((number, slots[name]["text"]), [])
        state = slots[name.replace(".name", ".state")]["text"]
        if not kept or kept[-1][1] != state:
            kept.append((now, state))


def _stop(plant: Running, seen: Seen) -> list[float]:
    """Jam a machine that runs; the seconds after which each poller saw it."""
    machine = _running(seen)
    time.sleep(random.random())  # the plant and the displays have a beat of their own
    began = time.time()
    jam = Command(uuid.uuid4().hex, int(began * 1e6), "fault", machine, "jam", lasts_s=60 * STOP_MIN)
    Channel(plant.folder).send(jam)
    return [at - began for at in _wait_for(seen, LINES[machine], "aborted", began)]


def _running(seen: Seen, limit_s: float = 600) -> str:
    """A machine whose line every poller sees running."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        for machine, line in LINES.items():
            if all(seen.get((n, line), [(0.0, "")])[-1][1] == "running" for n in range(POLLERS)):
                return machine
        time.sleep(0.05)
    raise TimeoutError(f"no line of {', '.join(LINES)} was seen running within {limit_s:.0f} s")


def _wait_for(seen: Seen, line: str, state: str, since: float, limit_s: float = 300) -> list[float]:
    """When each poller came to see a state; while it runs: last seen so, now."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        newest = [seen.get((n, line), [(0.0, "")])[-1] for n in range(POLLERS)]
        if all(said == state and at >= since for at, said in newest):
            return [at for at, _ in newest]
        time.sleep(0.05)
    raise TimeoutError(f"{line} was not seen {state} within {limit_s:.0f} s")


FIGURES: dict[str, Callable[[str], dict[str, Any]]] = {
    "wall_cpu": wall_cpu,
    "wall_queries": wall_queries,
    "stop_to_wall": stop_to_wall,
    "first_tile": first_tile,
}
