"""`plantglass plant truth`: what the virtual plant really did, as tables or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any

from commands import table
from components.format import day_and_clock, duration, local
from engine.errors import Invalid, NotFound
from engine.time import HOUR_US, instant

if TYPE_CHECKING:
    from argparse import Namespace

    from connectors.twin.state import Ledger
    from engine.twin.faults import Active
    from engine.twin.truth import StateTruth, Truth
    from settings import Settings

UNKNOWN = 2
"""Exit code: there is no such place."""
SHOWN = 40


def add(words: Any) -> None:
    """Declare the command."""
    parser = words.add_parser("truth", help="what the plant really did: states, faults, stories, counts, samples sent")
    parser.add_argument("place", nargs="?", help="a machine, room, line or area, e.g. press-2 or acme/dublin/packaging")
    when = "e.g. now-8h, now-1d12h, or an ISO time (one without a zone is in the site's)"
    parser.add_argument("--from", dest="begin", help=f"{when}; default: an hour before --to")
    parser.add_argument("--to", dest="end", default="now", help="the same; default: now")
    parser.add_argument("--most", type=int, default=SHOWN, help=f"rows of a table at most (default {SHOWN})")
    parser.add_argument("--json", action="store_true", help="everything, as JSON; times in µs since 1970 UTC")
    parser.set_defaults(run=tell)


def tell(arguments: Namespace, settings: Settings) -> int:
    """Print what happened, recomputed from seed, anchor and recorded faults; 2 when there is no such place."""
    from connectors.twin import state
    from connectors.twin.run import now_us, plant_of
    from engine.twin.truth import only

    if arguments.most < 1:
        raise Invalid(f"--most {arguments.most} must be at least 1.")
    if not (settings.folder / state.PLANT).exists():
        raise NotFound(f"No virtual plant has run in {settings.folder} yet; `plantglass demo` starts one.")
    ledger = state.read_ledger(settings.folder)
    begin, end = _window(arguments, max(now_us(), ledger.through_us))
    try:
        slugs, paths = _place(arguments.place)
    except NotFound as error:
        print(f"plantglass: {error}", file=sys.stderr)
        return UNKNOWN
    truth = only(plant_of(settings.folder).truth(begin, end), slugs, paths)
    print(_json(truth, ledger) if arguments.json else "\n".join(_tables(truth, ledger, arguments.most)))
    return 0


def _window(arguments: Namespace, now_us: int) -> tuple[int, int]:
    """From and to; nothing after now has happened."""
    from engine.twin.weeks import ZONE

    end = min(now_us, instant(arguments.end, now_us, ZONE))
    begin = end - HOUR_US if arguments.begin is None else instant(arguments.begin, now_us, ZONE)
    if begin >= end:
        raise Invalid("--from must be earlier than --to, and earlier than now.")
    return begin, end


def _place(asked: str | None) -> tuple[set[str], set[str]]:
    """Slugs of the machines and rooms at and below a place, and the paths of all places there."""
    from engine.spelling import suggestion
    from engine.twin.site import SITE

    known = {place.path: place.slug for place in SITE.places}
    tops = [path for path, slug in known.items() if asked in (None, path, slug)]
    if not tops:
        raise NotFound(f"The virtual plant has no place “{asked}”. {suggestion(str(asked), known.values())}".rstrip())
    if asked is not None and len(tops) > 1:
        raise Invalid(f"Several places are called “{asked}”: {', '.join(tops)}.")
    paths = {path for path in known if any(f"{path}/".startswith(f"{top}/") for top in tops)}
    return {known[path] for path in paths} & set(SITE.machines), paths


# ------------------------------------------------------------------ tables
def _tables(truth: Truth, ledger: Ledger, most: int) -> list[str]:
    from engine.twin.weeks import ZONE

    begin, end = (day_and_clock(at_us, ZONE.key) for at_us in (truth.from_us, truth.to_us))
    title = [f"What really happened from {begin} to {end} ({ZONE.key}, {duration(truth.to_us - truth.from_us)})"]
    return title + _stories(truth) + _faults(truth, most) + _states(truth, most) + _made(truth) + ["", *_sent(truth, ledger)]


def _table(title: str, heading: Sequence[str], rows: Sequence[Sequence[object]], left: str = "") -> list[str]:
    """A titled table with a line between; nothing when it has no rows."""
    return ["", title, *table.lines(heading, rows), *filter(None, [left])] if rows else []


def _stories(truth: Truth) -> list[str]:
    rows = [(*_span(s.from_us, s.to_us), s.where, s.text) for s in truth.stories]
    return _table("Stories", ("from", "to", "lasts", "place", "what happens"), rows)


def _faults(truth: Truth, most: int) -> list[str]:
    rows = [(*_span(a.from_us, a.to_us), a.fault.machine, _named(a), "story" if a.planted else "command") for a in truth.faults]
    left = (
        f"{len(rows) - most} earlier faults are left out; ask for a shorter range or more with --most."
        if len(rows) > most
        else ""
    )
    return _table("Faults", ("from", "to", "lasts", "machine", "fault", "by"), rows[-most:], left)


def _named(active: Active) -> str:
    return " ".join(filter(None, (active.fault.kind, active.fault.signal)))


def _states(truth: Truth, most: int) -> list[str]:
    """The longest states, in order of machine and time."""
    longest = sorted(truth.states, key=lambda s: s.from_us - s.to_us)[:most]
    kept = {(s.machine, s.from_us) for s in longest}
    rows = [_state(s) for s in truth.states if (s.machine, s.from_us) in kept]
    left = (
        f"These are the {most} longest of {len(truth.states):,} states; name a place, a shorter range, or more with --most."
        if len(truth.states) > most
        else ""
    )
    return _table("States", ("machine", "from", "to", "lasts", "state", "why"), rows, left)


def _state(state: StateTruth) -> tuple[str, ...]:
    return (state.machine, *_span(state.from_us, state.to_us), state.text, state.cause)


def _made(truth: Truth) -> list[str]:
    used = truth.energy_kwh
    rows = [
        (
            slug,
            *(f"{made[slug]:,.0f}" if slug in made else "" for made in (truth.produced, truth.rejected)),
            _energy(used.get(slug)),
        )
        for slug in sorted({*truth.produced, *used})
    ]
    return _table("Made and used", ("machine", "made", "rejected", "kWh"), rows)


def _energy(kwh: float | None) -> str:
    return "" if kwh is None else f"{kwh:,.1f}"


def _sent(truth: Truth, ledger: Ledger) -> list[str]:
    given, sent = sum(truth.emitted.values()), sum(count for count, _ in ledger.emitted.values())
    times = "once" if len(ledger.runs) == 1 else f"{len(ledger.runs):,} times"
    return [
        f"In this range {len(truth.emitted):,} signals give {given:,} samples, at one a second.",
        f"The whole plant has run {times} so far and sent {sent:,} samples live.",
    ]


def _span(from_us: int, to_us: int | None) -> tuple[str, str, str]:
    """From, to and how long, in the site's time."""
    from engine.twin.weeks import ZONE

    begin, end = (None if at_us is None else f"{local(at_us, ZONE.key):%d %b %H:%M:%S}" for at_us in (from_us, to_us))
    return str(begin), end or "open", "" if to_us is None else duration(to_us - from_us)


# ------------------------------------------------------------------ JSON
def _json(truth: Truth, ledger: Ledger) -> str:
    told = {
        "from_us": truth.from_us,
        "to_us": truth.to_us,
        "truth": plain(truth),
        "runs": ledger.runs,
        "emitted": ledger.emitted,
    }
    return json.dumps(told, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Records, arrays and numpy numbers as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    return [plain(part) for part in value] if isinstance(value, list | tuple | set | frozenset) else value
