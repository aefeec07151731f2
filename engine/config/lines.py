"""On which line a key of a TOML text stands: `tomllib` does not say, and an error must."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Where = tuple[str | int, ...]

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}]"
    r"|\n"
    r"|[^\"'#\[\]{}\n]+",
    re.DOTALL,
)
_KEY = re.compile(r'\s*(?:("(?:\\.|[^"\\])*"|\'[^\']*\')|([A-Za-z0-9_-]+))\s*')


def line_of(lines: dict[Where, int], where: Where) -> int:
    """The line of a place, or of the nearest thing around it that has one; 0 when there is none."""
    while where:
        for place in (where, (*where, 0)):
            if place in lines:
                return lines[place]
        where = where[:-1]
    return 0


def lines_of(text: str) -> dict[Where, int]:
    """The line (from 1) of each table and key of a valid TOML text, keys of inline tables left out.

    A place is a path such as ("tag", 3, "limits", "low"); tables in double brackets are counted from 0.
    """
    found: dict[Where, int] = {}
    counts: dict[Where, int] = {}
    table: Where = ()
    for line, statement in _statements(text):
        if statement.startswith("["):
            table = _opened(counts, statement)
            found.setdefault(table, line)
        elif keys := _keys(statement):
            for depth in range(1, len(keys) + 1):
                found.setdefault(table + keys[:depth], line)
    return found


def _opened(counts: dict[Where, int], header: str) -> Where:
    """The place that a header opens. `counts` holds how many tables each array has so far."""
    names = _keys(header.strip("[]"))
    place: Where = ()
    for name in names[:-1]:
        place = (*place, name)
        if place in counts:
            place = (*place, counts[place] - 1)
    place = (*place, names[-1])
    if not header.startswith("[["):
        return place
    counts[place] = counts.get(place, 0) + 1
    return (*place, counts[place] - 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header or `key = value` with the line on which it begins, comments left out."""
    line, begun, depth = 1, 1, 0
    parts: list[str] = []
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece == "\n" and depth == 0:
            if statement := "".join(parts).strip():
                yield begun, statement
            parts, begun = [], line + 1
        elif not piece.startswith("#"):
            depth += (piece in "[{") - (piece in "]}")
            parts.append(piece)
        line += piece.count("\n")
    if statement := "".join(parts).strip():
        yield begun, statement


def _keys(statement: str) -> Where:
    """The dotted key at the beginning of a statement."""
    keys, at = [], 0
    while match := _KEY.match(statement, at):
        quoted, bare = match.groups()
        keys.append(bare if quoted is None else str(tomllib.loads(f"k = {quoted}")["k"]))
        at = match.end()
        if not statement.startswith(".", at):
            break
        at += 1
    return tuple(keys)
