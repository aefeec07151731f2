"""What time does to a wall: slides in turn, and a picture that moves a little against burn-in. Told by the server's clock."""

from __future__ import annotations

from engine.time import MINUTE_US, SECOND_US

DRIFT_US = 5 * MINUTE_US
_DRIFT = ((0, 0), (4, 2), (8, 4), (6, 8), (2, 6), (0, 8), (8, 0), (4, 6))
"""Up to 8 px to the right and down."""


def drift(now_us: int) -> tuple[int, int]:
    """How far the picture is moved now, in px; another place every five minutes."""
    return _DRIFT[now_us // DRIFT_US % len(_DRIFT)]


def turn(now_us: int, count: int, seconds: int, *, held: bool) -> tuple[int, float]:
    """Which of `count` slides is shown, and how much of its time has passed (0 to 1).

    `held`: an urgent alarm stands, and the first slide stays.
    """
    if held or count <= 1:
        return 0, 0.0
    length_us = seconds * SECOND_US
    return now_us // length_us % count, now_us % length_us / length_us
