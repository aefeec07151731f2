"""Checks of products, materials, recipes and rates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from engine.config.known import Known
from engine.config.problem import Finding
from engine.config.record import Config, MaterialEntry, ProductEntry, RateEntry, RecipeEntry
from engine.location import NodeKind

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with products, materials, recipes and rates."""
    coded: list[ProductEntry | MaterialEntry | RecipeEntry] = [*config.products, *config.materials, *config.recipes]
    for entry in coded:
        if not CODE.fullmatch(entry.code):
            yield Finding(entry, ("code",), f"The code “{entry.code}” is not made of letters, digits and . _ / -.")
    for recipe in config.recipes:
        yield from _recipe(recipe, known)
    for rate in config.rates:
        yield from _rate(rate, known)


def _recipe(entry: RecipeEntry, known: Known) -> Iterator[Finding]:
    if entry.revision < 1:
        yield Finding(entry, ("revision",), f"A revision {entry.revision} is none; count from 1.")
    if reason := known.missing("product", entry.product, known.products):
        yield Finding(entry, ("product",), reason)
    for n, step in enumerate(entry.procedure):
        if not isinstance(step.get("name"), str) or not step["name"]:
            yield Finding(entry, ("procedure", n), f"Step {n + 1} of the recipe “{entry.code}” needs a “name”.")
        for code in _materials(step.get("materials")):
            if reason := known.missing("material", code, known.materials):
                yield Finding(entry, ("procedure", n), reason)


def _materials(listed: Any) -> list[str]:
    """Codes of the materials of a step: a list of codes, or a table of code to quantity."""
    return [code for code in listed if isinstance(code, str)] if isinstance(listed, (list, dict)) else []


def _rate(entry: RateEntry, known: Known) -> Iterator[Finding]:
    if reason := known.missing("product", entry.product, known.products):
        yield Finding(entry, ("product",), reason)
    if reason := known.missing("place", entry.at, known.kinds):
        yield Finding(entry, ("at",), reason)
    elif known.kinds.get(entry.at) in (NodeKind.ENTERPRISE, NodeKind.SITE):
        yield Finding(
            entry, ("at",), f"“{entry.at}” is of kind {known.kinds[entry.at].value}; a rate is that of a machine or line."
        )
    if entry.per_hour <= 0:
        yield Finding(entry, ("per_hour",), f"A rate of {entry.per_hour:g} an hour is none; write more than 0.")
