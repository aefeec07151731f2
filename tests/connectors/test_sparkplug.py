"""Sparkplug B against its specification (3.0.0); the `tck-id` of each rule is named where the specification has one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors import sparkplug_b_pb2
from connectors.sparkplug import (
    BD_SEQ,
    REBIRTH,
    DataType,
    EdgeSession,
    MessageType,
    Metric,
    Payload,
    Topic,
    decode,
    encode,
    parse_topic,
    rebirth_command,
    typed,
)
from engine.errors import Invalid

ROOM = "room-a1"
AT_MS = 1_795_340_400_000


def _range(bits: int, signed: bool) -> st.SearchStrategy[int]:
    return st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else st.integers(0, (1 << bits) - 1)


VALUES: dict[DataType, st.SearchStrategy[object]] = {
    DataType.INT8: _range(8, True),
    DataType.INT16: _range(16, True),
    DataType.INT32: _range(32, True),
    DataType.INT64: _range(64, True),
    DataType.UINT8: _range(8, False),
    DataType.UINT16: _range(16, False),
    DataType.UINT32: _range(32, False),
    DataType.UINT64: _range(64, False),
    DataType.FLOAT: st.floats(width=32),
    DataType.DOUBLE: st.floats(),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: st.text(),
    DataType.TEXT: st.text(),
    DataType.UUID: st.uuids().map(str),
    DataType.DATETIME: st.integers(0, 1 << 50),
    DataType.BYTES: st.binary(),
    DataType.FILE: st.binary(),
}


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    datatype = draw(st.sampled_from(sorted(VALUES)))
    is_null = draw(st.booleans())
    return Metric(
        name=draw(st.text(max_size=20)),
        value=None if is_null else draw(VALUES[datatype]),
        datatype=int(datatype),
        alias=draw(st.none() | st.integers(0, (1 << 64) - 1)),
        timestamp_ms=draw(st.none() | st.integers(0, 1 << 50)),
        is_null=is_null,
        is_historical=draw(st.booleans()),
        is_transient=draw(st.booleans()),
    )


payloads = st.builds(
    Payload,
    metrics=st.lists(metrics(), max_size=8).map(tuple),
    timestamp_ms=st.none() | st.integers(0, 1 << 50),
    seq=st.none() | st.integers(0, 255),
    uuid=st.text(max_size=10),
    body=st.binary(max_size=30),
)


def _bits(payload: Payload) -> list[object]:
    return [struct.pack("<d", m.value) if isinstance(m.value, float) else (m.value, type(m.value)) for m in payload.metrics]


@given(payloads)
def test_what_is_encoded_is_decoded_equal_to_the_bit(payload: Payload) -> None:
    again = decode(encode(payload))
    assert _bits(again) == _bits(payload)
    assert repr(again) == repr(payload)  # repr, because NaN is unequal to itself
    assert again.body == payload.body


@given(st.binary(max_size=200))
@example(b"\x12\x04\x0a\x02\xff\xfe")
@example(b"\x12\x04\x7a\x02\xff\xfe")
def test_garbage_is_refused_or_understood_but_never_breaks(data: bytes) -> None:
    try:
        payload = decode(data)
    except Invalid:
        return
    assert isinstance(payload, Payload)


@given(payloads.filter(lambda p: p.metrics), st.data())
def test_a_truncated_message_is_refused_or_has_fewer_metrics(payload: Payload, data: st.DataObject) -> None:
    whole = encode(payload)
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        assert len(decode(whole[:cut]).metrics) <= len(payload.metrics)
    except Invalid:
        return


def test_bytes_on_the_wire_are_those_of_the_specification() -> None:
    """Field numbers by hand: timestamp 1, metrics 2, seq 3; name 1, alias 2, timestamp 3, datatype 4, int_value 10."""
    metric = Metric("t", -1, DataType.INT8, alias=7, timestamp_ms=5)
    expected = bytes.fromhex("0805" + "12 0f 0a0174 1007 1805 2001 50ffffffff0f".replace(" ", "") + "1803")
    assert encode(Payload((metric,), 5, 3)) == expected
    assert decode(expected).metrics == (metric,)


def test_a_negative_small_integer_may_be_narrow_or_widened() -> None:
    assert typed(0xFF, DataType.INT8) == -1
    assert typed(0xFFFFFFFF, DataType.INT8) == -1
    assert typed(0xFFFF, DataType.INT16) == -1


@pytest.mark.parametrize(
    ("value", "datatype"),
    [(300, DataType.UINT8), ("x", DataType.INT32), (1.5, DataType.INT32), (b"", DataType.STRING), (1, 99)],
)
def test_a_value_that_does_not_fit_its_data_type_is_refused(value: object, datatype: int) -> None:
    with pytest.raises(Invalid):
        typed(value, datatype)
    with pytest.raises(Invalid):
        encode(Payload((Metric("m", value, datatype),)))


def test_one_wrong_metric_does_not_spoil_the_others() -> None:
    good, wrong = Metric("good", 2.5, DataType.DOUBLE), Metric("wrong", "x", DataType.STRING)
    data = encode(Payload((good, wrong))).replace(b"\x20\x0c", b"\x20\x03")  # the data type now says Int32
    first, second = decode(data).metrics
    assert (first.value, first.problem) == (2.5, "")
    assert second.value is None
    assert "'x'" in second.problem


def test_data_sets_and_templates_pass_as_their_bytes() -> None:
    data = bytes.fromhex("0801120161180a")  # one column "a" of Double
    metric = Metric("table", data, DataType.DATASET)
    assert decode(encode(Payload((metric,)))).metrics == (metric,)


def test_topics_are_read_and_written() -> None:
    for text in ("spBv1.0/dublin/NBIRTH/rooms-edge", "spBv1.0/dublin/DDATA/rooms-edge/room-a1", "spBv1.0/STATE/plantglass"):
        assert str(parse_topic(text)) == text
    assert parse_topic("spBv1.0/dublin/DDATA/rooms-edge/room-a1") == Topic("dublin", MessageType.DDATA, "rooms-edge", ROOM)


@pytest.mark.parametrize(
    "topic",
    [
        "acme/dublin",
        "",
        "spBv1.0/g/NDATA",
        "spBv1.0//NDATA/n",
        "spBv1.0/g/NOPE/n",
        "spBv1.0/g/DDATA/n",
        "spBv1.0/g/NDATA/n/d",
        "spBv1.0/g/DDATA/n/d/e",
    ],
)
def test_a_topic_that_is_not_sparkplug_is_refused(topic: str) -> None:
    with pytest.raises(Invalid):
        parse_topic(topic)


class Edge:
    """The other side of the wire, by hand: numbers its messages as an edge node does."""

    def __init__(self) -> None:
        self.host = EdgeSession("dublin", "rooms-edge")
        self.seq = 0

    def send(self, verb: str, *metrics: Metric, device: str | None = None, seq: int | None = None):
        numbered = verb not in ("NDEATH", "NCMD", "DCMD")
        number = (self.seq if seq is None else seq) if numbered else None
        if numbered:
            self.seq = (number + 1) % 256
        topic = Topic("dublin", MessageType(verb), "rooms-edge", device)
        return self.host.receive(topic, encode(Payload(metrics, AT_MS, number)))

    def born(self, bd_seq: int = 0) -> Edge:
        self.send("NBIRTH", Metric(BD_SEQ, bd_seq, DataType.INT64), Metric(REBIRTH, False, DataType.BOOLEAN), seq=0)
        self.send("DBIRTH", temperature(20.0, name="temperature"), device=ROOM)
        return self


def temperature(value: float, name: str = "", **more) -> Metric:
    return Metric(name, value, DataType.DOUBLE, alias=1, **more)


def test_births_give_values_and_aliases_then_data_comes_by_alias() -> None:
    edge = Edge().born()
    received = edge.send("DDATA", temperature(21.5, timestamp_ms=AT_MS + 7, is_historical=True), device=ROOM)
    (reading,) = received.readings
    assert (reading.device, reading.metric, reading.value, reading.historical) == (ROOM, "temperature", 21.5, True)
    assert reading.at_us == (AT_MS + 7) * 1000
    assert received.rebirth == ""
    assert edge.host.devices == (ROOM,)


def test_a_birth_carries_the_value_and_the_message_time_where_the_metric_has_none() -> None:
    edge = Edge()
    edge.send("NBIRTH", Metric(BD_SEQ, 0, DataType.INT64), seq=0)
    (reading,) = edge.send("DBIRTH", temperature(20.0, name="temperature"), device=ROOM).readings
    assert (reading.value, reading.at_us) == (20.0, AT_MS * 1000)


def test_a_data_message_without_data_type_takes_that_of_the_birth() -> None:
    """tck-id-payloads-metric-datatype-not-req; a negative Int32 would otherwise read as 4294967291."""
    edge = Edge()
    edge.send("NBIRTH", Metric(BD_SEQ, 0, DataType.INT64), Metric("n", 1, DataType.INT32, alias=9), seq=0)
    bare = sparkplug_b_pb2.Payload(seq=1)
    bare.metrics.add(alias=9, int_value=(1 << 32) - 5)
    received = edge.host.receive(Topic("dublin", MessageType.NDATA, "rooms-edge"), bare.SerializeToString())
    assert [r.value for r in received.readings] == [-5]


def test_the_sequence_wraps_from_255_to_0() -> None:
    """tck-id-payloads-sequence-num-incrementing."""
    edge = Edge().born()
    answers = [edge.send("DDATA", temperature(20 + i / 10), device=ROOM) for i in range(600)]
    assert all(a.rebirth == "" and len(a.readings) == 1 for a in answers)


def test_a_gap_asks_for_rebirth_once_and_keeps_the_values() -> None:
    """tck-id-operational-behavior-host-reordering-rebirth."""
    edge = Edge().born()
    edge.send("DDATA", temperature(20.0), device=ROOM)
    after_gap = edge.send("DDATA", temperature(20.5), device=ROOM, seq=5)
    assert "went on with 5 instead of 3" in after_gap.rebirth
    assert [r.value for r in after_gap.readings] == [20.5]
    assert edge.send("DDATA", temperature(20.6), device=ROOM).rebirth == ""


@pytest.mark.parametrize("verb", ["DDATA", "DDEATH", "DBIRTH", "NDATA"])
def test_anything_before_the_node_birth_asks_for_rebirth(verb: str) -> None:
    received = Edge().send(verb, temperature(20.0), device=ROOM if verb.startswith("D") else None)
    assert "before the birth" in received.rebirth
    assert len(received.dropped) == 1
    assert received.readings == ()


def test_data_of_a_device_that_was_not_born_asks_for_rebirth() -> None:
    received = Edge().born().send("DDATA", temperature(20.0), device="room-b2")
    assert "before the birth of the device room-b2" in received.rebirth


def test_an_unknown_alias_or_name_is_named_and_asks_for_rebirth() -> None:
    edge = Edge().born()
    unknown = edge.send("DDATA", Metric(value=1.0, datatype=DataType.DOUBLE, alias=99), temperature(21.0), device=ROOM)
    assert "alias 99" in unknown.rebirth
    assert len(unknown.readings) == 1
    assert "“dew”" in edge.send("DDATA", Metric("dew", 1.0, DataType.DOUBLE), device=ROOM).dropped[0]


def test_the_death_of_the_node_makes_every_value_stale() -> None:
    edge = Edge().born(bd_seq=4)
    died = edge.send("NDEATH", Metric(BD_SEQ, 4, DataType.INT64))
    assert died.stale == ((ROOM, "temperature"),)
    assert not edge.host.online
    assert "before the birth" in edge.send("DDATA", temperature(20.0), device=ROOM).rebirth


def test_the_will_of_an_earlier_connection_is_not_believed() -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ndeath: bdSeq must match that of the birth."""
    edge = Edge().born(bd_seq=5)
    assert edge.send("NDEATH", Metric(BD_SEQ, 4, DataType.INT64)).stale == ()
    assert edge.host.online


def test_the_death_of_a_device_leaves_the_others_alive() -> None:
    edge = Edge().born()
    edge.send("DBIRTH", temperature(4.0, name="temperature"), device="cold-room")
    assert edge.send("DDEATH", device=ROOM).stale == ((ROOM, "temperature"),)
    assert edge.host.devices == ("cold-room",)
    assert edge.send("DDATA", temperature(4.5), device="cold-room").rebirth == ""


def test_a_null_value_is_said_to_be_null() -> None:
    edge = Edge().born()
    (reading,) = edge.send("DDATA", Metric(datatype=DataType.DOUBLE, alias=1, is_null=True), device=ROOM).readings
    assert reading.null
    assert reading.value is None


def test_a_rebirth_command_is_what_an_edge_node_waits_for() -> None:
    topic, data = rebirth_command("dublin", "rooms-edge", AT_MS)
    assert topic == "spBv1.0/dublin/NCMD/rooms-edge"
    assert decode(data).metric("Node Control/Rebirth").value is True
    assert decode(data).seq is None


@given(st.lists(st.tuples(st.sampled_from(list(MessageType)), payloads), max_size=6))
@settings(max_examples=60)
def test_a_session_survives_any_order_of_any_messages(messages: list[tuple[MessageType, Payload]]) -> None:
    host = EdgeSession("g", "n")
    for verb, payload in messages:
        device = ROOM if verb.startswith("D") else None
        received = host.receive(Topic("g", verb, "n", device), encode(payload))
        assert all(r.metric for r in received.readings)
