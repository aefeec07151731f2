"""A recorded series in a CSV file, and the map that says what its columns are.

[file]                      delimiter (","), time = column of the stamps, format (ISO 8601), zone ("UTC") of stamps
                            without one
[target]                    route = "opcua" or "mqtt", at = path of the node
[[column]]                  name = column of the file, tag = "<machine>.<signal>", and as far as they differ from
                            the default: title, unit, kind ("float"), counter, address (node or topic), scale, offset
"""

from __future__ import annotations

import csv
import gzip
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from engine.errors import Invalid
from engine.tag import GOOD, Interpolation, Limits, ValueKind
from engine.time import us_of
from engine.twin.site import Signal

NAMESPACE = "urn:plantglass:replay"
"""Namespace of replayed nodes."""
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and the signal that it becomes; value = scale × number + offset."""

    name: str
    signal: Signal
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Map:
    """How a file is read and where it goes."""

    time: str
    columns: tuple[Column, ...]
    route: str
    delimiter: str = ","
    format: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one signal, ascending in time; `values` float64, int64, bool or list of text."""

    at_us: np.ndarray
    values: Any
    status: np.ndarray

    def within(self, from_us: int, to_us: int) -> Series:
        """The samples of [from_us, to_us)."""
        a, b = np.searchsorted(self.at_us, (from_us, to_us))
        return Series(self.at_us[a:b], self.values[a:b], self.status[a:b])

    def shifted(self, by_us: int) -> Series:
        """The same samples at other times."""
        return replace(self, at_us=self.at_us + by_us)


def read_map(file: Path) -> Map:
    """The map in a TOML file; raises `Invalid` with the place of what is wrong."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"The map {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Invalid(f"The map {file} is no TOML: {error}.") from error
    try:
        return _map(table)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"The map {file} is incomplete or wrong: {error}.") from error


def _map(table: dict[str, Any]) -> Map:
    settings, target = table["file"], table["target"]
    if target["route"] not in ("opcua", "mqtt"):
        raise ValueError(f"route = {target['route']!r} must be “opcua” or “mqtt”")
    try:
        ZoneInfo(settings.get("zone", "UTC"))
    except ZoneInfoNotFoundError:
        raise ValueError(f"there is no time zone “{settings['zone']}”") from None
    columns = tuple(_column(column, target["route"], target["at"]) for column in table["column"])
    names = {name: settings[name] for name in ("delimiter", "format", "zone") if name in settings}
    return Map(settings["time"], columns, target["route"], **names)


def _column(table: dict[str, Any], route: str, at: str) -> Column:
    tag, kind = table["tag"], ValueKind(table.get("kind", "float"))
    usual = f"nsu={NAMESPACE};s={tag}" if route == "opcua" else f"{at}/{tag.rpartition('.')[2]}"
    signal = Signal(
        name=tag,
        at=at,
        title=table.get("title", table["name"]),
        kind=kind,
        unit=table.get("unit", ""),
        route=route,
        address=table.get("address", usual),
        decode={"value": "value", "time": "ts", "quality": "quality"} if route == "mqtt" else {},
        interpolation=Interpolation.LINEAR if kind is ValueKind.FLOAT and not table.get("counter") else Interpolation.STEP,
        counter=bool(table.get("counter", False)),
        rollover=None,
        interval_s=table.get("interval_s"),
        gxp=False,
        group=table.get("group", "Replay"),
        decimals=table.get("decimals"),
        state_table=None,
        limits=Limits(),
    )
    return Column(table["name"], signal, float(table.get("scale", 1.0)), float(table.get("offset", 0.0)))


def read_recording(file: Path, chart: Map) -> dict[str, Series]:
    """The samples of each mapped column by signal name; empty cells are no samples, texts only where they change.

    Raises `Invalid` with line and column for what cannot be read, and for a file without samples.
    """
    stamps: list[int] = []
    cells: list[list[Any]] = [[] for _ in chart.columns]
    try:
        with _opened(file) as stream:
            for number, at_us, row in _rows(stream, chart):
                stamps.append(at_us)
                for kept, column, text in zip(cells, chart.columns, row, strict=True):
                    kept.append(_value(text, column, number))
    except OSError as error:
        raise Invalid(f"The recording {file} cannot be read: {error}.") from error
    if not stamps:
        raise Invalid(f"The recording {file} holds no samples.")
    at = np.array(stamps, dtype=np.int64)
    order = np.argsort(at, kind="stable")
    return {c.signal.name: _series(at, kept, order, c.signal.kind) for c, kept in zip(chart.columns, cells, strict=True)}


def _opened(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _rows(stream: IO[str], chart: Map) -> Iterator[tuple[int, int, list[str]]]:
    reader = csv.reader(stream, delimiter=chart.delimiter)
    head = next(reader, [])
    missing = [name for name in (chart.time, *(c.name for c in chart.columns)) if name not in head]
    if missing:
        raise Invalid(f"The recording has no column “{missing[0]}”; it has {', '.join(head)}.")
    time, places = head.index(chart.time), [head.index(c.name) for c in chart.columns]
    zone = ZoneInfo(chart.zone)
    for row in reader:
        if not row:
            continue
        if len(row) < len(head):
            raise Invalid(f"Line {reader.line_num} has {len(row)} cells instead of {len(head)}.")
        yield reader.line_num, _instant(row[time], chart.format, zone, reader.line_num), [row[p] for p in places]


def _instant(text: str, form: str, zone: ZoneInfo, number: int) -> int:
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  # zone follows
    except ValueError as error:
        raise Invalid(f"Line {number}: “{text}” is no time stamp.") from error
    return us_of(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _value(text: str, column: Column, number: int) -> Any:
    kind, word = column.signal.kind, text.strip()
    if word == "":
        return None
    if kind is ValueKind.TEXT:
        return text
    try:
        if kind is ValueKind.BOOL:
            return word.lower() in TRUE if word.lower() in TRUE + FALSE else float(word) != 0
        value = float(word) if column.scale != 1.0 or column.offset or kind is ValueKind.FLOAT else int(word)
    except ValueError as error:
        raise Invalid(f"Line {number}, column {column.name}: “{text}” is no {kind.value}.") from error
    scaled = value * column.scale + column.offset if column.scale != 1.0 or column.offset else value
    return float(scaled) if kind is ValueKind.FLOAT else round(scaled)


def _series(at: np.ndarray, kept: list[Any], order: np.ndarray, kind: ValueKind) -> Series:
    present = [int(i) for i in order if kept[i] is not None]
    if kind is ValueKind.TEXT:
        present = [b for a, b in pairwise([-1, *present]) if a < 0 or kept[a] != kept[b]]
    values: Any = [kept[i] for i in present]
    if kind is not ValueKind.TEXT:
        types = {ValueKind.FLOAT: np.float64, ValueKind.BOOL: np.bool_}
        values = np.array(values, dtype=types.get(kind, np.int64))
    return Series(at[present], values, np.full(len(present), GOOD, dtype=np.uint32))
