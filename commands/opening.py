"""Opening the store for a command: the embedded database is started when no other is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import access, embedded
from db.store import Store, migrate
from engine.access import ROLES
from engine.errors import Unavailable

if TYPE_CHECKING:
    from settings import Settings


def database_url(settings: Settings) -> str:
    """The URL of the database that these settings mean; starts the embedded one. Raises `Unavailable`."""
    if settings.database_url:
        return settings.database_url
    try:
        return embedded.start(settings.folder / "postgres")
    except PermissionError as error:
        raise Unavailable(f"The data folder {settings.folder} cannot be written: {error.strerror}.") from error


def open_store(settings: Settings) -> Store:
    """The store, migrated to this version, with this version's built-in roles."""
    url = database_url(settings)
    migrate(settings.owner_url or url)
    store = Store(url)
    access.sync_roles(store, ROLES)
    return store
