"""What each class of machine or room reports: titles, units, groups, bands. One row a signal."""

from __future__ import annotations

from dataclasses import dataclass

from engine.tag import ValueKind

Band = tuple[float | None, float | None]
METER_ROLLOVER = 100_000.0
"""Registers of five digits: they start again from 0 at 100,000 (kWh, m³, kg)."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A signal of a class. `every` is the expected interval in seconds, None: on change."""

    key: str
    title: str
    unit: str
    group: str
    decimals: int | None = 1
    normal: Band = (None, None)
    alarm: Band = (None, None)
    show: Band = (None, None)
    setpoint: float | None = None
    every: float | None = 10.0
    gxp: bool = False
    kind: ValueKind = ValueKind.FLOAT
    counter: bool = False
    rollover: float | None = None
    table: str | None = None


def _state(key: str, title: str, table: str) -> Spec:
    return Spec(key, title, "", "State", None, every=None, kind=ValueKind.STATE, table=table, gxp=True)


def _text(key: str, title: str) -> Spec:
    return Spec(key, title, "", "Production", None, every=None, kind=ValueKind.TEXT, gxp=True)


def _count(key: str, title: str, unit: str) -> Spec:
    return Spec(key, title, unit, "Production", 0, kind=ValueKind.INT, counter=True, gxp=True)


def _meter(key: str, title: str, unit: str) -> Spec:
    return Spec(key, title, unit, "Energy", 2, every=60.0, counter=True, rollover=METER_ROLLOVER)


def _power(low: float, high: float, most: float) -> Spec:
    return Spec("power", "Electric power", "kW", "Energy", 2, (low, high), (None, most), (0, most * 1.15))


def _vibration(normal: float, alarm: float) -> Spec:
    return Spec("vibration", "Vibration velocity, RMS", "mm/s", "Condition", 2, (0, normal), (None, alarm), (0, alarm * 1.4))


ENERGY = _meter("energy", "Electric energy", "kWh")
TEXTS = (
    _text("order", "Work order"),
    _text("product", "Product"),
    _text("batch", "Batch"),
    _text("phase", "Recipe phase"),
)
ITEM = (
    _state("item_state", "Machinery item state", "machinery-item"),
    _state("operation_mode", "Operation mode", "machinery-mode"),
)
UTILITY = (_state("state", "State", "machinery-item"),)
ITEM_MACHINES = frozenset({"filler-1", "lyo-1", "press-1", "press-2", "press-3", "blister-1"})
"""These also speak OPC 40001-1."""


def production(table: str, unit: str) -> tuple[Spec, ...]:
    """What every production machine reports: state, mode, order, batch, phase and counters."""
    head = (_state("state", "State", table), _state("mode", "Mode", "packml-mode"))
    return (*head, *TEXTS, _count("produced", "Made, rejects included", unit), _count("rejected", "Rejected", unit))


COUNTED = {"granulator": "kg", "blender": "kg", "coater": "kg", "lyophiliser": "vials", "press": "tablets"} | {
    "washer": "vials", "tunnel": "vials", "filler": "vials", "capper": "vials", "inspection": "vials",
    "blister": "blisters", "cartoner": "cartons", "checkweigher": "cartons", "casepacker": "cartons",
}  # fmt: skip
"""What a production class counts."""

SPECS: dict[str, tuple[Spec, ...]] = {
    "washer": (
        Spec("speed", "Speed", "1/min", "Line", 0, (180, 220), (None, 240), (0, 260), 200),
        Spec("wfi_pressure", "WFI pressure", "bar", "Washing", 2, (2.8, 3.3), (2.5, 3.6), (0, 4), 3.0),
        Spec("water_temperature", "Water temperature", "°C", "Washing", 1, (76, 84), (70, 88), (20, 95), 80),
        _power(1, 22, 26), ENERGY,
    ),
    "tunnel": (
        Spec("zone_temperature", "Hot zone temperature", "°C", "Depyrogenation", 1, (315, 330), (305, 345), (20, 360), 322,
             gxp=True),
        Spec("belt_speed", "Belt speed", "mm/min", "Depyrogenation", 0, (170, 230), (None, 260), (0, 300), 200),
        Spec("pressure", "Pressure to filling room", "Pa", "Depyrogenation", 1, (3, 8), (1, 12), (0, 15), 5),
        _power(8, 58, 65), ENERGY,
    ),
    "filler": (
        Spec("speed", "Speed", "1/min", "Line", 0, (180, 220), (None, 240), (0, 260), 200),
        Spec("fill_weight", "Fill weight", "g", "Dosing", 3, (10.025, 10.175), (9.95, 10.25), (9.8, 10.4), 10.10,
             every=1.0, gxp=True),
        Spec("pump_pressure", "Pump pressure", "bar", "Dosing", 3, (1.1, 1.35), (None, 1.5), (0, 2), 1.22),
        Spec("product_temperature", "Product temperature", "°C", "Dosing", 2, (18, 22), (15, 25), (5, 35), 20, gxp=True),
        Spec("bowl_level", "Bowl level", "%", "Dosing", 1, (55, 75), (40, 90), (0, 100), 65),
        _vibration(2.3, 4.5), _power(0.8, 11, 14), ENERGY,
    ),
    "capper": (
        Spec("speed", "Speed", "1/min", "Line", 0, (180, 220), (None, 240), (0, 260), 200),
        Spec("capping_force", "Capping force", "N", "Closing", 1, (88, 108), (80, 116), (60, 130), 98, gxp=True),
        Spec("stopper_level", "Stopper bowl level", "%", "Closing", 0, (20, 95), (10, None), (0, 100)),
        _power(0.6, 8, 10), ENERGY,
    ),
    "lyophiliser": (
        Spec("shelf_temperature", "Shelf temperature", "°C", "Drying", 2, (-52, 32), (-55, 45), (-60, 50), gxp=True),
        Spec("product_temperature", "Product temperature", "°C", "Drying", 2, (-50, 30), (-54, 40), (-60, 50), gxp=True),
        Spec("chamber_pressure", "Chamber pressure", "mbar", "Drying", 3, (0, 1050), (None, None), (0, 1100), gxp=True),
        Spec("condenser_temperature", "Condenser temperature", "°C", "Drying", 1, (-75, 25), (-82, 60), (-85, 70)),
        _vibration(2.3, 4.5), _power(4, 75, 90), ENERGY,
    ),
    "inspection": (
        Spec("speed", "Speed", "1/min", "Line", 0, (200, 260), (None, 280), (0, 300), 240),
        Spec("reject_rate", "Reject rate", "%", "Inspection", 2, (0, 1.5), (None, 3), (0, 5), gxp=True),
        Spec("light", "Light intensity", "%", "Inspection", 1, (92, 100), (85, None), (0, 100)),
        _power(0.9, 7, 9), ENERGY,
    ),
    "granulator": (
        Spec("impeller_speed", "Impeller speed", "rpm", "Granulation", 0, (0, 260), (None, 300), (0, 320), 240),
        Spec("impeller_torque", "Impeller torque", "Nm", "Granulation", 1, (0, 95), (None, 120), (0, 140)),
        Spec("inlet_air_temperature", "Inlet air temperature", "°C", "Drying", 1, (20, 72), (None, 80), (0, 90), 65),
        Spec("product_temperature", "Product temperature", "°C", "Drying", 1, (18, 52), (None, 58), (0, 70), gxp=True),
        Spec("moisture", "Moisture, NIR", "%", "Drying", 2, (1.2, 14), (0.8, 18), (0, 20), gxp=True),
        _vibration(2.8, 4.5), _power(1, 50, 62), ENERGY,
    ),
    "blender": (
        Spec("speed", "Rotation", "rpm", "Blending", 1, (0, 14), (None, 16), (0, 20), 12),
        Spec("torque", "Drive torque", "Nm", "Blending", 0, (0, 900), (None, 1100), (0, 1300)),
        _power(0.3, 8, 10), ENERGY,
    ),
    "press": (
        Spec("main_force", "Main force, peak", "kN", "Compression", 2, (12.8, 15.6), (11, 17.5), (8, 20), 14.2,
             every=1.0, gxp=True),
        Spec("pre_force", "Pre-force", "kN", "Compression", 2, (2.7, 3.7), (2, 4.4), (1, 6), 3.2),
        Spec("ejection_force", "Ejection force", "kN", "Compression", 3, (0.3, 0.5), (None, 0.6), (0, 0.8)),
        Spec("turret_speed", "Turret speed", "rpm", "Compression", 1, (41, 50), (None, 55), (0, 60), 48),
        Spec("tablet_weight", "Tablet weight", "mg", "Weight control", 1, (248, 252), (245, 255), (240, 260), 250, gxp=True),
        Spec("fill_depth", "Fill depth", "mm", "Weight control", 2, (8.9, 9.4), (8.5, 9.8), (8, 10.5), 9.15),
        Spec("hardness", "Hardness", "N", "Weight control", 1, (82, 104), (70, 120), (50, 140), 93, gxp=True),
        Spec("thickness", "Thickness", "mm", "Weight control", 3, (3.84, 3.96), (3.78, 4.02), (3.7, 4.1), 3.90, gxp=True),
        Spec("feeder_speed", "Feeder speed", "rpm", "Feeding", 1, (30, 36), (None, 40), (0, 50), 33),
        Spec("hopper_level", "Hopper level", "%", "Feeding", 0, (25, 85), (10, 95), (0, 100)),
        _vibration(2.8, 4.5), _power(1, 17, 21), ENERGY,
    ),
    "coater": (
        Spec("inlet_air_temperature", "Inlet air temperature", "°C", "Coating", 1, (20, 68), (None, 75), (0, 90), 62),
        Spec("bed_temperature", "Bed temperature", "°C", "Coating", 1, (18, 47), (None, 52), (0, 70), 44, gxp=True),
        Spec("spray_rate", "Spray rate", "g/min", "Coating", 0, (0, 270), (None, 300), (0, 350), 240, gxp=True),
        Spec("pan_speed", "Pan speed", "rpm", "Coating", 1, (0, 10), (None, 12), (0, 14), 8),
        Spec("pan_pressure", "Pan pressure", "Pa", "Coating", 1, (-40, 0), (-60, None), (-80, 20), -25),
        _vibration(2.8, 4.5), _power(1, 55, 66), ENERGY,
    ),
    "blister": (
        Spec("speed", "Speed", "1/min", "Line", 0, (270, 330), (None, 360), (0, 400), 300),
        Spec("forming_temperature", "Forming temperature", "°C", "Forming", 1, (136, 148), (None, 155), (20, 180), 142),
        Spec("sealing_temperature", "Sealing temperature", "°C", "Sealing", 1, (172, 186), (None, 195), (20, 220), 180,
             gxp=True),
        Spec("sealing_pressure", "Sealing pressure", "bar", "Sealing", 2, (3.7, 4.3), (None, 4.7), (0, 6), 4.0),
        _vibration(1.8, 3.5), _power(1.5, 19, 24), ENERGY,
    ),
    "cartoner": (
        Spec("speed", "Speed", "1/min", "Line", 0, (135, 165), (None, 180), (0, 200), 150),
        Spec("vacuum", "Suction pressure", "mbar", "Cartoning", 0, (-650, -480), (None, None), (-800, 0), -560),
        _power(0.6, 6.5, 8), ENERGY,
    ),
    "checkweigher": (
        Spec("carton_weight", "Carton weight", "g", "Weighing", 2, (18.1, 18.9), (17.6, 19.4), (16, 21), 18.5,
             every=1.0, gxp=True),
        _power(0.2, 1.1, 1.5), ENERGY,
    ),
    "casepacker": (
        Spec("read_rate", "Code read rate", "%", "Serialisation", 2, (99.2, 100), (98, None), (95, 100), gxp=True),
        _power(0.5, 4.6, 6), ENERGY,
    ),
    "chiller": (
        Spec("supply_temperature", "Supply temperature", "°C", "Cooling water", 2, (5.5, 7.5), (4, 9), (0, 15), 6.5),
        Spec("return_temperature", "Return temperature", "°C", "Cooling water", 2, (8, 13), (None, 15), (0, 20)),
        Spec("flow", "Flow", "m³/h", "Cooling water", 1, (50, 85), (35, None), (0, 110)),
        Spec("cooling_power", "Cooling power", "kW", "Cooling water", 1, (90, 480), (None, 560), (0, 600)),
        Spec("outdoor_temperature", "Outdoor temperature", "°C", "Surroundings", 1, (-5, 30), (None, None), (-15, 40)),
        _vibration(2.8, 7.1), _power(20, 150, 180), ENERGY, _meter("cooling_energy", "Cooling energy", "kWh"),
    ),
    "compressor": (
        Spec("pressure", "Network pressure", "bar", "Compressed air", 2, (6.5, 7.4), (6.2, 8), (0, 10), 7.0),
        Spec("air_flow", "Air flow", "m³/h", "Compressed air", 1, (0, 420), (None, 480), (0, 520)),
        Spec("dew_point", "Dew point", "°C", "Compressed air", 1, (-45, -30), (None, -22), (-60, 0), -40),
        Spec("oil_temperature", "Oil temperature", "°C", "Condition", 1, (20, 92), (None, 105), (0, 120)),
        _vibration(2.8, 7.1), _power(0.4, 62, 75), ENERGY, _meter("air_volume", "Compressed air", "m³"),
    ),
    "wfi": (
        Spec("loop_flow", "Consumption", "m³/h", "Water", 2, (0, 4.5), (None, 6), (0, 8)),
        Spec("loop_temperature", "Loop temperature", "°C", "Water", 1, (78, 86), (72, 92), (20, 100), 82, gxp=True),
        Spec("conductivity", "Conductivity", "µS/cm", "Water", 3, (0.3, 0.9), (None, 1.1), (0, 1.5), gxp=True),
        Spec("toc", "Total organic carbon", "ppb", "Water", 1, (5, 60), (None, 250), (0, 500), gxp=True),
        Spec("tank_level", "Tank level", "%", "Water", 1, (45, 95), (30, None), (0, 100)),
        _power(3, 30, 38), ENERGY, _meter("water_volume", "WFI used", "m³"),
    ),
    "boiler": (
        Spec("pressure", "Steam pressure", "bar", "Steam", 2, (5.6, 6.4), (5, 7), (0, 8), 6.0),
        Spec("steam_flow", "Steam flow", "kg/h", "Steam", 0, (250, 2600), (None, 3000), (0, 3300)),
        Spec("feedwater_temperature", "Feedwater temperature", "°C", "Steam", 1, (98, 106), (92, 110), (20, 120), 103),
        Spec("flue_gas_temperature", "Flue gas temperature", "°C", "Steam", 0, (110, 190), (None, 220), (0, 260)),
        _power(4, 16, 20), ENERGY, _meter("steam_mass", "Steam", "kg"),
    ),
    "ahu": (
        Spec("supply_temperature", "Supply air temperature", "°C", "Air", 2, (16.5, 19.5), (15, 22), (5, 30), 18),
        Spec("supply_humidity", "Supply air humidity", "%", "Air", 1, (38, 56), (30, 65), (0, 100), 47),
        Spec("fan_speed", "Fan speed", "%", "Air", 1, (55, 90), (40, 98), (0, 100), 75),
        Spec("filter_pressure", "Filter pressure drop", "Pa", "Condition", 0, (80, 220), (None, 300), (0, 350)),
        _vibration(2.8, 4.5), _power(8, 42, 50), ENERGY,
    ),
}  # fmt: skip


def _door() -> Spec:
    return Spec("door", "Door open", "", "Doors", None, every=None, kind=ValueKind.BOOL)


def _climate(key: str, title: str, unit: str, decimals: int, setpoint: float, normal: float, alarm: float) -> Spec:
    usual, allowed, shown = ((setpoint - width, setpoint + width) for width in (normal, alarm, alarm * 1.6))
    return Spec(key, title, unit, "Climate", decimals, usual, allowed, shown, setpoint, every=30.0, gxp=True)


def _particles(key: str, title: str, action: float, decimals: int = 0) -> Spec:
    return Spec(
        key, title, "1/m³", "Particles", decimals, (0, action * 0.5), (None, action), (0, action * 1.3), every=60.0, gxp=True
    )


PRESSURE = {"A": 45.0, "B": 45.0, "C": 30.0, "D": 15.0, "CNC": 5.0}
"""Set overpressure of a room against outside, Pa: at least 10 Pa between adjacent rooms of different grade (EU GMP Annex 1)."""
PARTICLES = {"A": (3_520.0, 29.0), "B": (352_000.0, 2_930.0), "C": (3_520_000.0, 29_300.0)}
"""Limits in operation for ≥ 0.5 µm and ≥ 5 µm, 1/m³ (EU GMP Annex 1, 2022)."""
CLIMATE = {
    "A": (20.0, 45.0),
    "B": (20.0, 45.0),
    "C": (20.5, 45.0),
    "D": (21.0, 45.0),
    "CNC": (21.5, 48.0),
    "2-8 °C": (5.0, 55.0),
}
"""Set temperature (°C) and relative humidity (%) by grade."""


def room(grade: str) -> tuple[Spec, ...]:
    """What a room of a grade reports."""
    warm, humid = CLIMATE[grade]
    if grade not in PRESSURE:
        second = _climate("temperature_door", "Temperature at the door", "°C", 2, warm, 1.8, 3.0)
        return (_climate("temperature", "Temperature", "°C", 2, warm, 1.5, 3.0), second, _door())
    found = [
        _climate("temperature", "Temperature", "°C", 2, warm, 1.0, 2.5),
        _climate("humidity", "Relative humidity", "%", 1, humid, 7.0, 15.0),
        _climate("pressure", "Overpressure", "Pa", 1, PRESSURE[grade], 4.0, min(9.0, PRESSURE[grade])),
    ]
    if grade in PARTICLES:
        half, five = PARTICLES[grade]
        found += [_particles("particles_05", "Particles ≥ 0.5 µm", half), _particles("particles_5", "Particles ≥ 5 µm", five)]
    return (*found, _door())
