"""What is planted in the demo, relative to the anchor (the plant's first start), for the pages to find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time

from engine.time import DAY_US, HOUR_US, MINUTE_US, moment_of, us_of
from engine.twin import weeks
from engine.twin.areas import LINES, Line
from engine.twin.faults import Active, Fault
from engine.twin.planner import PlannedOrder
from engine.twin.world import World

DRIFT_G_PER_HOUR = -0.04 / 48
"""0.04 g lost at the anchor after two days; the mean crosses the alert limit (0.075 g) within two days more."""
_FILL_BAND_G = 0.15
_DOOR_OPEN_MIN = 47
_LATE_BY_US = 14 * HOUR_US
_LATE_LINE = next(line for line in LINES if line.name == "packaging-1")


@dataclass(frozen=True, slots=True)
class Story:
    """Something that really happens: `where` is a path of the tree, `to_us` None when its end is not known."""

    key: str
    title: str
    where: str
    from_us: int
    to_us: int | None
    text: str


def planted(world: World) -> tuple[tuple[Story, Active | None], ...]:
    """The stories with the faults that make them; the late order needs none (see `orders_of`)."""
    return (_drift(world), _bearing(world), _cold_room(world), _night_run(world), _late(world))


def _story(world: World, active: Active, key: str, title: str, text: str) -> tuple[Story, Active]:
    where = world.site.place(active.fault.machine).path
    return Story(key, title, where, active.from_us, active.to_us, text), active


def _drift(world: World) -> tuple[Story, Active]:
    fault = Fault("drift", "filler-1", "fill_weight", DRIFT_G_PER_HOUR / _FILL_BAND_G)
    active = Active(fault, world.anchor_us - 2 * DAY_US, world.anchor_us + 5 * DAY_US, True)
    text = "A worn dosing pump of Vial filler 1 loses 0.04 g of fill weight in two days; pump pressure sinks with it."
    return _story(world, active, "fill-drift", "Fill volume drifts down", text)


def _bearing(world: World) -> tuple[Story, Active]:
    active = Active(Fault("bearing_wear", "press-3", None, 40 * 24.0), world.anchor_us - 20 * DAY_US, None, True)
    text = "A bearing of Press 3 goes bad: vibration grows fivefold within 40 days, and has doubled at the anchor."
    return _story(world, active, "bearing", "A bearing goes bad", text)


def _cold_room(world: World) -> tuple[Story, Active]:
    night = moment_of(world.anchor_us - 30 * HOUR_US).astimezone(weeks.ZONE).date()
    opened = us_of(datetime.combine(night, time(2, 10), tzinfo=weeks.ZONE))
    active = Active(Fault("door_open", "cold-room-1"), opened, opened + _DOOR_OPEN_MIN * MINUTE_US, True)
    text = f"The door of Cold room 1 stayed open for {_DOOR_OPEN_MIN} minutes at night; it was above 8 °C for about 70 minutes."
    return _story(world, active, "cold-room", "Cold room left 2–8 °C", text)


def _night_run(world: World) -> tuple[Story, Active]:
    day = moment_of(world.anchor_us - 21 * DAY_US).astimezone(weeks.ZONE).date()
    begun = us_of(datetime.combine(day, time(22, 30), tzinfo=weeks.ZONE))
    active = Active(Fault("night_run", "compressor-2"), begun, world.anchor_us + 30 * DAY_US, True)
    text = "Air compressor 2 runs through the night for three weeks, though packaging line 2 rests from 22:00 to 06:00."
    return _story(world, active, "night-run", "A compressor runs at night", text)


def late_order(world: World) -> PlannedOrder | None:
    """The order of packaging line 1 that the plan finishes first after a day from the anchor; it is due 14 hours before."""
    week = weeks.week_of(world.anchor_us, _LATE_LINE.weekday)
    orders = [order for w in (week, week + 1) for order in world.plan(_LATE_LINE, w).orders]
    late = [order for order in orders if order.ends_us > world.anchor_us + DAY_US]
    return min(late, key=lambda order: order.ends_us, default=None)


def _late(world: World) -> tuple[Story, None]:
    order = late_order(world)
    assert order is not None, "a line is planned two weeks ahead"
    where = world.site.place("blister-1").path.rsplit("/", 1)[0]
    text = f"Order {order.record['number']} will be finished about 14 hours after its due date by the present plan."
    return Story("late-order", "An order will be late", where, order.release_us, order.ends_us, text), None


def orders_of(world: World, line: Line, week: int) -> tuple[PlannedOrder, ...]:
    """The orders of a line's week, with the late order's due date."""
    found = world.plan(line, week).orders
    if line is not _LATE_LINE:
        return found
    late = late_order(world)
    return tuple(_hurried(order) if late and order.record["number"] == late.record["number"] else order for order in found)


def _hurried(order: PlannedOrder) -> PlannedOrder:
    due = moment_of((order.ends_us - _LATE_BY_US) // HOUR_US * HOUR_US)
    return replace(order, record=order.record | {"due_at": due.isoformat(), "priority": 1})
