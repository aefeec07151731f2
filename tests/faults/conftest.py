"""The same broker and workers as for the collectors' own tests."""

from __future__ import annotations

from tests.connectors.conftest import broker as broker
from tests.connectors.conftest import started as started
