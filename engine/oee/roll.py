"""From machines to lines, areas and sites: by sums, and for a line by its constraint machine."""

from __future__ import annotations

from engine.location import NodeKind, Tree
from engine.oee.totals import OeeTotals

CONSTRAINT = "constraint"
"""Attribute of a line: the slug of its constraint machine."""


def constraint_of(tree: Tree, line_id: int, per_hour: dict[int, float]) -> int | None:
    """The machine that speaks for a line: the one its attribute `constraint` names, else the one of the smallest ideal rate.

    `per_hour` holds the ideal rate of each machine that has one; None: the line has no such machine.
    """
    machines = [node for node in tree.subtree(line_id) if node.kind is NodeKind.MACHINE]
    named = tree.nodes[line_id].attributes.get(CONSTRAINT)
    for node in machines:
        if node.slug == named:
            return node.id
    return min((n.id for n in machines if n.id in per_hour), key=lambda i: per_hour[i], default=None)


def rolled_up(tree: Tree, node_id: int, totals: dict[int, OeeTotals], per_hour: dict[int, float]) -> OeeTotals:
    """The sums that stand for a node: a machine's own; a line's are those of its constraint machine; above, sums of the parts.

    Above a line only machines with an ideal rate count, so that utilities do not dilute an OEE. Nothing known: empty sums.
    """
    node = tree.nodes.get(node_id)
    if node is None or node.kind is NodeKind.MACHINE:
        return totals.get(node_id, OeeTotals())
    if node.kind is NodeKind.LINE:
        speaker = constraint_of(tree, node_id, per_hour)
        return OeeTotals() if speaker is None else totals.get(speaker, OeeTotals())
    parts = [rolled_up(tree, child.id, totals, per_hour) for child in tree.children(node_id)]
    return sum((part for part in parts if part.rated), OeeTotals())
