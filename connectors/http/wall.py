"""Wall displays: the link `/wall/<token>`, the page `/wall/display`, what it asks for once a second, and a preview.

The link leaves a device's session in the browser and is good for the page and its data only. What is shown is read once
a second for all displays of a place, and written out once for all of the same layout.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from flask import Flask, Response, current_app, g, make_response, redirect, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from components.format import clock, local
from components.wall.page import refused_page, wall_page
from components.wall.words import Slots, slots
from connectors.http import display
from connectors.http.board import Boards
from connectors.http.guard import Context
from db import access, wall
from db.store import Store
from engine.errors import NotFound
from engine.wall.device import OVERVIEW, Device
from engine.wall.size import layout_of
from engine.wall.turn import drift, turn
from engine.wall.whole import Board

LONGEST_TOKEN = 100
YEAR_S = 365 * 24 * 3600
TOLD = "told"
"""The slide with the three sentences, there while a shift ends."""

_boards = Boards()


def install(server: Flask) -> None:
    """The routes."""
    server.add_url_rule("/wall/<token>", "wall_link", _enter, methods=["GET"])
    server.add_url_rule("/wall/display", "wall_display", _page, methods=["GET"])
    server.add_url_rule("/wall/data", "wall_data", _data, methods=["GET"])
    server.add_url_rule("/wall-preview", "wall_preview", _preview, methods=["GET"])


def _context() -> Context:
    context: Context = current_app.extensions["plantglass"]
    return context


# ------------------------------------------------------------------ the way in
def _enter(token: str) -> AnyResponse:
    """The device's link: a session for this browser, and on to the page, so that the link leaves the address bar."""
    context = _context()
    session = wall.start_session(context.store, token) if len(token) <= LONGEST_TOKEN and token.isascii() else None
    if session is None:
        access.note_security(context.store, "device_refused", "", "a link of a wall display", request.remote_addr or "")
        return make_response(refused_page(), 401)
    display.forget(context.store)
    response = redirect("/wall/display")
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": context.https}
    response.set_cookie(display.COOKIE, session, max_age=YEAR_S, path="/wall", **options)
    return response


# ------------------------------------------------------------------ the page and its data
def _page() -> Response:
    return Response(_drawn(_context(), g.device, live=True), mimetype="text/html")


def _preview() -> Response:
    """The page of a device as it would be now, for who may manage displays: a picture, not a display."""
    context = _context()
    number = request.args.get("device", "")
    if not number.isdecimal() or len(number) > 9:
        raise NotFound("The preview needs the number of a wall display.")
    scope = access.scope_for(context.store, current_user.user, "wall.manage")
    return Response(_drawn(context, wall.device(scope, context.store, int(number)), live=False), mimetype="text/html")


def _drawn(context: Context, device: Device, *, live: bool) -> str:
    root, shown, told, _ = _slide(context.store, device, _now_us())
    state = {"clock": clock(_now_us(), root.zone, seconds=True), "version": context.version, "day": root.day}
    return wall_page(device, slots(shown, layout_of(device.setting.tiles), shift_told=told), state, live=live)


def _data() -> Response:
    context: Context = _context()
    device: Device = g.device
    _seen.note(context, device.id)
    now_us = _now_us()
    root, shown, told, passed = _slide(context.store, device, now_us)
    body = {
        "clock": clock(now_us, root.zone, seconds=True),
        "version": context.version,
        "device": device.version,
        "day": root.day,
        "dim": device.setting.dimmed(local(now_us, root.zone).time()),
        "drift": drift(now_us),
        "passed": passed,
        "slots": orjson.Fragment(_written.of(shown, device.setting.tiles, told)),
    }
    return Response(orjson.dumps(body), mimetype="application/json")


def _slide(store: Store, device: Device, now_us: int) -> tuple[Board, Board, bool, float]:
    """The board of the device's place, the one that is shown now, whether the shift is told, how much of its time passed.

    An urgent alarm anywhere below the device's place holds the overview.
    """
    node = device.setting.node_id
    root = _boards.of(store, node)
    nodes = {path: node if path == OVERVIEW else _boards.node_of(store, node, path) for path in device.setting.playlist.slides}
    slides = [path for path in device.setting.playlist.slides if nodes[path] is not None]
    slides += [TOLD] if root.sentences else []
    index, passed = turn(now_us, len(slides), device.setting.playlist.seconds, held=root.urgent)
    at = nodes.get(slides[index], node) if slides else node
    return root, root if at in (None, node) else _boards.of(store, at or node), bool(slides) and slides[index] == TOLD, passed


def _now_us() -> int:
    return time.time_ns() // 1000


class _Written:
    """Slots as JSON, written once for each board and layout."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, int, bool], tuple[Board, bytes]] = {}

    def of(self, board: Board, tiles: int, told: bool) -> bytes:
        key = (board.node.id, tiles, told)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] is not board:
                found: Slots = slots(board, layout_of(tiles), shift_told=told)
                kept = self._kept[key] = (board, orjson.dumps(found))
        return kept[1]


class _Seen:
    """Which devices asked; noted together, every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, set[int]] = {}
        self._noted: dict[str, float] = {}

    def note(self, context: Context, device_id: int) -> None:
        url = context.store.url
        with self._lock:
            asked = self._asked.setdefault(url, set())
            asked.add(device_id)
            if time.monotonic() - self._noted.get(url, float("-inf")) < wall.SEEN_EVERY_S:
                return
            self._noted[url] = time.monotonic()
            self._asked[url] = set()
        wall.note_seen(context.store, asked, context.version)


_written, _seen = _Written(), _Seen()
