"""What the overview asks that no other capability does: energy meters, and what each machine counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from db.historian.totals import counter_increase
from db.store import Store
from engine.access import Scope
from engine.overview import KWH, Meter

_TAGS = """
select t.id, t.location_id, t.unit, substring(t.name from '[^.]*$') as key from tag t
where t.counter and t.retired_at is null and t.location_id = any(cast(:nodes as int[]))
    and (cast(:scope as int[]) is null or t.location_id = any(cast(:scope as int[])))
    and ((substring(t.name from '[^.]*$') = 'energy' and t.unit = any(:units)) or substring(t.name from '[^.]*$') = 'produced')
order by t.id
"""


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters of a subtree: energy meters, and the unit in which each machine counts what it makes."""

    meters: tuple[Meter, ...]
    counted: Mapping[int, str]


def counters(scope: Scope, store: Store, node_ids: Iterable[int]) -> Counters:
    """The counters of these visible nodes. Tags named `energy` in a unit of energy are meters; `produced` counts. One query."""
    asked = {"nodes": list(node_ids), "scope": scope.ids(), "units": list(KWH)}
    with store.read() as connection:
        found = connection.execute(text(_TAGS), asked).all()
    return Counters(
        tuple(Meter(tag, node, KWH[unit]) for tag, node, unit, key in found if key == "energy"),
        {node: unit for _, node, unit, key in found if key == "produced"},
    )


def used(scope: Scope, store: Store, meters: Iterable[Meter], from_us: int, to_us: int, now_us: int) -> dict[int, float | None]:
    """kWh of each node with a meter over [from_us, to_us), as far as it is past; None where the meter told nothing."""
    meters = list(meters)
    end = min(to_us, now_us)
    if not meters or from_us >= end:
        return {}
    rises = counter_increase(scope, store, [meter.tag_id for meter in meters], from_us, end, now_us)
    kwh: dict[int, float] = {}
    for meter in meters:  # of a place with several meters all must have told
        kwh[meter.node_id] = kwh.get(meter.node_id, 0.0) + rises.get(meter.tag_id, math.nan) * meter.kwh
    return {node: None if math.isnan(found) else found for node, found in kwh.items()}
