"""A configuration as text: read it, or refuse it with every problem and its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.config.check import findings
from engine.config.lines import line_of, lines_of
from engine.config.problem import Finding, Problem, Refused
from engine.config.reading import Reader, Where
from engine.config.record import FORMAT, Config


@dataclass(frozen=True, slots=True)
class Document:
    """A configuration that was read, and where in the text each of its entries stands."""

    text: str
    config: Config
    places: dict[int, Where]

    def refuse(self, found: Iterable[Finding]) -> None:
        """Raise `Refused` with the lines of what was found; nothing happens when nothing was."""
        problems = _placed(self.text, self.places, found)
        if problems:
            raise Refused(problems)


def read(text: str) -> Document:
    """The configuration of a TOML text; raises `Refused` with every problem."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused([_syntax(error)]) from error
    except (ValueError, RecursionError) as error:
        raise Refused(
            [Problem(0, "This is not TOML that can be read: a number is too long, or tables lie too deep.")]
        ) from error
    reader = Reader()
    config = reader.partial(Config, tables)
    if "format" not in tables or config.format != FORMAT:
        reader.problems.append((("format",), f"This version reads “format = {FORMAT}”; write that as the first line."))
    problems = list(_noted(text, reader))
    problems += _placed(text, reader.places, findings(config, frozenset(reader.broken)))
    if problems:
        raise Refused(problems)
    return Document(text, config, reader.places)


def parse(text: str) -> Config:
    """The configuration of a TOML text; raises `Refused` with every problem."""
    return read(text).config


def _noted(text: str, reader: Reader) -> Iterator[Problem]:
    if reader.problems:
        lines = lines_of(text)
        yield from (Problem(line_of(lines, where), reason) for where, reason in reader.problems)


def _placed(text: str, places: dict[int, Where], found: Iterable[Finding]) -> list[Problem]:
    kept = list(found)
    lines = lines_of(text) if kept else {}
    return [Problem(line_of(lines, places.get(id(f.entry), ()) + f.keys), f.reason) for f in kept]


def _syntax(error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    reason = message.replace(found.group(), "").strip() if found else message
    return Problem(int(found.group(1)) if found else 0, f"This is not TOML: {reason}.")
