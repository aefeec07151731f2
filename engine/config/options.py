"""What the settings of a source and the decode options of a binding may be, by the kind of source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import Invalid
from engine.reading import shown

SECURITY = ("None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
TLS_FILES = {"ca", "certificate", "key"}


@dataclass(frozen=True, slots=True)
class OpcuaSettings:
    """An OPC UA server. Queues hold what is sampled between two publishings."""

    url: str
    security: str = "None"
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    publishing_ms: float = 500.0
    sampling_ms: float = 250.0
    queue: int = 0
    timeout_s: float = 10.0
    trigger: str = "timestamp"

    def __post_init__(self) -> None:
        if not _is_opc_address(self.url):
            raise Invalid(f"The address “{self.url}” is not of the form opc.tcp://host:port/name.")
        if self.security not in SECURITY:
            raise Invalid(f"There is no security policy “{self.security}”; use {', '.join(SECURITY)}.")
        if self.trigger not in ("timestamp", "value"):
            raise Invalid(f"There is no trigger “{self.trigger}”; use timestamp or value.")
        _check_password(self.user, self.password_env, self.password_file)
        if self.publishing_ms <= 0 or self.sampling_ms < 0 or self.queue < 0 or self.timeout_s <= 0:
            raise Invalid("The intervals and the timeout of an OPC UA source must be more than 0, its queue at least 0.")


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """An MQTT broker. `tls` is true, or names files: ca, certificate, key."""

    host: str
    port: int = 1883
    version: Any = "auto"
    topics: tuple[str, ...] = ("#",)
    qos: int = 1
    keepalive_s: int = 30
    client_id: str | None = None
    session_hours: float = 72.0
    receive_maximum: int = 1000
    shared: int = 0
    max_payload_kb: float = 1024.0
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    tls: Any = False

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise Invalid(f"The port {self.port} is not from 1 to 65535.")
        if str(self.version) not in ("auto", "5", "3.1.1"):
            raise Invalid(f"There is no MQTT version “{self.version}”; use auto, 5 or 3.1.1.")
        if self.qos not in (0, 1, 2) or not 1 <= self.receive_maximum <= 65535 or self.keepalive_s < 1 or self.shared < 0:
            raise Invalid("The qos is 0, 1 or 2, receive_maximum 1 to 65535, keepalive_s at least 1, shared at least 0.")
        if not isinstance(self.tls, bool) and not (isinstance(self.tls, dict) and set(self.tls) <= TLS_FILES):
            raise Invalid("The setting “tls” is true, false, or a table of the files ca, certificate, key.")
        _check_password(self.user, self.password_env, self.password_file)


@dataclass(frozen=True, slots=True)
class SparkplugSettings(MqttSettings):
    """A broker that carries Sparkplug B. Without `group`, all groups are read."""

    group: str = "+"
    host_id: str | None = None


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """A watched folder, relative to the data folder."""

    path: str


FORMATS, TIME_FORMATS = ("json", "plain"), ("auto", "iso", "s", "ms", "us")


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How a value is found in what a source sends, and scaled: stored = scale × value + offset (see `connectors.decode`)."""

    value: str = "value"
    time: str | None = None
    quality: str | None = None
    seq: str | None = None
    unit: str | None = None
    format: str = "json"
    time_format: str = "auto"
    zone: str | None = None
    scale: float | None = None
    offset: float | None = None
    units: dict[str, Any] = field(default_factory=dict)
    optional: bool = False

    def __post_init__(self) -> None:
        for name, known in (("format", FORMATS), ("time_format", TIME_FORMATS)):
            if getattr(self, name) not in known:
                words = f"{', '.join(known[:-1])} or {known[-1]}"
                raise Invalid(f"The decode option {name} is “{getattr(self, name)}”; it must be {words}.")
        for name in ("scale", "offset"):
            number = getattr(self, name)
            if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
                raise Invalid(f"The decode option {name} is {shown(number)}; it must be a number.")
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Invalid(f"The decode option zone is “{self.zone}”; there is no such time zone.") from error


SETTINGS: dict[str, type] = {
    "opcua": OpcuaSettings,
    "mqtt": MqttSettings,
    "sparkplug": SparkplugSettings,
    "folder": FolderSettings,
}
"""What each kind of source may be told."""


def _check_password(user: str | None, variable: str | None, file: str | None) -> None:
    if variable is not None and file is not None:
        raise Invalid("Write either password_env or password_file, not both.")
    if user is None and (variable is not None or file is not None):
        raise Invalid("There is a password without a “user”.")


def _is_opc_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "opc.tcp" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
