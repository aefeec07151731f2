"""A page's state as the URL says it: which place, which range, whose zone, what is picked (ui.md 9).

    /machine?at=acme/dublin/filling/line-1/filler-1&from=now-8h&to=now&tz=plant&tab=live&sel=filler-1.fill_weight

`from` and `to` are what `engine.time.instant` reads, with the anchors `shift`, `last-shift` and `today`; an ISO time without
an offset is meant in the zone of the view. What is unknown is ignored, what is wrong becomes a notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from components.format import iso, zone
from components.text import t
from engine.errors import Invalid
from engine.shift import Shift
from engine.time import DAY_US, SECOND_US, UNITS_US, instant, moment_of, us_of

ANCHORS = ("shift", "last-shift", "today")
DEFAULT_FROM, DEFAULT_TO = "now-8h", "now"
COMPARISONS = ("week", "before")
"""With what a range is compared: the same time a week before, or the range of equal length before it. The first is usual."""
LONGEST_US = 20 * 366 * DAY_US
MOST_SIGNALS = 5
LONGEST_SEARCH = 4_000


@dataclass(frozen=True, slots=True)
class View:
    """The state of a page. `from_us`, `to_us` are the range; `live` when it ends now and moves along."""

    path: str = "/"
    at: str = ""
    start: str = DEFAULT_FROM
    end: str = DEFAULT_TO
    from_us: int = 0
    to_us: int = 0
    tz: str = "plant"
    zone: str = "UTC"
    tab: str = "live"
    sel: tuple[str, ...] = ()
    cmp: str = "week"
    notices: tuple[str, ...] = field(default=())

    @property
    def live(self) -> bool:
        """True when the range ends now, so that it moves along."""
        return self.end == "now"


@dataclass(frozen=True, slots=True)
class Clocks:
    """What is needed to read times: now, the plant's zone, the browser's, and what the anchors mean (µs)."""

    now_us: int
    plant: str = "UTC"
    own: str = "UTC"
    anchors: Mapping[str, int] = field(default_factory=dict)

    def zone(self, tz: str) -> str:
        """The IANA zone that `plant`, `own` or `utc` means."""
        return {"plant": self.plant, "own": self.own, "utc": "UTC"}[tz]


@dataclass(frozen=True, slots=True)
class Context:
    """What a URL leads to, as the page's callbacks get it: the place, its zone, what the anchors mean there.

    It comes back from the browser, so whatever reads data by it checks the reader's scope again. `node` None: there is
    no such place, or none was asked for.
    """

    page: str = "/"
    search: str = ""
    own: str = "UTC"
    node: int | None = None
    path: str = ""
    name: str = ""
    kind: str = ""
    zone: str = "UTC"
    anchors: Mapping[str, int] = field(default_factory=dict)

    def view(self, now_us: int) -> View:
        """The view at an instant."""
        return read(self.page, self.search, Clocks(now_us, self.zone, self.own, self.anchors))


def context_of(sent: Any) -> Context | None:
    """The context that the browser sent back; None while there is none. Raises `Invalid` for what no page made."""
    if not sent:
        return None
    try:
        found = Context(**sent)
        words = (found.page, found.search, found.own, found.path, found.name, found.kind, found.zone)
        whole = all(isinstance(word, str) and "\x00" not in word for word in words) and len(found.search) <= LONGEST_SEARCH
        numbers = [*found.anchors.values(), 0 if found.node is None else found.node]
        whole = whole and all(isinstance(n, int) for n in numbers) and -1 < (found.node or 0) < 2**31
        zone(found.zone), zone(found.own)
    except (TypeError, AttributeError, ValueError, LookupError) as error:
        raise Invalid("The browser sent a place that no page made. Load the page again.") from error
    if not whole:
        raise Invalid("The browser sent a place that no page made. Load the page again.")
    return found


def address_of(sent: Any) -> dict[str, str] | None:
    """Path, search and zone of the browser's address; None while there is none. An unknown zone counts as UTC."""
    if not sent:
        return None
    words = [sent.get(name) for name in ("path", "search")] if isinstance(sent, dict) else [None]
    if not all(isinstance(word, str) and "\x00" not in word and len(word) <= LONGEST_SEARCH for word in words):
        raise Invalid("The browser sent an address that is none. Load the page again.")
    own = sent.get("zone")
    try:
        zone(own)
    except (TypeError, ValueError, LookupError):
        own = "UTC"
    return {"path": sent["path"], "search": sent["search"], "zone": own}


def anchors(now_us: int, zone_name: str, shifts: Sequence[Shift]) -> dict[str, int]:
    """What `today`, `shift` and `last-shift` mean now; `shifts` in order, around now."""
    midnight = moment_of(now_us).astimezone(zone(zone_name)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = {"today": us_of(midnight)}
    begun = [shift for shift in shifts if shift.from_us <= now_us]
    for name, shift in zip(("shift", "last-shift"), begun[::-1], strict=False):
        found[name] = shift.from_us
    return found


def asked_place(search: str) -> str:
    """The `at` of a query, as it is."""
    return dict(parse_qsl(search.lstrip("?"))).get("at", "")


def read(path: str, search: str, clocks: Clocks) -> View:
    """The view that a URL means; every wrong parameter falls back to its default and leaves a notice."""
    asked = dict(parse_qsl(search.lstrip("?")))
    tz, notices = _zone_of(asked.get("tz", "plant"), clocks)
    zone_name = clocks.zone(tz)
    start, end = asked.get("from", DEFAULT_FROM), asked.get("to", DEFAULT_TO)
    try:
        from_us, to_us = _range(start, end, zone_name, clocks)
    except Invalid as wrong:
        start, end = DEFAULT_FROM, DEFAULT_TO
        from_us, to_us = _range(start, end, zone_name, clocks)
        notices += (t("{wrong} The last 8 hours are shown.", wrong=wrong),)
    cmp = asked.get("cmp", COMPARISONS[0])
    if cmp not in COMPARISONS:
        notices += (t("There is no comparison “{asked}”; last week is compared with.", asked=cmp),)
        cmp = COMPARISONS[0]
    sel = tuple(name for name in asked.get("sel", "").split(",") if name)
    if len(sel) > MOST_SIGNALS:
        notices += (t("At most {most} signals fit in one chart; the first {most} are shown.", most=MOST_SIGNALS),)
    return View(
        path=path,
        at=asked.get("at", ""),
        start=start,
        end=end,
        from_us=from_us,
        to_us=to_us,
        tz=tz,
        zone=zone_name,
        tab=asked.get("tab", "live"),
        sel=sel[:MOST_SIGNALS],
        cmp=cmp,
        notices=notices,
    )


def _zone_of(asked: str, clocks: Clocks) -> tuple[str, tuple[str, ...]]:
    if asked not in ("plant", "utc", "own"):
        return "plant", (t("There is no time zone choice “{asked}”; plant time is shown.", asked=asked),)
    try:
        zone(clocks.zone(asked))
    except (KeyError, ValueError, OSError):
        return "plant", (t("Your browser's time zone “{name}” is not known; plant time is shown.", name=clocks.own),)
    return asked, ()


def _range(start: str, end: str, zone_name: str, clocks: Clocks) -> tuple[int, int]:
    from_us, to_us = _moment(start, zone_name, clocks), _moment(end, zone_name, clocks)
    if from_us >= to_us:
        raise Invalid(t("The range from “{start}” to “{end}” is empty.", start=start, end=end))
    if to_us - from_us > LONGEST_US:
        raise Invalid(t("The range from “{start}” to “{end}” is longer than 20 years.", start=start, end=end))
    return from_us, to_us


def _moment(asked: str, zone_name: str, clocks: Clocks) -> int:
    try:
        return instant(asked, clocks.now_us, zone(zone_name), clocks.anchors)
    except Invalid:
        raise Invalid(t("“{asked}” is not a time.", asked=asked)) from None


def href(view: View, path: str | None = None, **changes: str | tuple[str, ...]) -> str:
    """The link to this view with some fields changed: `at`, `start`, `end`, `tz`, `tab`, `sel`, `cmp`."""
    values = {name: getattr(view, name) for name in ("at", "start", "end", "tz", "tab", "sel", "cmp")} | changes
    plain = {
        "at": values["at"],
        "from": values["start"] if values["start"] != DEFAULT_FROM else "",
        "to": values["end"] if values["end"] != DEFAULT_TO else "",
        "tz": values["tz"] if values["tz"] != "plant" else "",
        "tab": values["tab"] if values["tab"] != "live" else "",
        "sel": ",".join(values["sel"]),
        "cmp": values["cmp"] if values["cmp"] != COMPARISONS[0] else "",
    }
    query = urlencode({name: value for name, value in plain.items() if value}, safe="/,:")
    return f"{path or view.path}?{query}" if query else (path or view.path)


WITH_SIGNALS = ("machine", "room")
"""Kinds of places whose own page is the one with signals."""
OF_PLACES = ("/overview", "/location")
"""Pages about a place and what lies in it; the first is where a link leads from any other page."""


def place_href(view: View, path: str, kind: str) -> str:
    """The link to a place, with the range kept: to its signals, or to the same kind of page about it."""
    above = view.path if view.path in OF_PLACES else OF_PLACES[0]
    return href(view, "/machine" if kind in WITH_SIGNALS else above, at=path, sel=(), tab="live")


def range_before(view: View) -> tuple[int, int]:
    """The range that the view's range is compared with, µs."""
    back_us = 7 * DAY_US if view.cmp == "week" else view.to_us - view.from_us
    return view.from_us - back_us, view.to_us - back_us


def neighbour(view: View, turns: int, now_us: int) -> tuple[str, str]:
    """`from` and `to` of the range of equal length before (-1) or after (+1); one that would (nearly) reach now ends at now."""
    width = view.to_us - view.from_us
    from_us, to_us = view.from_us + turns * width, view.to_us + turns * width
    if to_us >= now_us - width // 50:
        return back(width), "now"
    return stamp(from_us), stamp(to_us)


def back(width_us: int) -> str:
    """`now-8h` for eight hours: in the largest unit that fits whole."""
    seconds = max(1, round(width_us / SECOND_US))
    unit = next(u for u in ("d", "h", "m", "s") if seconds * SECOND_US % UNITS_US[u] == 0)
    return f"now-{seconds * SECOND_US // UNITS_US[unit]}{unit}"


def stamp(at_us: int) -> str:
    """An instant as it stands in a URL."""
    return iso(at_us, "UTC").replace("+00:00", "Z")
