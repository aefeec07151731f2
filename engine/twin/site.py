"""`SITE`: the whole virtual site, put together from places, catalogue and master data."""

from __future__ import annotations

from collections.abc import Iterator

from engine.location import NodeKind
from engine.tag import Interpolation, Limits, ValueKind
from engine.twin import catalogue, master
from engine.twin.catalogue import Spec
from engine.twin.places import PACKTAGS_MACHINES, PLACES, STATE_TABLES
from engine.twin.record import Place, Signal, Site

__all__ = ["NAMESPACE", "SITE", "Place", "Signal", "Site", "site"]

NAMESPACE = "urn:plantglass:virtual-plant"
"""Namespace of the virtual plant's OPC UA server."""
SPARKPLUG_NODE = "dublin/rooms-edge"
_METERED_BY_MQTT = frozenset({"energy", "power"})


def site() -> Site:
    """The specification of the virtual plant."""
    path_of = {p.slug: p.path for p in PLACES}
    return Site(
        places=PLACES,
        signals=tuple(signal for place in PLACES for signal in _signals(place)),
        state_tables=STATE_TABLES,
        sources=master.SOURCES,
        calendars=master.CALENDARS,
        products=master.PRODUCTS,
        materials=master.MATERIALS,
        recipes=master.RECIPES,
        rates=master.rates(path_of),
        grants=master.GRANTS,
    )


def _signals(place: Place) -> Iterator[Signal]:
    for spec in _specs(place):
        route = _route(place, spec)
        yield Signal(
            name=f"{place.slug}.{spec.key}",
            at=place.path,
            title=spec.title,
            kind=spec.kind,
            unit=spec.unit,
            route=route,
            address=_address(route, place, spec),
            decode={"value": "value", "time": "ts", "quality": "quality"} if route == "mqtt" else {},
            interpolation=_interpolation(spec),
            counter=spec.counter,
            rollover=spec.rollover,
            interval_s=spec.every,
            gxp=spec.gxp,
            group=spec.group,
            decimals=spec.decimals,
            state_table=spec.table,
            limits=Limits(*spec.show, *spec.normal, *spec.alarm, spec.setpoint),
        )


def _specs(place: Place) -> tuple[Spec, ...]:
    if place.kind is NodeKind.ROOM:
        return catalogue.room(place.attributes["grade"])
    if place.machine is None:
        return ()
    class_ = place.machine["class"]
    if class_ not in catalogue.COUNTED:
        return (*catalogue.UTILITY, *catalogue.SPECS[class_])
    table = "packtags" if place.slug in PACKTAGS_MACHINES else "packml"
    item = catalogue.ITEM if place.slug in catalogue.ITEM_MACHINES else ()
    return (*catalogue.production(table, catalogue.COUNTED[class_]), *item, *catalogue.SPECS[class_])


def _route(place: Place, spec: Spec) -> str:
    if place.kind is NodeKind.ROOM:
        return "sparkplug"
    return "mqtt" if "/utilities/" in place.path or spec.key in _METERED_BY_MQTT else "opcua"


def _address(route: str, place: Place, spec: Spec) -> str:
    if route == "sparkplug":
        return f"{SPARKPLUG_NODE}/{place.slug}:{spec.key}"
    return f"{place.path}/{spec.key}" if route == "mqtt" else f"nsu={NAMESPACE};s={place.slug}.{spec.key}"


def _interpolation(spec: Spec) -> Interpolation:
    return Interpolation.LINEAR if spec.kind is ValueKind.FLOAT and not spec.counter else Interpolation.STEP


SITE = site()
