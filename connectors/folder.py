"""The folder collector: order files that a planning system leaves in a watched folder.

`*.json` (one order, or a list of them) and `*.csv` are read when they have not changed for a second; files under any
other name are left alone. What was taken in moves to done/, what was refused to failed/ beside a `.reason.txt`, and
is a dead letter of its source. A file that was taken in twice changes nothing.

Settings of a source: path (relative to the data folder).
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from pathlib import Path

from connectors.collect import Inlet, now_us
from connectors.decode import Receipt
from connectors.record import KEPT_RAW
from db.order import save_order
from db.store import Collision, Store
from engine.errors import Invalid, PlantError, Unavailable
from engine.order import WorkOrder, order_of, orders_of_csv
from engine.tag import Source

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
LEAVE_S = 60.0
LARGEST_FILE = 10 * 1024 * 1024
SUFFIXES = (".json", ".csv")


class FolderCollector:
    """Watches one folder, in a thread of its own."""

    def __init__(self, source: Source, store: Store, receipt: Receipt, inlet: Inlet, data: Path) -> None:
        unknown = set(source.settings) - {"path"}
        if unknown or "path" not in source.settings:
            what = f"has a setting “{sorted(unknown)[0]}” that does not exist" if unknown else "has no setting “path”"
            raise Invalid(f"The source “{source.name}” {what}.")
        self._source, self._store, self._receipt, self._inlet = source, store, receipt, inlet
        self.folder = data / source.settings["path"]
        self._seen: dict[Path, tuple[int, int]] = {}
        self._left: dict[Path, tuple[float, str]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"folder {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End after the file in hand."""
        self._closing.set()
        self._inlet.stopping.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
                self._inlet.condition.say("connected", next((why for _, why in self._left.values()), ""))
            except Unavailable as error:
                self._inlet.condition.say("disconnected", str(error))
            except OSError as error:
                self._inlet.condition.say("disconnected", f"The folder {self.folder} cannot be used: {error.strerror}.")
            except Exception as error:  # a fault of ours must not end the watch
                log.exception("The folder %s: something unexpected; it is looked at again.", self.folder)
                self._inlet.condition.say("disconnected", f"{type(error).__name__}: {error}")
            self._closing.wait(LOOK_EVERY_S)

    def look(self) -> int:
        """Take in what is complete; returns how many files. Raises `Unavailable` while the database does not answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        taken = 0
        for file in self._files():
            if self._closing.is_set():
                break
            taken += self._try(file)
        return taken

    def _try(self, file: Path) -> bool:
        """Take a file in when it is complete; one that cannot be read or moved is left for a while, and holds up no other."""
        left = self._left.get(file)
        if left is not None and time.monotonic() < left[0]:
            return False
        try:
            if not self._is_complete(file):
                return False
            self._take(file)
        except OSError as error:
            log.warning("The order file %s cannot be taken in: %s", file, error)
            self._left[file] = (time.monotonic() + LEAVE_S, f"The file {file.name} cannot be taken in: {error.strerror}.")
            return False
        self._left.pop(file, None)
        return True

    def _files(self) -> list[Path]:
        found = [
            f for f in self.folder.iterdir() if f.suffix.lower() in SUFFIXES and f.is_file() and not f.name.startswith(".")
        ]
        self._seen = {f: seen for f, seen in self._seen.items() if f in found}
        self._left = {f: left for f, left in self._left.items() if f in found}
        return sorted(found)

    def _is_complete(self, file: Path) -> bool:
        """True when neither size nor time of change moved since the last look, and nobody wrote within the last second."""
        stat = file.stat()
        now = (stat.st_size, stat.st_mtime_ns)
        before, self._seen[file] = self._seen.get(file), now
        return before == now or time.time() - stat.st_mtime > LOOK_EVERY_S

    def _take(self, file: Path) -> None:
        try:
            orders = read_orders(file)
            with self._store.change(f"source:{self._source.name}", f"order file {file.name}") as change:
                for order in orders:
                    save_order(change, self._source.site_id, order)
        except (Collision, Unavailable):
            raise
        except PlantError as error:
            self._refuse(file, str(error))
        else:
            _move(file, self.folder / "done")
            self._inlet.condition.last_sample_us = now_us()

    def _refuse(self, file: Path, reason: str) -> None:
        log.warning("The order file %s was refused: %s", file, reason)
        with file.open("rb") as handle:
            self._receipt.reject(file.name, reason, handle.read(KEPT_RAW), now_us())
        if self._inlet.put(self._receipt.take()):
            moved = _move(file, self.folder / "failed")
            moved.with_name(moved.name + ".reason.txt").write_text(reason + "\n", encoding="utf-8")


def read_orders(file: Path) -> list[WorkOrder]:
    """The orders of a file. Raises `Invalid` with the reason."""
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise Invalid(f"The file has {size} bytes; {LARGEST_FILE} are the most.")
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix.lower() == ".csv":
            return orders_of_csv(text)
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The file is no {file.suffix[1:].upper()}: {error}.") from error
    records = content if isinstance(content, list) else [content]
    for record in records:
        if not isinstance(record, dict):
            raise Invalid(f"The file holds {str(record)[:60]!r} where an order should be.")
    return [order_of(record) for record in records]


def _move(file: Path, folder: Path) -> Path:
    """Move a file, under another name when the folder has one of this name already."""
    folder.mkdir(exist_ok=True)
    target, n = folder / file.name, 1
    while target.exists():
        target, n = folder / f"{file.stem}~{n}{file.suffix}", n + 1
    os.replace(file, target)
    return target
