"""Reading current values for a page: which tags, their newest values, the batch. Shared by the pages of places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from callbacks.registry import Request
from components.machine import Reading, counters, of_key, reading
from components.view import Context, context_of
from db import location as places
from db import order as orders
from db import tag as tags
from db.historian.read import last_values
from db.historian.totals import counter_increase
from db.store import Store
from engine.access import Scope
from engine.order import Made, Occupation
from engine.shift import occurrences
from engine.tag import StateTable, Tag
from engine.time import DAY_US, SECOND_US

KEPT_S, COUNTED_S = 20, 5
PAGE = "/machine"


def machine_at(place: dict[str, Any] | None) -> Context | None:
    """The place of the machine page; None on other pages and before there is one."""
    here = context_of(place)
    return here if here and here.page == PAGE else None


def own_tags(request: Request, here: Context) -> tuple[Tag, ...]:
    """The machine's own signals."""
    return tags_below(request, here.node, subtree=False) if here.node is not None else ()


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


# ------------------------------------------------------------------ what was made
def batch_now(request: Request, node_id: int) -> Occupation | None:
    """The batch at a machine; read again after 5 s at the latest."""
    return _batch_now(request.scope, request.store, node_id, request.now_us // (COUNTED_S * SECOND_US))


@lru_cache(maxsize=256)
def _batch_now(scope: Scope, store: Store, node_id: int, _turn: int) -> Occupation | None:
    return orders.batch_now(scope, store, node_id)


def made(request: Request, node_id: int, found: Iterable[Reading]) -> Made | None:
    """What the machine made since its batch began, without a batch since the shift began; None: neither, or no counters."""
    found = list(found)
    counted = {key: reading.tag.id for key, reading in counters(found).items()}
    began = _began(request, node_id, of_key(found, "batch")) if counted else None
    if began is None:
        return None
    turn = request.now_us // (COUNTED_S * SECOND_US)
    rises = _rises(request.scope, request.store, tuple(counted.values()), began[0], turn)
    produced, rejected = (rises.get(counted[key]) if key in counted else None for key in ("produced", "rejected"))
    return Made(*began, produced, rejected)


def _began(request: Request, node_id: int, batch: Reading | None) -> tuple[int, str] | None:
    """When the batch, or the shift, began; and the batch. Until the batch is derived, the machine's own word counts."""
    if batch is not None and batch.text and batch.severity == 0 and batch.at_us is not None:
        derived = batch_now(request, node_id)
        return (derived.from_us if derived and derived.batch == batch.text else batch.at_us), batch.text
    shift_us = _shift_start(request.scope, request.store, node_id, request.now_us // (KEPT_S * SECOND_US))
    return None if shift_us is None else (shift_us, "")


@lru_cache(maxsize=256)
def _shift_start(scope: Scope, store: Store, node_id: int, turn: int) -> int | None:
    now_us = turn * KEPT_S * SECOND_US
    calendar = places.calendar_at(scope, store, node_id)
    shifts = occurrences(calendar, now_us - DAY_US, now_us + DAY_US) if calendar else []
    return next((shift.from_us for shift in shifts if shift.from_us <= now_us < shift.to_us), None)


@lru_cache(maxsize=512)
def _rises(scope: Scope, store: Store, tag_ids: tuple[int, ...], from_us: int, turn: int) -> Mapping[int, float]:
    """The rise of each counter whose rise is known."""
    to_us = (turn + 1) * COUNTED_S * SECOND_US
    rises = counter_increase(scope, store, tag_ids, from_us, to_us, to_us) if from_us < to_us else {}
    return {tag: rise for tag, rise in rises.items() if not math.isnan(rise)}
