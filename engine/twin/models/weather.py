"""Weather at the site: outdoor temperature with seasons, days and fronts (Dublin's climate, roughly)."""

from __future__ import annotations

import numpy as np

from engine.time import DAY_US, HOUR_US
from engine.twin import noise

_YEAR_US = int(365.25 * DAY_US)
_WARMEST = 200 * DAY_US
"""About 20 July."""


def outdoor(seed: int, at_us: np.ndarray) -> np.ndarray:
    """°C outside."""
    season = 5.4 * np.cos(2 * np.pi * ((at_us - _WARMEST) % _YEAR_US) / _YEAR_US)
    hour = 2.6 * np.cos(2 * np.pi * ((at_us - 15 * HOUR_US) % DAY_US) / DAY_US)
    fronts = 2.6 * noise.smooth(noise.key_of(seed, "fronts"), at_us, 40 * HOUR_US)
    clouds = 0.7 * noise.smooth(noise.key_of(seed, "clouds"), at_us, 3 * HOUR_US)
    return 10.2 + season + hour + fronts + clouds
