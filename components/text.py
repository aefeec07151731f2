"""Every visible word goes through `t`, so that a second language is a table and not a rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LANGUAGE = "en"
_translate: Callable[[str], str] = str


def t(text: str, /, **values: object) -> str:
    """The text in the reader's language, with its {placeholders} filled in."""
    said = _translate(text)
    return said.format(**values) if values else said


def speak(translate: Callable[[str], str]) -> Callable[[str], str]:
    """Translate by this function from now on; returns the one before."""
    global _translate
    before, _translate = _translate, translate
    return before


def aria(**values: str) -> dict[str, Any]:
    """`aria(label="x")` as Dash wants it: {"aria-label": "x"}; underscores become dashes."""
    return {f"aria-{name.replace('_', '-')}": value for name, value in values.items()}


def data(**values: object) -> dict[str, Any]:
    """`data(at=5)` as Dash wants it: {"data-at": "5"}; None is left out."""
    return {f"data-{name.replace('_', '-')}": str(value) for name, value in values.items() if value is not None}
