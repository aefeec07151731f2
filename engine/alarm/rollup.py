"""The worst alarm below each node: what the tree, the wall and the overview show of alarms that are not in sight."""

from __future__ import annotations

from collections.abc import Mapping

from engine.alarm.record import Priority
from engine.location import Tree

Counts = Mapping[Priority, int]


def rolled_up(tree: Tree, counts: Mapping[int, Counts]) -> dict[int, dict[Priority, int]]:
    """The counts of each node and everything below it; nodes without any are left out."""
    found: dict[int, dict[Priority, int]] = {}
    for node_id, own in counts.items():
        for above in tree.ancestors(node_id):
            kept = found.setdefault(above.id, {})
            for priority, count in own.items():
                kept[priority] = kept.get(priority, 0) + count
    return found


def worst(counts: Counts) -> Priority | None:
    """The most urgent priority of which there is any; None: no alarm."""
    return min((priority for priority, count in counts.items() if count), default=None)
