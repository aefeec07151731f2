"""Reading current values for a page: which tags, their newest values, as readings. Shared by the pages of places."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from callbacks.registry import Request
from components.machine import Reading, reading
from db import tag as tags
from db.historian.read import last_values
from db.store import Store
from engine.access import Scope
from engine.tag import StateTable, Tag

KEPT_S = 20


def tags_below(request: Request, node_id: int, *, subtree: bool = True) -> tuple[Tag, ...]:
    """The tags of a place (and below); read again after 20 s at the latest, since pages ask every second."""
    return _tags_below(request.scope, request.store, node_id, subtree, request.now_us // (KEPT_S * 1_000_000))


@lru_cache(maxsize=256)
def _tags_below(scope: Scope, store: Store, node_id: int, subtree: bool, _turn: int) -> tuple[Tag, ...]:
    return tuple(tags.tags_under(scope, store, node_id, subtree=subtree))


def tables(request: Request) -> dict[str, StateTable]:
    """The state tables, kept as long."""
    return _tables(request.store, request.now_us // (KEPT_S * 1_000_000))


@lru_cache(maxsize=8)
def _tables(store: Store, _turn: int) -> dict[str, StateTable]:
    return tags.state_tables(store)


def readings(request: Request, wanted: Iterable[Tag]) -> list[Reading]:
    """The newest values of tags, in their order."""
    wanted = list(wanted)
    newest = last_values(request.scope, request.store, [tag.id for tag in wanted])
    named = tables(request)
    return [reading(tag, newest.get(tag.id), named) for tag in wanted]
