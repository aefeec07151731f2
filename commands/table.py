"""A table as a command prints it: columns under their headings, and a sentence for what was left out."""

from __future__ import annotations

from collections.abc import Sequence


def lines(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The heading and the rows, each cell as wide as its column."""
    cells = [[str(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
