"""The configuration as records: what the file holds, one class for each table, one field for each key.

These classes are the file's format: the reader, the writer and the diff walk their fields. A field's key in the file is
its name, or `key` in its metadata. Records refer to each other by path, name or code, never by number.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from engine.alarm.record import AlarmKind, PriorityWord
from engine.location import NodeKind
from engine.shift import Calendar, CalendarException, Holiday, Pattern
from engine.state import StateMap
from engine.tag import Interpolation, Limits, ValueKind

FORMAT = 1


def _empty() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class MachineEntry:
    """What a location of kind machine adds; `criticality` 1 (least) to 5. Without `state_map` the default map holds."""

    class_: str = field(metadata={"key": "class"})
    criticality: int | None = None
    qualification_due: date | None = None
    calibration_due: date | None = None
    vibration_group: str | None = None
    state_map: str | None = None


@dataclass(frozen=True, slots=True)
class LocationEntry:
    """A node of the tree. `was` is the path from which it moved; nodes below follow by themselves."""

    path: str
    name: str
    kind: NodeKind
    time_zone: str | None = None
    currency: str | None = None
    calendar: str | None = None
    sort: int = 0
    was: str | None = None
    attributes: dict[str, Any] = field(default_factory=_empty)
    machine: MachineEntry | None = None


@dataclass(frozen=True, slots=True)
class StateTableEntry:
    """Names of state codes: code to [text, category]."""

    name: str
    title: str
    codes: dict[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Something that values come from; `settings` depend on `kind`."""

    site: str
    name: str
    kind: str
    replay: bool = False
    active: bool = True
    expected_s: float = 10.0
    settings: dict[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A shift calendar of a site; without `time_zone` the site's holds."""

    site: str
    name: str
    time_zone: str | None = None
    patterns: tuple[Pattern, ...] = field(default=(), metadata={"key": "pattern"})
    holidays: tuple[Holiday, ...] = field(default=(), metadata={"key": "holiday"})
    exceptions: tuple[CalendarException, ...] = field(default=(), metadata={"key": "exception"})

    def calendar(self, site_zone: str) -> Calendar:
        """The calendar that it describes; raises `Invalid`."""
        return Calendar(self.time_zone or site_zone, self.patterns, self.holidays, self.exceptions)


@dataclass(frozen=True, slots=True)
class BindingEntry:
    """Where a tag's values come from: a source of the tag's site, and the address in it."""

    source: str
    address: str
    decode: dict[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class TagEntry:
    """A signal of the node `at`. `was` is the name that it had before."""

    at: str
    name: str
    title: str
    kind: ValueKind
    unit: str = ""
    interpolation: Interpolation = Interpolation.STEP
    counter: bool = False
    rollover: float | None = None
    interval_s: float | None = None
    gxp: bool = False
    group: str = ""
    decimals: int | None = None
    state_table: str | None = None
    sort: int = 0
    was: str | None = None
    limits: Limits = field(default_factory=Limits)
    binding: BindingEntry | None = None


@dataclass(frozen=True, slots=True)
class OnlyWhileEntry:
    """The states of a machine in which an alarm makes sense; in all others it is suppressed by design."""

    tag: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlarmEntry:
    """An alarm of the node `at`. Without `limit` the tag's own alarm limit holds (kinds above, below), or its expected
    interval (kind stale). `states` are categories of the tag's state table, or "true" and "false"."""

    at: str
    key: str
    title: str
    kind: AlarmKind
    priority: PriorityWord
    consequence: str
    response: str
    respond_within_s: float
    cause: str = ""
    tag: str | None = None
    source: str | None = None
    limit: float | None = None
    states: tuple[str, ...] = ()
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    only_while: OnlyWhileEntry | None = None
    out_of_service: bool = False


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """What is made."""

    code: str
    name: str
    family: str = ""
    unit: str = "pcs"
    attributes: dict[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class MaterialEntry:
    """What it is made of."""

    code: str
    name: str
    unit: str
    attributes: dict[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class RecipeEntry:
    """A version of an ISA-88 master recipe; `procedure` lists its unit procedures in order."""

    code: str
    revision: int
    product: str
    effective_from: datetime
    procedure: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class RateEntry:
    """Units an hour that a machine is meant to make of a product, from a time on."""

    product: str
    at: str
    per_hour: float
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """A role of this plant beyond those built in (`engine.access.ROLES`)."""

    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserEntry:
    """An account, without password: `plantglass user password NAME` sets it."""

    name: str
    full_name: str


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """The role holds for the user in the subtree under `at`."""

    user: str
    role: str
    at: str


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. Entries are kept in a canonical order, so that equal configurations compare equal."""

    format: int = FORMAT
    locations: tuple[LocationEntry, ...] = field(default=(), metadata={"key": "location"})
    state_tables: tuple[StateTableEntry, ...] = field(default=(), metadata={"key": "state_table"})
    state_maps: tuple[StateMap, ...] = field(default=(), metadata={"key": "state_map"})
    sources: tuple[SourceEntry, ...] = field(default=(), metadata={"key": "source"})
    calendars: tuple[CalendarEntry, ...] = field(default=(), metadata={"key": "calendar"})
    tags: tuple[TagEntry, ...] = field(default=(), metadata={"key": "tag"})
    alarms: tuple[AlarmEntry, ...] = field(default=(), metadata={"key": "alarm"})
    products: tuple[ProductEntry, ...] = field(default=(), metadata={"key": "product"})
    materials: tuple[MaterialEntry, ...] = field(default=(), metadata={"key": "material"})
    recipes: tuple[RecipeEntry, ...] = field(default=(), metadata={"key": "recipe"})
    rates: tuple[RateEntry, ...] = field(default=(), metadata={"key": "rate"})
    roles: tuple[RoleEntry, ...] = field(default=(), metadata={"key": "role"})
    users: tuple[UserEntry, ...] = field(default=(), metadata={"key": "user"})
    grants: tuple[GrantEntry, ...] = field(default=(), metadata={"key": "grant"})

    def __post_init__(self) -> None:
        for name in TABLES.values():
            object.__setattr__(self, name, tuple(sorted(getattr(self, name), key=_order)))

    def sites(self) -> dict[str, str | None]:
        """For each path the path of the site above (or itself); None above all sites."""
        kinds = {entry.path: entry.kind for entry in self.locations}
        found: dict[str, str | None] = {}
        for path in sorted(kinds):
            above = found.get(path.rpartition("/")[0])
            found[path] = path if kinds[path] is NodeKind.SITE else above
        return found


def key_of(entry: Any, sites: dict[str, str | None]) -> tuple[str, ...]:
    """What an entry is known by within its table; a tag by its site and name, an alarm by its site and key."""
    if isinstance(entry, TagEntry | AlarmEntry):
        return (sites.get(entry.at) or entry.at, entry.name if isinstance(entry, TagEntry) else entry.key)
    return tuple(str(getattr(entry, name)) for name in KEYS[type(entry)])


def key_of_field(name: str, metadata: Any) -> str:
    """The key in the file of a record's field."""
    return str(metadata.get("key", name))


def _order(entry: Any) -> tuple[Any, ...]:
    if isinstance(entry, TagEntry):
        return (entry.at, entry.sort, entry.name)
    return tuple(getattr(entry, name) for name in KEYS[type(entry)])


KEYS: dict[type, tuple[str, ...]] = {
    LocationEntry: ("path",),
    StateTableEntry: ("name",),
    StateMap: ("name",),
    SourceEntry: ("site", "name"),
    CalendarEntry: ("site", "name"),
    TagEntry: ("at", "name"),
    AlarmEntry: ("at", "key"),
    ProductEntry: ("code",),
    MaterialEntry: ("code",),
    RecipeEntry: ("code", "revision"),
    RateEntry: ("product", "at", "effective_from"),
    RoleEntry: ("name",),
    UserEntry: ("name",),
    GrantEntry: ("user", "role", "at"),
}

TABLES: dict[str, str] = {key_of_field(f.name, f.metadata): f.name for f in fields(Config) if f.name != "format"}
"""The file's tables: key in the file to field of `Config`, in the order of the file."""
