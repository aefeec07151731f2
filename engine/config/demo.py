"""The virtual site as a configuration, so that the demo starts from the same file format as a real plant."""

from __future__ import annotations

from typing import Any

from engine.config.reading import Reader
from engine.config.record import Config
from engine.config.writing import plain
from engine.errors import Invalid
from engine.state import ISO_22400
from engine.tag import StateTable
from engine.twin.alarms import alarms
from engine.twin.master import SOURCE_OF_ROUTE
from engine.twin.record import Place, Signal, Site

Table = dict[str, Any]


def config_of(site: Site) -> Config:
    """The configuration of a virtual site with its alarms, without accounts (the demo's are made apart). Raises `Invalid`."""
    home = next(place.path for place in site.places if place.kind == "site")
    tables = {
        "location": [_location(place, n) for n, place in enumerate(site.places)],
        "state_table": [_state_table(table) for table in site.state_tables],
        "state_map": [{"name": ISO_22400.name, "title": ISO_22400.title, "rule": [plain(rule) for rule in ISO_22400.rules]}],
        "source": [{"site": home, **source} for source in site.sources],
        "calendar": [_calendar(home, calendar) for calendar in site.calendars],
        "tag": [_tag(signal, n) for n, signal in enumerate(site.signals)],
        "alarm": list(alarms(site, home)),
        "product": list(site.products),
        "material": list(site.materials),
        "recipe": list(site.recipes),
        "rate": [{("at" if key == "machine" else key): value for key, value in rate.items()} for rate in site.rates],
    }
    reader = Reader()
    config = reader.partial(Config, tables)
    if reader.problems:
        raise Invalid(" ".join(reason for _, reason in reader.problems))
    return config


def _location(place: Place, sort: int) -> Table:
    names = ("path", "name", "time_zone", "currency", "calendar", "attributes", "machine")
    found = {name: value for name in names if (value := getattr(place, name)) is not None}
    return found | {"kind": place.kind.value, "sort": sort}


def _state_table(table: StateTable) -> Table:
    return {"name": table.name, "title": table.title, "codes": {str(code): list(pair) for code, pair in table.codes.items()}}


def _calendar(home: str, calendar: Table) -> Table:
    """The twin writes the shifts of one weekly pattern beside their days."""
    shifts = [{**shift, "days": calendar["days"]} for shift in calendar["shifts"]]
    found = {"site": home, "name": calendar["name"], "pattern": [{"shift": shifts}], "exception": calendar["exceptions"]}
    return found | {"time_zone": calendar["time_zone"]}


def _tag(signal: Signal, sort: int) -> Table:
    names = ("at", "name", "title", "unit", "counter", "rollover", "interval_s", "gxp", "group", "decimals", "state_table")
    found = {name: value for name in names if (value := getattr(signal, name)) is not None}
    binding = {"source": SOURCE_OF_ROUTE[signal.route], "address": signal.address, "decode": signal.decode}
    kinds = {"kind": signal.kind.value, "interpolation": signal.interpolation.value}
    return found | kinds | {"sort": sort, "limits": plain(signal.limits), "binding": binding}
