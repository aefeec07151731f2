"""From what came over the wire to samples, texts and dead letters; pure, and never an exception for what came in.

`Receipt` gathers what one source delivered until it is put into the spool. `JsonDecoder` reads MQTT payloads by the
options of the bindings:

    value, time, quality, seq, unit   dotted paths into the JSON document ("" is the document itself)
    format                            "json" (default) or "plain": the payload is the bare value
    time_format                       "auto" (default), "iso", "s", "ms", "us"
    zone                              IANA zone of ISO times without one
    scale, offset                     stored = scale × value + offset
    units                             {unit in the payload: factor}, where it differs from the tag's
    optional                          true: a message may lack the value
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from connectors.record import KEPT_RAW
from engine.config.options import DecodeOptions
from engine.errors import Invalid
from engine.historian.block import DeadLetter, Gap, Intake, SampleBlock, TextEvent
from engine.reading import ANY_TIME, Plausible, bits_for, instant, judged, shown, text_for
from engine.tag import BAD, GOOD, UNCERTAIN, UNCERTAIN_CLOCK, Source, StateTable, Tag, TagBinding, ValueKind
from engine.time import MINUTE_US, us_of

TIME_FACTORS = {"s": 1_000_000, "ms": 1_000, "us": 1}
QUALITY_WORDS = {"good": GOOD, "uncertain": UNCERTAIN, "bad": BAD}
LONGEST_ADDRESS = 1000
LETTERS_AN_ADDRESS, STRANGERS_A_MINUTE, ADDRESSES_KNOWN = 3, 10, 10_000


def options_of(decode: Mapping[str, Any]) -> DecodeOptions:
    """The options of a binding; raises `Invalid` for an option that does not exist or has a wrong value."""
    unknown = set(decode) - {f.name for f in fields(DecodeOptions)}
    if unknown:
        raise Invalid(f"There is no decode option “{sorted(unknown)[0]}”.")
    return DecodeOptions(**decode)


@dataclass(frozen=True, slots=True)
class Channel:
    """A tag ready to be decoded: where its values come from, how they are read, which state codes are known."""

    tag: Tag
    address: str
    options: DecodeOptions
    codes: frozenset[int] | None


def channels(bound: Iterable[tuple[Tag, TagBinding]], tables: Mapping[str, StateTable]) -> tuple[list[Channel], list[str]]:
    """The channels of a source, and a sentence for each binding that cannot be used."""
    ready, problems = [], []
    for tag, binding in bound:
        table = tables.get(tag.state_table or "")
        codes = frozenset(table.codes) if table is not None and tag.kind is ValueKind.STATE else None
        try:
            ready.append(Channel(tag, binding.address, options_of(binding.decode), codes))
        except Invalid as error:
            problems.append(f"{tag.name}: {error}")
    return ready, problems


@dataclass(slots=True)
class Strangers:
    """Which dead letters of unbound addresses a source may keep: the first of each address, and so many a minute."""

    minute: int = 0
    kept: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def admits(self, address: str, at_us: int) -> bool:
        """True when a letter of this address may be kept at this time, µs since 1970 UTC; it counts as kept then."""
        if at_us // MINUTE_US != self.minute:
            self.minute, self.kept = at_us // MINUTE_US, 0
        if self.kept >= STRANGERS_A_MINUTE or self.seen.get(address, 0) >= LETTERS_AN_ADDRESS:
            return False
        if len(self.seen) >= ADDRESSES_KNOWN:
            self.seen.clear()
        self.kept += 1
        self.seen[address] = self.seen.get(address, 0) + 1
        return True


class Receipt:
    """What one source delivered and what is not in the spool yet."""

    def __init__(self, source: Source, believed: Plausible) -> None:
        self.source = source
        self.believed = ANY_TIME if source.replay else believed
        self._rows: list[tuple[int, int, int, int, int, int]] = []
        self._texts: list[TextEvent] = []
        self._dead: list[DeadLetter] = []
        self._gaps: list[Gap] = []
        self._seen: dict[tuple[int, int], int] = {}
        self._strangers = Strangers()
        self._counted, self._counted_us = 0, 0

    def __len__(self) -> int:
        return len(self._rows) + len(self._texts) + sum(letter.count for letter in self._dead) + self._counted

    def begin(self) -> None:
        """A new message begins: positions among values of the same tag and time count from 0 again."""
        self._seen.clear()

    def add(self, channel: Channel, at_us: int, value: Any, status: int, received_us: int, seq: int | None = None) -> None:
        """A value: it becomes a sample, a text, or a dead letter with its reason."""
        tag = channel.tag
        try:
            instant(at_us)
            known = self.believed.believes(at_us, received_us)
            text = text_for(value, status) if tag.kind is ValueKind.TEXT else None
            bits = 0 if text is not None else bits_for(tag.kind, value, status)
        except Invalid as error:
            self.reject(channel.address, f"{tag.name}: {error}.", shown(value).encode(), received_us)
            return
        status = judged(tag, channel.codes, bits if channel.codes is not None else value, status, known)
        place = self._position(tag.id, at_us) if seq is None else seq
        if text is not None:
            self._texts.append(TextEvent(tag.id, at_us, place, text, status, received_us))
        else:
            self._rows.append((tag.id, at_us, place, bits, status, received_us))

    def reject(self, address: str, reason: str, raw: bytes, received_us: int, count: int = 1) -> None:
        """Something that could not be understood: so many values in one letter."""
        if count > 1:
            reason = f"{reason} (and {count - 1} more)"
        self._dead.append(
            DeadLetter(_plain(address, LONGEST_ADDRESS), _plain(reason, LONGEST_ADDRESS), raw[:KEPT_RAW], received_us, count)
        )

    def stranger(self, address: str, reason: str, raw: bytes, received_us: int) -> None:
        """Something that nobody bound: the first letters of an address are kept, a few a minute; the rest is counted."""
        if self._strangers.admits(address, received_us):
            self.reject(address, reason, raw, received_us)
        else:
            self._counted += 1
            self._counted_us = received_us

    def gap(self, tag_id: int | None, from_us: int, to_us: int, missing: int | None, reason: str) -> None:
        """Values are known to be lost over [from_us, to_us)."""
        self._gaps.append(Gap(tag_id, from_us, max(to_us, from_us + 1), missing, reason))

    def take(self) -> Intake | None:
        """Everything gathered so far, once; None when there is nothing."""
        if self._counted:
            self._dead.append(DeadLetter("", "", b"", self._counted_us, self._counted))
            self._counted = 0
        if not (self._rows or self._texts or self._dead or self._gaps):
            return None
        block = (
            SampleBlock(*(np.array(column) for column in zip(*self._rows, strict=True))) if self._rows else SampleBlock.empty()
        )
        done = Intake(self.source.site_id, self.source.id, block, tuple(self._texts), tuple(self._dead), tuple(self._gaps))
        self._rows, self._texts, self._dead, self._gaps = [], [], [], []
        return done

    def _position(self, tag_id: int, at_us: int) -> int:
        key = (tag_id, at_us)
        place = self._seen[key] = self._seen.get(key, -1) + 1
        return place


class JsonDecoder:
    """Reads the payloads of a source's topics."""

    def __init__(self, ready: Iterable[Channel]) -> None:
        self._by_topic: dict[str, list[Channel]] = {}
        for channel in ready:
            self._by_topic.setdefault(channel.address, []).append(channel)

    def read(self, topic: str, payload: bytes, received_us: int, receipt: Receipt, *, retained: bool = False) -> None:
        """Decode one message into the receipt. A retained message without a time of its own is of uncertain age."""
        receipt.begin()
        bound = self._by_topic.get(topic)
        if bound is None:
            receipt.stranger(topic, "No tag is bound to this topic.", payload, received_us)
            return
        document = _UNREAD
        for channel in bound:
            try:
                if channel.options.format == "plain":
                    found: Any = plain_value(payload, channel.tag.kind)
                else:
                    document = parse_json(payload) if document is _UNREAD else document
                    found = document
            except Invalid as error:
                receipt.reject(topic, str(error), payload, received_us)
                return
            self._value(channel, found, payload, received_us, receipt, retained)

    def _value(  # what a message and its channel are made of
        self, channel: Channel, document: Any, payload: bytes, received_us: int, receipt: Receipt, retained: bool
    ) -> None:
        options = channel.options
        path = "" if options.format == "plain" else options.value
        try:
            value = picked(document, path)
            if value is _UNREAD and options.optional:
                return
            value = scaled(_present(value, path), options, _factor(document, channel))
            status = quality_of(picked(document, options.quality)) if options.quality else GOOD
            seq = _sequence(_present(picked(document, options.seq), options.seq)) if options.seq else None
            if options.time is None:
                receipt.add(channel, received_us, value, _aged(status, retained), received_us, seq)
            else:
                at_us = time_of(_present(picked(document, options.time), options.time), options)
                receipt.add(channel, at_us, value, status, received_us, seq)
        except Invalid as error:
            receipt.reject(channel.address, f"{channel.tag.name}: {error}.", payload, received_us)


_UNREAD: Any = object()


def parse_json(payload: bytes) -> Any:
    """The document; NaN and infinities are let in, as many devices write them. Raises `Invalid`."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in payload and b"Infinity" not in payload:
            raise Invalid(f"The payload is no JSON: {error}.") from error
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The payload is no JSON: {error}.") from error


def plain_value(payload: bytes, kind: ValueKind) -> Any:
    """A payload that is the bare value. Raises `Invalid`."""
    try:
        word = payload.decode().strip()
        if kind in (ValueKind.TEXT, ValueKind.BOOL):
            return word
        return float(word) if kind is ValueKind.FLOAT else int(word)
    except ValueError as error:
        raise Invalid(f"The payload {shown(payload)} is no {kind.value}.") from error


def picked(document: Any, path: str | None) -> Any:
    """What lies at a dotted path of keys and list positions; a private mark when nothing does."""
    for step in (path or "").split(".") if path else ():
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(document):
            document = document[int(step)]
        else:
            return _UNREAD
    return document


def _present(value: Any, path: str | None) -> Any:
    if value is _UNREAD:
        raise Invalid(f"the payload has no “{path}”")
    return value


def time_of(raw: Any, options: DecodeOptions) -> int:
    """µs since 1970 UTC of a time in a payload. Raises `Invalid`."""
    if isinstance(raw, str) and options.time_format in ("auto", "iso"):
        return _iso(raw, options.zone)
    if options.time_format == "iso" or isinstance(raw, bool):
        raise Invalid(f"{shown(raw)} is no ISO time")
    number = _number(raw)
    form = options.time_format if options.time_format != "auto" else _unit_of(number)
    at = number * TIME_FACTORS[form]
    return instant(at if isinstance(at, int) else round(at))


def _iso(raw: str, zone: str | None) -> int:
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is None and zone is not None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return us_of(moment)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{shown(raw)} is no ISO time") from error
    except Invalid as error:
        raise Invalid(f"the time {shown(raw)} has no zone") from error


def _number(raw: Any) -> int | float:
    try:
        number = raw if isinstance(raw, int | float) else int(raw) if str(raw).lstrip("-").isdigit() else float(raw)
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid(f"{shown(raw)} is no time") from error
    if isinstance(number, float) and not math.isfinite(number):
        raise Invalid(f"{shown(raw)} is no time")
    if abs(number) > 1e18:
        raise Invalid(f"the time {shown(raw)} lies outside the years 1 to 9999")
    return number


def _unit_of(number: float) -> str:
    return "s" if abs(number) < 1e11 else "ms" if abs(number) < 1e14 else "us"


def quality_of(raw: Any) -> int:
    """The StatusCode that a payload's quality means; good when it says nothing, uncertain when nobody knows what it says."""
    if raw is _UNREAD or raw is None:
        return GOOD
    if isinstance(raw, bool):
        return GOOD if raw else BAD
    if isinstance(raw, int) and 0 <= raw < 2**32:
        return raw
    return QUALITY_WORDS.get(raw.strip().lower(), UNCERTAIN) if isinstance(raw, str) else UNCERTAIN


def _sequence(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw < 2**31:
        raise Invalid(f"the sequence {shown(raw)} is no whole number of 31 bits")
    return raw


def _aged(status: int, retained: bool) -> int:
    return UNCERTAIN_CLOCK if retained and status == GOOD else status


def _factor(document: Any, channel: Channel) -> float | None:
    options = channel.options
    if options.unit is None:
        return None
    unit = picked(document, options.unit)
    if unit is _UNREAD or unit == channel.tag.unit:
        return None
    if not isinstance(unit, str) or unit not in options.units:
        raise Invalid(f"its unit is {shown(unit)} instead of “{channel.tag.unit}”")
    return options.units[unit]


def scaled(value: Any, options: DecodeOptions, factor: float | None = None) -> Any:
    """scale × value + offset, for numbers; anything else stays as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        for number in (factor, options.scale):
            value = value if number is None else value * number
        return value if options.offset is None else value + options.offset
    except OverflowError as error:
        raise Invalid(f"{shown(value)} is too large") from error


def _plain(word: str, most: int) -> str:
    """Text that the database takes: no NUL, no half of a pair, of bounded length."""
    return word[:most].replace("\x00", "\ufffd").encode(errors="replace").decode()
