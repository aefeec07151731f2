"""Checks of alarms: what they refer to, and that somebody can answer them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.alarm.record import LIMITED, AlarmKind, faults
from engine.config.check_signal import NAME
from engine.config.known import Known
from engine.config.problem import Finding, unknown
from engine.config.record import AlarmEntry, Config, TagEntry
from engine.tag import ValueKind

_NUMBERS = (ValueKind.FLOAT, ValueKind.INT)
Tags = dict[tuple[str | None, str], TagEntry]


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with alarms."""
    tags: Tags = {(known.sites.get(tag.at), tag.name): tag for tag in config.tags}
    categories = {table.name: {category for _, category in table.codes.values()} for table in config.state_tables}
    for entry in config.alarms:
        yield from (Finding(entry, (field,), reason) for field, reason in faults(entry))
        yield from _place(entry, known)
        yield from _subject(entry, known, tags)
        yield from _states(entry, known, tags, categories)


def _place(entry: AlarmEntry, known: Known) -> Iterator[Finding]:
    if not NAME.fullmatch(entry.key):
        yield Finding(entry, ("key",), f"The key “{entry.key}” is not made of letters, digits and . _ / + -.")
    if reason := known.missing("place", entry.at, known.kinds):
        yield Finding(entry, ("at",), reason)
    elif known.sites.get(entry.at) is None and not known.excuses(entry.at):
        yield Finding(entry, ("at",), f"The alarm “{entry.key}” is at “{entry.at}”, which belongs to no site.")


def _subject(entry: AlarmEntry, known: Known, tags: Tags) -> Iterator[Finding]:
    """A source for kind source, a fitting tag for all others."""
    site = known.sites.get(entry.at)
    if entry.kind is AlarmKind.SOURCE:
        yield from _source(entry, known, site)
        return
    if entry.source is not None:
        yield Finding(entry, ("source",), f"The alarm “{entry.key}” of kind {entry.kind.value} watches a tag, not a source.")
    if entry.tag is None:
        yield Finding(entry, (), f"The alarm “{entry.key}” of kind {entry.kind.value} needs a “tag”.")
        return
    tag = tags.get((site, entry.tag))
    if tag is None:
        if site is not None and not known.excuses(entry.tag):
            yield Finding(entry, ("tag",), _missing(entry.tag, site, tags))
        return
    yield from _fits(entry, tag)


def _source(entry: AlarmEntry, known: Known, site: str | None) -> Iterator[Finding]:
    if entry.source is None:
        yield Finding(entry, (), f"The alarm “{entry.key}” of kind source needs a “source”.")
    elif site is not None and (reason := known.missing("source", entry.source, known.sources.get(site, set()))):
        yield Finding(entry, ("source",), f"At the site {site}: {reason}")
    if entry.tag is not None or entry.limit is not None:
        yield Finding(entry, ("tag",), f"The alarm “{entry.key}” of kind source has neither a tag nor a limit.")


def _missing(name: str, site: str, tags: Tags) -> str:
    return f"At the site {site}: " + unknown("tag", name, [known for at, known in tags if at == site])


def _fits(entry: AlarmEntry, tag: TagEntry) -> Iterator[Finding]:
    if entry.kind in LIMITED:
        if tag.kind not in _NUMBERS:
            yield Finding(entry, ("tag",), f"The tag “{tag.name}” is of kind {tag.kind.value}; only float and int have limits.")
        own = tag.limits.alarm_high if entry.kind is AlarmKind.ABOVE else tag.limits.alarm_low
        if entry.limit is None and own is None:
            side = "alarm_high" if entry.kind is AlarmKind.ABOVE else "alarm_low"
            yield Finding(entry, (), f"The alarm “{entry.key}” needs a “limit”, or its tag “{tag.name}” a limit “{side}”.")
    elif entry.kind is AlarmKind.STALE and entry.limit is None and tag.interval_s is None:
        reason = f"The tag “{tag.name}” comes on change only, so the alarm “{entry.key}” needs a “limit” in seconds."
        yield Finding(entry, (), reason)
    elif entry.kind is AlarmKind.STATE and entry.limit is not None:
        yield Finding(entry, ("limit",), f"The alarm “{entry.key}” of kind state has no limit.")


def _states(entry: AlarmEntry, known: Known, tags: Tags, categories: dict[str, set[str]]) -> Iterator[Finding]:
    """The states that are named are those of the tag."""
    if entry.kind is AlarmKind.STATE and entry.tag is not None:
        yield from _named(entry, ("states",), entry.states, tags.get((known.sites.get(entry.at), entry.tag)), categories)
    if entry.only_while is None:
        return
    machine = tags.get((known.sites.get(entry.at), entry.only_while.tag))
    site = known.sites.get(entry.at)
    if machine is None and site is not None and not known.excuses(entry.only_while.tag):
        yield Finding(entry, ("only_while", "tag"), _missing(entry.only_while.tag, site, tags))
    if not entry.only_while.states:
        yield Finding(entry, ("only_while", "states"), f"“only_while” of the alarm “{entry.key}” names no state.")
    yield from _named(entry, ("only_while", "states"), entry.only_while.states, machine, categories)


def _named(
    entry: AlarmEntry, keys: tuple[str, ...], states: tuple[str, ...], tag: TagEntry | None, categories: dict[str, set[str]]
) -> Iterator[Finding]:
    if tag is None:
        return
    if tag.kind is ValueKind.BOOL:
        there = {"true", "false"}
    elif tag.kind is ValueKind.STATE:
        there = categories.get(tag.state_table or "", set())
    else:
        yield Finding(entry, keys, f"The tag “{tag.name}” is of kind {tag.kind.value}; only state and bool have states.")
        return
    for state in states:
        if there and state not in there:
            yield Finding(entry, keys, unknown(f"state of “{tag.name}”", state, there))
