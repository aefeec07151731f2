"""Listening to an MQTT broker for a while: which topics there are, what their messages hold, how often they come."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from connectors.collect import now_us
from connectors.decode import parse_json, quality_of, time_of
from connectors.mqtt import add_credentials
from engine.config.options import DecodeOptions
from engine.connect import Found
from engine.errors import Invalid, Unavailable
from engine.tag import GOOD, ValueKind

MOST_TOPICS, MOST_FIELDS, MOST_DEPTH = 500, 40, 4
KEPT_BYTES = 16 * 1024
SHORTEST_S, LONGEST_S, CONNECT_S = 2.0, 60.0, 5.0
LONGEST_SHOWN = 60
SPARKPLUG = "spBv1.0/"
TIMES, QUALITIES, UNITS = (
    ("ts", "t", "time", "timestamp", "at", "datetime"),
    ("quality", "q", "status"),
    ("unit", "units", "uom"),
)


@dataclass(slots=True)
class Heard:
    """One topic: how many messages came, when, and what the newest held."""

    count: int = 0
    first_us: int = 0
    last_us: int = 0
    payload: bytes = b""
    size: int = 0

    @property
    def interval_s(self) -> float | None:
        """Mean time between messages; None for fewer than three."""
        return round((self.last_us - self.first_us) / 1e6 / (self.count - 1), 1) if self.count > 2 else None


@dataclass(slots=True)
class Topics:
    """What came in. `left_out` are topics beyond those that are kept, `sparkplug` those of Sparkplug B."""

    heard: dict[str, Heard] = field(default_factory=dict)
    left_out: int = 0
    sparkplug: int = 0
    messages: int = 0

    def take(self, message: paho.MQTTMessage) -> None:
        """One message, at the time of its receipt."""
        self.messages += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.left_out += 1
            return
        if topic.startswith(SPARKPLUG):
            self.sparkplug += 1
            return
        if topic not in self.heard and len(self.heard) >= MOST_TOPICS:
            self.left_out += 1
            return
        at_us = now_us()
        known = self.heard.setdefault(topic, Heard(first_us=at_us))
        known.count, known.last_us, known.size = known.count + 1, at_us, len(message.payload)
        known.payload = bytes(message.payload[:KEPT_BYTES])

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        found = [f.plain() for topic in sorted(self.heard) for f in fields_of(topic, self.heard[topic])]
        return {"found": found, "left_out": self.left_out, "sparkplug": self.sparkplug, "messages": self.messages}


def listen(settings: dict[str, Any], seconds: float, report: Callable[[Topics, float], bool]) -> Topics:
    """Subscribe for so many seconds; `report` is told each second, and says False to stop. Raises `Unavailable`, `Invalid`."""
    seconds = min(LONGEST_S, max(SHORTEST_S, seconds))
    why = ""
    for protocol in (paho.MQTTv5, paho.MQTTv311):
        topics, why = _listened(settings, protocol, seconds, report)
        if topics is not None:
            return topics
    raise Unavailable(f"{settings['host']}:{settings.get('port', 1883)}: {why}"[:500])


def _listened(
    settings: dict[str, Any], protocol: Any, seconds: float, report: Callable[[Topics, float], bool]
) -> tuple[Topics | None, str]:
    """What came in, or why there was no connection with this version of MQTT."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"plantglass-{secrets.token_hex(4)}", protocol=protocol)
    client.connect_timeout = CONNECT_S
    add_credentials(client, settings, "to be tried")
    topics, answered = Topics(), threading.Event()
    refused: list[str] = []

    def connected(made: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refused.append(f"the broker refused the connection: {reason}.")
        else:
            made.subscribe([(topic, 0) for topic in settings.get("topics", ["#"])])
        answered.set()

    client.on_connect = connected
    client.on_message = lambda _client, _data, message: topics.take(message)
    try:
        client.connect(settings["host"], int(settings.get("port", 1883)), 30)
    except OSError as error:
        return None, f"{type(error).__name__}: {error}"
    client.loop_start()
    try:
        if not answered.wait(CONNECT_S) or refused:
            return None, refused[0] if refused else "no answer in time."
        _wait(topics, seconds, report)
    finally:
        client.disconnect()
        client.loop_stop()
    return topics, ""


def _wait(topics: Topics, seconds: float, report: Callable[[Topics, float], bool]) -> None:
    began = time.monotonic()
    while (gone := time.monotonic() - began) < seconds:
        if not report(topics, gone / seconds):
            return
        time.sleep(min(1.0, seconds - gone))


# ------------------------------------------------------------------ what a message holds
def fields_of(topic: str, heard: Heard) -> Iterator[Found]:
    """The values in the newest message of a topic; one that holds none is told with what it looks like."""
    path = tuple(topic.split("/"))
    if heard.size > KEPT_BYTES:
        yield Found(topic, path, shown=f"{heard.size} bytes", at_us=heard.last_us)
        return
    try:
        document = parse_json(heard.payload)
    except Invalid:
        yield _bare(topic, path, heard)
        return
    if not isinstance(document, dict):
        yield _bare(topic, path, heard)
        return
    yield from _of_table(topic, path, heard, document)


def _bare(topic: str, path: tuple[str, ...], heard: Heard) -> Found:
    """A payload that is the value itself, or nothing that can be read."""
    word = heard.payload.decode("utf-8", "replace").strip()
    kind = _kind_of_word(word)
    return Found(
        topic, path, kind=kind, shown=_cut(word), at_us=heard.last_us, interval_s=heard.interval_s, decode={"format": "plain"}
    )


def _kind_of_word(word: str) -> ValueKind | None:
    if not word or "\ufffd" in word or word[0] in "[{<" or len(word) > 200:
        return None
    if word.lower() in ("true", "false"):
        return ValueKind.BOOL
    for kind, read in ((ValueKind.INT, int), (ValueKind.FLOAT, float)):
        try:
            read(word)
        except ValueError:
            continue
        return kind
    return ValueKind.TEXT


def _of_table(topic: str, path: tuple[str, ...], heard: Heard, document: dict[str, Any]) -> Iterator[Found]:
    time_key, at_us = _time(document, heard.last_us)
    quality = next((k for k in QUALITIES if k in document), None)
    unit = next((str(document[k]) for k in UNITS if isinstance(document.get(k), str)), "")
    beside = {time_key, quality, *UNITS}
    leaves = [(keys, value) for keys, value in _leaves(document) if keys[0] not in beside][:MOST_FIELDS]
    for keys, value in leaves:
        decode = (
            {"value": ".".join(keys)} | ({"time": time_key} if time_key else {}) | ({"quality": quality} if quality else {})
        )
        status = quality_of(document[quality]) if quality else GOOD
        more = keys if len(leaves) > 1 or keys != ("value",) else ()
        yield Found(topic, (*path, *more), "", _kind(value), unit, _cut(str(value)), at_us, status, heard.interval_s, decode)


def _time(document: dict[str, Any], otherwise_us: int) -> tuple[str | None, int]:
    for key in TIMES:
        if key in document:
            try:
                return key, time_of(document[key], DecodeOptions())
            except Invalid:
                continue
    return None, otherwise_us


def _leaves(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and len(keys) < MOST_DEPTH:
        for key, inner in value.items():
            if "." not in key:
                yield from _leaves(inner, (*keys, key))
    elif keys and isinstance(value, bool | int | float | str):
        yield keys, value


def _kind(value: Any) -> ValueKind:
    if isinstance(value, bool):
        return ValueKind.BOOL
    return ValueKind.TEXT if isinstance(value, str) else ValueKind.FLOAT


def _cut(word: str) -> str:
    return word if len(word) <= LONGEST_SHOWN else f"{word[: LONGEST_SHOWN - 1]}…"
