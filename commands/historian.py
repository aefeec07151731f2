"""`plantglass samples TAG …` prints what is stored; `plantglass historian check|seal` looks after the store."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from commands.opening import open_store
from engine.access import SYSTEM
from engine.errors import Invalid, NotFound
from engine.time import instant, moment_of, zoneless

if TYPE_CHECKING:
    from argparse import Namespace

    import numpy as np

    from db.store import Store
    from engine.tag import Tag
    from settings import Settings

UNKNOWN = 2
"""Exit code: there is no such tag."""


def add(parsers: Any) -> None:
    """Declare the commands."""
    samples = parsers.add_parser("samples", help="print the stored samples of a tag")
    samples.add_argument("tag", metavar="TAG", help="e.g. filler-1.fill_weight, or acme/dublin/…/filler-1/fill_weight")
    when = "e.g. now-8h, now-1d12h, or an ISO time (one without a zone is in the site's)"
    samples.add_argument("--from", dest="begin", default="now-1h", help=f"{when}; default: now-1h")
    samples.add_argument("--to", dest="end", default="now", help="the same; not included; default: now")
    samples.add_argument("--points", type=int, help="reduce to so many points (2 to 2,000)")
    samples.add_argument("--csv", action="store_true", help="comma separated, for spreadsheets")
    samples.set_defaults(run=print_samples)
    words = parsers.add_parser("historian", help="look after the stored samples").add_subparsers(required=True, metavar="WHAT")
    words.add_parser("check", help="verify checksums and recompute every bucket").set_defaults(run=check)
    words.add_parser("seal", help="compress all open samples now").set_defaults(run=seal)


def print_samples(arguments: Namespace, settings: Settings) -> int:
    """Print samples, buckets or texts of one tag; 2 when there is no such tag."""
    from db.tag import names, tag_named
    from engine.spelling import suggestion

    now_us = time.time_ns() // 1_000
    store = open_store(settings)
    try:
        tag = tag_named(SYSTEM, store, arguments.tag)
        window = _window(arguments, _zone(store, tag), now_us)
        header, lines = _table(store, tag, window, arguments.points, now_us)
        _print(header, lines, comma=arguments.csv)
    except NotFound:
        print(
            f"plantglass: There is no tag “{arguments.tag}”. {suggestion(arguments.tag, names(SYSTEM, store))}".rstrip(),
            file=sys.stderr,
        )
        return UNKNOWN
    except BrokenPipeError:  # `… | head` has read enough
        sys.stderr.close()
    finally:
        store.close()
    return 0


def _zone(store: Store, tag: Tag) -> str:
    from db.location import tree

    return tree(SYSTEM, store).zone_of(tag.node_id)


def _window(arguments: Namespace, zone: str, now_us: int) -> tuple[int, int]:
    """From and to; says whose time it is when one of them names no zone."""
    begin, end = (instant(asked, now_us, ZoneInfo(zone)) for asked in (arguments.begin, arguments.end))
    if begin >= end:
        raise Invalid(f"The range from “{arguments.begin}” to “{arguments.end}” is empty.")
    if zoneless(arguments.begin) or zoneless(arguments.end):
        print(f"Times without a zone are read in the site's, {zone}; what is printed is UTC.", file=sys.stderr)
    return begin, end


def check(arguments: Namespace, settings: Settings) -> int:
    """Print what is wrong with the stored samples; 1 when anything is."""
    from db import historian

    store = open_store(settings)
    try:
        findings = historian.check(store)
    finally:
        store.close()
    for finding in findings:
        print(f"signal {finding.tag_id}: {finding.message}")
    print(f"{len(findings)} faults found." if findings else "Everything stored is as it should be.")
    return 1 if findings else 0


def seal(arguments: Namespace, settings: Settings) -> int:
    """Seal every open sample."""
    from db import historian

    store = open_store(settings)
    try:
        sealed = historian.seal(store, time.time_ns() // 1_000, least=1)
    finally:
        store.close()
    print(f"{sealed.samples} samples of {sealed.tags} signals sealed.")
    return 0


_Table = tuple[Sequence[str], Iterable[Sequence[object]]]
_SAMPLES = ("time", "seq", "value", "status")
_POINTS = ("time", "count", "min", "mean", "max", "first", "last", "good")


def _table(store: Store, tag: Tag, window: tuple[int, int], points: int | None, now_us: int) -> _Table:
    from db import historian
    from engine.tag import ValueKind

    if tag.kind is ValueKind.TEXT:
        events = historian.texts_between(SYSTEM, store, tag.id, *window)
        return _SAMPLES, [(_iso(e.at_us), e.seq, e.text, f"0x{e.status:08X}") for e in events]
    if points is None:
        found = historian.raw_window(SYSTEM, store, tag.id, *window)
        rows = _rows(found.at_us, found.seq, found.values, found.status)
        return _SAMPLES, ((_iso(at), seq, value, f"0x{status:08X}") for at, seq, value, status in rows)
    trace = historian.reduce(SYSTEM, store, [tag.id], *window, points, now_us)[tag.id]
    rows = _rows(trace.at_us, trace.count, trace.min, trace.mean, trace.max, trace.first, trace.last, trace.good_fraction)
    return _POINTS, ((_iso(at), *rest) for at, *rest in rows)


def _rows(*columns: np.ndarray) -> Iterable[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _print(header: Sequence[str], lines: Iterable[Sequence[object]], *, comma: bool) -> None:
    if comma:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
        return
    print("  ".join(header))
    for line in lines:
        print("  ".join(str(cell) for cell in line))


def _iso(at_us: int) -> str:
    return moment_of(at_us).isoformat(timespec="microseconds").replace("+00:00", "Z")
