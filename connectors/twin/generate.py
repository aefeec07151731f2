"""History of the virtual plant, made in process and put through the store's bulk door: recent hours first.

Nothing remembers which windows are done: a window is done when its marker tag, which is loaded last, has samples in it.
So the job may be killed or run twice at any time. Sampling: 10 s in the last week, 60 s before, states on change,
which keeps 90 days below 5e7 samples (model.md 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.twin import orders, state
from engine.access import SYSTEM
from engine.errors import Invalid
from engine.historian.block import SampleBlock, TextEvent
from engine.job import HISTORY
from engine.tag import Tag, ValueKind, bits_of
from engine.time import DAY_US, HOUR_US, MINUTE_US, moment_of
from engine.twin.site import SITE, Site

if TYPE_CHECKING:
    from db.store import Store
    from engine.job import JobRun
    from engine.twin.plant import Plant

KIND = HISTORY
FINE_US, FINE_S, COARSE_S = 7 * DAY_US, 10, 60
FIRST_HOURS = (1, 3, 8, 12)
"""Sizes of the newest windows; then days, and beyond the last week longer ones, which the bulk door stores faster."""
COARSE_HOURS = 5 * 24
SHORTEST_US = MINUTE_US
MARKER = "filler-1.fill_weight"


@dataclass(frozen=True, slots=True)
class Window:
    """Some history to make: [from_us, to_us), sampled every `step_s`."""

    from_us: int
    to_us: int
    step_s: int


def windows(missing: Iterable[tuple[int, int]], newest_us: int) -> list[Window]:
    """The windows that cover intervals, newest first; steps are fine in the week before `newest_us`."""
    found = [w for gap in missing if gap[1] - gap[0] >= SHORTEST_US for w in _split(*gap, newest_us)]
    return sorted(found, key=lambda w: -w.to_us)


def _split(from_us: int, to_us: int, newest_us: int) -> Iterator[Window]:
    end = to_us
    for hours in chain(FIRST_HOURS, repeat(24)):
        if end <= from_us:
            return
        size = hours if end > newest_us - FINE_US else COARSE_HOURS
        begin = max(from_us, end - size * HOUR_US)
        yield Window(begin, end, FINE_S if begin >= newest_us - FINE_US else COARSE_S)
        end = begin


def addressing(store: Store, site: Site = SITE) -> dict[str, Tag]:
    """The tag of each signal, found as a collector finds it: by the source's kind and the binding's address.

    Raises `Invalid` when the store has no tag of this plant.
    """
    from db.source import sources
    from db.tag import bindings

    bound = {
        (source.kind, binding.address): tag for source in sources(SYSTEM, store) for tag, binding in bindings(store, source.id)
    }
    found = {s.name: bound[s.route, s.address] for s in site.signals if (s.route, s.address) in bound}
    if MARKER not in found:
        raise Invalid("The configuration has no tags of the virtual plant; history cannot be made for it.")
    return found


def generate_window(store: Store, plant: Plant, window: Window, tags: Mapping[str, Tag], folder: Path) -> int:
    """Make and store one window, and drop the orders released in it; returns the number of samples.

    Safe to run twice: nothing is done when the window is there.
    """
    from db.historian import load, load_texts

    if _is_there(store, tags[MARKER], window):
        return 0
    frame = plant.frame(window.from_us, window.to_us, window.step_s)
    site_id = tags[MARKER].site_id
    known = {name: series for name, series in frame.series.items() if name in tags and len(series.at_us)}
    texts = [e for name, series in known.items() if tags[name].kind is ValueKind.TEXT for e in _texts(tags[name], series)]
    orders.drop(orders.folder_of(folder), frame.orders)
    load_texts(store, site_id, texts)
    numbers = {name: series for name, series in known.items() if tags[name].kind is not ValueKind.TEXT}
    rest = SampleBlock.join(_block(tags[name], series) for name, series in numbers.items() if name != MARKER)
    done = load(store, site_id, rest) + load(store, site_id, _block(tags[MARKER], numbers[MARKER]))
    return int(done) + len(texts)


def _is_there(store: Store, marker: Tag, window: Window) -> bool:
    from db.historian import raw_window

    return len(raw_window(SYSTEM, store, marker.id, window.from_us, window.to_us).at_us) > 0


def _block(tag: Tag, series: Any) -> SampleBlock:
    at_us = np.asarray(series.at_us, dtype=np.int64)
    n = len(at_us)
    return SampleBlock(np.full(n, tag.id), at_us, _positions(at_us), bits_of(tag.kind, series.values), series.status, at_us)


def _positions(at_us: np.ndarray) -> np.ndarray:
    """The position of each sample among those of the same instant (stamps ascend)."""
    first = np.concatenate([[True], at_us[1:] != at_us[:-1]])
    index = np.arange(len(at_us))
    return index - np.maximum.accumulate(np.where(first, index, 0))


def _texts(tag: Tag, series: Any) -> list[TextEvent]:
    rows = zip(series.at_us, _positions(np.asarray(series.at_us)), series.values, series.status, strict=True)
    return [TextEvent(tag.id, int(at), int(seq), str(text), int(status), int(at)) for at, seq, text, status in rows]


def plan(folder: Path, days: float, now_us: int) -> list[Window]:
    """What a data folder's plant has not sent live, of the `days` before its anchor and of times when it did not run."""
    made = state.birth(folder, now_us)
    ledger = state.read_ledger(folder)
    newest = max(made.anchor_us, ledger.runs[-1][0] if ledger.runs else 0)
    oldest = made.anchor_us - int(days * DAY_US)
    return windows(ledger.gaps(oldest, newest), newest)


def generate(store: Store, run: JobRun, folder: Path, now_us: int) -> str:
    """A run of the job `generate` (arguments: days): every window, with progress; returns what was done in a sentence.

    Stops early, between two windows, when the run's cancellation was asked for.
    """
    from connectors.twin.run import plant_of
    from db.job import progress

    tags, plant = addressing(store), plant_of(folder)
    todo = plan(folder, float(run.arguments.get("days", 90)), now_us)
    samples = 0
    for window in todo:
        samples += generate_window(store, plant, window, tags, folder)
        back_to = f"history back to {moment_of(window.from_us):%Y-%m-%d %H:%M} UTC"
        if not progress(store, run, _share(window, todo), back_to):
            return f"stopped after {samples:,} samples"
    return f"{samples:,} samples in {len(todo)} windows"


def _share(done: Window, todo: list[Window]) -> float:
    """How much of the time that `todo` reaches back lies behind, when everything down to `done` is there."""
    newest, oldest = todo[0].to_us, todo[-1].from_us
    return (newest - done.from_us) / (newest - oldest)
