"""Sparkplug B: the codec (`payload`) and the host's view of an edge node (`session`)."""

from connectors.sparkplug.payload import (
    BD_SEQ,
    NAMESPACE,
    REBIRTH,
    DataType,
    MessageType,
    Metric,
    Payload,
    Topic,
    decode,
    encode,
    parse_topic,
    typed,
)
from connectors.sparkplug.session import EdgeSession, Reading, Received, rebirth_command

__all__ = [
    "BD_SEQ",
    "NAMESPACE",
    "REBIRTH",
    "DataType",
    "EdgeSession",
    "MessageType",
    "Metric",
    "Payload",
    "Reading",
    "Received",
    "Topic",
    "decode",
    "encode",
    "parse_topic",
    "rebirth_command",
    "typed",
]
