"""The historian's work on the clock: seal what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from db.historian import Sealed
    from db.store import Store

EVERY_S = 60.0
"""How often the clock starts `seal_due`."""


class Sealing(Protocol):
    """`db.historian.seal`."""

    def __call__(self, store: Store, now_us: int) -> Sealed: ...


def seal_due(seal: Sealing, store: Store, now_us: int) -> str:
    """Seal the hot rows that are due; says what was done. Safe to run twice and to kill at any moment."""
    sealed = seal(store, now_us)
    done = f"{sealed.samples} samples of {sealed.tags} signals sealed" if sealed.tags else "nothing to seal"
    return f"{done}; {len(sealed.left)} signals could not be sealed: {sealed.left[0]}" if sealed.left else done
