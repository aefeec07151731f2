"""The location tree (MapDef): enterprise, site, area, line, machine, by ISA-95 (IEC 62264-1, equipment hierarchy)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from engine.errors import NotFound


class NodeKind(StrEnum):
    """What a node is in the equipment hierarchy."""

    ENTERPRISE = "enterprise"
    SITE = "site"
    AREA = "area"
    LINE = "line"
    PROCESS_CELL = "process_cell"
    UTILITY_SYSTEM = "utility_system"
    ROOM = "room"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class MapDef:
    """A node of the location tree. `path` is made of slugs; `site_id` is the site above (or the node itself)."""

    id: int
    site_id: int
    parent_id: int | None
    slug: str
    path: str
    name: str
    kind: NodeKind
    time_zone: str | None = None
    currency: str | None = None
    calendar_id: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    sort: int = 0
    retired_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Machine:
    """What a node of kind machine adds. `id` is the node's."""

    id: int
    class_: str
    criticality: int | None = None
    qualification_due: date | None = None
    calibration_due: date | None = None
    vibration_group: str | None = None


class Tree:
    """The nodes that a reader may see, with the way up and down. Ancestors of visible nodes are included by `db`."""

    def __init__(self, nodes: Iterable[MapDef]) -> None:
        self.nodes: dict[int, MapDef] = {n.id: n for n in sorted(nodes, key=lambda n: (n.path.count("/"), n.sort, n.path))}
        self._by_path = {n.path: n for n in self.nodes.values()}
        self._children: dict[int | None, list[MapDef]] = {}
        for node in self.nodes.values():
            above = node.parent_id if node.parent_id in self.nodes else None
            self._children.setdefault(above, []).append(node)

    def __iter__(self) -> Iterator[MapDef]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def at(self, path: str) -> MapDef:
        """The node at a path; raises `NotFound`."""
        try:
            return self._by_path[path]
        except KeyError:
            raise NotFound(f"There is no place “{path}” that you may see.") from None

    def find(self, path: str) -> MapDef | None:
        """The node at a path, or None."""
        return self._by_path.get(path)

    def nearest(self, path: str) -> MapDef | None:
        """The node at a path, else the nearest above it that is here."""
        while path and path not in self._by_path:
            path = path.rpartition("/")[0]
        return self.find(path)

    def children(self, node_id: int | None) -> list[MapDef]:
        """Nodes directly below (of None: the roots), in their order."""
        return self._children.get(node_id, [])

    def ancestors(self, node_id: int) -> list[MapDef]:
        """From the root down to the node itself."""
        line: list[MapDef] = []
        current: int | None = node_id
        while current is not None and current in self.nodes:
            line.append(self.nodes[current])
            current = self.nodes[current].parent_id
        return line[::-1]

    def subtree(self, node_id: int) -> list[MapDef]:
        """The node and everything below, depth first."""
        found, todo = [], [node_id]
        while todo:
            current = todo.pop()
            if current in self.nodes:
                found.append(self.nodes[current])
                todo.extend(child.id for child in reversed(self.children(current)))
        return found

    def zone_of(self, node_id: int) -> str:
        """The IANA time zone that holds at a node: its own or the nearest above; UTC when none is set."""
        for node in reversed(self.ancestors(node_id)):
            if node.time_zone:
                return node.time_zone
        return "UTC"
