"""Every setting, in one frozen record. Only `app` loads it; everybody else is handed what they need.

Values come from the environment (`PLANTGLASS_…`), else from the TOML file that `PLANTGLASS_SETTINGS` names,
else from the defaults below. The table in docs/operating.md is compared with this class by a test.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class Settings(BaseSettings):
    """See docs/operating.md for the meaning of each."""

    model_config = SettingsConfigDict(env_prefix="PLANTGLASS_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address that the web server listens on")
    port: int = Field(8050, ge=1, le=65535, description="port of the web server")
    data: Path = Field(Path(".data"), description="folder of everything that is kept: database, spool, keys, drop folder")
    database_url: str | None = Field(None, description="another PostgreSQL (15 or newer) instead of the embedded one")
    owner_url: str | None = Field(None, description="login that may migrate, when database_url's may not")
    demo: bool = Field(False, description="demo accounts, virtual plant, DEMO DATA ribbon")
    web_threads: int = Field(8, ge=1, le=64, description="threads of one web process")
    web_processes: int = Field(1, ge=1, le=16, description="web processes")
    https: bool = Field(False, description="the address that people use is HTTPS: cookies are marked secure")
    trusted_proxies: int = Field(0, ge=0, le=5, description="reverse proxies in front, whose forwarded headers are believed")
    session_minutes: int = Field(120, ge=1, description="a session ends after so many minutes without a request by its user")
    past_days: float = Field(400, gt=0, description="an older source time stamp makes a sample uncertain")
    future_s: float = Field(60, ge=0, description="a source time stamp further ahead makes a sample uncertain")
    spool_mb: int = Field(2048, ge=16, description="largest size of a worker's spool")
    demo_days: int = Field(90, ge=0, le=90, description="days of history that the demo plant fills in")
    plant_port: int = Field(4840, ge=1, le=65535, description="OPC UA port of the virtual plant")
    broker_port: int = Field(1884, ge=1, le=65535, description="MQTT port of the demo's broker")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("database_url", "owner_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        """The usual forms of a PostgreSQL URL, as the driver wants them."""
        if url is None:
            return None
        scheme, mark, rest = url.partition("://")
        if not mark or scheme not in ("postgresql+psycopg", "postgresql", "postgres") or "/" not in rest:
            raise ValueError("it should read postgresql://user:password@host/name")
        return f"postgresql+psycopg://{rest}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get("PLANTGLASS_SETTINGS")
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file))

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()
