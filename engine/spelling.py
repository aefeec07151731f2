"""Which signal or place somebody meant who wrote a name that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
_LIKENESS = 0.7


def nearest(asked: str, known: Iterable[str], most: int = MOST) -> list[str]:
    """At most `most` known names that look like the one asked for, the likeliest first.

    Places are written with slashes, names with a dot: `…/filler-1/fill_weight` is read as `filler-1.fill_weight`, and
    `fill_weight` may be the signal of any machine.
    """
    *above, last = asked.lower().replace(":", "/").split("/")
    meant = f"{above[-1]}.{last}" if above and "." not in last else last
    spelled: dict[str, list[str]] = {}
    for name in sorted(known):
        spelled.setdefault(name.lower(), []).append(name)
        if "." in name and "." not in meant:
            spelled.setdefault(name.lower().rpartition(".")[2], []).append(name)
    likely = get_close_matches(meant, spelled, most, _LIKENESS)
    return list(dict.fromkeys(name for form in likely for name in spelled[form]))[:most]


def suggestion(asked: str, known: Iterable[str]) -> str:
    """A question that names what was perhaps meant; empty when nothing looks like it."""
    found = " or ".join(f"“{name}”" for name in nearest(asked, known))
    return found and f"Did you mean {found}?"
