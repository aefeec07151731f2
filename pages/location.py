"""`/location?at=…`: a place and what lies in it."""

from __future__ import annotations

import dash

from components import location, still

dash.register_page(__name__, path="/location", title="Plantglass – Places")


def layout(**_query: str) -> list:
    """The skeleton; what the URL says is read by the callbacks."""
    return still.settle(location.page())
