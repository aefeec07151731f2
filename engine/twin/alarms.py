"""Alarms of the virtual site: what they say, and to which signals, states and sources they belong.

Limits are those of the signals. About 80 of 100 are low, 15 high, 5 urgent (ui.md 11, ISA-18.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from engine.alarm.record import PriorityWord
from engine.location import NodeKind
from engine.twin.record import Place, Signal, Site

Record = dict[str, Any]
URGENT, HIGH, LOW = PriorityWord.URGENT.value, PriorityWord.HIGH.value, PriorityWord.LOW.value


@dataclass(frozen=True, slots=True)
class Words:
    """What an alarm says: what happens when nobody answers, what usually causes it, what to do first, and within minutes."""

    priority: str
    consequence: str
    cause: str
    response: str
    minutes: float = 15.0
    on_delay_s: float = 30.0


_CLIMATE_CAUSE = "Air handler off its setpoint, a door left open, or a filter that is clogged."
ABOVE: dict[str, Words] = {
    "fill_weight": Words(HIGH, "Vials are overfilled and rejected; the batch may fall short.", "Dosing pump or valve worn.",
        "Stop filling. Weigh ten vials of each needle, adjust the dosing of the needle that is off.", 5),
    "pump_pressure": Words(LOW, "Dosing becomes inexact; seals may leak.", "Filter of the product line clogged.",
        "Compare the filter's pressure drop; change the filter at the next stop."),
    "vibration": Words(LOW, "The machine is damaged when it goes on; a bearing may seize.", "Bearing worn, or a loose part.",
        "Listen and feel at the bearing. Call maintenance; plan a stop within the shift.", 60, 120.0),
    "dew_point": Words(LOW, "Moist air reaches product contact points.", "Dryer regenerates badly, or is bypassed.",
        "Switch to the other dryer; close the supply to product contact until it is dry again.", 15, 120.0),
    "oil_temperature": Words(LOW, "The compressor trips and the network pressure falls.", "Cooler dirty, or too little oil.",
        "Start the other compressor; check the oil level and the cooler.", 15, 60.0),
    "conductivity": Words(URGENT, "Water is no WFI any more; every batch that used it is in question.",
        "Still carries over, or feed water is bad.",
        "Close the points of use. Tell quality; take a sample at the tank.", 10, 60.0),
    "toc": Words(HIGH, "Water leaves its alert range; batches that use it are in question.",
        "Organic matter in the feed water.",
        "Take a sample, tell quality, compare the analyser with the laboratory.", 30, 300.0),
    "chamber_pressure": Words(LOW, "Drying stops and the cake may collapse.", "Leak, or the vacuum pump is weak.",
        "Check the pump and the condenser; hold the shelf temperature."),
    "reject_rate": Words(LOW, "Good vials are lost; the yield of the batch falls.", "Camera dirty, or glass of another lot.",
        "Look at the last rejects on the monitor; clean the camera windows.", 30, 120.0),
    "filter_pressure": Words(LOW, "Less air reaches the rooms, and their overpressure falls.", "Filter loaded.",
        "Order a filter change; watch the overpressure of the rooms until then.", 240, 600.0),
    "ejection_force": Words(LOW, "Tablets cap or stick; punches wear.", "Too little lubricant, or punches worn.",
        "Take ten tablets and look for sticking; check the lubrication of the blend.", 15, 60.0),
    "tablet_weight": Words(HIGH, "Tablets are out of their weight limits and rejected.", "Fill depth, or flow of the blend.",
        "Weigh ten tablets; correct the fill depth by the weight control."),
    "main_force": Words(LOW, "Tablets too hard to dissolve in time; punches are at risk.", "Fill depth, or a double feed.",
        "Reduce the speed; compare tablet weight and thickness."),
    "hardness": Words(LOW, "Tablets dissolve too slowly.", "Main force too high.",
        "Measure ten tablets; lower the main force."),
    "moisture": Words(LOW, "Granules stick and segregate.", "Drying ended too early.", "Go on drying; take a sample."),
    "bed_temperature": Words(LOW, "The film dries too fast and turns rough.", "Spray rate low, or inlet air hot.",
        "Compare spray rate and inlet air with the recipe; correct the inlet air."),
    "sealing_temperature": Words(HIGH, "Foil is burnt and blisters leak.", "Heater control.",
        "Stop, test ten blisters for leaks, set the heater back to the recipe."),
    "carton_weight": Words(LOW, "Cartons with a double leaflet or blister leave the line.", "Cartoner feeds two at once.",
        "Open the last five rejected cartons; check the leaflet feeder."),
    "return_temperature": Words(LOW, "Cooling does not suffice; rooms warm up.", "Chiller weak, or load too high.",
        "Start the standby pump; shed cooling that is not needed."),
    "pressure": Words(LOW, "Safety valve opens; energy is lost.", "Pressure control.", "Check the setpoint of the controller."),
    "supply_temperature": Words(LOW, "Rooms leave their temperature within the hour.", "Cooling or heating valve stuck.",
        "Check the valve and the water supply; tell the areas that it serves.", 30, 120.0),
    "supply_humidity": Words(LOW, "Rooms leave their humidity within the hour.", "Humidifier or dryer off.",
        "Check the humidifier; tell the areas that it serves.", 30, 120.0),
    "shelf_temperature": Words(LOW, "The cake may melt back.", "Heating control.", "Hold the recipe; check the heat medium."),
    "zone_temperature": Words(LOW, "Glass breaks; the tunnel's filters age.", "Heater control.",
        "Check the controller; let the tunnel run empty."),
    "water_temperature": Words(LOW, "Seals of the washer age.", "Steam valve stuck open.", "Close the steam valve by hand."),
    "flue_gas_temperature": Words(LOW, "Energy is lost; tubes may scale.", "Heating surfaces dirty.",
        "Plan a cleaning.", 240, 300.0),
    "particles_05": Words(HIGH, "The room leaves its grade; open product is in question.", "Intervention, or a filter leak.",
        "Stop interventions, leave the room closed, let it recover; tell quality.", 10, 60.0),
    "particles_5": Words(LOW, "The room leaves its grade; open product is in question.", "Intervention, or garments.",
        "Stop interventions; look at the count of ≥ 0.5 µm; tell quality when it stays.", 10, 60.0),
}  # fmt: skip
BELOW: dict[str, Words] = {
    "fill_weight": Words(HIGH, "Vials are underfilled; the batch fails its volume.", "Dosing pump worn, or air in the line.",
        "Stop filling. Weigh ten vials of each needle, adjust the dosing of the needle that is off.", 5),
    "bowl_level": Words(LOW, "Filling stops when the bowl runs empty.", "Product supply closed.", "Open the supply valve."),
    "capping_force": Words(HIGH, "Vials are not tight.", "Capping head worn.",
        "Check ten vials; change the head that is off.", 5),
    "stopper_level": Words(LOW, "The line stops without stoppers.", "Not refilled.", "Refill the stopper bowl."),
    "zone_temperature": Words(URGENT, "Vials leave the tunnel without depyrogenation; they must not be filled.",
        "Heater failed, or the belt is too fast.", "Stop the belt. Reject what is in the tunnel; tell quality.", 3, 10.0),
    "wfi_pressure": Words(LOW, "Vials are not washed clean.", "Filter clogged, or the loop is weak.",
        "Stop the washer; compare with the pressure of the loop."),
    "water_temperature": Words(LOW, "Vials are not washed clean.", "Steam supply weak.", "Check the steam valve."),
    "light": Words(HIGH, "Particles in vials are overlooked.", "Lamp aged.", "Change the lamp; inspect the last hour again."),
    "tablet_weight": Words(HIGH, "Tablets are out of their weight limits and rejected.", "Fill depth, or flow of the blend.",
        "Weigh ten tablets; correct the fill depth by the weight control."),
    "main_force": Words(LOW, "Tablets crumble.", "Too little in the dies.", "Compare weight and fill depth; check the feeder."),
    "hardness": Words(LOW, "Tablets crumble in coating.", "Main force too low.", "Measure ten tablets; raise the main force."),
    "hopper_level": Words(LOW, "The press runs empty; tablets get light.", "Bin empty.", "Dock the next bin."),
    "moisture": Words(LOW, "Granules are dusty and tablets cap.", "Dried too long.", "End the drying; take a sample."),
    "carton_weight": Words(LOW, "Cartons without leaflet or blister leave the line.", "Feeder empty.",
        "Open the last five rejected cartons; check leaflet and blister feeders."),
    "read_rate": Words(LOW, "Cartons cannot be serialised and are rejected.", "Camera dirty, or print faint.",
        "Clean the camera; look at the print of the last ten cartons."),
    "pressure": Words(LOW, "Machines that it supplies stop.", "Too little supply, or a leak.",
        "Start the standby; look for what takes so much."),
    "loop_temperature": Words(URGENT, "Germs may grow in the loop; water must not be used.", "Heat exchanger, or a long draw.",
        "Close points of use; check the steam supply of the loop.", 10, 120.0),
    "tank_level": Words(LOW, "Points of use run dry.", "Still does not keep up.", "Stop cleaning that can wait.", 30, 60.0),
    "flow": Words(LOW, "The chiller trips on low flow.", "Pump, or a closed valve.", "Start the standby pump.", 10, 60.0),
    "feedwater_temperature": Words(LOW, "Oxygen corrodes the boiler.", "Steam to the deaerator closed.",
        "Open its steam valve."),
    "supply_temperature": Words(LOW, "Rooms leave their temperature within the hour.", "Heating valve stuck.",
        "Check the valve and the heat supply; tell the areas that it serves.", 30, 120.0),
    "supply_humidity": Words(LOW, "Rooms leave their humidity within the hour.", "Humidifier off.",
        "Check the humidifier; tell the areas that it serves.", 30, 120.0),
    "fan_speed": Words(LOW, "Rooms lose their overpressure.", "Belt or drive.", "Check the drive; tell the areas."),
}  # fmt: skip
_ROOM_ABOVE: dict[str, Words] = {
    "temperature": Words(LOW, "Material is kept outside its conditions.", _CLIMATE_CAUSE,
        "Close the doors; look at the air handler; note what was in the room.", 20, 300.0),
    "humidity": Words(LOW, "Powder takes up moisture; blends and tablets change.", _CLIMATE_CAUSE,
        "Close open containers; look at the air handler.", 20, 300.0),
}  # fmt: skip
_ROOM_BELOW: dict[str, Words] = _ROOM_ABOVE | {
    "pressure": Words(HIGH, "Air of a lower grade may flow in; open product is in question.",
        "A door stands open, or the air handler is weak.",
        "Close the doors. When it does not recover within a minute, cover open product and tell quality.", 5, 60.0),
}  # fmt: skip
_COLD = Words(URGENT, "Medicines leave 2–8 °C; what was stored is in question until its stability is assessed.",
    "The door stands open, or the cooling failed.",
    "Close the door and keep it closed. When it is still warm after 15 minutes, move the goods to the standby room.",
    15, 300.0)  # fmt: skip
_CORE = Words(URGENT, "Air of a lower grade may flow into the aseptic core; the batch is in question.",
    "A door stands open, or the air handler failed.",
    "Stop filling. Close the doors, cover open product, tell quality; start again only when it is released.",
    3, 30.0)  # fmt: skip
_ABORTED = Words(LOW, "The line stands still and misses its plan.", "A fault that the machine names on its panel.",
    "Read the fault on the machine's panel, clear it, start again; call maintenance when it comes back.", 10, 5.0)  # fmt: skip
_ABORTED_CORE = Words(HIGH, "Open vials stand; after the hold time they are lost.", "A fault that the machine names.",
    "Read the fault on the machine's panel, clear it by the aseptic procedure; note the time of the stop.", 5, 5.0)  # fmt: skip
_HELD = Words(LOW, "The line waits for somebody.", "Material or an entry is missing.",
    "Ask at the machine what it waits for, and bring it.", 15, 300.0)  # fmt: skip
_SILENT = Words(HIGH, "Conditions are not recorded; they cannot be shown to have been right.", "Sensor, cable or network.",
    "Look at the display in the room and write the value down every 15 minutes; call maintenance.", 30, 300.0)  # fmt: skip
_SOURCES = {
    "line-server": Words(HIGH, "Nothing is known of the machines of the lines; states and counters stand still.",
        "OPC UA server or network.", "Look at the server and its network; machines go on by themselves.", 15, 120.0),
    "site-broker": Words(HIGH, "Nothing is known of utilities and energy.", "MQTT broker or network.",
        "Look at the broker and its network; read the utilities at their panels.", 15, 120.0),
    "rooms": Words(HIGH, "Nothing is known of the rooms; their conditions cannot be shown.",
        "Gateway of the rooms, or network.",
        "Look at the gateway; write down the room displays every 15 minutes until it is back.", 15, 120.0),
}  # fmt: skip
_DEADBAND = 0.2
"""Share of the distance from the alarm limit to the normal range (or of the limit) that a value must come back by."""


def alarms(site: Site, home: str) -> tuple[Record, ...]:
    """The alarms of a site as entries of its configuration; `home` is the path of the site node."""
    found: list[Record] = [_of_source(home, name, words) for name, words in _SOURCES.items()]
    for slug in site.machines:
        place = site.place(slug)
        signals = site.signals_of(slug)
        for signal in signals:
            found += _of_limits(place, signal)
        found += _of_states(place, signals) if place.kind is NodeKind.MACHINE else _of_silence(place, signals)
    return tuple(found)


def _entry(at: str, key: str, title: str, kind: str, words: Words) -> Record:
    return {
        "at": at,
        "key": key,
        "title": title,
        "kind": kind,
        "priority": words.priority,
        "consequence": words.consequence,
        "cause": words.cause,
        "response": words.response,
        "respond_within_s": words.minutes * 60.0,
        "on_delay_s": words.on_delay_s,
    }


def _of_source(home: str, name: str, words: Words) -> Record:
    return _entry(home, f"{name}.lost", f"Source {name} lost", "source", words) | {"source": name, "off_delay_s": 10.0}


def _of_limits(place: Place, signal: Signal) -> Iterator[Record]:
    for side, limit, normal in (
        ("above", signal.limits.alarm_high, signal.limits.normal_high),
        ("below", signal.limits.alarm_low, signal.limits.normal_low),
    ):
        words = _words(place, signal, side)
        if words is None or limit is None:
            continue
        title = f"{signal.title} {'high' if side == 'above' else 'low'}"
        entry = _entry(place.path, f"{signal.name}.{'high' if side == 'above' else 'low'}", title, side, words)
        entry |= {"tag": signal.name, "off_delay_s": min(60.0, words.on_delay_s)}
        band = abs(limit - normal) if normal is not None else abs(limit)
        entry["deadband"] = round(max(band * _DEADBAND, 10.0 ** -(signal.decimals or 0)), 6)
        yield entry if place.kind is NodeKind.ROOM else entry | _running(place)


def _words(place: Place, signal: Signal, side: str) -> Words | None:
    if place.kind is not NodeKind.ROOM:
        return (ABOVE if side == "above" else BELOW).get(signal.key)
    grade = place.attributes["grade"]
    if grade == "2-8 °C":
        return _COLD if signal.key == "temperature" else None
    if signal.key == "pressure" and grade in ("A", "B") and side == "below":
        return _CORE
    if signal.key == "particles_05" and grade in ("A", "B") and side == "above":
        return replace(ABOVE["particles_05"], priority=URGENT)
    special = (_ROOM_ABOVE if side == "above" else _ROOM_BELOW).get(signal.key)
    return special or (ABOVE.get(signal.key) if signal.key.startswith("particles") and side == "above" else None)


def _running(place: Place) -> Record:
    """A machine that does not run has no process to be out of limits."""
    return {"only_while": {"tag": f"{place.slug}.state", "states": ["running"]}}


def _of_states(place: Place, signals: tuple[Signal, ...]) -> Iterator[Record]:
    if not any(signal.key == "mode" for signal in signals):
        return
    state = f"{place.slug}.state"
    aborted = _ABORTED_CORE if place.slug in ("filler-1", "lyo-1") else _ABORTED
    for category, title, words in (("aborted", "Machine aborted", aborted), ("held", "Machine held", _HELD)):
        yield _entry(place.path, f"{state}.{category}", title, "state", words) | {"tag": state, "states": [category]}


def _of_silence(place: Place, signals: tuple[Signal, ...]) -> Iterator[Record]:
    for signal in signals:
        if signal.key == "temperature":
            title = f"No value of {signal.title.lower()}"
            yield _entry(place.path, f"{signal.name}.silent", title, "stale", _SILENT) | {"tag": signal.name}
