"""What the virtual plant keeps in the data folder, so that it goes on after a restart and its truth can be told.

plant.json            seed and anchor: with the faults they determine everything that ever happened
plant-faults.jsonl    one command a line, appended by `plantglass plant fault`, read by the running plant
plant-ledger.json     what was really sent: intervals, and for each signal how many samples
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import Invalid
from engine.time import SECOND_US

DEFAULT_SEED = 20260
PLANT, FAULTS, LEDGER = "plant.json", "plant-faults.jsonl", "plant-ledger.json"
ALIVE_S = 15
"""A ledger written more recently belongs to a plant that runs."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What determines a virtual plant: `anchor_us` is when it was started first."""

    seed: int
    anchor_us: int


def birth(folder: Path, now_us: int, seed: int | None = None) -> Birth:
    """The plant of a data folder, made at `now_us` when there is none; raises `Invalid` when it has another seed."""
    file = folder / PLANT
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = Birth(DEFAULT_SEED if seed is None else seed, now_us)
        write_whole(file, {"seed": made.seed, "anchor_us": made.anchor_us})
        return made
    kept = read_json(file)
    found = Birth(int(kept["seed"]), int(kept["anchor_us"]))
    if seed is not None and seed != found.seed:
        raise Invalid(f"The plant in {folder} was begun with the seed {found.seed}; --seed {seed} needs another data folder.")
    return found


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the command channel. `do` is "fault" or "clear" (of `machine`, None: of all); holds from `at_us` on."""

    id: str
    at_us: int
    do: str
    machine: str | None = None
    kind: str = ""
    signal: str | None = None
    size: float | None = None
    lasts_s: float | None = None


class Channel:
    """The command file of a data folder. Lines are appended whole; the running plant follows it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FAULTS
        self._offset = 0

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line, on the disk when this returns."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as stream:
            stream.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    def send(self, command: Command) -> None:
        """Add a command."""
        names = Command.__dataclass_fields__
        self.append({n: getattr(command, n) for n in names if getattr(command, n) is not None})

    def moved(self, command: Command, at_us: int) -> None:
        """Note that a command came too late for its time and holds from `at_us` on instead."""
        self.append({"id": command.id, "moved_to_us": at_us})

    def new(self) -> list[Command]:
        """Commands that were added since the last call; half-written lines wait."""
        if not self.file.exists():
            return []
        with self.file.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return _commands(whole.splitlines())


def _commands(lines: Iterable[bytes]) -> list[Command]:
    found: dict[str, Command] = {}
    for line in lines:
        try:
            row = json.loads(line)
            if "moved_to_us" in row:
                if row["id"] in found:
                    old = found[row["id"]]
                    found[old.id] = Command(
                        old.id, int(row["moved_to_us"]), old.do, old.machine, old.kind, old.signal, old.size, old.lasts_s
                    )
            else:
                found[row["id"]] = Command(**row)
        except (ValueError, TypeError, KeyError) as error:
            raise Invalid(f"The line {line!r} of {FAULTS} is no command: {error}.") from error
    return sorted(found.values(), key=lambda c: c.at_us)


@dataclass
class Ledger:
    """What was sent. `runs`: intervals [from, to) in µs that were sent live, merged; `emitted`: name to [count, last µs]."""

    runs: list[list[int]] = field(default_factory=list)
    emitted: dict[str, list[int]] = field(default_factory=dict)

    @property
    def through_us(self) -> int:
        """The end of what was sent last; 0 when nothing was."""
        return self.runs[-1][1] if self.runs else 0

    def count(self, name: str, stamps: Iterable[int]) -> None:
        """Note samples of a signal; those at or before its last one were sent before (after a restart) and do not count."""
        kept = self.emitted.setdefault(name, [0, -1])
        for at_us in stamps:
            if at_us > kept[1]:
                kept[0] += 1
                kept[1] = int(at_us)

    def ran(self, from_us: int, to_us: int) -> None:
        """Note that [from, to) was sent."""
        if self.runs and self.runs[-1][1] == from_us:
            self.runs[-1][1] = to_us
        else:
            self.runs.append([from_us, to_us])

    def gaps(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        """What of [from, to) was not sent live: the plant was not running."""
        found, at = [], from_us
        for begin, end in self.runs:
            if begin > at:
                found.append((at, min(begin, to_us)))
            at = max(at, end)
            if at >= to_us:
                break
        return [(a, b) for a, b in [*found, (at, to_us)] if b > a]


def read_ledger(folder: Path) -> Ledger:
    """The ledger of a data folder; empty when nothing was sent yet."""
    file = folder / LEDGER
    kept = read_json(file) if file.exists() else {}
    return Ledger(kept.get("runs", []), kept.get("emitted", {}))


def write_ledger(folder: Path, ledger: Ledger) -> None:
    """Keep the ledger."""
    write_whole(folder / LEDGER, {"runs": ledger.runs, "emitted": ledger.emitted})


def is_running(folder: Path, now_s: Callable[[], float] = time.time) -> bool:
    """Whether a plant sends from this data folder just now."""
    file = folder / LEDGER
    return file.exists() and now_s() - file.stat().st_mtime < ALIVE_S


def command_time(folder: Path, now_us: int) -> int:
    """From when on a command holds that is given now: at once for the plant that runs, whose clock may lag behind."""
    return read_ledger(folder).through_us + SECOND_US if is_running(folder) else now_us


def read_json(file: Path) -> Any:
    """The content of a state file; raises `Invalid` when it is damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid(f"The file {file} is damaged: {error}. Remove it to begin anew.") from error


def write_whole(file: Path, content: Any) -> None:
    """Replace a state file; it is whole or old at any moment."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content), encoding="utf-8")
    for attempt in range(5):
        try:
            os.replace(part, file)
            return
        except PermissionError:  # Windows, while somebody reads it
            if attempt == 4:
                raise
            time.sleep(0.05)
