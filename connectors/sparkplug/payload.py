"""Sparkplug B on the wire: topics and payloads; pure: bytes in, values out.

Source: Sparkplug specification 3.0.0 (Eclipse), chapters 4 (topics) and 6 (payloads).
The messages themselves are in sparkplug_b.proto. Times of Sparkplug are ms since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from google.protobuf.message import DecodeError, EncodeError

from connectors import sparkplug_b_pb2
from engine.errors import Invalid

pb: Any = sparkplug_b_pb2

NAMESPACE = "spBv1.0"
BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
SEQ_MODULO = 256


class DataType(IntEnum):
    """Indexes of data types (6.4.16). Arrays (22 to 34) travel as packed bytes and stay bytes here."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


SIGNED = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
UNSIGNED = {DataType.UINT8: 8, DataType.UINT16: 16, DataType.UINT32: 32, DataType.UINT64: 64, DataType.DATETIME: 64}
LONG = (DataType.INT64, DataType.UINT64, DataType.DATETIME)
WORDS = (DataType.STRING, DataType.TEXT, DataType.UUID)
FIELDS: dict[DataType, str] = {
    DataType.FLOAT: "float_value",
    DataType.DOUBLE: "double_value",
    DataType.BOOLEAN: "boolean_value",
    DataType.DATASET: "dataset_value",
    DataType.TEMPLATE: "template_value",
    DataType.BYTES: "bytes_value",
    DataType.FILE: "bytes_value",
    **dict.fromkeys(WORDS, "string_value"),
    **{t: "long_value" if t in LONG else "int_value" for t in (*SIGNED, *UNSIGNED)},
}


class MessageType(StrEnum):
    """The verb of a topic (4.1)."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    NDATA = "NDATA"
    DDATA = "DDATA"
    NCMD = "NCMD"
    DCMD = "DCMD"
    STATE = "STATE"


@dataclass(frozen=True, slots=True)
class Topic:
    """`spBv1.0/group/verb/node[/device]`; for STATE (`spBv1.0/STATE/host`) `node` is the host and `group` empty."""

    group: str
    verb: MessageType
    node: str
    device: str | None = None

    def __str__(self) -> str:
        if self.verb is MessageType.STATE:
            return f"{NAMESPACE}/STATE/{self.node}"
        parts = (NAMESPACE, self.group, self.verb.value, self.node, *([] if self.device is None else [self.device]))
        return "/".join(parts)


def parse_topic(topic: str) -> Topic:
    """The parts of a topic; raises `Invalid` for anything that is not Sparkplug B."""
    match topic.split("/"):
        case [root, "STATE", host] if root == NAMESPACE and host:
            return Topic("", MessageType.STATE, host)
        case [root, group, verb, node, *rest] if root == NAMESPACE and group and node and len(rest) <= 1:
            return _node_topic(topic, group, verb, node, rest[0] if rest else None)
    raise Invalid(f"“{topic}” is no Sparkplug B topic.")


def _node_topic(topic: str, group: str, verb: str, node: str, device: str | None) -> Topic:
    if verb not in MessageType.__members__ or verb == MessageType.STATE:
        raise Invalid(f"“{verb}” in the topic “{topic}” is no Sparkplug B message type.")
    if verb.startswith("D") != bool(device):
        raise Invalid(f"The topic “{topic}” {'misses its' if verb.startswith('D') else 'must not name a'} device.")
    return Topic(group, MessageType(verb), node, device)


@dataclass(frozen=True, slots=True)
class Metric:
    """One value. `datatype` may be missing in data messages: the birth tells it, see `typed`.

    `value`: int, float, bool, str, bytes; a DateTime is int ms; DataSet and Template are their protobuf bytes.
    `problem` says why a value could not be read; the other metrics of the message are not affected.
    """

    name: str = ""
    value: Any = None
    datatype: int | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    is_null: bool = False
    is_historical: bool = False
    is_transient: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """A message. `seq` is None in NDEATH, NCMD and DCMD."""

    metrics: tuple[Metric, ...] = ()
    timestamp_ms: int | None = None
    seq: int | None = None
    uuid: str = ""
    body: bytes = field(default=b"", repr=False)

    def metric(self, name: str) -> Metric | None:
        """The first metric of a name."""
        return next((m for m in self.metrics if m.name == name), None)


def decode(data: bytes) -> Payload:
    """The message in `data`; raises `Invalid` when the bytes are truncated or no Sparkplug B payload."""
    message = pb.Payload()
    try:
        message.ParseFromString(bytes(data))
    except DecodeError as error:
        raise Invalid(f"{len(data)} bytes are no Sparkplug B payload: {error}.") from error
    return Payload(
        tuple(_metric_of(m) for m in message.metrics),
        message.timestamp if message.HasField("timestamp") else None,
        message.seq if message.HasField("seq") else None,
        message.uuid if isinstance(message.uuid, str) else "",
        message.body,
    )


def _metric_of(message: Any) -> Metric:
    name = message.name
    problem = "" if isinstance(name, str) else f"the metric name {name!r} is not UTF-8"
    datatype = message.datatype if message.HasField("datatype") else None
    value: Any = None
    is_null = bool(message.is_null) or message.WhichOneof("value") is None
    if not is_null and not problem:
        value, problem = _value_of(message, datatype)
    return Metric(
        name=name if isinstance(name, str) else "",
        value=value,
        datatype=datatype,
        alias=message.alias if message.HasField("alias") else None,
        timestamp_ms=message.timestamp if message.HasField("timestamp") else None,
        is_null=is_null,
        is_historical=bool(message.is_historical),
        is_transient=bool(message.is_transient),
        problem=problem,
    )


def _value_of(message: Any, datatype: int | None) -> tuple[Any, str]:
    where = message.WhichOneof("value")
    value = getattr(message, where)
    if where in ("dataset_value", "template_value", "extension_value"):
        value = value.SerializeToString(deterministic=True)
    if where == "string_value" and not isinstance(value, str):
        return None, f"the text {value!r} is not UTF-8"
    try:
        return (value if datatype is None else typed(value, datatype)), ""
    except Invalid as error:
        return None, str(error)


def typed(value: Any, datatype: int) -> Any:
    """A value as it came off the wire, read as a data type: signed numbers travel as two's complement.

    Raises `Invalid` when it does not fit, e.g. 300 in a UInt8 or text in an Int32.
    """
    if datatype in UNSIGNED or datatype in SIGNED:
        return _integer(value, DataType(datatype))
    if datatype in (DataType.FLOAT, DataType.DOUBLE) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if datatype == DataType.BOOLEAN and isinstance(value, bool):
        return value
    if datatype in WORDS and isinstance(value, str):
        return value
    if datatype >= DataType.DATASET and isinstance(value, bytes):
        return value
    raise Invalid(f"The value {value!r} is not of the Sparkplug data type {datatype}.")


def _integer(value: Any, datatype: DataType) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid(f"The value {value!r} is not of the Sparkplug data type {datatype.name}.")
    bits = UNSIGNED.get(datatype) or SIGNED[datatype]
    if value >= 0 and value >> bits == 0:
        return value - (1 << bits) if datatype in SIGNED and value >> (bits - 1) else value
    extended = value - (1 << 32)  # a negative Int8 or Int16 that was widened to 32 bits
    if datatype in SIGNED and bits < 32 and -(1 << (bits - 1)) <= extended < 0:
        return extended
    raise Invalid(f"The value {value} does not fit the Sparkplug data type {datatype.name}.")


def encode(payload: Payload) -> bytes:
    """The bytes of a message; raises `Invalid` for a value that does not fit its data type."""
    message = pb.Payload()
    if payload.timestamp_ms is not None:
        message.timestamp = payload.timestamp_ms
    if payload.seq is not None:
        message.seq = payload.seq
    if payload.uuid:
        message.uuid = payload.uuid
    if payload.body:
        message.body = payload.body
    for metric in payload.metrics:
        _fill(message.metrics.add(), metric)
    return bytes(message.SerializeToString())


def _fill(message: Any, metric: Metric) -> None:
    if metric.name:
        message.name = metric.name
    for name, value in (("alias", metric.alias), ("timestamp", metric.timestamp_ms), ("datatype", metric.datatype)):
        if value is not None:
            setattr(message, name, value)
    for name in ("is_null", "is_historical", "is_transient"):
        if getattr(metric, name):
            setattr(message, name, True)
    if not metric.is_null:
        _fill_value(message, metric)


def _fill_value(message: Any, metric: Metric) -> None:
    if metric.datatype is None:
        raise Invalid(f"The metric “{metric.name}” needs a data type to be written.")
    name = FIELDS.get(DataType(metric.datatype), "bytes_value") if metric.datatype <= DataType.TEMPLATE else "bytes_value"
    try:
        if name in ("dataset_value", "template_value"):
            getattr(message, name).ParseFromString(metric.value)
        else:
            setattr(message, name, _on_wire(metric.value, metric.datatype))
    except (TypeError, ValueError, DecodeError, EncodeError) as error:
        raise Invalid(f"The value {metric.value!r} does not fit the metric “{metric.name}”: {error}.") from error


def _on_wire(value: Any, datatype: int) -> Any:
    bits = SIGNED.get(DataType(datatype)) if datatype in SIGNED else None
    if bits is None:
        return typed(value, datatype)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise Invalid(f"The value {value} does not fit the Sparkplug data type {DataType(datatype).name}.")
    return value & ((1 << max(bits, 32)) - 1)
