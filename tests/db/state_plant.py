"""A small plant that speaks of its states, for the tests of states and OEE."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import psycopg
from sqlalchemy import text

from db import historian
from db.store import Store
from engine.historian.block import Gap, Intake, SampleBlock, TextEvent
from engine.twin.places import ITEM_STATES, MODES, OPERATION_MODES, PACKML, PACKTAGS

S = 1_000_000
START = 1_788_220_800 * S  # 2026-09-01T00:00:00Z
FILLER, CAPPER, BOILER = 2, 3, 4
LINE_SOURCE, BROKER = 1, 2
TAGS = (
    # name, node, kind, counter, interval_s, table, source
    ("filler.state", FILLER, "state", False, None, "packml", LINE_SOURCE),
    ("filler.mode", FILLER, "state", False, None, "packml-mode", LINE_SOURCE),
    ("filler.batch", FILLER, "text", False, None, None, LINE_SOURCE),
    ("filler.product", FILLER, "text", False, None, None, LINE_SOURCE),
    ("filler.produced", FILLER, "int", True, 10.0, None, LINE_SOURCE),
    ("filler.rejected", FILLER, "int", True, 10.0, None, LINE_SOURCE),
    ("capper.state", CAPPER, "state", False, None, "packtags", LINE_SOURCE),
    ("boiler.state", BOILER, "state", False, None, "machinery-item", BROKER),
)
SHIFTS = [
    {"name": "A", "start": "06:00", "end": "14:00", "team": "Red"},
    {"name": "B", "start": "14:00", "end": "22:00", "team": "Blue"},
    {"name": "C", "start": "22:00", "end": "06:00", "team": "Green"},
]


def make_plant(store: Store, shifts: list[dict] | None = None) -> dict[str, int]:
    """A site in Dublin's time with a filler, a capper and a boiler; ids of the tags by name. `shifts`: the site's calendar."""
    with store.change("test", "a small plant") as change:
        run = change.connection.execute
        run(
            text(
                "insert into location (site_id, slug, path, name, kind, time_zone)"
                " values (1, 'dublin', 'dublin', 'Dublin', 'site', 'Europe/Dublin')"
            )
        )
        for slug in ("filler", "capper", "boiler"):
            run(
                text(
                    "insert into location (site_id, parent_id, slug, path, name, kind)"
                    " values (1, 1, :slug, 'dublin/' || :slug, :slug, 'machine')"
                ),
                {"slug": slug},
            )
        run(text("insert into machine (id, class) select id, slug from location where kind = 'machine'"))
        for table in (PACKML, PACKTAGS, MODES, ITEM_STATES, OPERATION_MODES):
            codes = json.dumps({str(code): list(pair) for code, pair in table.codes.items()})
            run(
                text("insert into state_table (name, title, codes) values (:name, :title, cast(:codes as jsonb))"),
                {"name": table.name, "title": table.title, "codes": codes},
            )
        run(text("insert into source (site_id, name, kind) values (1, 'line', 'opcua'), (1, 'broker', 'mqtt')"))
        run(text("insert into product (code, name) values ('P1', 'Plorexan'), ('P2', 'Quorin')"))
        if shifts is not None:
            definition = json.dumps({"pattern": [{"shift": shifts}]})
            run(
                text("insert into calendar (site_id, name, definition) values (1, 'plan', cast(:definition as jsonb))"),
                {"definition": definition},
            )
            run(text("update location set calendar_id = 1 where id = 1"))
        return {tag[0]: _tag(run, *tag) for tag in TAGS}


def _tag(run, name, node, kind, counter, interval_s, table, source) -> int:  # type: ignore[no-untyped-def]
    number = run(
        text(
            "insert into tag (site_id, location_id, name, title, kind, counter, interval_s, state_table)"
            " values (1, :node, :name, :name, :kind, :counter, :interval, :table) returning id"
        ),
        {"node": node, "name": name, "kind": kind, "counter": counter, "interval": interval_s, "table": table},
    ).scalar_one()
    run(
        text("insert into tag_binding (tag_id, source_id, address) values (:tag, :source, :address)"),
        {"tag": number, "source": source, "address": name},
    )
    return int(number)


def set_rate(store: Store, product: str, per_hour: float, since: str = "2026-01-01", node: int = FILLER) -> None:
    """Give a machine an ideal rate."""
    with store.change("test", "an ideal rate") as change:
        change.connection.execute(
            text(
                "insert into ideal_rate (product_id, location_id, per_hour, effective_from)"
                " select id, :node, :rate, cast(:since as timestamptz) from product where code = :product"
            ),
            {"node": node, "rate": per_hour, "since": since, "product": product},
        )


class Sender:
    """Sends samples as a collector does, one intake after the other."""

    def __init__(self, store: Store, ids: dict[str, int], source: int = LINE_SOURCE) -> None:
        self.store, self.ids, self.source, self.through = store, ids, source, 0

    def send(self, name: str, *points: tuple[int, int] | tuple[int, int, int]) -> None:
        """(time, value) or (time, value, status) of a numeric tag."""
        rows = [(self.ids[name], p[0], 0, p[1], p[2] if len(p) > 2 else 0, p[0] + 5_000) for p in points]  # type: ignore[misc]
        self.take(Intake(1, self.source, SampleBlock(*np.array(rows, np.int64).reshape(-1, 6).T)))

    def say(self, name: str, *points: tuple[int, str]) -> None:
        """(time, text) of a text tag."""
        events = tuple(TextEvent(self.ids[name], at, 0, said, 0, at) for at, said in points)
        self.take(Intake(1, self.source, texts=events))

    def lose(self, from_us: int, to_us: int, name: str | None = None) -> None:
        """Declare a gap."""
        tag = None if name is None else self.ids[name]
        self.take(Intake(1, self.source, gaps=(Gap(tag, from_us, to_us, None, "test"),)))

    def take(self, intake: Intake) -> None:
        self.through += 1
        historian.ingest(self.store, f"w{self.source}", self.through, intake)


def counts(start_us: int, seconds: Iterable[int], per_s: float, first: int = 0) -> list[tuple[int, int]]:
    """Points of a counter that rises evenly from `first`."""
    return [(start_us + s * S, first + int(s * per_s + 1e-9)) for s in seconds]


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that cursors are asked for while it is open, copies included."""
    seen: list[str] = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def executed(self, query, *args, **more):  # type: ignore[no-untyped-def]
        if str(query) != ";" and not str(query).startswith("set "):  # what the connection says of itself
            seen.append(str(query))
        return execute(self, query, *args, **more)

    def copied(self, statement, *args, **more):  # type: ignore[no-untyped-def]
        seen.append(str(statement))
        return copy(self, statement, *args, **more)

    with patch.object(psycopg.Cursor, "execute", executed), patch.object(psycopg.Cursor, "copy", copied):
        yield seen
