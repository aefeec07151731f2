"""Work orders as they come in, and which batch was on which machine when.

A machine says by text tags which batch, recipe phase, product and order it works on. Between two changes the last
text holds; an `Occupation` is the time over which batch and phase stay the same.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any

from engine.errors import Invalid
from engine.time import us_of

SIGNALS = ("batch", "phase", "product", "order")
"""Last words of the names of the text tags that are read."""
LONGEST = 200
"""Characters of the longest name of a batch, phase, product or order; longer text names nothing."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """An order for a product, with the batches that are planned for it. `product` and `recipe` are codes."""

    number: str
    product: str
    quantity: float
    unit: str
    due_at: datetime
    release_at: datetime | None = None
    priority: int = 3
    recipe: str = ""
    batches: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a machine said: from `at_us` on its `signal` (one of `SIGNALS`) was `text`."""

    at_us: int
    signal: str
    text: str


@dataclass(frozen=True, slots=True)
class Occupation:
    """A machine was used by a batch in a phase over [from_us, to_us); None: still."""

    batch: str
    phase: str
    from_us: int
    to_us: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """What a machine made since an instant, rejects included, and how many of it were rejected. Unknown is None.

    `batch` is whose it is; "" when the instant is the start of the shift."""

    from_us: int
    batch: str = ""
    produced: float | None = None
    rejected: float | None = None

    @property
    def good(self) -> float | None:
        """Made and not rejected."""
        if self.produced is None or self.rejected is None or self.rejected > self.produced:
            return None
        return self.produced - self.rejected


# ------------------------------------------------------------------ orders
def order_of(record: Mapping[str, Any]) -> WorkOrder:
    """The order of a file's record. Raises `Invalid` with a full sentence."""
    number = _word(record, "number", "The order")
    name = f"The order “{number}”"
    release = record.get("release_at")
    return WorkOrder(
        number=number,
        product=_word(record, "product", name),
        quantity=_quantity(record.get("quantity"), name),
        unit=_word(record, "unit", name),
        due_at=_moment(record.get("due_at"), "due_at", name),
        release_at=None if release in (None, "") else _moment(release, "release_at", name),
        priority=_priority(record.get("priority", 3), name),
        recipe=str(record.get("recipe") or ""),
        batches=_batches(record.get("batches") or (), name),
        attributes={"batches": record["batches"]} if record.get("batches") else {},
    )


def orders_of_csv(text: str) -> list[WorkOrder]:
    """Orders of a CSV file with a header line; `batches` separates numbers by semicolons. Raises `Invalid`."""
    found = []
    for line, row in enumerate(_rows(text), start=2):
        try:
            found.append(order_of({k: v for k, v in row.items() if k} | {"batches": _listed(row.get("batches"))}))
        except Invalid as error:
            raise Invalid(f"Line {line}: {error}") from error
    if not found:
        raise Invalid("The file holds no order.")
    return found


def _rows(text: str) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise Invalid(f"The file is no CSV: {error}.") from error


def _listed(word: str | None) -> list[str]:
    return [part.strip() for part in (word or "").split(";") if part.strip()]


def _word(record: Mapping[str, Any], key: str, name: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or "\x00" in value:
        raise Invalid(f"{name} needs a “{key}” of 1 to {LONGEST} characters; it has {value!r:.60}.")
    return value.strip()


def _quantity(value: Any, name: str) -> float:
    try:
        quantity = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        quantity = math.nan
    if not 0 < quantity < math.inf:
        raise Invalid(f"{name} needs a quantity above 0; it has {value!r:.60}.")
    return quantity


def _priority(value: Any, name: str) -> int:
    try:
        priority = int(value)
    except (TypeError, ValueError):
        priority = -1
    if not 0 <= priority <= 9:
        raise Invalid(f"{name} needs a priority from 0 to 9; it has {value!r:.60}.")
    return priority


def _moment(value: Any, key: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        us_of(moment)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, Invalid) as error:
        raise Invalid(f"{name} needs a “{key}” as an ISO time with its zone; it has {value!r:.60}.") from error


def _batches(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Invalid(f"The batches of {name[0].lower()}{name[1:]} are no list.")
    found = [_word(item if isinstance(item, Mapping) else {"number": item}, "number", f"A batch of {name}") for item in value]
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------ occupations
def occupations(said: Iterable[Said], before: Mapping[str, str], from_us: int, to_us: int | None) -> list[Occupation]:
    """Which batch was in which phase over [from_us, to_us), in order, never overlapping, neighbours always different.

    `said` lies in that range; `before` is what held at its start, by signal. With `to_us` None the last one goes on.
    """
    steps = _steps(said, before, from_us)
    runs = [(at, state.get("batch", ""), state.get("phase", "")) for at, state in steps]
    changes = [runs[0], *(run for last, run in pairwise(runs) if last[1:] != run[1:])]
    ends = [*(at for at, *_ in changes[1:]), to_us]
    return [Occupation(batch, phase, at, end) for (at, batch, phase), end in zip(changes, ends, strict=True) if batch]


def carried(said: Iterable[Said], before: Mapping[str, str], from_us: int, to_us: int) -> dict[str, dict[str, str]]:
    """For each batch the product and order that held longest while it was on the machine, {batch: {signal: text}}."""
    steps = _steps(said, before, from_us)
    held: dict[tuple[str, str], dict[str, int]] = {}
    for (at, state), (end, _) in pairwise([*steps, (max(to_us, steps[-1][0] + 1), {})]):
        for signal in ("product", "order"):
            if state.get("batch") and state.get(signal):
                times = held.setdefault((state["batch"], signal), {})
                times[state[signal]] = times.get(state[signal], 0) + end - at
    found: dict[str, dict[str, str]] = {}
    for (batch, signal), times in held.items():
        found.setdefault(batch, {})[signal] = max(times, key=lambda text: times[text])
    return found


def _steps(said: Iterable[Said], before: Mapping[str, str], from_us: int) -> list[tuple[int, dict[str, str]]]:
    """What held from each instant on; everything said at one instant counts together."""
    state = {signal: _named(text) for signal, text in before.items()}
    steps = [(from_us, dict(state))]
    for at_us, group in groupby(sorted(said, key=lambda s: s.at_us), key=lambda s: s.at_us):
        state |= {s.signal: _named(s.text) for s in group}
        steps.append((at_us, dict(state)))
    return steps[1:] if len(steps) > 1 and steps[1][0] == from_us else steps


def _named(text: str) -> str:
    return text if len(text) <= LONGEST else ""
