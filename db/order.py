"""Work orders and batches (GxP), and which batch occupied which machine (derived)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from db.store import Change, Store
from engine.access import Scope
from engine.errors import Invalid
from engine.order import SIGNALS, Occupation, Said, WorkOrder
from engine.time import moment_of, us_of

_VISIBLE_NODE = "(cast(:nodes as int[]) is null or o.location_id = any(cast(:nodes as int[])))"
_SAID = (
    " from text_event e join tag t on t.id = e.tag_id and t.site_id = e.site_id"
    " where t.location_id = :node and t.kind = 'text' and substring(t.name from '[^.]*$') = any(:signals)"
    " and (e.status >> 30) & 3 = 0"
)


@dataclass(frozen=True, slots=True)
class PlacedOccupation:
    """An occupation with its place, product and order (codes; None while unknown)."""

    location_id: int
    batch: str
    phase: str
    product: str | None
    order: str | None
    from_at: datetime
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderState:
    """A work order as it stands."""

    id: int
    site_id: int
    number: str
    product: str
    quantity: float
    unit: str
    priority: int
    release_at: datetime | None
    due_at: datetime
    state: str
    batches: tuple[str, ...]


# ------------------------------------------------------------------ orders
def save_order(change: Change, site_id: int, order: WorkOrder) -> bool:
    """Take an order in, or its new content; False when nothing differs. Its batches are made where missing.

    Raises `Invalid` for an unknown product.
    """
    product_id = _product(change.connection, order.product)
    if product_id is None:
        raise Invalid(f"The order “{order.number}” is for the product “{order.product}”, which is not configured.")
    values = {
        "site": site_id,
        "number": order.number,
        "product": product_id,
        "quantity": order.quantity,
        "unit": order.unit,
        "priority": order.priority,
        "release": order.release_at,
        "due": order.due_at,
        "attributes": json.dumps({"recipe": order.recipe, **order.attributes}),
    }
    written = change.connection.execute(
        text(
            "insert into work_order as w"
            " (site_id, number, product_id, quantity, unit, priority, release_at, due_at, attributes)"
            " values (:site, :number, :product, :quantity, :unit, :priority, :release, :due, cast(:attributes as jsonb))"
            " on conflict (site_id, number) do update set product_id = excluded.product_id, quantity = excluded.quantity,"
            " unit = excluded.unit, priority = excluded.priority, release_at = excluded.release_at, due_at = excluded.due_at,"
            " attributes = excluded.attributes where (w.product_id, w.quantity, w.unit, w.priority, w.release_at, w.due_at,"
            " w.attributes) is distinct from (excluded.product_id, excluded.quantity, excluded.unit, excluded.priority,"
            " excluded.release_at, excluded.due_at, excluded.attributes) returning id"
        ),
        values,
    ).scalar()
    batches = {number: {"product": order.product, "order": order.number} for number in order.batches}
    return bool(ensure_batches(change, site_id, batches)) or written is not None


def ensure_batches(change: Change, site_id: int, facts: Mapping[str, Mapping[str, str]]) -> int:
    """Make missing batches, and fill in product and order where they were unknown; returns how many rows changed.

    `facts` is {batch number: {"product": code, "order": number}}; unknown codes count as unknown.
    """
    rows = [(number, known.get("product"), known.get("order")) for number, known in sorted(facts.items())]
    if not rows:
        return 0
    return change.connection.execute(
        text(
            "insert into batch as b (site_id, number, product_id, work_order_id)"
            " select :site, f.number, p.id, w.id from unnest(cast(:numbers as text[]), cast(:products as text[]),"
            " cast(:orders as text[])) as f (number, product, work_order)"
            " left join product p on p.code = f.product"
            " left join work_order w on w.site_id = :site and w.number = f.work_order order by f.number"
            " on conflict (site_id, number) do update set product_id = coalesce(b.product_id, excluded.product_id),"
            " work_order_id = coalesce(b.work_order_id, excluded.work_order_id)"
            " where (b.product_id is null and excluded.product_id is not null)"
            " or (b.work_order_id is null and excluded.work_order_id is not null)"
        ),
        {"site": site_id, "numbers": [r[0] for r in rows], "products": [r[1] for r in rows], "orders": [r[2] for r in rows]},
    ).rowcount


def orders(scope: Scope, store: Store, *, states: Sequence[str] | None = None, limit: int = 500) -> list[OrderState]:
    """Orders by due time: those of visible sites, and those whose batches occupied a visible machine."""
    with store.read() as connection:
        rows = connection.execute(
            text(
                "select w.id, w.site_id, w.number, p.code as product, w.quantity, w.unit, w.priority, w.release_at, w.due_at,"
                " w.state, coalesce((select array_agg(b.number order by b.number) from batch b where b.work_order_id = w.id),"
                " '{}') as batches from work_order w join product p on p.id = w.product_id"
                " where (cast(:states as text[]) is null or w.state = any(cast(:states as text[])))"
                " and (cast(:nodes as int[]) is null or w.site_id = any(cast(:nodes as int[])) or exists (select 1 from batch b"
                " join occupation o on o.batch_id = b.id where b.work_order_id = w.id and o.location_id = any(:nodes)))"
                " order by w.due_at, w.number limit :limit"
            ),
            {"states": None if states is None else list(states), "nodes": scope.ids(), "limit": limit},
        ).mappings()
        return [OrderState(**(dict(row) | {"batches": tuple(row["batches"])})) for row in rows]


def _product(connection: Connection, code: str) -> int | None:
    found = connection.execute(text("select id from product where code = :code and retired_at is null"), {"code": code})
    return found.scalar()


# ------------------------------------------------------------------ occupations
def occupations_between(
    scope: Scope, store: Store, location_ids: Iterable[int], from_us: int, to_us: int
) -> list[PlacedOccupation]:
    """What overlaps [from_us, to_us) at these visible machines, by machine and time."""
    return _placed(
        scope,
        store,
        "o.location_id = any(:places) and o.from_at < :until and (o.to_at is null or o.to_at > :since)",
        {"places": list(location_ids), "since": moment_of(from_us), "until": moment_of(to_us)},
    )


def current(scope: Scope, store: Store, location_ids: Iterable[int]) -> dict[int, PlacedOccupation]:
    """What occupies these visible machines now, by machine; a machine without a batch is left out."""
    found = _placed(scope, store, "o.location_id = any(:places) and o.to_at is null", {"places": list(location_ids)})
    return {item.location_id: item for item in found}


_NOW = f"""
select b.number as batch, (
    select min(p.from_at) from occupation p
    where p.location_id = o.location_id and p.batch_id = o.batch_id and p.from_at > coalesce(
        (select max(q.from_at) from occupation q where q.location_id = o.location_id and q.batch_id <> o.batch_id),
        '-infinity')) as from_at
from occupation o join batch b on b.id = o.batch_id
where o.location_id = :place and o.to_at is null and {_VISIBLE_NODE}
"""
_BATCHES = f"""
select batch, min(from_at) as from_at, case when bool_or(to_at is null) then null else max(to_at) end as to_at from (
    select b.number as batch, o.from_at, o.to_at from occupation o join batch b on b.id = o.batch_id
    where o.location_id = :place and o.from_at < :until and (o.to_at is null or o.to_at > :since) and {_VISIBLE_NODE}
    order by o.from_at desc limit :most) newest
group by batch order by 2
"""


def batch_now(scope: Scope, store: Store, location_id: int) -> Occupation | None:
    """The batch that occupies a visible machine, in all its phases since it came; None when there is none."""
    with store.read() as connection:
        row = connection.execute(text(_NOW), {"place": location_id, "nodes": scope.ids()}).first()
    return Occupation(row.batch, "", us_of(row.from_at), None) if row else None


def batches_between(
    scope: Scope, store: Store, location_id: int, from_us: int, to_us: int, most: int = 1_000
) -> list[Occupation]:
    """The batches at a visible machine over [from_us, to_us), in order; of their phases the newest `most` are read."""
    asked = {"place": location_id, "since": moment_of(from_us), "until": moment_of(to_us), "most": most}
    with store.read() as connection:
        found = connection.execute(text(_BATCHES), asked | {"nodes": scope.ids()}).all()
    return [Occupation(row.batch, "", us_of(row.from_at), us_of(row.to_at) if row.to_at else None) for row in found]


def _placed(scope: Scope, store: Store, condition: str, values: dict[str, Any]) -> list[PlacedOccupation]:
    with store.read() as connection:
        rows = connection.execute(
            text(
                'select o.location_id, b.number as batch, o.phase, p.code as product, w.number as "order", o.from_at, o.to_at'
                " from occupation o join batch b on b.id = o.batch_id left join product p on p.id = b.product_id"
                f" left join work_order w on w.id = b.work_order_id where {condition} and {_VISIBLE_NODE}"
                " order by o.location_id, o.from_at"
            ),
            values | {"nodes": scope.ids()},
        ).mappings()
        return [PlacedOccupation(**row) for row in rows]


def affected(connection: Connection, node_id: int, from_us: int, to_us: int) -> tuple[int, int | None]:
    """The range over which occupations may differ when what a machine said changed over [from_us, to_us).

    It begins where the occupation before begins, and ends where both batch and phase were said anew and the
    occupation that holds then ends; None: it has no end.
    """
    begin = connection.execute(
        text(
            "select from_at from occupation where location_id = :node and from_at < :at"
            " and (to_at is null or to_at >= :at) order by from_at desc limit 1"
        ),
        {"node": node_id, "at": moment_of(from_us)},
    ).scalar()
    said_anew = [_next_said(connection, node_id, signal, to_us) for signal in ("batch", "phase")]
    until = None if None in said_anew else max(at for at in said_anew if at is not None)
    start = from_us if begin is None else us_of(begin)
    return start, until if until is None else _end_of_occupation(connection, node_id, until)


def _next_said(connection: Connection, node_id: int, signal: str, from_us: int) -> int | None:
    return connection.execute(
        text("select min(e.at_us)" + _SAID + " and e.at_us >= :from_us"),
        {"node": node_id, "signals": [signal], "from_us": from_us},
    ).scalar()


def _end_of_occupation(connection: Connection, node_id: int, at_us: int) -> int | None:
    row = connection.execute(
        text(
            "select to_at from occupation where location_id = :node and from_at <= :at"
            " and (to_at is null or to_at > :at) limit 1"
        ),
        {"node": node_id, "at": moment_of(at_us)},
    ).first()
    return at_us if row is None else None if row.to_at is None else us_of(row.to_at)


def said_between(connection: Connection, node_id: int, from_us: int, to_us: int | None) -> tuple[dict[str, str], list[Said]]:
    """What held at a machine just before `from_us`, by signal, and what it said over [from_us, to_us)."""
    name = "select distinct on (t.name) substring(t.name from '[^.]*$') as signal, e.text"
    before = connection.execute(
        text(name + _SAID + " and e.at_us < :from_us order by t.name, e.at_us desc, e.seq desc"),
        {"node": node_id, "signals": list(SIGNALS), "from_us": from_us},
    )
    held = {row.signal: row.text for row in before}
    said = connection.execute(
        text(
            "select e.at_us, substring(t.name from '[^.]*$') as signal, e.text"
            + _SAID
            + " and e.at_us >= :from_us and (cast(:to_us as bigint) is null or e.at_us < :to_us) order by e.at_us, e.seq"
        ),
        {"node": node_id, "signals": list(SIGNALS), "from_us": from_us, "to_us": to_us},
    )
    return held, [Said(row.at_us, row.signal, row.text) for row in said]


def replace_occupations(  # the range, and what is in it
    connection: Connection, site_id: int, node_id: int, from_us: int, to_us: int | None, found: Sequence[Occupation]
) -> None:
    """Put these in the place of every occupation of the machine that begins in [from_us, to_us). Batches must exist."""
    connection.execute(
        text("delete from occupation where location_id = :node and from_at >= :since and (:open or from_at < :until)"),
        {
            "node": node_id,
            "since": moment_of(from_us),
            "open": to_us is None,
            "until": moment_of(from_us if to_us is None else to_us),
        },
    )
    rows = [
        {
            "site": site_id,
            "node": node_id,
            "batch": o.batch,
            "phase": o.phase,
            "since": moment_of(o.from_us),
            "until": None if o.to_us is None else moment_of(o.to_us),
        }
        for o in found
    ]
    if rows:
        connection.execute(
            text(
                "insert into occupation (site_id, location_id, batch_id, phase, from_at, to_at)"
                " select :site, :node, b.id, :phase, :since, cast(:until as timestamptz) from batch b"
                " where b.site_id = :site and b.number = :batch"
            ),
            rows,
        )
