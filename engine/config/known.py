"""The names of a configuration, so that references between its entries can be checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from engine.access import ROLES
from engine.config.problem import unknown
from engine.config.record import Config
from engine.location import NodeKind
from engine.state import ISO_22400


@dataclass(frozen=True, slots=True)
class Known:
    """What entries may refer to. `excused` are names of entries that could not be read: no second complaint about them."""

    kinds: dict[str, NodeKind]
    sites: dict[str, str | None]
    sources: dict[str, set[str]]
    calendars: dict[str, set[str]]
    state_tables: set[str]
    state_maps: set[str]
    products: set[str]
    materials: set[str]
    roles: set[str]
    users: set[str]
    excused: frozenset[str]

    @classmethod
    def of(cls, config: Config, excused: frozenset[str]) -> Known:
        """The names of a configuration."""
        return cls(
            kinds={entry.path: entry.kind for entry in config.locations},
            sites=config.sites(),
            sources=_by_site((entry.site, entry.name) for entry in config.sources),
            calendars=_by_site((entry.site, entry.name) for entry in config.calendars),
            state_tables={entry.name for entry in config.state_tables},
            state_maps={entry.name for entry in config.state_maps} | {ISO_22400.name},
            products={entry.code for entry in config.products},
            materials={entry.code for entry in config.materials},
            roles={entry.name for entry in config.roles} | set(ROLES),
            users={entry.name for entry in config.users},
            excused=excused,
        )

    def missing(self, what: str, name: str, known: Collection[str]) -> str | None:
        """The sentence for a reference to a name that does not exist; None when it does."""
        return None if name in known or self.excuses(name) else unknown(what, name, known)

    def missing_site(self, path: str) -> str | None:
        """The sentence for a site that is none; None when it is one."""
        if path in self.kinds and self.kinds[path] is not NodeKind.SITE:
            return f"“{path}” is of kind {self.kinds[path].value}; a site is needed here."
        return self.missing("site", path, [p for p, kind in self.kinds.items() if kind is NodeKind.SITE])

    def excuses(self, name: str) -> bool:
        """True when an entry of this name, or a place above it, is in the file but could not be read."""
        parts = name.split("/")
        return any("/".join(parts[:n]) in self.excused for n in range(1, len(parts) + 1))


def _by_site(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for site, name in pairs:
        found.setdefault(site, set()).add(name)
    return found
