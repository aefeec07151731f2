"""What a virtual site consists of. Everything that `plantglass config` exports for the demo comes from these records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.errors import NotFound
from engine.location import NodeKind
from engine.tag import Interpolation, Limits, StateTable, ValueKind


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the location tree. `machine` holds class, criticality, due dates and vibration group of a machine."""

    path: str
    name: str
    kind: NodeKind
    attributes: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] | None = None
    time_zone: str | None = None
    currency: str | None = None
    calendar: str | None = None

    @property
    def slug(self) -> str:
        """The last part of the path; unique in the virtual site for machines and rooms."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal, and the tag and binding it becomes. `name` is "<machine or room slug>.<signal>"."""

    name: str
    at: str
    title: str
    kind: ValueKind
    unit: str
    route: str
    address: str
    decode: dict[str, Any]
    interpolation: Interpolation
    counter: bool
    rollover: float | None
    interval_s: float | None
    gxp: bool
    group: str
    decimals: int | None
    state_table: str | None
    limits: Limits

    @property
    def machine(self) -> str:
        """Slug of the machine or room that the signal belongs to."""
        return self.name.split(".", 1)[0]

    @property
    def key(self) -> str:
        """The signal's name within its machine."""
        return self.name.split(".", 1)[1]


@dataclass(frozen=True)
class Site:
    """Everything that is configured of the virtual plant; dicts have the shape of the configuration file."""

    places: tuple[Place, ...]
    signals: tuple[Signal, ...]
    state_tables: tuple[StateTable, ...]
    sources: tuple[dict[str, Any], ...]
    calendars: tuple[dict[str, Any], ...]
    products: tuple[dict[str, Any], ...]
    materials: tuple[dict[str, Any], ...]
    recipes: tuple[dict[str, Any], ...]
    rates: tuple[dict[str, Any], ...]
    grants: tuple[dict[str, Any], ...]

    @cached_property
    def _signals(self) -> dict[str, Signal]:
        return {s.name: s for s in self.signals}

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {p.slug: p for p in self.places if p.kind in (NodeKind.MACHINE, NodeKind.ROOM)}

    @cached_property
    def _by_machine(self) -> dict[str, tuple[Signal, ...]]:
        found: dict[str, list[Signal]] = defaultdict(list)
        for signal in self.signals:
            found[signal.machine].append(signal)
        return {slug: tuple(signals) for slug, signals in found.items()}

    @cached_property
    def machines(self) -> tuple[str, ...]:
        """Slugs of everything that has signals, rooms included, in their order."""
        return tuple(self._by_machine)

    def signal(self, name: str) -> Signal:
        """The signal of a name; raises `NotFound`."""
        try:
            return self._signals[name]
        except KeyError:
            raise NotFound(f"The virtual plant has no signal “{name}”.") from None

    def place(self, slug: str) -> Place:
        """The machine or room of a slug; raises `NotFound`."""
        try:
            return self._places[slug]
        except KeyError:
            raise NotFound(f"The virtual plant has no machine or room “{slug}”.") from None

    def signals_of(self, slug: str) -> tuple[Signal, ...]:
        """The signals of a machine or room; raises `NotFound`."""
        self.place(slug)
        return self._by_machine[slug]
