"""Connecting a source: what it offers, and which signal of which place each value probably is.

A proposal is made of names alone: a place whose slug or name stands in the path of a value. Somebody looks at it, corrects
it, and saves it as configuration; nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.config.record import BindingEntry, Config, SourceEntry, TagEntry, key_of
from engine.errors import Conflict, Invalid, NotFound
from engine.location import MapDef, NodeKind
from engine.tag import Interpolation, ValueKind

_WORDS = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SAY_NOTHING = frozenset({"value", "val", "v", "current value", "actual value"})
"""Last words of a path that name no signal: the word before does."""
NUMBERS = (ValueKind.FLOAT, ValueKind.INT)
WHOLE, PART = 4, 3
"""What a place counts whose very name stands in the path, and one whose words do somewhere."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value that a source offers. `path` is its names from the top, `shown` its first value as text, `at_us` when that
    was measured; `decode` are the options that read it. `kind` None: nothing that a signal can hold, and `shown` says what."""

    address: str
    path: tuple[str, ...]
    title: str = ""
    kind: ValueKind | None = None
    unit: str = ""
    shown: str = ""
    at_us: int | None = None
    status: int = 0
    interval_s: float | None = None
    decode: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self) | {"path": list(self.path), "kind": self.kind.value if self.kind else None}


def found_of(table: Mapping[str, Any]) -> Found:
    """The inverse of `Found.plain`."""
    kind = table["kind"]
    return Found(**dict(table) | {"path": tuple(table["path"]), "kind": ValueKind(kind) if kind else None})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value of a source as a signal: where, under which name. `taken_by` is the tag that it feeds already."""

    found: Found
    at: str
    name: str
    title: str
    taken_by: str = ""


def words(text: str) -> tuple[str, ...]:
    """`BlisterLine2_Temp` → blister, line, 2, temp."""
    return tuple(_WORDS.findall(_CAMEL.sub(" ", text).lower()))


def propose(
    offered: Iterable[Found], places: Sequence[MapDef], known: Iterable[str], taken: Mapping[str, str]
) -> list[Proposal]:
    """A proposal for each value; `known` are names of tags of the site, `taken` addresses (`key`) that feed one already."""
    names = set(known)
    marks = [(place, words(place.slug), words(place.name)) for place in places]
    made = []
    for found in offered:
        place = _place(found, marks)
        name = taken.get(key(found.address, found.decode)) or _free(_name(found, place), names)
        names.add(name)
        made.append(
            Proposal(found, place.path if place else "", name, _title(found), taken.get(key(found.address, found.decode), ""))
        )
    return made


def key(address: str, decode: Mapping[str, Any]) -> str:
    """What one value of a source is known by: its address, and where in the message it lies."""
    return f"{address}\n{decode.get('value', '')}"


Mark = tuple[MapDef, tuple[str, ...], tuple[str, ...]]


def _place(found: Found, marks: Sequence[Mark]) -> MapDef | None:
    """The place that the path names best; of equals the deeper one. None when no name of a place stands in it."""
    parts = [words(part) for part in found.path]
    scores = {place.path: _score(parts, slug, name) for place, slug, name in marks}
    best: tuple[int, int, MapDef] | None = None
    for place, _, _ in marks:
        if scores[place.path]:
            total = sum(scores.get(path, 0) for path in _above(place.path))
            if best is None or (total, place.path.count("/")) > best[:2]:
                best = (total, place.path.count("/"), place)
    return best[2] if best else None


def _score(parts: Sequence[tuple[str, ...]], slug: tuple[str, ...], name: tuple[str, ...]) -> int:
    if slug in parts or name in parts:
        return WHOLE
    return PART if any(_within(slug, part) or _within(name, part) for part in parts) else 0


def _within(few: tuple[str, ...], many: tuple[str, ...]) -> bool:
    return any(many[i : i + len(few)] == few for i in range(len(many) - len(few) + 1)) if few else False


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _last(found: Found) -> str:
    told = [part for part in found.path if " ".join(words(part)) not in _SAY_NOTHING]
    return told[-1] if told else found.address


def _title(found: Found) -> str:
    title = found.title.strip() or " ".join(words(_last(found)))
    return title[:1].upper() + title[1:]


def _name(found: Found, place: MapDef | None) -> str:
    """`press-2.main_force`; words of the place itself are not said twice."""
    said = words(_last(found))
    own = words(place.slug) if place else ()
    rest = said[len(own) :] if own and said[: len(own)] == own and len(said) > len(own) else said
    return f"{place.slug + '.' if place else ''}{'_'.join(rest) or 'value'}"


def _free(name: str, names: set[str]) -> str:
    if name not in names:
        return name
    number = 2
    while f"{name}_{number}" in names:
        number += 1
    return f"{name}_{number}"


# ------------------------------------------------------------------ as configuration
@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as somebody corrected it."""

    address: str
    at: str
    name: str
    title: str
    kind: str
    unit: str = ""
    interval_s: float | None = None
    state_table: str | None = None
    decode: dict[str, Any] = field(default_factory=dict)


def extended(config: Config, source: SourceEntry, rows: Sequence[Wanted]) -> Config:
    """The configuration with the source (as it is when it is there already) and a tag for each row.

    Raises `Invalid` for no row and an unknown kind, `Conflict` for a name that is taken; the rest is checked as any file is.
    """
    if not rows:
        raise Invalid("Choose at least one value to save as a signal.")
    sites = config.sites()
    names = {key_of(tag, sites) for tag in config.tags}
    added = [_tag(row, source) for row in rows]
    for tag in added:
        if key_of(tag, sites) in names:
            raise Conflict(f"There is a signal “{tag.name}” already; give the new one another name.")
        names.add(key_of(tag, sites))
    same = any((s.site, s.name) == (source.site, source.name) for s in config.sources)
    sources = config.sources if same else (*config.sources, source)
    return replace(config, sources=sources, tags=(*config.tags, *added))


def _tag(row: Wanted, source: SourceEntry) -> TagEntry:
    if row.kind not in set(ValueKind):
        raise Invalid(f"“{row.kind}” is no kind of value; use {', '.join(ValueKind)}.")
    kind = ValueKind(row.kind)
    return TagEntry(
        at=row.at,
        name=row.name,
        title=row.title or row.name,
        kind=kind,
        unit=row.unit,
        interpolation=Interpolation.LINEAR if kind is ValueKind.FLOAT else Interpolation.STEP,
        interval_s=row.interval_s,
        state_table=row.state_table or None,
        binding=BindingEntry(source.name, row.address, row.decode),
    )


def same_source(config: Config, site: str, kind: str, settings: Mapping[str, Any]) -> SourceEntry | None:
    """The source of the site that is configured for the same server already."""
    names = ("url",) if kind == "opcua" else ("host", "port")
    for source in config.sources:
        if (source.site, source.kind) == (site, kind) and all(_of(source.settings, n) == _of(settings, n) for n in names):
            return source
    return None


def _of(settings: Mapping[str, Any], name: str) -> Any:
    return settings.get(name, 1883 if name == "port" else None)


def taken_by(config: Config, source: SourceEntry | None) -> dict[str, str]:
    """Which tag each address of a source feeds (`key` of it)."""
    if source is None:
        return {}
    bound = [(tag, tag.binding) for tag in config.tags if tag.binding is not None and tag.binding.source == source.name]
    sites = config.sites()
    return {key(b.address, b.decode): tag.name for tag, b in bound if sites.get(tag.at) == source.site}


def site_of(places: Iterable[MapDef], path: str) -> MapDef:
    """The site of that path; raises `NotFound`."""
    for place in places:
        if place.path == path and place.kind is NodeKind.SITE:
            return place
    raise NotFound(f"There is no site “{path}” that you may see.")
