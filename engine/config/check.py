"""What a configuration must fulfil beyond the types of its values: names, references, and sense."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import check_access, check_alarm, check_place, check_product, check_signal, check_source
from engine.config.known import Known
from engine.config.problem import Finding
from engine.config.record import TABLES, Config, key_of


def findings(config: Config, excused: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Everything that is wrong with a configuration. `excused`: names of entries that are already complained about."""
    known = Known.of(config, excused)
    yield from _twins(config, known)
    yield from _blanks(config)
    for part in (check_place, check_source, check_signal, check_alarm, check_product, check_access):
        yield from part.findings(config, known)


def _blanks(config: Config) -> Iterator[Finding]:
    """Names that nobody could read."""
    for name in TABLES.values():
        for entry in getattr(config, name):
            for key in ("name", "title", "full_name"):
                if not getattr(entry, key, "-").strip():
                    yield Finding(entry, (key,), f"The “{key}” is empty.")


def _twins(config: Config, known: Known) -> Iterator[Finding]:
    """Entries of a table that are known by the same name."""
    for table, name in TABLES.items():
        seen = set()
        for entry in getattr(config, name):
            key = key_of(entry, known.sites)
            if key in seen:
                yield Finding(entry, (), f"There is another {table.replace('_', ' ')} “{' '.join(key)}” in this file.")
            seen.add(key)
