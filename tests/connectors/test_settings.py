"""What the configuration file lets through is what the collectors know."""

from __future__ import annotations

from dataclasses import fields

from connectors import mqtt
from connectors.opcua import collector
from connectors.opcua.security import POLICIES
from engine.config.options import SECURITY, SETTINGS


def names(class_: type) -> set[str]:
    return {item.name for item in fields(class_)}  # type: ignore[arg-type]


def test_the_file_and_the_collectors_know_the_same_settings() -> None:
    assert names(SETTINGS["opcua"]) == collector.KNOWN
    assert names(SETTINGS["sparkplug"]) == mqtt.KNOWN
    assert names(SETTINGS["mqtt"]) == mqtt.KNOWN - {"group", "host_id"}
    assert names(SETTINGS["folder"]) == {"path"}
    assert set(SECURITY) == {"None", *POLICIES}
