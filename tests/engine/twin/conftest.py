"""One virtual plant for tests that only look, a new one for those that break it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.time import us_of
from engine.twin.plant import Plant

SEED = 7
ANCHOR_US = us_of(datetime(2026, 11, 18, 13, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def plant() -> Plant:
    """A plant that nobody changes."""
    return Plant(SEED, ANCHOR_US)


SHORT_DAYS = 16
"""History of the plants that are broken: counters since commissioning are summed once a plant."""


@pytest.fixture(scope="session")
def sound() -> Plant:
    """What `fresh` would do if nobody broke it."""
    return Plant(SEED, ANCHOR_US, history_days=SHORT_DAYS)


@pytest.fixture
def fresh() -> Plant:
    """A plant to break."""
    return Plant(SEED, ANCHOR_US, history_days=SHORT_DAYS)
