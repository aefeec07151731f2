"""A wall display as it is set up: which place, on which screen, with which slides. Raises `Invalid` on nonsense."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time

from engine.errors import Invalid
from engine.wall.size import layout_of, type_px

OVERVIEW = "overview"
LEAST_S, MOST_S = 20, 60
MOST_SLIDES = 12
THEMES = ("dark", "light")
RIGHTS = frozenset({"wall.read", "location.read", "historian.read", "oee.read", "alarm.read"})
"""What a device may do, in the subtree of its node, and nothing else."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """Slides in turn, each shown for `seconds`: “overview”, or paths of places below the device's."""

    seconds: int = 30
    slides: tuple[str, ...] = (OVERVIEW,)

    def __post_init__(self) -> None:
        if not LEAST_S <= self.seconds <= MOST_S:
            raise Invalid(f"A slide is shown for {LEAST_S} to {MOST_S} seconds, not {self.seconds}.")
        if not 1 <= len(self.slides) <= MOST_SLIDES:
            raise Invalid(f"A playlist has 1 to {MOST_SLIDES} slides; this one has {len(self.slides)}.")
        if self.slides[0] != OVERVIEW:
            raise Invalid("A playlist begins with the overview: an urgent alarm stops the rotation there.")


@dataclass(frozen=True, slots=True)
class Setting:
    """What an administrator chooses. Raises `Invalid` for a layout that could not be read on this screen from there."""

    name: str
    node_id: int
    screen_inches: float
    distance_m: float
    tiles: int = 4
    playlist: Playlist = field(default_factory=Playlist)
    theme: str = "dark"
    dim_from: time | None = None
    dim_to: time | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 80:
            raise Invalid("A display needs a name of 1 to 80 characters, such as where it hangs.")
        if not 5 <= self.screen_inches <= 300 or not 0.3 <= self.distance_m <= 50:
            raise Invalid("The screen has 5 to 300 inches, and is read from 0.3 to 50 metres.")
        if self.theme not in THEMES:
            raise Invalid(f"The theme is dark or light, not “{self.theme}”.")
        if (self.dim_from is None) != (self.dim_to is None):
            raise Invalid("Dimming needs both times, from and to, or none.")
        type_px(layout_of(self.tiles), self.screen_inches, self.distance_m)

    @property
    def px(self) -> int:
        """The type size on a page that is 1920 px wide."""
        return type_px(layout_of(self.tiles), self.screen_inches, self.distance_m)

    def dimmed(self, at: time) -> bool:
        """True in the hours of the night that were chosen; they may span midnight."""
        if self.dim_from is None or self.dim_to is None or self.dim_from == self.dim_to:
            return False
        if self.dim_from < self.dim_to:
            return self.dim_from <= at < self.dim_to
        return at >= self.dim_from or at < self.dim_to


@dataclass(frozen=True, slots=True)
class Device:
    """A display with a link: its setting, who made it, whether it was revoked, when its page last asked."""

    id: int
    site_id: int
    path: str
    place: str
    setting: Setting
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    version: int = 1
    seen_at: datetime | None = None
    seen_version: str = ""


_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def clock_of(said: str) -> time | None:
    """A time of day as written, `22:00`; None for nothing. Raises `Invalid`."""
    if not said.strip():
        return None
    found = _CLOCK.fullmatch(said.strip())
    if found is None:
        raise Invalid(f"“{said.strip()[:20]}” is no time of day; write it as 22:00.")
    return time(int(found[1]), int(found[2]))
