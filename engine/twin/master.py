"""Master data of the virtual site: calendars, products, materials, recipes, rates, sources, users. All names are invented."""

from __future__ import annotations

from typing import Any

from engine.access import ROLES
from engine.twin.places import SITE_PATH

Record = dict[str, Any]

_WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_SHIFTS = [
    {"name": "A", "start": "06:00", "end": "14:00"},
    {"name": "B", "start": "14:00", "end": "22:00"},
    {"name": "C", "start": "22:00", "end": "06:00"},
]
CALENDARS: tuple[Record, ...] = (
    {"name": "three-shift", "time_zone": "Europe/Dublin", "shifts": _SHIFTS, "days": _WEEK, "exceptions": []},
    {"name": "two-shift", "time_zone": "Europe/Dublin", "shifts": _SHIFTS[:2], "days": _WEEK, "exceptions": []},
)

PRODUCTS: tuple[Record, ...] = (
    {"code": "PX50", "name": "Plorexan 50 mg film-coated tablets", "family": "Plorexan", "unit": "tablets"},
    {"code": "MV20", "name": "Meravast 20 mg film-coated tablets", "family": "Meravast", "unit": "tablets"},
    {"code": "TN100", "name": "Tenolin 100 mg tablets", "family": "Tenolin", "unit": "tablets"},
    {"code": "PX50-30", "name": "Plorexan 50 mg, 30 tablets in blisters", "family": "Plorexan", "unit": "cartons"},
    {"code": "MV20-28", "name": "Meravast 20 mg, 28 tablets in blisters", "family": "Meravast", "unit": "cartons"},
    {"code": "TN100-20", "name": "Tenolin 100 mg, 20 tablets in blisters", "family": "Tenolin", "unit": "cartons"},
    {"code": "VX10", "name": "Vialex 10 mg/ml, 10 ml vials", "family": "Vialex", "unit": "vials"},
    {"code": "OR5", "name": "Oranil 5 mg/ml, 10 ml vials", "family": "Oranil", "unit": "vials"},
    {"code": "CF500", "name": "Cefarel 500 mg, lyophilised vials", "family": "Cefarel", "unit": "vials"},
)

MATERIALS: tuple[Record, ...] = tuple(
    {"code": code, "name": name, "unit": unit, "attributes": attributes}
    for code, name, unit, attributes in (
        ("API-PX", "Plorexan hydrochloride", "kg", {"class": "api"}),
        ("API-MV", "Meravast calcium", "kg", {"class": "api"}),
        ("API-TN", "Tenolin", "kg", {"class": "api"}),
        ("API-VX", "Vialex sodium", "kg", {"class": "api", "storage": "2-8 °C"}),
        ("API-OR", "Oranil", "kg", {"class": "api"}),
        ("API-CF", "Cefarel", "kg", {"class": "api", "storage": "2-8 °C"}),
        ("EX-LAC", "Lactose monohydrate", "kg", {"class": "excipient"}),
        ("EX-MCC", "Microcrystalline cellulose", "kg", {"class": "excipient"}),
        ("EX-MGS", "Magnesium stearate", "kg", {"class": "excipient"}),
        ("EX-FILM", "Film-coating powder", "kg", {"class": "excipient"}),
        ("EX-MAN", "Mannitol for injection", "kg", {"class": "excipient"}),
        ("PM-VIAL", "Vial 10R, type I glass", "pcs", {"class": "primary packaging"}),
        ("PM-STOP", "Stopper 20 mm", "pcs", {"class": "primary packaging"}),
        ("PM-CAP", "Aluminium cap 20 mm", "pcs", {"class": "primary packaging"}),
        ("PM-PVC", "PVC/PVDC film 250 µm", "kg", {"class": "primary packaging"}),
        ("PM-ALU", "Lidding foil 20 µm", "kg", {"class": "primary packaging"}),
        ("PM-CART", "Folding carton", "pcs", {"class": "secondary packaging"}),
        ("PM-LEAF", "Leaflet", "pcs", {"class": "secondary packaging"}),
    )
)


def _step(name: str, class_: str, *phases: str, **parameters: float) -> Record:
    return {"name": name, "class": class_, "phases": list(phases), "parameters": parameters, "materials": []}


GRANULATION = ("Charging", "Dry mixing", "Wet granulation", "Drying", "Discharge")
BLENDING = ("Docking", "Blending", "Lubrication", "Discharge")
COATING = ("Loading", "Preheating", "Spraying", "Drying", "Cooling", "Discharge")
FREEZE_DRYING = ("Loading", "Freezing", "Primary drying", "Secondary drying", "Stoppering", "Unloading")
COMPRESSION = "Compression"
FILLING = "Filling"
CAPPING = "Capping"
INSPECTION = "Inspection"
PACKING = "Packing"

_GRANULATE = _step("Granulation", "granulator", *GRANULATION, dry_until_percent=2.0, impeller_rpm=240)
_BLEND = _step("Blending", "blender", *BLENDING, rpm=12)
_PRESS = _step("Compression", "press", COMPRESSION, main_force_kn=14.2, weight_mg=250, turret_rpm=48)
_COAT = _step("Coating", "coater", *COATING, inlet_c=62, spray_g_min=240)
_FILL = _step("Filling", "filler", FILLING, weight_g=10.10, speed_per_min=200)
_LYO = _step("Freeze drying", "lyophiliser", *FREEZE_DRYING, freeze_c=-48, primary_c=-18, secondary_c=28, pressure_mbar=0.12)
_CAP = _step("Closing", "capper", CAPPING, force_n=98)
_LOOK = _step("Inspection", "inspection", INSPECTION)
_PACK = _step("Packing", "blister", PACKING, forming_c=142, sealing_c=180)
PROCEDURES: dict[str, list[Record]] = {
    "PX50": [_GRANULATE, _BLEND, _PRESS, _COAT],
    "MV20": [_GRANULATE, _BLEND, _PRESS, _COAT],
    "TN100": [_GRANULATE, _BLEND, _PRESS],
    "PX50-30": [_PACK],
    "MV20-28": [_PACK],
    "TN100-20": [_PACK],
    "VX10": [_FILL, _CAP, _LOOK],
    "OR5": [_FILL, _CAP, _LOOK],
    "CF500": [_FILL, _LYO, _CAP, _LOOK],
}
RECIPES: tuple[Record, ...] = tuple(
    {
        "code": f"{product}-M",
        "revision": 1,
        "product": product,
        "effective_from": "2026-01-01T00:00:00+00:00",
        "procedure": procedure,
    }
    for product, procedure in PROCEDURES.items()
)

VIALS_PER_MINUTE = 200.0
INSPECTED_PER_MINUTE = 240.0
TABLETS_PER_MINUTE = 2_640.0
"""48 rpm × 55 stations."""
BLISTERS_PER_MINUTE = 300.0
BLISTERS_PER_CARTON = 2
IDEAL_PER_MINUTE: dict[str, float] = {
    "washer-1": VIALS_PER_MINUTE,
    "tunnel-1": VIALS_PER_MINUTE,
    "filler-1": VIALS_PER_MINUTE,
    "capper-1": VIALS_PER_MINUTE,
    "inspection-1": INSPECTED_PER_MINUTE,
    "press-1": TABLETS_PER_MINUTE,
    "press-2": TABLETS_PER_MINUTE,
    "press-3": TABLETS_PER_MINUTE,
    **{f"blister-{n}": BLISTERS_PER_MINUTE for n in (1, 2)},
    **{
        f"{kind}-{n}": BLISTERS_PER_MINUTE / BLISTERS_PER_CARTON
        for kind in ("cartoner", "checkweigher", "casepacker")
        for n in (1, 2)
    },
}
"""Ideal rate of each counting machine, units a minute; the same for every product that it makes."""
VIALS, TABLETS, PACKS = ("VX10", "OR5", "CF500"), ("PX50", "MV20", "TN100"), ("PX50-30", "MV20-28", "TN100-20")


def products_of(machine: str) -> tuple[str, ...]:
    """Codes of the products that a counting machine makes."""
    if machine.startswith("press"):
        return TABLETS
    return PACKS if machine.startswith(("blister", "cartoner", "checkweigher", "casepacker")) else VIALS


def rates(path_of: dict[str, str]) -> tuple[Record, ...]:
    """Ideal rates by product and machine, units an hour, as the configuration keeps them."""
    since = "2026-01-01T00:00:00+00:00"
    return tuple(
        {"product": product, "machine": path_of[machine], "per_hour": per_minute * 60.0, "effective_from": since}
        for machine, per_minute in IDEAL_PER_MINUTE.items()
        for product in products_of(machine)
    )


SOURCES: tuple[Record, ...] = (
    {
        "name": "line-server",
        "kind": "opcua",
        "settings": {
            "url": "opc.tcp://127.0.0.1:4840/plantglass",
            "security": "None",
            "publishing_ms": 200,
            "sampling_ms": 100,
            "queue": 20,
        },
    },
    {"name": "site-broker", "kind": "mqtt", "settings": {"host": "127.0.0.1", "port": 1884, "topics": ["acme/#"]}},
    {"name": "rooms", "kind": "sparkplug", "settings": {"host": "127.0.0.1", "port": 1884, "group": "dublin"}},
    {"name": "orders", "kind": "folder", "expected_s": 604_800.0, "settings": {"path": "drop/orders"}},
)
SOURCE_OF_ROUTE = {"opcua": "line-server", "mqtt": "site-broker", "sparkplug": "rooms"}
"""Which configured source brings the signals of a route."""

GRANTS: tuple[Record, ...] = tuple(
    {"user": role, "role": role, "at": f"{SITE_PATH}/packaging/line-1" if role == "operator" else SITE_PATH} for role in ROLES
)
"""One demo user a role; the operator sees packaging line 1 only."""
