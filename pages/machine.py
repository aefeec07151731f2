"""`/machine?at=…`: one machine, live."""

from __future__ import annotations

import dash

from components import machine, still

dash.register_page(__name__, path="/machine", title="Plantglass – Machine")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(machine.page())
