"""Physics by class of machine: each signal is one method of its class's model, evaluated for an array of instants."""

from __future__ import annotations

from engine.location import NodeKind
from engine.twin.models import filling, packaging, room, solid, utilities
from engine.twin.models.model import Model
from engine.twin.record import Place

MODELS: dict[str, type[Model]] = {
    "washer": filling.Washer,
    "tunnel": filling.Tunnel,
    "filler": filling.Filler,
    "capper": filling.Capper,
    "lyophiliser": filling.Lyophiliser,
    "inspection": filling.Inspection,
    "granulator": solid.Granulator,
    "blender": solid.Blender,
    "press": solid.Press,
    "coater": solid.Coater,
    "blister": packaging.Blister,
    "cartoner": packaging.Cartoner,
    "checkweigher": packaging.Checkweigher,
    "casepacker": packaging.Casepacker,
    "chiller": utilities.Chiller,
    "compressor": utilities.Compressor,
    "wfi": utilities.WaterStill,
    "boiler": utilities.Boiler,
    "ahu": utilities.AirHandler,
}


def model_of(place: Place) -> type[Model]:
    """The model of a machine or room."""
    if place.kind is NodeKind.ROOM:
        return room.Room if place.attributes["grade"] in room.GRADES else room.ColdRoom
    return MODELS[(place.machine or {})["class"]]
