"""Who a wall display is: its device's session, looked up once a second for all displays together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from db import wall
from db.store import Store
from engine.errors import PlantError
from engine.wall.device import Device

COOKIE = "plantglass_wall"
BELIEVED_S = 1.0
T = TypeVar("T")


@dataclass(slots=True)
class Kept(Generic[T]):
    """A value that is made again when it is older than `every_s`: one thread makes it, the others wait for it.

    That it could not be made is kept as long, so that waiting requests fail together.
    """

    every_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = float("-inf")
    value: T | PlantError | None = None

    def get(self, make: Callable[[], T]) -> T:
        """The value, made when it is due. Raises what making it raised."""
        with self.lock:
            if time.monotonic() - self.at >= self.every_s:
                try:
                    self.value = make()
                except PlantError as error:
                    self.value = error
                self.at = time.monotonic()
            found = self.value
        if isinstance(found, PlantError):
            raise type(found)(str(found))
        return found  # type: ignore[return-value]  # made above, so it is a T


_sessions: dict[str, Kept[dict[str, Device]]] = {}


def device_of(store: Store, token: str | None) -> Device | None:
    """The device whose session this is; None when it is worth nothing, a second after it was revoked at the latest."""
    if not token:
        return None
    kept = _sessions.setdefault(store.url, Kept(BELIEVED_S))
    return kept.get(lambda: wall.sessions(store)).get(wall.digest(token))


def forget(store: Store) -> None:
    """Look sessions up anew: one was just made."""
    _sessions.pop(store.url, None)
