"""`/alarm?at=…`: the alarms of a place: list, journal, performance."""

from __future__ import annotations

import dash

from components import still
from components.alarm import page

dash.register_page(__name__, path="/alarm", title="Plantglass – Alarms")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(page.page())
