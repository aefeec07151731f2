"""What leaves the system as a file is on record."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text

from callbacks import machine
from db import audit
from db.store import Store
from tests.callbacks.test_machine import FILLER, fill, place, request, site

__all__ = ["site"]


def test_a_saved_trend_and_saved_values_leave_an_entry_each(site: Store) -> None:
    fill(site, "filler-1.fill_weight", np.full(50, 10.1))
    here = place(site, FILLER + "&from=now-1h&sel=filler-1.fill_weight")
    sent = machine.save_trend(request(site), 1, here)
    machine.save_now(request(site), 1, here)
    with site.read() as connection:
        ids = connection.execute(text("select id::text from data_export order by id")).scalars().all()
    trend, now = [entry for number in ids for entry in audit.entries_of(site, "data_export", number)]
    assert trend.new is not None
    assert now.new is not None
    assert (trend.actor, trend.new["title"], trend.new["signals"]) == ("engineer", "trend", ["filler-1.fill_weight"])
    assert trend.new["to_us"] - trend.new["from_us"] == 3600 * 1_000_000
    assert trend.new["rows"] == sent["content"].count("\r\n") - 2 == 50
    assert (now.new["title"], now.new["place"]) == ("now", "acme/dublin/filling/line-1/filler-1")


def test_without_a_click_nothing_leaves_and_nothing_is_noted(site: Store) -> None:
    machine.save_trend(request(site), None, place(site, FILLER))
    assert audit.entries_of(site, "data_export", "1") == []
