"""Type sizes by screen and viewing distance (ui.md 17), and the layouts that they leave room for.

A capital letter must fill 20 minutes of arc of the eye, and at least 16. Inter's capitals are 0.727 em high. Sizes are px
on a page that is 1920 px wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import Invalid

GOOD_ARC, LEAST_ARC = 20.0, 16.0
CAPITAL_EM = 0.727
PAGE_PX = 1920
_MM_PER_INCH = 25.4
_WIDTH_OF_DIAGONAL = 16 / math.hypot(16, 9)


def capital_mm(distance_m: float, arc_minutes: float) -> float:
    """How high a capital letter must be to fill so many minutes of arc at a distance."""
    return distance_m * 1000 * math.tan(math.radians(arc_minutes / 60))


def _size_px(inches: float, distance_m: float, arc_minutes: float) -> int:
    width_mm = inches * _MM_PER_INCH * _WIDTH_OF_DIAGONAL
    return math.ceil(capital_mm(distance_m, arc_minutes) / CAPITAL_EM * PAGE_PX / width_mm)


def least_px(inches: float, distance_m: float) -> int:
    """The smallest type that may be on a 16:9 screen of so many inches that is read from this distance."""
    return _size_px(inches, distance_m, LEAST_ARC)


def good_px(inches: float, distance_m: float) -> int:
    """The size at which it reads well."""
    return _size_px(inches, distance_m, GOOD_ARC)


@dataclass(frozen=True, slots=True)
class Layout:
    """An arrangement: so many tiles in so many columns, site facts, rows of attention. It fits up to `most_px`."""

    tiles: int
    columns: int
    facts: int
    needs: int
    most_px: int


LAYOUTS: tuple[Layout, ...] = (Layout(8, 4, 4, 3, 33), Layout(4, 4, 4, 3, 46), Layout(3, 3, 0, 3, 61), Layout(2, 2, 0, 1, 82))
"""From the one that shows most to the one that can be read from farthest."""
MOST_TILES = max(layout.tiles for layout in LAYOUTS)


def layout_of(tiles: int) -> Layout:
    """The layout with so many tiles; raises `Invalid`."""
    found = next((layout for layout in LAYOUTS if layout.tiles == tiles), None)
    if found is None:
        raise Invalid(f"There is no wall layout of {tiles} tiles; there are {', '.join(str(w.tiles) for w in LAYOUTS)}.")
    return found


def type_px(layout: Layout, inches: float, distance_m: float) -> int:
    """The type size of a layout on a screen: the good one, or as near to it as the layout leaves room for.

    Raises `Invalid` where it would fall under the minimum, and says what would fit.
    """
    least = least_px(inches, distance_m)
    if least > layout.most_px:
        raise Invalid(_refusal(layout, inches, distance_m, least))
    return min(good_px(inches, distance_m), layout.most_px)


def fitting(inches: float, distance_m: float) -> list[Layout]:
    """The layouts that can be read on a screen from a distance."""
    least = least_px(inches, distance_m)
    return [layout for layout in LAYOUTS if least <= layout.most_px]


def _refusal(layout: Layout, inches: float, distance_m: float, least: int) -> str:
    fits = fitting(inches, distance_m)
    way = (
        f"Choose {fits[0].tiles} tiles, a larger screen or a shorter distance."
        if fits
        else "Choose a larger screen or a shorter distance."
    )
    return (
        f"{layout.tiles} tiles leave room for type of {layout.most_px} px, but on {inches:g} inches from {distance_m:g} m"
        f" type must be at least {least} px to be read. {way}"
    )
