"""From a board to the words and shapes of each slot of the wall's page.

A slot is a named element of the page (`page.py`); its value is {"text": …, "class": …, "style": …, "points": …}. The
script assets/wall.js writes these values and nothing else, so that everything that is said is said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components import format as show
from components.shape import STATES, word
from components.text import t
from engine.alarm import Priority
from engine.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from engine.wall.attention import Need
from engine.wall.board import TIMED, Tile, chosen
from engine.wall.fact import Rooms
from engine.wall.size import MOST_TILES, Layout
from engine.wall.whole import OEE, RIGHT_FIRST, Board

Slot = dict[str, str]
Slots = dict[str, Slot]
FACTS, NEEDS, SENTENCES = 4, 3, 3
WIDE, HIGH = 400, 52
PLAN_SPAN = 1.2
"""The bar of the plan goes to 120 %, so that what is ahead of it shows."""


def slots(board: Board, layout: Layout, *, shift_told: bool = False) -> Slots:
    """Every slot of the page."""
    found: Slots = {"body": {"class": "w-body is-told" if shift_told else "w-body"}}
    found |= _header(board, short=not layout.facts and layout.needs < NEEDS)
    tiles = chosen(board.tiles, layout.tiles)
    for n in range(MOST_TILES):
        found |= _named(f"t{n}", _tile(tiles[n], board) if n < len(tiles) else {"": {"class": "wt is-none"}})
    found["none"] = {"class": "w-none" if not board.tiles else "w-none is-none", "text": _nothing(board)}
    facts = list(_facts(board)) if layout.facts else []
    for n in range(FACTS):
        found |= _named(f"f{n}", facts[n] if n < len(facts) else {"": {"class": "wt is-none"}})
    found |= _needs(board, layout.needs)
    told = board.sentences or ("",) * SENTENCES
    return found | {f"s{n}": {"text": told[n]} for n in range(SENTENCES)}


def _named(prefix: str, parts: Slots) -> Slots:
    return {f"{prefix}.{name}" if name else prefix: value for name, value in parts.items()}


def _nothing(board: Board) -> str:
    return t("No line or machine is configured below {place}.", place=board.node.name)


# ------------------------------------------------------------------ header
def _header(board: Board, *, short: bool) -> Slots:
    age = None if board.heard_us is None else board.now_us - board.heard_us
    where = [
        *([board.node.name] if board.plan is not None else []),
        *([board.above] if board.above else []),
        *([t("Shift {name}", name=board.shift)] if board.shift else []),
    ]
    found: Slots = {
        "say": {"text": headline(board, short=short)},
        "place": {"text": " · ".join(where)},
        "age": {"text": "" if age is None else t("{age} old", age=show.duration(age))},
    }
    for priority in Priority:
        count = board.counts.get(priority, 0)
        found[f"a{priority.value}"] = {"text": str(count)}
        found[f"al{priority.value}"] = {"class": "zero" if not count else ""}
    return found


def headline(board: Board, *, short: bool = False) -> str:
    """Winning or losing, in words."""
    if board.plan is None:
        return board.node.name
    points = round((board.plan - 1) * 100)
    if points == 0:
        return t("On plan")
    if short:
        return t("{n} ahead of plan", n=points) if points > 0 else t("{n} behind plan", n=-points)
    if points > 0:
        return t("{n} points ahead of plan", n=points) if points > 1 else t("1 point ahead of plan")
    return t("{n} points behind plan", n=-points) if points < -1 else t("1 point behind plan")


# ------------------------------------------------------------------ tiles
def _tile(tile: Tile, board: Board) -> Slots:
    big, unit, line = _said(tile, board)
    name, number = _numbered(tile.unit.node.name)
    shown = tile.batch.progress if tile.batch else None
    return {
        "": {"class": _class(tile)},
        "call": {"class": _called(tile)},
        "name": {"text": name},
        "no": {"text": number},
        "shape": {"class": f"pl-shape pl-shape--{STATES.get(tile.condition, ('stale', ''))[0]}"},
        "state": {"text": _state(tile)},
        "big": {"text": big},
        "unit": {"text": unit},
        "line": {"text": line, "class": "ln b" if tile.stopped else "ln"},
        "risk": {"text": _risk(tile), "class": "ln risk" if tile.stopped else "ln risk is-none"},
        **_course(tile),
        "batch": {"text": tile.batch.number if tile.batch else t("no batch")},
        "done": {"text": t("at risk") if tile.stopped else "" if shown is None else show.quantity(100 * shown, "%", 0)},
        "bar": {"style": f"--x:{100 * (shown or 0):.1f}%", "class": "wb" if shown is not None else "wb is-none"},
    }


def _since(at_us: int, board: Board) -> str:
    """The clock alone within a day: the timer above says how long ago that is."""
    within = board.now_us - at_us < DAY_US
    return show.clock(at_us, board.zone) if within else show.when(at_us, board.zone, board.now_us)


def _numbered(name: str) -> tuple[str, str]:
    """A name, and the number at its end, which stays when the name is cut: it tells like machines apart."""
    front, _, last = name.rpartition(" ")
    return (front, f"\u00a0{last}") if front and len(last) <= 3 and last[-1:].isdigit() else (name, "")


def _class(tile: Tile) -> str:
    if not tile.known:
        return "wt is-stale"
    if tile.call is None:
        return "wt"
    return f"wt p{tile.call.value}{' own' if tile.owned else ''}"


def _called(tile: Tile) -> str:
    """The alarm shape beside the name; it blinks until somebody has taken the alarm."""
    if tile.call is None or not tile.known:
        return "pl-shape is-none"
    name = "p2o" if tile.call is Priority.HIGH else f"p{tile.call.value}"
    return f"pl-shape pl-shape--{name}{'' if tile.owned else ' blink'}"


def _state(tile: Tile) -> str:
    if not tile.known:
        return t("no data")
    return word(tile.condition).lower() if tile.condition in STATES else tile.condition


def _said(tile: Tile, board: Board) -> tuple[str, str, str]:
    """The big number, its unit, and the words on the next line."""
    if not tile.known:
        since = show.when(tile.since_us, board.zone, board.now_us) if tile.since_us else ""
        return show.NOTHING, "", t("since {at}", at=since) if since else t("never any")
    if tile.stopped:
        return *timer(board.now_us - tile.since_us), tile.cause
    if tile.condition in TIMED:
        return *timer(board.now_us - tile.since_us), t("since {at}", at=_since(tile.since_us, board))
    if tile.oee is None:
        return show.NOTHING, "", t("OEE not known")
    return (
        show.number(100 * tile.oee, OEE.decimals),
        "%",
        t("OEE · target {target}", target=show.number(100 * (OEE.target or 0), 0)),
    )


def timer(us: int) -> tuple[str, str]:
    """A running time as a big number and its unit."""
    if us < MINUTE_US:
        return str(max(0, us) // SECOND_US), "s"
    if us < HOUR_US:
        return str(us // MINUTE_US), "min"
    if us < DAY_US:
        return f"{us // HOUR_US}:{us % HOUR_US // MINUTE_US:02d}", "h"
    return str(us // DAY_US), "d"


def _risk(tile: Tile) -> str:
    """The product that waits while the machine stands."""
    if tile.batch is None or not tile.stopped:
        return ""
    return tile.batch.product.split(",")[0]


def _course(tile: Tile) -> Slots:
    """The OEE of the last shifts with the target; not while the machine stands: then its place says what is at risk."""
    values = [value for value in tile.course if value is not None]
    if tile.stopped or not tile.known or len(values) < 2 or tile.condition in TIMED:
        return {"sp": {"class": "sp is-none"}, "course": {"points": ""}, "target": {"points": ""}}
    target = OEE.target or 0.0
    low, high = min([*values, target]), max([*values, target])

    def y(value: float) -> float:
        return HIGH - 6 - (HIGH - 12) * ((value - low) / (high - low) if high > low else 0.5)

    return {
        "sp": {"class": "sp"},
        "course": {"points": _points(tile.course, y)},
        "target": {"points": f"0,{y(target):.1f} {WIDE},{y(target):.1f}"},
    }


def _points(course: Sequence[float | None], y) -> str:  # type: ignore[no-untyped-def]  # a function of a float
    step = (WIDE - 6) / max(1, len(course) - 1)
    return " ".join(f"{3 + n * step:.1f},{y(value):.1f}" for n, value in enumerate(course) if value is not None)


# ------------------------------------------------------------------ facts
def _facts(board: Board) -> Iterator[Slots]:
    """The row of facts about the place; what has nothing behind it here is not there."""
    if board.tiles:
        yield _plan(board)
    if board.power is not None:
        whole = board.power.known == board.power.meters
        kw = board.power.kw
        number, unit = (show.number(kw / 1000, 2), "MW") if kw >= 1000 else (show.number(kw, 0), "kW")
        words = t("power now") if whole else t("{n} of {all} meters", n=board.power.known, all=board.power.meters)
        yield _fact(number, unit, words)
    if board.rooms is not None:
        yield _rooms(board.rooms)
    if board.today.quality is not None:
        yield _fact(show.number(100 * board.today.quality, RIGHT_FIRST.decimals), "%", t("right first time"))


def _plan(board: Board) -> Slots:
    if board.plan is None:
        return _fact(show.NOTHING, "", t("of plan: not known"), state=" is-stale")
    found = _fact(show.number(100 * board.plan, 0), "%", t("of plan so far"))
    share = 100 / PLAN_SPAN
    return found | {"bar": {"class": "wb", "style": f"--x:{min(100.0, share * board.plan):.1f}%;--t:{share:.1f}%"}}


def _rooms(found: Rooms) -> Slots:
    words = t("rooms in limits")
    if found.outside:
        words = t("{n} out of limits", n=found.outside)
    elif found.unknown:
        words = t("rooms, {n} not known", n=found.unknown)
    state = " p2 own" if found.outside else " is-stale" if found.unknown == found.count else ""
    number = show.NOTHING if found.unknown == found.count else str(found.inside)
    return _fact(number, t("of {n}", n=found.count), words, state=state)


def _fact(number: str, unit: str, words: str, state: str = "") -> Slots:
    return {
        "": {"class": f"wt{state}"},
        "big": {"text": number},
        "unit": {"text": unit},
        "line": {"text": words},
        "bar": {"class": "wb is-none", "style": ""},
    }


# ------------------------------------------------------------------ attention
def _needs(board: Board, most: int) -> Slots:
    found: Slots = {}
    for n in range(NEEDS):
        row = board.needs[n] if n < min(most, len(board.needs)) else None
        found |= _named(f"n{n}", _need(row, board) if row else _quiet(n, board))
    return found


def _quiet(n: int, board: Board) -> Slots:
    """Rows without anything: the first says so when all are, and of how many nobody knows it."""
    text = _calm(board) if n == 0 and not board.needs else ""
    return {
        "": {"class": "quiet" if text else "is-none"},
        "shape": {"class": "pl-shape is-none"},
        "place": {"text": ""},
        "text": {"text": text},
        "who": {"text": ""},
    }


def _calm(board: Board) -> str:
    """What is said when nothing calls: silence of the sources is not calm."""
    silent = sum(not tile.known for tile in board.tiles)
    if not silent:
        return t("Nothing needs attention.")
    if silent == len(board.tiles):
        return t("Not known: no line or machine sends data.")
    return t("Nothing that is known needs attention; {n} of {all} send no data.", n=silent, all=len(board.tiles))


def _need(row: Need, board: Board) -> Slots:
    text = t("{text}, {batch} at risk", text=row.text, batch=row.batch) if row.batch else row.text
    who = row.owner or (t("nobody yet") if row.active else t("over, not acknowledged"))
    blink = "" if row.owner or not row.active else " blink"
    return {
        "": {"class": ""},
        "shape": {"class": f"pl-shape pl-shape--p{row.priority.value}{blink}"},
        "place": {"text": row.place},
        "text": {"text": text},
        "who": {"text": f"{show.duration(board.now_us - row.since_us)} · {who}"},
    }
