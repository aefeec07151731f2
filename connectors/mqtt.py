"""The MQTT collector: plain JSON by a topic map, and Sparkplug B as a host application.

paho's network thread only appends to a queue; a second thread decodes, spools with one fsync for many messages, and
acknowledges after that. MQTT 5, or 3.1.1 where a broker speaks no 5 or the setting `version` says so. Session kept by
the broker under a fixed client id, so that it keeps what arrives while nobody collects; receive maximum as back-pressure.

Settings of a source (all but `host` have defaults):
    host, port, version ("auto", "5" or "3.1.1"), topics, qos, keepalive_s, client_id, session_hours, receive_maximum,
    shared (number of members of a shared subscription), max_payload_kb,
    user, password_env (name of an environment variable) or password_file,
    tls (true, or {"ca": file, "certificate": file, "key": file}); Sparkplug: group, host_id
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from connectors.collect import Condition, Inlet, now_us
from connectors.decode import Channel, JsonDecoder, Receipt
from connectors.record import KEPT_RAW
from engine.errors import Invalid
from engine.tag import Source

log = logging.getLogger(__name__)

BATCH_MESSAGES, BATCH_S = 1000, 0.05
QUEUE_MESSAGES = 20_000
LARGEST_PACKET = 32 * 1024 * 1024
FIRST_DELAY_S, LONGEST_DELAY_S = 1, 30
STOP_S = 10.0
DROPPED = "$SYS/broker/publish/messages/dropped"
SILENT_TRIES = 2
"""So many connections of MQTT 5 ended without an answer mean that the broker speaks 3.1.1 only."""
WRONG_VERSION = 0x84
FAILED = 0x80
"""Reason codes from here on are refusals."""
KNOWN = frozenset(
    {"host", "port", "version", "topics", "qos", "keepalive_s", "client_id", "session_hours", "receive_maximum", "shared"}
    | {"max_payload_kb", "user", "password_env", "password_file", "tls", "group", "host_id"}
)


@dataclass(frozen=True, slots=True)
class Message:
    """What arrived, as far as it is kept: `size` is that of the whole payload. `link` counts the connections."""

    topic: str
    payload: bytes
    size: int
    retained: bool
    qos: int
    mid: int
    link: int
    received_us: int


class Reader(Protocol):
    """Turns messages into values; Sparkplug's also talks back."""

    def read(self, message: Message, receipt: Receipt) -> None:
        """Decode one message into the receipt; never raises for what came in."""

    def topics(self) -> list[str]:
        """What to subscribe to."""

    def prepare(self, client: paho.Client) -> None:
        """Called before each connection, to set a will."""

    def connected(self, client: paho.Client) -> None:
        """Called after each connection."""


class JsonReader:
    """Plain JSON by the topic map of the bindings; `shared` spreads the topics over several collectors."""

    def __init__(self, source: Source, ready: Iterable[Channel]) -> None:
        self._decoder = JsonDecoder(ready)
        shared = f"$share/plantglass-{source.name}/" if source.settings.get("shared") else ""
        self._topics = [shared + topic for topic in source.settings.get("topics", ["#"])]

    def read(self, message: Message, receipt: Receipt) -> None:
        """Decode one message into the receipt."""
        self._decoder.read(message.topic, message.payload, message.received_us, receipt, retained=message.retained)

    def topics(self) -> list[str]:
        """What to subscribe to."""
        return list(self._topics)

    def prepare(self, client: paho.Client) -> None:
        """Nothing: a reader of JSON has no will."""

    def connected(self, client: paho.Client) -> None:
        """Nothing: a reader of JSON only listens."""


class MqttCollector:
    """One connection to one broker. `start` returns at once; it reconnects for ever until `stop`."""

    def __init__(self, source: Source, reader: Reader, receipt: Receipt, inlet: Inlet, member: int = 0) -> None:
        unknown = set(source.settings) - KNOWN
        if unknown or "host" not in source.settings:
            raise Invalid(f"The source “{source.name}” {_what_is_wrong(unknown)}.")
        self._source, self._reader, self._receipt, self._inlet = source, reader, receipt, inlet
        self._condition: Condition = inlet.condition
        self._queue: queue.Queue[Message] = queue.Queue(QUEUE_MESSAGES)
        self._link, self._overflowed, self._unanswered = 0, 0, 0
        self._version = str(source.settings.get("version", "auto"))
        self._lost_us: int | None = inlet.condition.heard_us
        self._gaps: queue.SimpleQueue[tuple[int, int, str]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._largest = int(1024 * source.settings.get("max_payload_kb", 1024))
        self._member = member
        self._client = self._made()
        self._worker = threading.Thread(target=self._work, name=f"mqtt {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to connect, in threads of its own."""
        self._connect()
        self._worker.start()

    def _connect(self) -> None:
        options = self._source.settings
        more: dict[str, Any] = {}
        if self._is_5:
            more = {"clean_start": self._clean, "properties": _connect_properties(options)}
        self._client.connect_async(options["host"], int(options.get("port", 1883)), int(options.get("keepalive_s", 30)), **more)
        self._client.loop_start()

    def stop(self) -> None:
        """Put into the spool and acknowledge what is here already, and disconnect; the broker keeps the rest."""
        self._closing.set()
        self._worker.join(timeout=STOP_S)
        self._inlet.stopping.set()
        self._client.disconnect()
        self._client.loop_stop()
        self._worker.join(timeout=STOP_S)

    # -------------------------------------------------------------- the network thread
    def _connected(self, client: paho.Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self._unanswered = 0
        if reason.is_failure:
            self._unanswered = SILENT_TRIES if reason.value == WRONG_VERSION else 0
            self._condition.say("refused", f"The broker refused the connection: {reason}.")
            return
        self._link += 1
        if not flags.session_present:
            self._lost("the broker had kept no session")
        elif self._condition.facts.get("qos_0"):
            self._lost("the broker keeps no messages of quality 0 while nobody collects")
        client.subscribe([(topic, self._wish()) for topic in self._topics()])
        self._condition.facts["mqtt"] = "5" if self._is_5 else "3.1.1"
        self._condition.say("connected")
        self._reader.connected(client)

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._lost_us = self._condition.heard_us or self._lost_us
        self._unanswered += self._link == 0
        if self._condition.state == "refused":
            return
        if reason.is_failure:
            self._condition.say("disconnected", f"The broker or the network ended the connection: {reason}.")
        else:
            self._condition.say("disconnected")

    def _unreachable(self, _client: paho.Client, _data: Any) -> None:
        where = f"{self._source.settings['host']}:{self._source.settings.get('port', 1883)}"
        self._condition.say("disconnected", f"No MQTT broker answers at {where}.")

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, reasons: Sequence[Any], _properties: Any) -> None:
        refused = [t for t, r in zip(self._topics(), reasons, strict=False) if r.value >= FAILED and t != DROPPED]
        if refused:
            self._condition.say("refused", f"The broker refused the subscription to {', '.join(refused)}.")

    def _arrived(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if self._closing.is_set():
            return  # not acknowledged: it comes again
        if message.qos == 0 and not message.retain:
            self._condition.facts["qos_0"] = True
        received_us, size = now_us(), len(message.payload)
        payload = bytes(message.payload if size <= self._largest else message.payload[:KEPT_RAW])
        kept = Message(_topic(message), payload, size, message.retain, message.qos, message.mid, self._link, received_us)
        try:
            self._queue.put(kept, block=message.qos > 0)
        except queue.Full:
            self._overflowed += 1

    # -------------------------------------------------------------- the spooling thread
    def _work(self) -> None:
        going, pause_s = True, float(FIRST_DELAY_S)
        while going:
            try:
                going, worked = self._round()
                pause_s = float(FIRST_DELAY_S) if worked else pause_s
            except Exception as error:  # whatever it is: what was not acknowledged comes again
                log.exception("%s: messages could not be kept; connecting anew.", self._source.name)
                self._recover(f"Messages could not be kept: {type(error).__name__}: {error}", pause_s)
                pause_s = min(2 * pause_s, LONGEST_DELAY_S)
                going = not self._closing.is_set()

    def _round(self) -> tuple[bool, bool]:
        """Keep what has come: whether there is more to do, and whether anything was kept."""
        messages = self._collected()
        worked = bool(messages) or not self._gaps.empty()
        if worked:
            self._spool(messages)
        elif self._closing.is_set():
            return False, False
        if self._unanswered >= SILENT_TRIES and self._version == "auto":
            self._fall_back()
        return not self._inlet.stopping.is_set(), worked

    def _recover(self, why: str, pause_s: float) -> None:
        """Forget what came by this connection, wait, and connect anew: the broker sends again what was not acknowledged."""
        heard_us = self._condition.heard_us or now_us()
        self._client.disconnect()
        while not self._queue.empty():  # also lets the network thread go, which may wait for room
            self._queue.get()
        self._client.loop_stop()
        while not self._queue.empty():
            self._queue.get()
        self._gaps.put((heard_us, now_us(), "messages could not be kept; those of quality 0 are lost"))
        self._condition.say("disconnected", why)
        self._closing.wait(pause_s)
        self._client = self._made()
        self._connect()

    def _fall_back(self) -> None:
        """The broker ends every connection of MQTT 5 without an answer: it speaks 3.1.1 only."""
        log.info("%s: the broker does not answer to MQTT 5; going on with 3.1.1.", self._source.name)
        self._client.disconnect()
        self._client.loop_stop()
        self._version = "3.1.1"
        self._client = self._made()
        self._connect()

    def _collected(self) -> list[Message]:
        """Messages of at most 50 ms; waits a little for the first."""
        found: list[Message] = []
        until = time.monotonic() + 0.2
        while len(found) < BATCH_MESSAGES:
            try:
                found.append(self._queue.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                return found
            if len(found) == 1:
                until = time.monotonic() + BATCH_S
        return found

    def _spool(self, messages: list[Message]) -> None:
        for message in messages:
            if message.topic == DROPPED:
                self._note_dropped(message.payload)
            elif message.size > self._largest:
                reason = f"The payload has {message.size} bytes; {self._largest} are the most."
                self._receipt.reject(message.topic, reason, message.payload, message.received_us)
            else:
                self._read(message)
        self._note_gaps()
        if self._inlet.put(self._receipt.take()):
            self._acknowledge(messages)

    def _read(self, message: Message) -> None:
        try:
            self._reader.read(message, self._receipt)
        except Exception as error:  # a fault of ours must neither stop the collector nor lose the message
            log.exception("A message on %s could not be read.", message.topic)
            reason = f"It could not be read: {type(error).__name__}."
            self._receipt.reject(message.topic, reason, message.payload, message.received_us)

    def _acknowledge(self, messages: list[Message]) -> None:
        """Only on the connection that a message came by: on a later one its number may mean another message."""
        for message in messages:
            if message.qos > 0 and message.link == self._link:
                self._client.ack(message.mid, message.qos)

    def _note_dropped(self, payload: bytes) -> None:
        if payload.isdigit():
            self._condition.facts["broker_dropped"] = int(payload)

    def _note_gaps(self) -> None:
        while not self._gaps.empty():
            from_us, to_us, reason = self._gaps.get()
            self._receipt.gap(None, from_us, to_us, None, reason)
        missed, self._overflowed = self._overflowed, 0
        if missed:
            at_us = now_us()
            self._receipt.gap(None, at_us, at_us + 1, missed, "messages of quality 0 came faster than they could be kept")

    def _lost(self, reason: str) -> None:
        """Values may be lost since the last one that came: say so, through the spool like everything else."""
        if self._lost_us is not None:
            self._gaps.put((self._lost_us, now_us(), reason))
            self._lost_us = None

    # -------------------------------------------------------------- making the client
    def _topics(self) -> list[str]:
        """A broker of 3.1.1 only may end the connection when it is asked for `$SYS`."""
        return [*self._reader.topics(), *([DROPPED] if self._is_5 else [])]

    @property
    def _is_5(self) -> bool:
        return self._version != "3.1.1"

    @property
    def _clean(self) -> bool:
        return self._source.kind == "sparkplug"

    def _wish(self) -> Any:
        qos = min(1, int(self._source.settings.get("qos", 1)))
        return SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB) if self._is_5 else qos

    def _made(self) -> paho.Client:
        options = self._source.settings
        name = options.get("client_id") or f"plantglass-{self._source.site_id}-{self._source.name}"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{name}-{self._member}" if self._member else name,
            clean_session=None if self._is_5 else self._clean,
            protocol=paho.MQTTv5 if self._is_5 else paho.MQTTv311,
            manual_ack=True,
        )
        client.reconnect_delay_set(FIRST_DELAY_S, LONGEST_DELAY_S)
        add_credentials(client, options, self._source.name)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail, client.on_subscribe = self._unreachable, self._subscribed
        client.on_message = self._arrived
        client.on_pre_connect = lambda made, _data: self._reader.prepare(made)
        return client


def _connect_properties(options: dict[str, Any]) -> Properties:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = int(3600 * options.get("session_hours", 72))
    properties.ReceiveMaximum = int(options.get("receive_maximum", 1000))
    properties.MaximumPacketSize = LARGEST_PACKET
    return properties


def add_credentials(client: paho.Client, options: dict[str, Any], name: str) -> None:
    """User, password and TLS as the settings say; raises `Invalid`."""
    if options.get("user"):
        client.username_pw_set(options["user"], _password(options, name))
    tls = options.get("tls")
    if tls:
        files = tls if isinstance(tls, dict) else {}
        try:
            client.tls_set(files.get("ca"), files.get("certificate"), files.get("key"))
        except (OSError, ValueError) as error:
            raise Invalid(f"The TLS files of the source “{name}” cannot be used: {error}.") from error


def _password(options: dict[str, Any], name: str) -> str | None:
    variable, file = options.get("password_env"), options.get("password_file")
    if variable:
        if variable not in os.environ:
            raise Invalid(f"The source “{name}” takes its password from the environment variable {variable}, which is not set.")
        return os.environ[variable]
    if file:
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise Invalid(f"The password file {file} of the source “{name}” cannot be read: {error.strerror}.") from error
    return None


def _topic(message: paho.MQTTMessage) -> str:
    """The topic as text; bytes that are no UTF-8 are shown as they are, and match no binding."""
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return "invalid UTF-8: " + ascii(bytes(error.object))


def _what_is_wrong(unknown: set[str]) -> str:
    return f"has a setting “{sorted(unknown)[0]}” that does not exist" if unknown else "has no setting “host”"
