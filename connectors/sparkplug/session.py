"""What a host knows of one edge node: births, aliases, sequence, deaths. Pure: no clock, no network.

Source: Sparkplug specification 3.0.0, chapter 5: sequence numbers 5.4, deaths 5.4 and 5.6 (bdSeq), rebirth 5.10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.sparkplug.payload import (
    BD_SEQ,
    REBIRTH,
    SEQ_MODULO,
    DataType,
    MessageType,
    Metric,
    Payload,
    Topic,
    decode,
    encode,
    typed,
)
from engine.errors import Invalid


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of a metric. `device` is None for the edge node's own metrics.

    `at_us` is the metric's time, else its message's, µs since 1970 UTC; None when the node sends none. `null`: the
    node says that there is no value now. `problem`: why the value could not be read (it is None then).
    """

    device: str | None
    metric: str
    at_us: int | None
    value: Any
    historical: bool = False
    null: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What one message meant.

    readings   values, from births too
    stale      (device, metric) whose last value no longer holds: the node or device died
    rebirth    why the node must be asked to be born again (`rebirth_command`), or "". It is said again with each
               message that cannot be used, so ask at most every few seconds
    dropped    what could not be attributed to a metric, a sentence each: dead letters
    """

    readings: tuple[Reading, ...] = ()
    stale: tuple[tuple[str | None, str], ...] = ()
    rebirth: str = ""
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Metrics:
    """The metrics that a birth announced: name to data type, alias to name."""

    types: dict[str, int | None] = field(default_factory=dict)
    aliases: dict[int, str] = field(default_factory=dict)


class EdgeSession:
    """One edge node as a host sees it. Feed every message in order of arrival to `receive`."""

    def __init__(self, group: str, node: str) -> None:
        self.group, self.node = group, node
        self.online = False
        self.bd_seq: int | None = None
        self.seq: int | None = None
        self._known: dict[str | None, _Metrics] = {}

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that were born and have not died."""
        return tuple(name for name in self._known if name is not None)

    def receive(self, topic: Topic, data: bytes) -> Received:
        """Understand one message of this node; raises `Invalid` when its bytes are no payload."""
        payload = decode(data)
        match topic.verb:
            case MessageType.NBIRTH:
                return self._node_born(payload)
            case MessageType.NDEATH:
                return self._node_died(payload)
            case MessageType.DBIRTH | MessageType.NDATA | MessageType.DDATA | MessageType.DDEATH:
                return self._in_sequence(topic, payload)
        return Received()

    def _node_born(self, payload: Payload) -> Received:
        self.online, self.seq = True, payload.seq
        announced = payload.metric(BD_SEQ)
        self.bd_seq = announced.value if announced is not None and isinstance(announced.value, int) else None
        self._known = {}
        return self._born(None, payload)

    def _born(self, device: str | None, payload: Payload) -> Received:
        known = self._known[device] = _Metrics()
        named = [m for m in payload.metrics if m.name]
        for metric in named:
            known.types[metric.name] = metric.datatype
            if metric.alias is not None:
                known.aliases[metric.alias] = metric.name
        dropped = tuple(m.problem or "a metric of a birth has no name" for m in payload.metrics if not m.name)
        values = [m for m in named if m.name not in (BD_SEQ, REBIRTH)]
        return Received(tuple(_reading(device, m.name, m, payload) for m in values), dropped=dropped)

    def _node_died(self, payload: Payload) -> Received:
        announced = payload.metric(BD_SEQ)
        told = announced.value if announced is not None else None
        if not self.online or (self.bd_seq is not None and told != self.bd_seq):
            return Received()  # the will of an earlier connection
        gone = tuple((device, name) for device in self._known for name in self._names(device))
        self.online, self.seq, self._known = False, None, {}
        return Received(stale=gone)

    def _names(self, device: str | None) -> list[str]:
        return [name for name in self._known[device].types if name not in (BD_SEQ, REBIRTH)]

    def _in_sequence(self, topic: Topic, payload: Payload) -> Received:
        if not self.online:
            return _unusable(f"{topic.verb} came before the birth of the edge node {self.node}", payload)
        gap = self._gap(payload)
        if topic.verb is MessageType.DBIRTH:
            done = self._born(topic.device, payload)
        elif topic.device not in self._known:
            done = _unusable(f"{topic.verb} came before the birth of the device {topic.device}", payload)
        elif topic.verb is MessageType.DDEATH:
            done = Received(stale=tuple((topic.device, name) for name in self._names(topic.device)))
            del self._known[topic.device]
        else:
            done = self._data(topic.device, payload)
        return Received(done.readings, done.stale, gap or done.rebirth, done.dropped)

    def _gap(self, payload: Payload) -> str:
        expected = None if self.seq is None else (self.seq + 1) % SEQ_MODULO
        self.seq = payload.seq
        if payload.seq is not None and (expected is None or payload.seq == expected):
            return ""
        return f"the sequence of the edge node {self.node} went on with {payload.seq} instead of {expected}"

    def _data(self, device: str | None, payload: Payload) -> Received:
        readings, dropped = [], []
        for metric in payload.metrics:
            name = self._name(device, metric)
            if name is None:
                dropped.append(metric.problem or f"{_place(device)} has no metric with the alias {metric.alias}")
            elif name not in self._known[device].types:
                dropped.append(f"{_place(device)} announced no metric “{name}” at its birth")
            else:
                readings.append(_reading(device, name, self._typed(device, name, metric), payload))
        return Received(tuple(readings), rebirth=dropped[0] if dropped else "", dropped=tuple(dropped))

    def _name(self, device: str | None, metric: Metric) -> str | None:
        if metric.name:
            return metric.name
        return None if metric.alias is None else self._known[device].aliases.get(metric.alias)

    def _typed(self, device: str | None, name: str, metric: Metric) -> Metric:
        datatype = self._known[device].types[name]
        if metric.datatype is not None or datatype is None or metric.value is None:
            return metric
        try:
            return Metric(
                name,
                typed(metric.value, datatype),
                datatype,
                metric.alias,
                metric.timestamp_ms,
                metric.is_null,
                metric.is_historical,
            )
        except Invalid as error:
            return Metric(name, None, datatype, metric.alias, metric.timestamp_ms, problem=str(error))


def _reading(device: str | None, name: str, metric: Metric, payload: Payload) -> Reading:
    at_ms = payload.timestamp_ms if metric.timestamp_ms is None else metric.timestamp_ms
    at_us = None if at_ms is None else at_ms * 1000
    return Reading(device, name, at_us, metric.value, metric.is_historical, metric.is_null, metric.problem)


def _unusable(reason: str, payload: Payload) -> Received:
    return Received(rebirth=reason, dropped=tuple(reason for _ in payload.metrics))


def _place(device: str | None) -> str:
    return "the edge node" if device is None else f"the device {device}"


def rebirth_command(group: str, node: str, at_ms: int) -> tuple[str, bytes]:
    """Topic and bytes of the NCMD that asks an edge node for new births."""
    wish = Metric(REBIRTH, True, DataType.BOOLEAN, timestamp_ms=at_ms)
    return str(Topic(group, MessageType.NCMD, node)), encode(Payload((wish,), at_ms))
