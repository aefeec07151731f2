"""The product's documents, read from docs/ of this version."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from dash import Input, Output, no_update

from callbacks.registry import Request, callback
from components import help as told
from components import live
from components.text import t
from components.view import context_of

PAGE = "/help"
DOCS = Path(__file__).parents[1] / "docs"
FIRST = "glossary"


@cache
def documents() -> dict[str, tuple[str, str]]:
    """Title and text of each document by name, in the order of titles."""
    found = {file.stem: told.split(file.read_text(encoding="utf-8")) for file in DOCS.glob("*.md")}
    return dict(sorted(found.items(), key=lambda pair: pair[1][0]))


@callback(
    Output(told.TITLE, "children"),
    Output(told.LIST, "children"),
    Output(told.BODY, "children"),
    Input(live.PLACE, "data"),
    permission="profile.self",
)
def show_document(_request: Request, place: dict[str, Any] | None) -> Any:
    """The document that the address names; any other name opens the first."""
    here = context_of(place)
    if here is None or here.page != PAGE:
        return (no_update,) * 3
    known = documents()
    if not known:
        return t("Documents"), [], t("The documents are not part of this installation.")
    asked = dict(parse_qsl(here.search.lstrip("?"))).get("doc", "")
    name = asked if asked in known else FIRST
    title, body = known[name]
    return title, told.listed({n: heading for n, (heading, _) in known.items()}, name), told.document(body)
