"""What needs attention, the worst first: standing alarms, and stops that no alarm speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.alarm import Alarm, Priority
from engine.location import Tree
from engine.wall.board import Tile

MOST = 3


@dataclass(frozen=True, slots=True)
class Need:
    """A row: what, where, since when, who has taken it (None: nobody yet) and which batch it puts at risk."""

    priority: Priority
    place: str
    text: str
    since_us: int
    owner: str | None = None
    batch: str | None = None
    active: bool = True

    def order(self) -> tuple[bool, int, bool, int, str]:
        """What still is before what is over but not acknowledged; by priority; what nobody has taken; the oldest first."""
        return not self.active, self.priority, self.owner is not None, self.since_us, self.place


def needs(tree: Tree, tiles: Iterable[Tile], alarms: Iterable[Alarm], most: int = MOST) -> list[Need]:
    """The rows, worst first. A stop that an alarm of its line speaks of is one row, not two: colour is spent once a cause."""
    tiles, alarms = list(tiles), list(alarms)
    above = {node.id: tile for tile in tiles for node in tree.subtree(tile.unit.node.id)}
    rows = [_of_alarm(alarm, above.get(alarm.node_id)) for alarm in alarms]
    loud = [alarm for alarm in alarms if alarm.active and alarm.priority < Priority.LOW]
    spoken = {above[alarm.node_id].unit.node.id for alarm in loud if alarm.node_id in above}
    rows += [_of_stop(tile) for tile in tiles if tile.stopped and tile.call and tile.unit.node.id not in spoken]
    return sorted(rows, key=Need.order)[:most]


def _of_alarm(alarm: Alarm, tile: Tile | None) -> Need:
    loud = alarm.active and alarm.priority < Priority.LOW
    at_risk = tile.batch.number if loud and tile and tile.stopped and tile.batch else None
    return Need(alarm.priority, alarm.place, alarm.title, alarm.since_us, alarm.acked_by, at_risk, alarm.active)


def _of_stop(tile: Tile) -> Need:
    batch = tile.batch.number if tile.batch else None
    return Need(tile.call or Priority.HIGH, tile.unit.node.name, tile.cause, tile.since_us, None, batch)
