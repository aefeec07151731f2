"""What an indicator is: a record that tiles, explain panels, reports and the glossary check all read (house.md 1.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kpi(Generic[T]):
    """An indicator over data of one type. `value` gives None where there is no value; ratios are 0 to 1 inside.

    `unit` is "%" for ratios (shown times 100). `better`: "up", "down", or "" where neither is better. `target` is the
    value to compare with; None: none. `standard` names where the definition comes from.
    """

    key: str
    title: str
    unit: str
    value: Callable[[T], float | None]
    better: str
    decimals: int
    target: float | None
    standard: str
    definition: str
