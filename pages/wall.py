"""`/walls`: the wall displays, issuing and revoking their links."""

from __future__ import annotations

import dash

from components import still
from components.wall import devices

dash.register_page(__name__, path=devices.PATH, title="Plantglass – Wall displays")


def layout(**_query: str) -> list:
    """The skeleton; what is in it is read by the callbacks."""
    return still.settle(devices.page())
