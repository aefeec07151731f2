"""What leaves the machine page as a file is on record, with the signals that it is made of."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text

from callbacks import export
from components.view import context_of
from db import audit
from db.store import Store
from engine.access import Scope
from tests.callbacks.test_export import allowed
from tests.callbacks.test_machine import FILLER, fill, place, request, site

__all__ = ["allowed", "site"]


def test_a_saved_trend_and_saved_values_leave_an_entry_each(site: Store, allowed: dict[str, Scope]) -> None:
    fill(site, "filler-1.fill_weight", np.full(50, 10.1))
    here = context_of(place(site, FILLER + "&from=now-1h&sel=filler-1.fill_weight"))
    assert here is not None
    sent = export.saved(request(site), "trend", "csv", here)
    export.saved(request(site), "now", "xlsx", here)
    with site.read() as connection:
        ids = connection.execute(text("select id::text from data_export order by id")).scalars().all()
    trend, now = [entry for number in ids for entry in audit.entries_of(site, "data_export", number)]
    assert trend.new is not None
    assert now.new is not None
    assert (trend.actor, trend.new["title"], trend.new["signals"]) == ("engineer", "Trend", ["filler-1.fill_weight"])
    assert trend.new["to_us"] - trend.new["from_us"] == 3600 * 1_000_000
    assert trend.new["rows"] == sent["content"].count("\r\n") - 2 == 50
    assert (now.new["title"], now.new["place"]) == ("Now", "acme/dublin/filling/line-1/filler-1")
    assert now.new["signals"] == ["filler-1.fill_weight"]
