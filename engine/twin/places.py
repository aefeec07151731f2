"""The location tree of the virtual site: areas, lines, machines and rooms, and which state table a machine speaks.

Sources of the state numbers: OPC 30060 (Tobacco Machine Communication) 2.00, 11.9 StateEnumeration; OPC 30050 (PackML), the
StateNumber of each state in 6.3.6 to 6.3.8 and in its nodeset, which are those of PackTags in ISA-TR88.00.02; OPC 40001-1
(Machinery), 12.2 and 13.2, whose StateNumbers OPC 40082-5, 11.2 and 11.3 lists.
"""

from __future__ import annotations

from typing import Any

from engine.location import NodeKind
from engine.tag import StateTable
from engine.twin.record import Place

SITE_PATH = "acme/dublin"

PACKML = StateTable(
    "packml",
    "PackML states, numbered as in OPC 30060",
    {
        0: ("Stopped", "stopped"),
        1: ("Resetting", "idle"),
        2: ("Idle", "idle"),
        3: ("Starting", "running"),
        4: ("Execute", "running"),
        5: ("Completing", "running"),
        6: ("Complete", "idle"),
        7: ("Aborting", "aborted"),
        8: ("Aborted", "aborted"),
        9: ("Stopping", "stopped"),
        10: ("Clearing", "aborted"),
        11: ("Suspending", "suspended"),
        12: ("Suspended", "suspended"),
        13: ("Unsuspending", "suspended"),
        14: ("Holding", "held"),
        15: ("Held", "held"),
        16: ("Unholding", "held"),
    },
)
_PACKTAGS_NUMBER = {
    "Clearing": 1,
    "Stopped": 2,
    "Starting": 3,
    "Idle": 4,
    "Suspended": 5,
    "Execute": 6,
    "Stopping": 7,
    "Aborting": 8,
    "Aborted": 9,
    "Holding": 10,
    "Held": 11,
    "Unholding": 12,
    "Suspending": 13,
    "Unsuspending": 14,
    "Resetting": 15,
    "Completing": 16,
    "Complete": 17,
}
PACKTAGS_OF_PACKML: dict[int, int] = {code: _PACKTAGS_NUMBER[text] for code, (text, _) in PACKML.codes.items()}
PACKTAGS = StateTable(
    "packtags",
    "PackML states, numbered as in OPC 30050 and PackTags",
    {0: ("Undefined", "out_of_service"), **{_PACKTAGS_NUMBER[t]: (t, c) for t, c in PACKML.codes.values()}},
)
MODES = StateTable(
    "packml-mode",
    "PackML unit modes",
    {
        0: ("Invalid", "out_of_service"),
        1: ("Production", "running"),
        2: ("Maintenance", "maintenance"),
        3: ("Manual", "maintenance"),
        4: ("Cleaning", "cleaning"),
        5: ("Changeover", "setup"),
    },
)
"""ISA-TR88.00.02 fixes 0 to 3; modes from 4 on are the machine builder's, here the plant's."""
ITEM_STATES = StateTable(
    "machinery-item",
    "Machinery item states of OPC 40001-1",
    {
        0: ("NotAvailable", "out_of_service"),
        1: ("OutOfService", "out_of_service"),
        2: ("NotExecuting", "idle"),
        3: ("Executing", "running"),
    },
)
OPERATION_MODES = StateTable(
    "machinery-mode",
    "Machinery operation modes of OPC 40001-1",
    {0: ("None", "idle"), 1: ("Maintenance", "maintenance"), 2: ("Setup", "setup"), 3: ("Processing", "running")},
)
STATE_TABLES = (PACKML, PACKTAGS, MODES, ITEM_STATES, OPERATION_MODES)

PACKTAGS_MACHINES = frozenset({"cartoner-1", "cartoner-2", "checkweigher-1", "checkweigher-2", "casepacker-1", "casepacker-2"})
"""These speak the older numbering."""


def _machine(at: str, name: str, class_: str, criticality: int, **more: Any) -> Place:
    facts = {"class": class_, "criticality": criticality, "qualification_due": "2027-06-30", "calibration_due": "2027-03-31"}
    return Place(f"{SITE_PATH}/{at}", name, NodeKind.MACHINE, machine=facts | more)


def _area(at: str, name: str) -> Place:
    return Place(f"{SITE_PATH}/{at}", name, NodeKind.AREA)


def _line(at: str, name: str, calendar: str, constraint: str) -> Place:
    return Place(f"{SITE_PATH}/{at}", name, NodeKind.LINE, {"constraint": constraint}, calendar=calendar)


def _room(at: str, name: str, grade: str) -> Place:
    return Place(f"{SITE_PATH}/{at}", name, NodeKind.ROOM, {"grade": grade})


PLACES: tuple[Place, ...] = (
    Place("acme", "Acme Pharma", NodeKind.ENTERPRISE, currency="EUR"),
    Place(SITE_PATH, "Dublin", NodeKind.SITE, time_zone="Europe/Dublin", currency="EUR", calendar="three-shift"),
    _area("filling", "Sterile filling"),
    _line("filling/line-1", "Line 1 Vials", "three-shift", "filler-1"),
    _machine("filling/line-1/washer-1", "Vial washer 1", "washer", 3),
    _machine("filling/line-1/tunnel-1", "Depyrogenation tunnel 1", "tunnel", 4),
    _machine("filling/line-1/filler-1", "Vial filler 1", "filler", 5, vibration_group="II"),
    _machine("filling/line-1/capper-1", "Stopper and cap 1", "capper", 4),
    _machine("filling/lyo-1", "Lyophiliser 1", "lyophiliser", 5, vibration_group="II"),
    _machine("filling/inspection-1", "Visual inspection 1", "inspection", 4),
    _room("filling/room-a1", "A1 Filling zone", "A"),
    _room("filling/room-b1", "B1 Filling room", "B"),
    _room("filling/room-c1", "C1 Preparation", "C"),
    _area("solid-dose", "Solid dose"),
    _machine("solid-dose/granulator-1", "Granulator 1", "granulator", 4, vibration_group="II"),
    _machine("solid-dose/blender-1", "Bin blender 1", "blender", 2),
    _machine("solid-dose/press-1", "Press 1", "press", 4, vibration_group="II"),
    _machine("solid-dose/press-2", "Press 2", "press", 4, vibration_group="II"),
    _machine("solid-dose/press-3", "Press 3", "press", 4, vibration_group="II"),
    _machine("solid-dose/coater-1", "Coater 1", "coater", 3, vibration_group="II"),
    _room("solid-dose/room-d1", "D1 Compression", "D"),
    _room("solid-dose/room-d2", "D2 Granulation and coating", "D"),
    _area("packaging", "Packaging"),
    _line("packaging/line-1", "Line 1 Blister", "three-shift", "blister-1"),
    _machine("packaging/line-1/blister-1", "Blister 1", "blister", 4, vibration_group="I"),
    _machine("packaging/line-1/cartoner-1", "Cartoner 1", "cartoner", 3),
    _machine("packaging/line-1/checkweigher-1", "Checkweigher 1", "checkweigher", 3),
    _machine("packaging/line-1/casepacker-1", "Serialise and case pack 1", "casepacker", 3),
    _line("packaging/line-2", "Line 2 Blister", "two-shift", "blister-2"),
    _machine("packaging/line-2/blister-2", "Blister 2", "blister", 4, vibration_group="I"),
    _machine("packaging/line-2/cartoner-2", "Cartoner 2", "cartoner", 3),
    _machine("packaging/line-2/checkweigher-2", "Checkweigher 2", "checkweigher", 3),
    _machine("packaging/line-2/casepacker-2", "Serialise and case pack 2", "casepacker", 3),
    _room("packaging/room-p1", "P1 Packaging hall", "CNC"),
    _area("warehouse", "Warehouse"),
    _room("warehouse/cold-room-1", "Cold room 1", "2-8 °C"),
    _area("utilities", "Utilities"),
    _machine("utilities/chiller-1", "Chiller 1", "chiller", 4, vibration_group="III"),
    _machine("utilities/compressor-1", "Air compressor 1", "compressor", 4, vibration_group="II"),
    _machine("utilities/compressor-2", "Air compressor 2", "compressor", 2, vibration_group="II"),
    _machine("utilities/wfi-1", "WFI still 1", "wfi", 5),
    _machine("utilities/boiler-1", "Steam boiler 1", "boiler", 4),
    _machine("utilities/ahu-1", "Air handler 1, A and B", "ahu", 5, vibration_group="II"),
    _machine("utilities/ahu-2", "Air handler 2, C and D", "ahu", 4, vibration_group="II"),
    _machine("utilities/ahu-3", "Air handler 3, solid dose", "ahu", 3, vibration_group="II"),
)
