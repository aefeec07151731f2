"""What is wrong with a configuration: every problem with its line, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.errors import Invalid


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of an entry, before its line is known: `keys` lead into the entry, e.g. ("limits", "low")."""

    entry: Any
    keys: tuple[str | int, ...]
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem at a line of the file (0: of no line in particular)."""

    line: int
    reason: str


class Refused(Invalid):
    """The configuration cannot be taken. `problems` holds each reason with its line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"Line {p.line}: {p.reason}" for p in self.problems))


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    near = get_close_matches(name, sorted(known), n=1)
    return f"There is no {what} “{name}”" + (f"; did you mean “{near[0]}”?" if near else ".")
