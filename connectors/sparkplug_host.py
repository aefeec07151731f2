"""Sparkplug B as a host application: births, deaths, sequence, aliases, rebirth requests, and the host's own STATE.

Source: Sparkplug specification 3.0.0, chapters 5 and 6.4.22 (STATE). Addresses of bindings are
`group/edge node/device:metric`, or `group/edge node:metric` for the node's own metrics.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

import orjson
import paho.mqtt.client as paho

from connectors.collect import Condition, now_us
from connectors.decode import Channel, Receipt
from connectors.mqtt import Message
from connectors.sparkplug import NAMESPACE, EdgeSession, MessageType, Reading, Topic, parse_topic, rebirth_command
from engine.errors import Invalid
from engine.tag import BAD, BAD_NO_COMMUNICATION, GOOD, Source

log = logging.getLogger(__name__)

REBIRTH_EVERY_S = 5.0


class SparkplugReader:
    """The host's view of one group. Metrics that nobody bound, and what cannot be attributed, are dead letters."""

    def __init__(self, source: Source, ready: Iterable[Channel], condition: Condition) -> None:
        self._group = source.settings.get("group", "+")
        self._state_topic = f"{NAMESPACE}/STATE/{source.settings.get('host_id', f'plantglass-{source.name}')}"
        self._bound: dict[str, list[Channel]] = {}
        for channel in ready:
            self._bound.setdefault(channel.address, []).append(channel)
        self._sessions: dict[tuple[str, str], EdgeSession] = {}
        self._asked: dict[tuple[str, str], float] = {}
        self._condition = condition
        self._client: paho.Client | None = None
        self._online_ms = 0

    def topics(self) -> list[str]:
        """All messages of the group, and the host's own state."""
        return [f"{NAMESPACE}/{self._group}/#", self._state_topic]

    def prepare(self, client: paho.Client) -> None:
        """The will says that the host is gone; it carries the same time as the birth that follows (5.2)."""
        self._online_ms = now_us() // 1000
        client.will_set(self._state_topic, self._state(False), qos=1, retain=True)

    def connected(self, client: paho.Client) -> None:
        """The host is here; what the edge nodes said while it was away is lost, so they are asked to be born again."""
        self._client = client
        client.publish(self._state_topic, self._state(True), qos=1, retain=True)
        known = {"/".join(key) for key in self._sessions} | set(self._condition.facts.get("edge_nodes", ()))
        self._sessions = {}
        for name in sorted(known):
            group, _, node = name.partition("/")
            self._ask_rebirth(group, node, "the host was away")

    def read(self, message: Message, receipt: Receipt) -> None:
        """Understand one message."""
        receipt.begin()
        try:
            topic = parse_topic(message.topic)
            if topic.verb is MessageType.STATE:
                self._own_state(message)
            elif topic.verb not in (MessageType.NCMD, MessageType.DCMD):
                self._from_edge(topic, message, receipt)
        except Invalid as error:
            receipt.reject(message.topic, str(error), message.payload, message.received_us)

    def _from_edge(self, topic: Topic, message: Message, receipt: Receipt) -> None:
        key = (topic.group, topic.node)
        session = self._sessions.setdefault(key, EdgeSession(*key))
        received = session.receive(topic, message.payload)
        problems = [p for reading in received.readings if (p := self._value(topic, reading, message, receipt))]
        for device, metric in received.stale:
            for channel in self._bound.get(address_of(topic, device, metric), ()):
                receipt.add(channel, message.received_us, None, BAD_NO_COMMUNICATION, message.received_us)
        problems += received.dropped
        if problems:  # one letter a message, however many of its metrics it is about
            receipt.reject(message.topic, problems[0], message.payload, message.received_us, len(problems))
        if received.rebirth:
            self._ask_rebirth(topic.group, topic.node, received.rebirth)
        self._condition.facts["edge_nodes"] = {"/".join(k): s.online for k, s in self._sessions.items()}

    def _value(self, topic: Topic, reading: Reading, message: Message, receipt: Receipt) -> str:
        """A value into the receipt; or why it could not be read, a sentence."""
        address = address_of(topic, reading.device, reading.metric)
        at_us = message.received_us if reading.at_us is None else reading.at_us
        bound = self._bound.get(address, ())
        if reading.problem:
            return f"{address}: {reading.problem}"
        if not bound:
            receipt.stranger(address, "No tag is bound to this metric.", message.payload, message.received_us)
        for channel in bound:
            receipt.add(channel, at_us, reading.value, BAD if reading.null else GOOD, message.received_us)
        return ""

    def _own_state(self, message: Message) -> None:
        """Somebody (an old will) says that this host is gone although it is here: say again that it is here."""
        if message.topic == self._state_topic and self._client is not None and b'"online":true' not in message.payload:
            self._client.publish(self._state_topic, self._state(True), qos=1, retain=True)

    def _ask_rebirth(self, group: str, node: str, reason: str) -> None:
        last = self._asked.get((group, node))
        if self._client is None or (last is not None and time.monotonic() - last < REBIRTH_EVERY_S):
            return
        self._asked[(group, node)] = time.monotonic()
        log.info("Asked the edge node %s/%s to be born again: %s.", group, node, reason)
        topic, payload = rebirth_command(group, node, now_us() // 1000)
        self._client.publish(topic, payload, qos=0)

    def _state(self, online: bool) -> bytes:
        return orjson.dumps({"online": online, "timestamp": self._online_ms})


def address_of(topic: Topic, device: str | None, metric: str) -> str:
    """The address that a binding gives to a metric."""
    place = f"{topic.group}/{topic.node}" if device is None else f"{topic.group}/{topic.node}/{device}"
    return f"{place}:{metric}"
