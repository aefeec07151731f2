"""`/`: goes on to the landing page of the role."""

from __future__ import annotations

import dash

from components import location

dash.register_page(__name__, path="/", title="Plantglass")


def layout(**_query: str) -> list:
    """The page of a place, without one: its callback leads on to the first place that the user may see."""
    return location.page()
