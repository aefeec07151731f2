"""Colours: one source, and enough contrast (WCAG 2.2, 1.4.3 and 1.4.11; the pairs of ui.md 3.1)."""

from __future__ import annotations

import re

import pytest

from components import tokens

SURFACES = ("bg-page", "bg-panel", "bg-inset")


@pytest.mark.parametrize(("file", "text"), [("tokens.css", tokens.css()), ("theme-data.js", tokens.script())])
def test_the_files_in_assets_are_made_from_the_tokens(file: str, text: str) -> None:
    assert (tokens.ASSETS / file).read_text(encoding="utf-8") == text, "run python -m components.tokens"


@pytest.mark.parametrize("theme", tokens.THEMES)
@pytest.mark.parametrize("text", ["text-1", "text-2"])
@pytest.mark.parametrize("surface", SURFACES)
def test_text_has_the_contrast_of_wcag(theme: str, text: str, surface: str) -> None:
    colours = tokens.THEMES[theme]
    assert tokens.contrast(colours[text], colours[surface]) >= 4.5


@pytest.mark.parametrize("theme", tokens.THEMES)
@pytest.mark.parametrize("name", ["text-3", "accent", "p1", "p3", "done"])
def test_hints_and_states_have_the_contrast_of_text_on_page_and_panel(theme: str, name: str) -> None:
    colours = tokens.THEMES[theme]
    assert min(tokens.contrast(colours[name], colours[s]) for s in ("bg-page", "bg-panel")) >= 4.5


@pytest.mark.parametrize("theme", tokens.THEMES)
@pytest.mark.parametrize("name", ["control", "normal", "s1", "s2", "s3", "s4", "s5"])
def test_lines_and_controls_have_the_contrast_of_graphics_on_a_panel(theme: str, name: str) -> None:
    colours = tokens.THEMES[theme]
    assert tokens.contrast(colours[name], colours["bg-panel"]) >= 3.0


@pytest.mark.parametrize("theme", tokens.THEMES)
@pytest.mark.parametrize("fill", ["accent", "p1", "p2", "p3", "done"])
def test_words_on_a_fill_can_be_read(theme: str, fill: str) -> None:
    colours = tokens.THEMES[theme]
    assert tokens.contrast(colours[f"on-{fill}"], colours[fill]) >= 4.5


def test_contrast_knows_its_ends() -> None:
    assert tokens.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert tokens.contrast("#74808C", "#74808C") == pytest.approx(1.0)


def test_a_colour_by_name_is_resolved_with_its_share() -> None:
    figure = {"a": "@text-1", "b": ["@accent/12", "plain"], "c": 3}
    assert tokens.resolve(figure, tokens.LIGHT) == {"a": "#1B232B", "b": ["rgba(11,87,208,0.12)", "plain"], "c": 3}


def test_no_style_or_component_holds_a_colour_of_its_own() -> None:
    hexes = re.compile(r"#[0-9A-Fa-f]{6}\b|#[0-9A-Fa-f]{3}\b(?![\w-])")
    made = {"tokens.css", "theme-data.js"}
    room = tokens.ASSETS.parent / "components"
    files = [f for f in (*tokens.ASSETS.glob("*.css"), *tokens.ASSETS.glob("*.js"), *room.rglob("*.py")) if f.name not in made]
    found = {f.name: hexes.findall(f.read_text(encoding="utf-8")) for f in files if f.name != "tokens.py"}
    assert {name: hits for name, hits in found.items() if hits} == {}
