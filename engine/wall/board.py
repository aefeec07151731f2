"""What a tile says of a line or machine, from the state of its machine, its alarms, its batch and its sums of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.alarm import Alarm, Priority
from engine.location import MapDef, NodeKind, Tree
from engine.oee.roll import constraint_of
from engine.state import StateInterval
from engine.time import SECOND_US

STOPS = frozenset({"stopped", "held", "aborted", "suspended"})
"""Categories of states in which a machine that has a batch should run and does not."""
TIMED = frozenset({"cleaning", "setup", "maintenance"})
"""Work of a known kind on the machine: the tile says for how long."""
CALL_AFTER_US = 120 * SECOND_US
"""A stop without an alarm asks for attention when it has lasted this long: shorter ones have a timer and no colour."""
_LINES = (NodeKind.LINE, NodeKind.PROCESS_CELL)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a tile stands for: a line with the machine that speaks for it, or a machine by itself."""

    node: MapDef
    speaker_id: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is on the machine. `progress` is 0 to 1, None while nobody knows."""

    number: str
    product: str
    progress: float | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A unit as it is now. `condition` is a category of states; `call` the priority that colours it, None: calm.

    `since_us`: since when the condition holds. `owned`: somebody has acknowledged what calls. `cause` in words, "" unknown.
    """

    unit: Unit
    condition: str
    since_us: int
    cause: str = ""
    call: Priority | None = None
    owned: bool = False
    batch: Batch | None = None
    oee: float | None = None
    course: tuple[float | None, ...] = ()

    @property
    def known(self) -> bool:
        """False when nobody knows the state: the source is silent."""
        return self.condition != "unknown"

    @property
    def stopped(self) -> bool:
        """True when a batch is on the machine and it stands."""
        return self.condition in STOPS and self.batch is not None


def units(tree: Tree, node_id: int, per_hour: Mapping[int, float]) -> list[Unit]:
    """What a place is shown by, in its order: its lines, and its machines with an ideal rate that are in no line.

    A line by itself is shown by its machines. `per_hour` holds the smallest ideal rate of each machine that has one.
    """
    if node_id not in tree.nodes:
        return []
    below = tree.subtree(node_id)
    if tree.nodes[node_id].kind in (*_LINES, NodeKind.MACHINE):
        return [Unit(node, node.id) for node in below if node.kind is NodeKind.MACHINE]
    found: list[Unit] = []
    inside: set[int] = set()
    for node in below:
        if node.kind in _LINES:
            inside.update(n.id for n in tree.subtree(node.id))
            speaker = constraint_of(tree, node.id, dict(per_hour))
            found += [Unit(node, speaker)] if speaker is not None else []
        elif node.kind is NodeKind.MACHINE and node.id not in inside and node.id in per_hour:
            found.append(Unit(node, node.id))
    return found


def tile_of(unit: Unit, state: StateInterval | None, batch: Batch | None, alarms: Iterable[Alarm], now_us: int) -> Tile:
    """The tile of a unit; `alarms` are those that stand in its subtree, `state` that of its speaker.

    Only what still is gives colour: an alarm that is over does not, even while nobody has acknowledged it.
    """
    state = state or StateInterval(unit.speaker_id, 0, None)
    condition = state.mode_category if state.known and state.mode_category in TIMED else state.category
    standing = sorted(
        (alarm for alarm in alarms if alarm.active), key=lambda a: (a.priority, not a.unacknowledged, a.raised_at_us)
    )
    tile = Tile(unit, condition, state.from_us, "", None, False, batch)
    loud = [alarm for alarm in standing if alarm.priority < Priority.LOW]
    if loud:
        owned = not any(alarm.unacknowledged for alarm in loud)
        return Tile(unit, condition, state.from_us, loud[0].title, loud[0].priority, owned, batch)
    called = tile.stopped and now_us - state.from_us >= CALL_AFTER_US
    cause = (standing[0].title if standing else state.text) if tile.stopped else ""
    return Tile(unit, condition, state.from_us, cause, Priority.HIGH if called else None, False, batch)


def badness(tile: Tile) -> tuple[int, bool, bool, bool]:
    """For sorting: what calls loudest first, then stops, then what nobody knows."""
    return tile.call or Priority.LOW + 1, tile.owned, not tile.stopped, tile.known


def chosen(tiles: Sequence[Tile], most: int) -> list[Tile]:
    """At most `most` of them: the worst ones, then lines before machines, shown in the order of the plant."""
    if len(tiles) <= most:
        return list(tiles)
    order = sorted(range(len(tiles)), key=lambda n: (*badness(tiles[n]), tiles[n].unit.node.kind is NodeKind.MACHINE, n))
    return [tiles[n] for n in sorted(order[:most])]
