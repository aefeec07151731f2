"""Whatever comes in becomes a sample or a dead letter with its reason; nothing raises, nothing is dropped."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.decode import Channel, JsonDecoder, Receipt, channels, options_of, parse_json, time_of
from connectors.record import pack, unpack
from engine.config.options import DecodeOptions as Options
from engine.errors import Invalid
from engine.historian.block import Intake
from engine.reading import FIRST_US, LAST_US, plausible
from engine.tag import (
    BAD,
    BAD_NO_COMMUNICATION,
    BAD_OUT_OF_RANGE,
    GOOD,
    UNCERTAIN,
    UNCERTAIN_CLOCK,
    UNCERTAIN_STATE_CODE,
    Source,
    StateTable,
    Tag,
    TagBinding,
    ValueKind,
    values_of,
)
from engine.time import DAY_US

NOW = 1_795_000_000_000_000
BELIEVED = plausible(past_days=400, future_s=60)
SOURCE = Source(5, 1, "broker", "mqtt")
STAMP = "2026-11-18T11:06:40Z"


def tag(kind: ValueKind, number: int = 9, **more: Any) -> Tag:
    return Tag(number, 1, 2, f"m.{kind}", "", kind, **more)


def read(payload: Any, kind: ValueKind = ValueKind.FLOAT, *, codes: set[int] | None = None, **options: Any) -> Intake:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    receipt = Receipt(SOURCE, BELIEVED)
    channel = Channel(tag(kind, unit="kW"), "a/b", options_of(options), None if codes is None else frozenset(codes))
    JsonDecoder([channel]).read("a/b", raw, NOW, receipt)
    taken = receipt.take()
    return taken if taken is not None else Intake(1, 5)


def only(intake: Intake, kind: ValueKind = ValueKind.FLOAT) -> tuple[Any, int]:
    assert len(intake.samples) == 1, intake.dead
    return values_of(kind, intake.samples.bits)[0].item(), int(intake.samples.status[0])


def reason(intake: Intake) -> str:
    assert len(intake.samples) == 0
    assert not intake.texts
    [letter] = intake.dead
    return letter.reason


def test_a_value_with_its_time_becomes_a_sample() -> None:
    found = read({"ts": STAMP, "value": 12.5, "unit": "kW"}, time="ts", unit="unit")
    assert only(found) == (12.5, GOOD)
    assert found.samples.at_us.tolist() == [1_795_000_000_000_000]
    assert found.samples.received_us.tolist() == [NOW]


def test_without_a_time_the_receipt_counts() -> None:
    assert read({"value": 1}).samples.at_us.tolist() == [NOW]


@pytest.mark.parametrize(
    ("raw", "form", "at_us"),
    [
        ("2026-11-18T11:06:40Z", "auto", 1_795_000_000_000_000),
        ("2026-11-18T12:06:40.000001+01:00", "iso", 1_795_000_000_000_001),
        (1_795_000_000, "auto", 1_795_000_000_000_000),
        (1_795_000_000_123, "auto", 1_795_000_000_123_000),
        (1_795_000_000_123_456, "auto", 1_795_000_000_123_456),
        (12, "ms", 12_000),
        ("1795000000", "s", 1_795_000_000_000_000),
        (0.5, "s", 500_000),
        (-1, "s", -1_000_000),
    ],
)
def test_times_are_read_in_every_usual_form(raw: Any, form: str, at_us: int) -> None:
    assert time_of(raw, Options(time_format=form)) == at_us


def test_a_time_without_a_zone_needs_the_zone_option() -> None:
    assert time_of("2026-11-18T11:06:40", Options(zone="Europe/Dublin")) == 1_795_000_000_000_000
    with pytest.raises(Invalid, match="has no zone"):
        time_of("2026-11-18T11:06:40", Options())


@pytest.mark.parametrize("raw", ["yesterday", "23:59:60", None, True, math.nan, math.inf, [], {}, 1e19, 10**30, "", "-"])
def test_what_is_no_time_is_refused(raw: Any) -> None:
    with pytest.raises(Invalid):
        time_of(raw, Options(time_format="s"))
    with pytest.raises(Invalid):
        time_of(raw, Options())


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (ValueKind.FLOAT, 7, 7.0),
        (ValueKind.FLOAT, -0.0, -0.0),
        (ValueKind.INT, 7, 7),
        (ValueKind.INT, 7.0, 7),
        (ValueKind.INT, 2**63 - 1, 2**63 - 1),
        (ValueKind.INT, -(2**63), -(2**63)),
        (ValueKind.BOOL, True, True),
        (ValueKind.BOOL, 0, False),
        (ValueKind.BOOL, "TRUE", True),
        (ValueKind.BOOL, "0", False),
        (ValueKind.STATE, 6, 6),
    ],
)
def test_values_of_the_right_kind_are_kept_exactly(kind: ValueKind, value: Any, stored: Any) -> None:
    found, status = only(read({"value": value}, kind), kind)
    assert status == GOOD
    assert (found, math.copysign(1, found)) == (stored, math.copysign(1, stored))


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (ValueKind.FLOAT, "12", "is no number"),
        (ValueKind.FLOAT, True, "is no number"),
        (ValueKind.FLOAT, [1], "is no number"),
        (ValueKind.FLOAT, None, "there is no value"),
        (ValueKind.INT, 7.5, "is no whole number"),
        (ValueKind.INT, 2**63, "does not fit into 64 bits"),
        (ValueKind.INT, 2.0**60, "is no whole number"),
        (ValueKind.BOOL, 2, "neither true nor false"),
        (ValueKind.BOOL, "yes", "neither true nor false"),
        (ValueKind.STATE, "Execute", "is no whole number"),
        (ValueKind.TEXT, 12, "is no text"),
        (ValueKind.TEXT, "a\x00b", "no text"),
        (ValueKind.TEXT, "x" * 5000, "5000 characters"),
    ],
)
def test_a_wrong_type_is_a_dead_letter_with_its_reason(kind: ValueKind, value: Any, words: str) -> None:
    assert words in reason(read({"value": value}, kind))


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    assert "no text" in reason(read(b'{"value": "\\ud800", "x": NaN}', ValueKind.TEXT))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_kept_as_bad_with_their_bits(word: str) -> None:
    found = read(b'{"value": ' + word.encode() + b"}")
    value, status = only(found)
    assert status == BAD_OUT_OF_RANGE
    assert struct.pack("<d", value) == struct.pack("<d", float(word.replace("Infinity", "inf")))


@pytest.mark.parametrize(
    ("days", "expected"), [(-401, UNCERTAIN_CLOCK), (-399, GOOD), (0.001, UNCERTAIN_CLOCK), (0.0005, GOOD)]
)
def test_implausible_stamps_are_kept_as_uncertain(days: float, expected: int) -> None:
    at_us = NOW + int(days * DAY_US)
    found = read({"value": 1, "ts": at_us}, time="ts", time_format="us")
    assert only(found) == (1.0, expected)
    assert found.samples.at_us.tolist() == [at_us]


def test_a_replay_may_carry_any_time() -> None:
    receipt = Receipt(Source(5, 1, "old", "mqtt", replay=True), BELIEVED)
    receipt.add(Channel(tag(ValueKind.FLOAT), "a", Options(), None), 0, 1.0, GOOD, NOW)
    assert receipt.take().samples.status.tolist() == [GOOD]  # type: ignore[union-attr]


@pytest.mark.parametrize("at_us", [FIRST_US - 1, LAST_US + 1])
def test_times_beyond_the_calendar_are_dead_letters(at_us: int) -> None:
    assert "outside the years" in reason(read({"value": 1, "ts": at_us}, time="ts", time_format="us"))


def test_an_unknown_state_code_is_uncertain() -> None:
    assert only(read({"value": 6}, ValueKind.STATE, codes={6}), ValueKind.STATE) == (6, GOOD)
    assert only(read({"value": 99}, ValueKind.STATE, codes={6}), ValueKind.STATE) == (99, UNCERTAIN_STATE_CODE)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (True, GOOD),
        (False, BAD),
        ("good", GOOD),
        ("Bad", BAD),
        (0x80310000, 0x80310000),
        (None, GOOD),
        ("??", UNCERTAIN),
        ([], UNCERTAIN),
    ],
)
def test_the_sources_quality_is_kept(raw: Any, status: int) -> None:
    assert only(read({"value": 1, "q": raw}, quality="q"))[1] == status


def test_a_bad_value_may_be_missing() -> None:
    found, status = only(read({"value": None, "q": BAD_NO_COMMUNICATION}, quality="q"))
    assert math.isnan(found)
    assert status == BAD_NO_COMMUNICATION


def test_scale_offset_and_units_are_applied() -> None:
    assert only(read({"value": 10}, scale=0.5, offset=2))[0] == 7.0
    assert only(read({"value": 10, "u": "W"}, unit="u", units={"W": 0.001}))[0] == pytest.approx(0.01)
    assert only(read({"value": 10, "u": "kW"}, unit="u"))[0] == 10.0
    assert "its unit is 'bar' instead of “kW”" in reason(read({"value": 10, "u": "bar"}, unit="u"))


def test_paths_reach_into_objects_and_lists() -> None:
    assert only(read({"d": [{"v": 3}]}, value="d.0.v"))[0] == 3.0
    assert only(read(4, value=""))[0] == 4.0
    assert "has no “d.1.v”" in reason(read({"d": [{"v": 3}]}, value="d.1.v"))
    assert len(read({}, value="d", optional=True).dead) == 0


def test_plain_payloads_are_read_without_json() -> None:
    assert only(read(b" 12.5 ", format="plain"))[0] == 12.5
    assert read(b"LOT-7", ValueKind.TEXT, format="plain").texts[0].text == "LOT-7"
    assert "is no int" in reason(read(b"12.5", ValueKind.INT, format="plain"))


def test_a_redelivered_message_gets_the_same_identity() -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    twins = [Channel(tag(ValueKind.FLOAT), "a", Options(value=v, time="ts"), None) for v in "xy"]
    decoder = JsonDecoder(twins)
    message = json.dumps({"x": 1, "y": 2, "ts": STAMP}).encode()
    for _ in range(2):
        decoder.read("a", message, NOW, receipt)
    taken = receipt.take()
    assert taken is not None
    assert taken.samples.seq.tolist() == [0, 1, 0, 1]


def test_the_sources_own_sequence_is_used_where_it_has_one() -> None:
    assert read({"value": 1, "n": 41}, seq="n").samples.seq.tolist() == [41]
    assert "no whole number" in reason(read({"value": 1, "n": -1}, seq="n"))


def test_a_retained_message_without_a_time_is_of_uncertain_age() -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    JsonDecoder([Channel(tag(ValueKind.FLOAT), "a", Options(), None)]).read("a", b'{"value": 1}', NOW, receipt, retained=True)
    assert receipt.take().samples.status.tolist() == [UNCERTAIN_CLOCK]  # type: ignore[union-attr]


def test_an_unknown_topic_is_a_dead_letter_with_the_first_4_kib() -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    JsonDecoder([]).read("nobody/knows", b"x" * 10_000_000, NOW, receipt)
    [letter] = receipt.take().dead  # type: ignore[union-attr]
    assert (letter.address, len(letter.raw)) == ("nobody/knows", 4096)


def test_of_unbound_topics_the_first_letters_are_kept_and_the_rest_is_counted() -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    decoder = JsonDecoder([])
    for n in range(1000):
        decoder.read(f"other/{n % 2 if n < 500 else n}", b"x" * 100, NOW, receipt)
    assert len(receipt) == 1000
    intake = receipt.take()
    assert intake is not None
    assert intake.received == 1000
    assert [d.address for d in intake.dead if d.reason] == ["other/0", "other/1"] * 3 + [f"other/{n}" for n in range(500, 504)]
    assert intake.dead[-1].count == 990
    for n in range(20):
        decoder.read(f"other/{n % 2}", b"x", NOW + 60_000_000, receipt)
    again = receipt.take()
    assert again is not None
    assert [d.count for d in again.dead] == [20]


def test_deep_json_is_a_dead_letter() -> None:
    assert "no JSON" in reason(read(b'{"value": ' + b"[" * 100_000 + b"NaN"))
    assert "no JSON" in reason(read(b"[" * 100_000 + b"]" * 100_000))


@pytest.mark.parametrize(
    "bad", [{"vlaue": "x"}, {"format": "xml"}, {"time_format": "days"}, {"scale": "2"}, {"zone": "Mars/Base"}]
)
def test_wrong_options_are_refused_by_name(bad: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="decode option"):
        options_of(bad)


def test_a_binding_that_cannot_be_used_is_named_and_the_others_work() -> None:
    good, bad = tag(ValueKind.STATE, 1, state_table="packml"), tag(ValueKind.FLOAT, 2)
    bound = [(good, TagBinding(1, 5, "a")), (bad, TagBinding(2, 5, "b", {"x": 1}))]
    ready, problems = channels(bound, {"packml": StateTable("packml", "", {6: ("Execute", "running")})})
    assert [(c.tag.id, c.codes) for c in ready] == [(1, frozenset({6}))]
    assert problems == ["m.float: There is no decode option “x”."]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.sampled_from("abvtq"), children, max_size=4),
    max_leaves=8,
)
payloads = st.binary(max_size=200) | anything.map(lambda x: json.dumps(x).encode())
option_sets = st.fixed_dictionaries(
    {"value": st.sampled_from(["", "v", "v.a", "v.0", "a.b.0.v"])},
    optional={
        "time": st.sampled_from(["t", "v", "t.0"]),
        "quality": st.just("q"),
        "seq": st.just("a"),
        "unit": st.just("b"),
        "format": st.sampled_from(["json", "plain"]),
        "time_format": st.sampled_from(["auto", "iso", "s", "ms", "us"]),
        "zone": st.sampled_from(["Europe/Dublin", "UTC"]),
        "scale": st.floats() | st.integers(),
        "offset": st.floats() | st.integers(),
    },
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(payloads, st.sampled_from(["a/b", "other", "\udcff\x00"])), max_size=6),
    st.sampled_from(ValueKind),
    option_sets,
)
def test_garbage_never_raises_and_everything_is_accounted_for(
    messages: list[tuple[bytes, str]], kind: ValueKind, options: dict[str, Any]
) -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    decoder = JsonDecoder([Channel(tag(kind), "a/b", options_of(options), frozenset({6}) if kind is ValueKind.STATE else None)])
    for payload, topic in messages:
        before = len(receipt)
        decoder.read(topic, payload, NOW, receipt)
        assert len(receipt) == before + 1
    taken = receipt.take()
    received = taken.received if taken is not None else 0
    assert received == len(messages)
    if taken is not None:
        again = unpack(1, 5, pack(taken))
        assert (again.dead, again.texts) == (taken.dead, taken.texts)
        assert all("\x00" not in d.address + d.reason for d in taken.dead)
        assert np.array_equal(again.samples.bits, taken.samples.bits)


@given(
    st.floats() | st.integers() | st.booleans() | st.text() | st.none(), st.sampled_from(ValueKind), st.integers(0, 2**32 - 1)
)
def test_any_value_with_any_status_is_one_sample_or_one_dead_letter(value: Any, kind: ValueKind, status: int) -> None:
    receipt = Receipt(SOURCE, BELIEVED)
    receipt.add(Channel(tag(kind), "a", Options(), None), NOW, value, status, NOW)
    assert len(receipt) == 1
    taken = receipt.take()
    assert taken is not None
    if len(taken.samples) and (status >> 30) >= 2:
        assert taken.samples.status.tolist() == [status]


@pytest.mark.parametrize("payload", [b"", b"\xff\xfeNaN", "NaN".encode("utf-16-be"), b"9" * 5000 + b"NaN", b"{'a': NaN}"])
def test_what_is_no_json_is_refused_in_every_encoding(payload: bytes) -> None:
    with pytest.raises(Invalid, match="no JSON"):
        parse_json(payload)
