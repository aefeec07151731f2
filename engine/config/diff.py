"""What differs between two configurations: added, changed, moved, retired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.config.problem import Finding
from engine.config.record import TABLES, AlarmEntry, Config, LocationEntry, TagEntry, key_of
from engine.config.writing import literal, plain
from engine.location import NodeKind


class Action(StrEnum):
    """What happens to an entry; `moved` may change other fields too."""

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, dotted where it is within a table: old value → new value, None where there is none."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What happens to one entry. `old` has the paths that hold after all moves; `was` is the key before a move."""

    action: Action
    table: str
    key: tuple[str, ...]
    old: Any = None
    new: Any = None
    was: str | None = None

    def changes(self) -> list[FieldChange]:
        """The fields that differ, in the order of the file."""
        if self.old is None or self.new is None:
            return []
        before, after = _flat(plain(self.old)), _flat(plain(self.new))
        names = dict.fromkeys([*before, *after])
        pairs = ((name, before.get(name), after.get(name)) for name in names if name not in ("was", "path"))
        return [FieldChange(name, old, new) for name, old, new in pairs if old != new]


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences in the order of the file. False when there are none."""

    items: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return bool(self.items)

    def of(self, table: str, *actions: Action) -> list[Difference]:
        """Those of a table and some actions."""
        return [item for item in self.items if item.table == table and item.action in actions]

    def text(self) -> str:
        """For people: one line an entry, one for each changed field, and a sum."""
        lines = [line for item in self.items for line in _lines(item)]
        counts = ", ".join(f"{sum(i.action is action for i in self.items)} {action.value}" for action in Action)
        return "\n".join([*lines, counts if self.items else "Nothing differs."])


def diff(old: Config, new: Config) -> Diff:
    """What makes `new` of `old`. A location's or tag's `was` makes it a move of the same thing, with its history.

    A configuration without any user leaves users, roles and their grants as they are.
    """
    moves = moves_of(old, new)
    moved = relocated(old, moves)
    new = new if new.users else _with_accounts(moved, new)
    renamed = _renamed_tags(moved, new)
    sites = moved.sites()
    moved = replace(
        moved,
        tags=tuple(replace(t, name=renamed.get(key_of(t, sites), t.name)) for t in moved.tags),
        alarms=tuple(_following(alarm, sites.get(alarm.at) or alarm.at, renamed) for alarm in moved.alarms),
    )
    before = {path: was for was, path in moves.items()}
    return Diff(tuple(item for table in TABLES for item in _table(table, moved, new, before, renamed)))


def _following(alarm: AlarmEntry, site: str, renamed: dict[tuple[str, ...], str]) -> AlarmEntry:
    """The alarm with the names that its tags have now."""
    tag = None if alarm.tag is None else renamed.get((site, alarm.tag), alarm.tag)
    machine = alarm.only_while
    if machine is not None:
        machine = replace(machine, tag=renamed.get((site, machine.tag), machine.tag))
    return replace(alarm, tag=tag, only_while=machine)


def _with_accounts(old: Config, new: Config) -> Config:
    """The new configuration with the accounts of the old one, and their grants where the place still exists."""
    places, roles = {entry.path for entry in new.locations}, {entry.name for entry in new.roles}
    kept = tuple(grant for grant in old.grants if grant.at in places)
    others = tuple(role for role in old.roles if role.name not in roles)
    return replace(new, users=old.users, grants=kept, roles=(*new.roles, *others))


def moves_of(old: Config, new: Config) -> dict[str, str]:
    """Old path → new path of each location that moved, with what stands below it.

    `was` counts only while its node is still at the old path and none is at the new one: so the same file can be
    imported again.
    """
    known = {entry.path for entry in old.locations}
    origin: dict[str, str] = {}
    for entry in new.locations:  # parents first
        above, _, slug = entry.path.rpartition("/")
        came = entry.was or (f"{origin[above]}/{slug}" if above in origin else None)
        if came in known and entry.path not in known:
            origin[entry.path] = came
    return {came: path for path, came in origin.items()}


def relocated(config: Config, moves: dict[str, str]) -> Config:
    """The configuration with the paths that hold after the moves."""

    def place(path: str) -> str:
        return moves.get(path, path)

    return replace(
        config,
        locations=tuple(replace(e, path=place(e.path)) for e in config.locations),
        sources=tuple(replace(e, site=place(e.site)) for e in config.sources),
        calendars=tuple(replace(e, site=place(e.site)) for e in config.calendars),
        tags=tuple(replace(e, at=place(e.at)) for e in config.tags),
        alarms=tuple(replace(e, at=place(e.at)) for e in config.alarms),
        rates=tuple(replace(e, at=place(e.at)) for e in config.rates),
        grants=tuple(replace(e, at=place(e.at)) for e in config.grants),
    )


def step_findings(old: Config, new: Config) -> Iterator[Finding]:
    """What a configuration may not do to the one that holds: move between sites, change what history depends on."""
    moves = moves_of(old, new)
    old_sites, new_sites = old.sites(), new.sites()
    came = {path: was for was, path in moves.items()}
    for entry in new.locations:
        was = came.get(entry.path)
        if was and moves.get(old_sites[was] or "", old_sites[was]) != new_sites[entry.path]:
            reason = f"“{was}” cannot move to “{entry.path}”: that is another site, and history stays with its site."
            yield Finding(entry, ("was",), reason)
    for item in diff(old, new).items:
        if item.old is not None and item.new is not None:
            yield from _kind_findings(item)


def _kind_findings(item: Difference) -> Iterator[Finding]:
    old, new = item.old, item.new
    if isinstance(new, TagEntry) and old.kind is not new.kind:
        reason = f"The history of tag “{new.name}” is of kind {old.kind.value}; give the new signal another name."
        yield Finding(new, ("kind",), reason)
    if isinstance(new, LocationEntry) and old.kind is not new.kind and FIXED & {old.kind, new.kind}:
        reason = f"“{new.path}” is of kind {old.kind.value} and cannot become {new.kind.value}; give the new one another path."
        yield Finding(new, ("kind",), reason)


FIXED = {NodeKind.ENTERPRISE, NodeKind.SITE, NodeKind.MACHINE}
"""Kinds that a node keeps for ever."""


def _table(
    table: str, old: Config, new: Config, came: dict[str, str], renamed: dict[tuple[str, ...], str]
) -> Iterator[Difference]:
    before, after = _keyed(old, table), _keyed(new, table)
    names = {(key[0], name): key[1] for key, name in renamed.items()} if table == "tag" else {}
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        origin = came.get(key[0]) if table == "location" else names.get((key[0], key[-1]))
        if now is None:
            yield Difference(Action.RETIRED, table, key, old=was)
        elif was is None:
            yield Difference(Action.ADDED, table, key, new=now)
        elif origin is not None:
            yield Difference(Action.MOVED, table, key, was, now, origin)
        elif was != now and (item := Difference(Action.CHANGED, table, key, was, now)).changes():
            yield item


def _keyed(config: Config, table: str) -> dict[tuple[str, ...], Any]:
    sites = config.sites()
    return {key_of(entry, sites): entry for entry in getattr(config, TABLES[table])}


def _renamed_tags(old: Config, new: Config) -> dict[tuple[str, ...], str]:
    """(site, old name) → new name of tags that were renamed."""
    known, sites = _keyed(old, "tag"), new.sites()
    found: dict[tuple[str, ...], str] = {}
    for tag in new.tags:
        site = key_of(tag, sites)[0]
        if tag.was is not None and (site, tag.was) in known and (site, tag.name) not in known:
            found[(site, tag.was)] = tag.name
    return found


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


_SIGNS = {Action.ADDED: "+", Action.CHANGED: "~", Action.MOVED: ">", Action.RETIRED: "-"}


def _lines(item: Difference) -> Iterator[str]:
    origin = f" (was {item.was})" if item.was else ""
    yield f"{_SIGNS[item.action]} {item.table} {' '.join(item.key)}{origin}"
    for change in item.changes():
        if not (item.was and change.name == "name" and item.table == "tag"):
            yield f"    {change.name}: {_shown(change.old)} → {_shown(change.new)}"


def _shown(value: Any) -> str:
    return "(none)" if value is None else literal(value)
