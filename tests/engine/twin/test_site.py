"""The specification of the virtual site is complete and fits the rest of the product."""

from __future__ import annotations

from engine.access import ROLES
from engine.location import NodeKind
from engine.tag import StateTable, ValueKind
from engine.time import DAY_US
from engine.twin import timeline
from engine.twin.areas import RESTING, RUNNING
from engine.twin.faults import DEFAULT_SIGNAL, Fault, checked
from engine.twin.models import model_of
from engine.twin.places import ITEM_STATES, MODES, OPERATION_MODES, PACKML, PACKTAGS, PACKTAGS_OF_PACKML
from engine.twin.plant import Plant
from engine.twin.site import SITE
from tests.engine.twin.conftest import ANCHOR_US

CATEGORIES = {"running", "idle", "stopped", "held", "suspended", "aborted"}
CATEGORIES |= {"cleaning", "maintenance", "setup", "out_of_service"}


def test_there_are_at_least_24_machines_and_200_tags() -> None:
    assert sum(place.kind is NodeKind.MACHINE for place in SITE.places) >= 24
    assert len(SITE.signals) >= 200


def test_names_and_addresses_are_unique() -> None:
    assert len({s.name for s in SITE.signals}) == len(SITE.signals)
    assert len({(s.route, s.address) for s in SITE.signals}) == len(SITE.signals)
    assert len({p.path for p in SITE.places}) == len(SITE.places)


def test_every_place_but_the_root_has_a_parent_and_every_signal_a_place() -> None:
    paths = {p.path for p in SITE.places}
    assert all(p.path.rsplit("/", 1)[0] in paths for p in SITE.places if "/" in p.path)
    assert all(s.at in paths for s in SITE.signals)


def test_addresses_follow_the_contract() -> None:
    assert SITE.signal("filler-1.fill_weight").address == "nsu=urn:plantglass:virtual-plant;s=filler-1.fill_weight"
    assert SITE.signal("chiller-1.power").address == "acme/dublin/utilities/chiller-1/power"
    assert SITE.signal("room-a1.temperature").address == "dublin/rooms-edge/room-a1:temperature"
    assert {s.route for s in SITE.signals} == {"opcua", "mqtt", "sparkplug"}


def test_state_signals_name_a_table_and_tables_use_known_categories() -> None:
    tables = {table.name: table for table in SITE.state_tables}
    assert all(s.state_table in tables for s in SITE.signals if s.kind is ValueKind.STATE)
    assert all(category in CATEGORIES for table in tables.values() for _, category in table.codes.values())


def texts(table: StateTable) -> dict[int, str]:
    return {code: text for code, (text, _) in table.codes.items()}


def test_packml_states_are_numbered_as_in_opc_30060() -> None:
    """OPC 30060 (Tobacco Machine Communication) 2.00, 11.9, StateEnumeration."""
    first = ["Stopped", "Resetting", "Idle", "Starting", "Execute", "Completing", "Complete", "Aborting", "Aborted"]
    rest = ["Stopping", "Clearing", "Suspending", "Suspended", "Unsuspending", "Holding", "Held", "Unholding"]
    assert texts(PACKML) == dict(enumerate(first + rest))


def test_packtags_are_numbered_as_in_opc_30050() -> None:
    """The property StateNumber of each state of the PackML nodeset (http://opcfoundation.org/UA/PackML/ 1.01)."""
    numbered = texts(PACKTAGS)
    assert numbered.pop(0) == "Undefined"
    assert numbered == {
        1: "Clearing", 2: "Stopped", 3: "Starting", 4: "Idle", 5: "Suspended", 6: "Execute", 7: "Stopping", 8: "Aborting",
        9: "Aborted", 10: "Holding", 11: "Held", 12: "Unholding", 13: "Suspending", 14: "Unsuspending", 15: "Resetting",
        16: "Completing", 17: "Complete",
    }  # fmt: skip
    assert {PACKTAGS.codes[PACKTAGS_OF_PACKML[code]] for code in PACKML.codes} == set(PACKML.codes.values())


def test_machinery_items_are_numbered_as_in_opc_40001_1() -> None:
    """StateNumbers of OPC 40001-1, 12.2 and 13.2, as OPC 40082-5 lists them: 11.2 SetMachineState, 11.3 SetOperationMode."""
    assert texts(ITEM_STATES) == {0: "NotAvailable", 1: "OutOfService", 2: "NotExecuting", 3: "Executing"}
    assert texts(OPERATION_MODES) == {0: "None", 1: "Maintenance", 2: "Setup", 3: "Processing"}
    assert (texts(ITEM_STATES)[RESTING], texts(ITEM_STATES)[RUNNING]) == ("NotExecuting", "Executing")


def test_the_names_in_code_are_those_of_the_tables() -> None:
    for code, text in texts(PACKML).items():
        assert getattr(timeline, text.upper()) == code
    for code, text in texts(MODES).items():
        assert text == "Invalid" or getattr(timeline, text.upper()) == code


def test_every_measured_signal_has_a_model_method() -> None:
    meters = {"energy", "cooling_energy", "air_volume", "water_volume", "steam_mass"}
    for signal in SITE.signals:
        if signal.interval_s is not None and signal.key not in meters:
            assert callable(getattr(model_of(SITE.place(signal.machine)), signal.key)), signal.name


def test_limits_are_ordered() -> None:
    for signal in SITE.signals:
        limits = signal.limits
        edges = (limits.low, limits.alarm_low, limits.normal_low, limits.normal_high, limits.alarm_high, limits.high)
        known = [edge for edge in edges if edge is not None]
        assert known == sorted(known), signal.name


def test_each_role_has_a_demo_user_and_the_operator_sees_one_line() -> None:
    assert {g["role"] for g in SITE.grants} == set(ROLES)
    assert next(g["at"] for g in SITE.grants if g["role"] == "operator") == "acme/dublin/packaging/line-1"


def test_rates_and_recipes_name_products_that_exist() -> None:
    products = {p["code"] for p in SITE.products}
    assert {r["product"] for r in SITE.rates} | {r["product"] for r in SITE.recipes} == products
    assert all(r["per_hour"] > 0 for r in SITE.rates)


def test_each_class_has_a_signal_that_can_drift() -> None:
    classes = {(p.machine or {})["class"]: p.slug for p in SITE.places if p.machine}
    assert set(classes) == set(DEFAULT_SIGNAL)
    for slug in (*classes.values(), "room-a1", "cold-room-1"):
        assert checked(Fault("drift", slug), SITE).signal


def test_ninety_days_of_history_fit_into_5e7_samples(plant: Plant) -> None:
    recent = plant.truth(ANCHOR_US - DAY_US, ANCHOR_US, 10.0).emitted
    older = plant.truth(ANCHOR_US - 30 * DAY_US, ANCHOR_US - 23 * DAY_US, 60.0).emitted
    total = 7 * sum(recent.values()) + 83 / 7 * sum(older.values())
    print(f"samples in 90 days: {total:,.0f}")
    assert total < 5e7
