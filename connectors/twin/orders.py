"""Released work orders as files in the watched folder, as a planning system would leave them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import Invalid

NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def folder_of(data: Path) -> Path:
    """The watched folder of a data folder."""
    return data / "drop" / "orders"


def drop(folder: Path, orders: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Write each order as `<number>.json`; the file appears whole, under its name, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_drop(folder, order) for order in orders]


def _drop(folder: Path, order: Mapping[str, Any]) -> Path:
    number = str(order.get("number", ""))
    if not NUMBER.fullmatch(number):
        raise Invalid(f"“{number}” cannot be the number of an order that is written as a file.")
    unfinished = folder / f"{number}.json.part"
    unfinished.write_text(json.dumps(order, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
    finished = folder / f"{number}.json"
    os.replace(unfinished, finished)
    return finished
