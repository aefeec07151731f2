"""From records to text: plain tables without what is left at its default, then tidy TOML in a fixed order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any

from engine.config.record import TABLES, Config, key_of_field

LINE = 120
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = """\
# Configuration of a plant. The format is explained in docs/configuration.md.
# Check it with: plantglass config import FILE --dry-run

format = {format}
"""


def emit(config: Config) -> str:
    """The configuration as TOML; `parse` gives the same configuration back."""
    lines = [_HEAD.format(format=config.format)]
    for key, name in TABLES.items():
        for entry in getattr(config, name):
            lines += [f"[[{key}]]", *_body(key, plain(entry)), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def plain(record: Any) -> dict[str, Any]:
    """A record as a plain table: keys of the file, without fields that have their default value."""
    found = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if value is not None and value != _default(item):
            found[key_of_field(item.name, item.metadata)] = _plain_value(value)
    return found


def _default(item: Field[Any]) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _plain_value(value: Any) -> Any:
    if is_dataclass(value):
        return plain(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [_plain_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, time):
        return value.isoformat("minutes") if value == value.replace(second=0, microsecond=0) else value.isoformat()
    return value


def jsonable(value: Any) -> Any:
    """Plain values with dates and times as ISO text, for JSON."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _body(header: str, table: dict[str, Any]) -> Iterator[str]:
    """The lines of a table: first what fits on lines, then tables below."""
    below = []
    for key, value in table.items():
        rows = _rows(key, value)
        if rows is None:
            below.append((f"{header}.{_key(key)}", value))
        else:
            yield from rows
    for name, value in below:
        for item in value if isinstance(value, list) else [value]:
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            yield from _body(name, item)


def _rows(key: str, value: Any) -> list[str] | None:
    """`key = value` on a line, or a list of tables one a line; None when it needs tables of its own."""
    if not isinstance(value, dict) and not _is_tables(value):
        return [f"{_key(key)} = {literal(value)}"]
    if isinstance(value, dict):
        line = f"{_key(key)} = {literal(value)}"
        return [line] if len(line) <= LINE else None
    rows = [f"    {literal(item)}," for item in value]
    return [f"{_key(key)} = [", *rows, "]"] if all(len(row) <= LINE for row in rows) else None


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def literal(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return value.isoformat() if isinstance(value, date) else repr(value)
