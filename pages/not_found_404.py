"""Every address that is no page (the name of this module is Dash's)."""

from __future__ import annotations

import dash

from components import states, still

dash.register_page(__name__, path="/not-found", title="Plantglass – No such page")


def layout(**_query: str) -> list:
    """What is said, and the way back; the frame stays."""
    return still.settle(states.no_page())
