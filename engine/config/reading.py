"""From plain tables (as TOML or JSON give them) to records, by the types of the records' fields.

Nothing is guessed: a wrong type, an unknown or a missing key is a problem, noted with its place; reading goes on.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from engine.config.problem import unknown
from engine.config.record import CalendarEntry, key_of_field
from engine.errors import Invalid

Where = tuple[str | int, ...]
T = TypeVar("T")
Convert = Callable[["Reader", Any, Where], Any]


WHOLE = 1e15
"""JSON in the database writes greater numbers without a decimal point: in free tables they are integers from the start."""


class WrongError(Exception):
    """A value that cannot be taken; the text ends the sentence “KEY …”."""


class Reader:
    """Reads records and remembers what was wrong, and where each entry came from."""

    def __init__(self) -> None:
        self.problems: list[tuple[Where, str]] = []
        self.places: dict[int, Where] = {}
        self.broken: set[str] = set()

    def record(self, class_: type[T], table: dict[str, Any], where: Where = ()) -> T | None:
        """A record of the class; None (with a problem noted) when it cannot be made."""
        before = len(self.problems)
        values = self._values(class_, table, where)
        made = self._made(class_, values, where) if len(self.problems) == before else None
        if made is None:
            self.broken.update(v for k, v in table.items() if k in ("path", "name", "code") and isinstance(v, str))
        return made

    def partial(self, class_: type[T], table: dict[str, Any]) -> T:
        """A record of a class in which nothing is required, without what could not be read."""
        values = self._values(class_, table, ())
        return class_(**{name: value for name, value in values.items() if value is not None})

    def _values(self, class_: Any, table: dict[str, Any], where: Where) -> dict[str, Any]:
        shape = _shape(class_)
        for key in table:
            if key not in shape:
                self.problems.append(((*where, key), _unknown_key(key, shape)))
        for key, (_, _, required) in shape.items():
            if required and key not in table:
                self.problems.append((where, f"{_titled(where)} needs “{key}”."))
        known = {key: found for key, found in shape.items() if key in table}
        return {name: self._value(convert, table[key], (*where, key)) for key, (name, convert, _) in known.items()}

    def _made(self, class_: type[T], values: dict[str, Any], where: Where) -> T | None:
        try:
            made = class_(**values)
        except Invalid as error:
            self.problems.append((where, str(error)))
            return None
        self.places[id(made)] = where
        return made

    def _value(self, convert: Convert, value: Any, where: Where) -> Any:
        try:
            return convert(self, value, where)
        except WrongError as wrong:
            self.problems.append((where, f"“{where[-1]}” {wrong}"))
            return None


def calendar_entry(site: str, name: str, definition: dict[str, Any]) -> CalendarEntry:
    """A calendar out of its stored definition; raises `Invalid`."""
    reader = Reader()
    entry = reader.record(CalendarEntry, {"site": site, "name": name, **definition})
    if entry is None:
        raise Invalid(f"The stored calendar “{name}” of {site} cannot be read: {reader.problems[0][1]}")
    return entry


def _titled(where: Where) -> str:
    names = [str(part) for part in where if isinstance(part, str)]
    return f"The table [{'.'.join(names)}]" if names else "The file"


def _unknown_key(key: str, known: Iterable[str]) -> str:
    if "password" in key.lower():
        return f"“{key}” does not belong in this file: passwords are set with “plantglass user password NAME”."
    return unknown("key", key, known)


@cache
def _shape(class_: Any) -> dict[str, tuple[str, Convert, bool]]:
    """Of a record class: key in the file → (field, how to read it, is it required)."""
    hints = typing.get_type_hints(class_)
    return {
        key_of_field(f.name, f.metadata): (
            f.name,
            _converter(hints[f.name]),
            f.default is MISSING and f.default_factory is MISSING,
        )
        for f in fields(class_)
    }


def _converter(hint: Any) -> Convert:
    """How a value of a type is read."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _converter(next(t for t in inner if t is not type(None)))
    if origin is tuple:
        return _list_of(_converter(inner[0])) if inner[1] is ... else _pair
    if origin is dict:
        return _codes if inner[0] is int else _free
    if is_dataclass(hint):
        return lambda reader, value, where: _record(reader, hint, value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda _reader, value, _where: _choice(hint, value)
    return _SIMPLE[hint]


def _record(reader: Reader, class_: Any, value: Any, where: Where) -> Any:
    if not isinstance(value, dict):
        raise WrongError("must be a table.")
    return reader.record(class_, value, where)


def _list_of(convert: Convert) -> Convert:
    def read(reader: Reader, value: Any, where: Where) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise WrongError("must be a list.")
        found = [reader._value(convert, item, (*where, n)) for n, item in enumerate(value)]
        return tuple(item for item in found if item is not None)

    return read


def _pair(_reader: Reader, value: Any, _where: Where) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(item, str) for item in value):
        raise WrongError('must be a pair of texts, as in ["Execute", "running"].')
    return value[0], value[1]


def _codes(reader: Reader, value: Any, where: Where) -> dict[int, tuple[str, str]]:
    if not isinstance(value, dict):
        raise WrongError("must be a table.")
    found = {}
    for key, item in value.items():
        if not key.lstrip("-").isdecimal() or abs(int(key)) >= 2**31:
            reader.problems.append(((*where, key), f"The code “{key}” is not a whole number of 32 bits."))
            continue
        pair = reader._value(_pair, item, (*where, key))
        if pair is not None:
            found[int(key)] = pair
    return dict(sorted(found.items()))


def _free(reader: Reader, value: Any, where: Where) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongError("must be a table.")
    return {_text(reader, key, where): reader._value(_any, item, (*where, key)) for key, item in value.items()}


def _any(reader: Reader, value: Any, where: Where) -> Any:
    """A value of a free table: what JSON can hold, so that it is stored as it was written."""
    if isinstance(value, dict):
        return _free(reader, value, where)
    if isinstance(value, list):
        return [reader._value(_any, item, (*where, n)) for n, item in enumerate(value)]
    if isinstance(value, str):
        return _text(reader, value, where)
    if isinstance(value, float):
        number = _number(reader, value, where)
        return int(number) if abs(number) >= WHOLE else number
    if isinstance(value, (bool, int)):
        return value
    raise WrongError("must be text, a number, true or false here; put dates in quotes.")


def _choice(kinds: type[StrEnum], value: Any) -> StrEnum:
    known = [kind.value for kind in kinds]
    if value not in known:
        raise WrongError(f"must be one of {', '.join(known)}; it is {value!r}.")
    return kinds(value)


def _text(_reader: Reader, value: Any, _where: Where) -> str:
    if not isinstance(value, str):
        raise WrongError(f"must be text in quotes; it is {value!r}.")
    if "\x00" in value:
        raise WrongError("holds a character with code 0, which cannot be stored.")
    return value


def _flag(_reader: Reader, value: Any, _where: Where) -> bool:
    if not isinstance(value, bool):
        raise WrongError(f"must be true or false; it is {value!r}.")
    return value


def _whole(_reader: Reader, value: Any, _where: Where) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise WrongError(f"must be a whole number; it is {value!r}.")
    return value


def _number(_reader: Reader, value: Any, _where: Where) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WrongError(f"must be a finite number; it is {value!r}.")
    return float(value)


def _date(_reader: Reader, value: Any, _where: Where) -> date:
    if isinstance(value, str):
        value = _parsed(date.fromisoformat, value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise WrongError(f"must be a date such as 2026-12-25; it is {value!r}.")
    return value


def _moment(_reader: Reader, value: Any, _where: Where) -> datetime:
    if isinstance(value, str):
        value = _parsed(datetime.fromisoformat, value)
    if not isinstance(value, datetime) or value.tzinfo is None or not 1970 <= value.year < 2200:
        raise WrongError(f"must be a time with its offset such as 2026-01-01T00:00:00Z (1970 to 2199); it is {value!s}.")
    return value.astimezone(UTC)


def _time(_reader: Reader, value: Any, _where: Where) -> time:
    if isinstance(value, str):
        value = _parsed(time.fromisoformat, value)
    if not isinstance(value, time) or value.tzinfo is not None:
        raise WrongError(f'must be a time of day such as "06:00"; it is {value!r}.')
    return value


def _parsed(parse: Callable[[str], Any], value: str) -> Any:
    try:
        return parse(value)
    except ValueError:
        return value


_SIMPLE: dict[Any, Convert] = {
    Any: _any,
    str: _text,
    bool: _flag,
    int: _whole,
    float: _number,
    date: _date,
    datetime: _moment,
    time: _time,
}
