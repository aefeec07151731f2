"""A small configured plant in a database, for the tests of worker, folder and forwarder."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from db.store import Store

TAGS = 4


def furnish(store: Store, *sources: tuple[str, str, dict[str, Any]]) -> list[int]:
    """A site with one machine, four `int` tags (the last one GxP), a text tag, a product, and these sources.

    The first source delivers all tags: from the topics plant/0 to plant/3, and plant/batch.
    """
    made = []
    with store.change("test", "a small plant") as change:
        for statement in (
            "insert into location (site_id, slug, path, name, kind) values (1, 'dublin', 'dublin', 'Dublin', 'site')",
            "insert into location (site_id, parent_id, slug, path, name, kind) values (1, 1, 'm', 'dublin/m', 'M', 'machine')",
            "insert into product (code, name) values ('P1', 'Plorexan')",
        ):
            change.connection.execute(text(statement))
        for name, kind, settings in sources:
            insert = "insert into source (site_id, name, kind, settings) values (1, :n, :k, cast(:s as jsonb)) returning id"
            made.append(change.connection.execute(text(insert), {"n": name, "k": kind, "s": json.dumps(settings)}).scalar_one())
        for n in range(TAGS):
            add_tag(change.connection, made[0], f"m.t{n}", "int", f"plant/{n}", gxp=n == TAGS - 1)
        add_tag(change.connection, made[0], "m.batch", "text", "plant/batch")
    return made


def add_tag(connection: Any, source_id: int, name: str, kind: str, address: str, *, gxp: bool = False) -> int:
    """A tag at the machine, bound to a topic whose payload is {"v": value, "t": µs}."""
    insert = "insert into tag (site_id, location_id, name, title, kind, gxp) values (1, 2, :n, :n, :k, :g) returning id"
    number = connection.execute(text(insert), {"n": name, "k": kind, "g": gxp}).scalar_one()
    decode = json.dumps({"value": "v", "time": "t", "time_format": "us"})
    bind = "insert into tag_binding (tag_id, source_id, address, decode) values (:t, :s, :a, cast(:d as jsonb))"
    connection.execute(text(bind), {"t": number, "s": source_id, "a": address, "d": decode})
    return int(number)


def stored(store: Store) -> dict[int, list[int]]:
    """The values of each tag in order of time, hot and sealed alike."""
    from db.historian import raw_window
    from engine.access import SYSTEM

    with store.read() as connection:
        tags = [row[0] for row in connection.execute(text("select id from tag where kind <> 'text' order by id"))]
    return {tag: raw_window(SYSTEM, store, tag, 0, 2**60).values.astype(int).tolist() for tag in tags}
