"""Every visible word goes through `t`: rendered in a made-up language, no page shows a word of English."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash.development.base_component import Component

from components import frame, palette, text, welcome
from components.help import ABOUT

ROOT = Path(__file__).parents[2]
SHOWN = ("children", "title", "placeholder", "label", "aria-label", "alt", "summary")
OURS = {"Plantglass"}
SAYS_OTHERWISE = {"Kbd", "Code", "Store", "Markdown"}


@pytest.fixture
def marking() -> Iterator[None]:
    """A language in which every text stands in brackets."""
    before = text.speak(lambda said: f"⟦{said}⟧")
    try:
        yield
    finally:
        text.speak(before)


def unmarked(component: Any) -> Iterator[str]:
    """Words that a reader would see and that nobody translated."""
    if isinstance(component, str):
        rest = re.sub(r"⟦.*?⟧", "", component, flags=re.S)
        if re.search(r"[A-Za-z]{2,}", rest) and component not in OURS:
            yield component
    elif isinstance(component, (list, tuple)):
        for part in component:
            yield from unmarked(part)
    elif isinstance(component, Component) and type(component).__name__ not in SAYS_OTHERWISE:
        for name in SHOWN:
            yield from unmarked(getattr(component, name, None))


def layouts() -> list[str]:
    """The component modules that pages lay out, by their full names."""
    return sorted({module for file in (ROOT / "pages").glob("*.py") for module in _laid_out(ast.parse(file.read_text()))})


def _laid_out(tree: ast.Module) -> Iterator[str]:
    names = {a.asname or a.name: f"{n.module}.{a.name}" for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "page":
            yield names[ast.unparse(call.func.value)]


def test_a_translation_is_used_and_its_placeholders_are_filled(marking: None) -> None:
    assert text.t("Version {version}", version="1.2") == "⟦Version 1.2⟧"


def test_the_search_finds_a_word_that_was_forgotten(marking: None) -> None:
    from dash import html

    assert list(unmarked(html.Div([html.P("Forgotten"), html.P(text.t("Kept"))], title="Also"))) == ["Forgotten", "Also"]


def test_the_frame_is_translated(marking: None) -> None:
    from dash import html

    parts = [frame._top(), frame._nav(), frame._foot(True, ""), frame._help(), *frame._overlays()]
    everything = frozenset(page.permission for page in frame.PAGES)
    parts += [html.Ul(frame.navigation("/", "", everything)), html.Div(frame.bottom("/", "", everything))]
    found = {word for part in parts for word in unmarked(part)}
    assert found - {"DEMO DATA"} == set()


@pytest.mark.parametrize("name", layouts())
def test_the_skeleton_of_a_page_is_translated(marking: None, name: str) -> None:
    page = importlib.import_module(name).page()
    assert set(unmarked(page)) == set()


def test_welcome_and_palette_are_translated(marking: None) -> None:
    tasks = tuple({task.key: task for of_role in welcome.TASKS.values() for task in of_role}.values())
    assert set(unmarked(welcome.panel(tasks, {"seek"}, ""))) == set()
    assert set(unmarked(palette.entries([]))) == set()


def test_what_is_told_about_pages_is_translated(marking: None) -> None:
    from components import help as told

    assert {word for path in ABOUT for word in unmarked(told.about(path))} == set()
