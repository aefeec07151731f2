"""Checks of state tables, state maps and tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from engine.config.known import Known
from engine.config.options import DecodeOptions
from engine.config.problem import Finding, unknown
from engine.config.reading import Reader
from engine.config.record import Config, StateTableEntry, TagEntry
from engine.state import StateMap, TimeElement
from engine.tag import Interpolation, Limits, ValueKind

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")
CATEGORIES = (
    "running",
    "idle",
    "stopped",
    "held",
    "suspended",
    "aborted",
    "cleaning",
    "maintenance",
    "setup",
    "out_of_service",
)
"""What a state of a machine may mean (`engine.tag.StateTable`)."""
_NUMBERS = (ValueKind.FLOAT, ValueKind.INT)
_LADDER = ("alarm_low", "normal_low", "setpoint", "normal_high", "alarm_high")
_PAIRS = (("low", "high"), ("normal_low", "normal_high"), ("alarm_low", "alarm_high"))


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with state tables, state maps and tags."""
    for table in config.state_tables:
        yield from _state_table(table)
    for state_map in config.state_maps:
        yield from _state_map(state_map, config)
    names = {(known.sites.get(tag.at), tag.name) for tag in config.tags}
    for tag in config.tags:
        yield from _tag(tag, known)
        yield from _number(tag)
        yield from _limits(tag, tag.limits)
        yield from _binding(tag, known)
        if tag.was is not None and (known.sites.get(tag.at), tag.was) in names:
            yield Finding(tag, ("was",), f"“{tag.was}” is still a tag of this file, so “{tag.name}” cannot be its new name.")


def _state_table(entry: StateTableEntry) -> Iterator[Finding]:
    for code, (_, category) in entry.codes.items():
        if category not in CATEGORIES:
            yield Finding(entry, ("codes", str(code)), unknown("category of states", category, CATEGORIES))


def _state_map(entry: StateMap, config: Config) -> Iterator[Finding]:
    """Rules speak of categories and names that some state table has; a misspelt one would never fit."""
    texts = {text for table in config.state_tables for text, _ in table.codes.values()}
    if not entry.states:
        yield Finding(entry, ("states",), f"The state map “{entry.name}” names no word that a state tag ends in.")
    for n, rule in enumerate(entry.rules):
        if rule.element is TimeElement.NOT_SCHEDULED:
            yield Finding(
                entry, ("rule", n, "element"), "The calendar decides what is not scheduled; give the rule another element."
            )
        for key, words, fitting in (("states", rule.states, texts), ("categories", rule.categories, CATEGORIES)):
            for word in words:
                if word not in fitting:
                    yield Finding(
                        entry, ("rule", n, key), unknown("state" if key == "states" else "category of states", word, fitting)
                    )
        for word in rule.modes:
            if word not in CATEGORIES:
                yield Finding(entry, ("rule", n, "modes"), unknown("category of modes", word, CATEGORIES))


def _tag(entry: TagEntry, known: Known) -> Iterator[Finding]:
    if not NAME.fullmatch(entry.name):
        yield Finding(entry, ("name",), f"The name “{entry.name}” is not made of letters, digits and . _ / + -.")
    if reason := known.missing("place", entry.at, known.kinds):
        yield Finding(entry, ("at",), reason)
    elif known.sites.get(entry.at) is None and not known.excuses(entry.at):
        yield Finding(entry, ("at",), f"The tag “{entry.name}” is at “{entry.at}”, which belongs to no site.")
    if entry.kind is ValueKind.STATE and not entry.state_table:
        yield Finding(entry, (), f"The tag “{entry.name}” of kind state needs a “state_table”.")
    if entry.state_table is not None and entry.kind is not ValueKind.STATE:
        yield Finding(
            entry, ("state_table",), f"The tag “{entry.name}” is of kind {entry.kind.value}; only kind state has a state table."
        )
    elif entry.state_table and (reason := known.missing("state table", entry.state_table, known.state_tables)):
        yield Finding(entry, ("state_table",), reason)


def _number(entry: TagEntry) -> Iterator[Finding]:
    """What only numbers have: the straight line, the counter, the rollover."""
    kind = entry.kind.value
    if entry.interpolation is Interpolation.LINEAR and entry.kind not in _NUMBERS:
        yield Finding(
            entry, ("interpolation",), f"The tag “{entry.name}” is of kind {kind}; there is no line between its values."
        )
    if entry.counter and entry.kind not in _NUMBERS:
        yield Finding(entry, ("counter",), f"The tag “{entry.name}” is of kind {kind}; only float and int can count.")
    if entry.rollover is not None and not entry.counter:
        yield Finding(entry, ("rollover",), f"The tag “{entry.name}” has a rollover, but is no counter.")
    if entry.rollover is not None and entry.rollover <= 0:
        yield Finding(entry, ("rollover",), f"A rollover at {entry.rollover:g} is none; write more than 0.")
    if entry.interval_s is not None and entry.interval_s <= 0:
        yield Finding(
            entry, ("interval_s",), f"An interval of {entry.interval_s:g} s is none; write more than 0, or leave it out."
        )
    if entry.decimals is not None and not 0 <= entry.decimals <= 15:
        yield Finding(entry, ("decimals",), f"{entry.decimals} decimals cannot be shown; write 0 to 15.")


def _limits(entry: TagEntry, limits: Limits) -> Iterator[Finding]:
    """Each pair has room between, and alarm limits lie outside the normal range; the display range is independent."""
    given = {name: value for name in Limits.__slots__ if (value := getattr(limits, name)) is not None}
    if given and entry.kind not in _NUMBERS:
        yield Finding(
            entry, ("limits",), f"The tag “{entry.name}” is of kind {entry.kind.value}; only float and int have limits."
        )
    ladder = [name for name in _LADDER if name in given]
    crossed = [(lower, upper) for lower, upper in pairwise(ladder) if given[lower] > given[upper]]
    crossed += [(a, b) for a, b in _PAIRS if a in given and b in given and given[a] >= given[b]]
    for lower, upper in dict.fromkeys(crossed):
        reason = f"The limits of “{entry.name}” cross: {lower} {given[lower]:g} and {upper} {given[upper]:g}."
        yield Finding(entry, ("limits", upper), reason)


def _binding(entry: TagEntry, known: Known) -> Iterator[Finding]:
    if entry.binding is None:
        return
    site = known.sites.get(entry.at)
    reason = known.missing("source", entry.binding.source, known.sources.get(site or "", set()))
    if reason and site is not None:
        yield Finding(entry, ("binding", "source"), f"At the site {site}: {reason}")
    if not entry.binding.address.strip():
        yield Finding(entry, ("binding", "address"), f"The binding of “{entry.name}” has no address.")
    reader = Reader()
    reader.record(DecodeOptions, entry.binding.decode, ("binding", "decode"))
    for where, said in reader.problems:
        yield Finding(entry, where, said)
