"""What did not become a sample: dead letters with their bytes, and declared gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dash import html

from components import format as show
from components.admin import parts
from components.export import Cell, Column, Sheet
from components.states import empty
from components.text import t
from engine.time import us_of

if TYPE_CHECKING:
    from db.loss import Letters, LostRange

_LETTER = (("Reason and address", "adm-wrap"), ("Source", ""), ("Count", "num"), ("Newest", ""), ("What it held", "adm-wrap"))
SHOWN_BYTES = 256


def letters(found: Sequence[Letters], zone: str, now_us: int) -> Any:
    """Dead letters in groups, with the bytes of the newest."""
    if not found:
        return empty(t("Shows what came in and could not be understood. There is none that fits."))
    return parts.table(_LETTER, [_letter(one, zone, now_us) for one in found], t("Dead letters"))


def _letter(one: Letters, zone: str, now_us: int) -> list[Any]:
    return [
        [html.Div(one.reason, className="med"), html.Code(one.address, className="cap t2 adm-break")],
        one.source or show.NOTHING,
        parts.count(one.count),
        parts.moment(one.last_at, zone, now_us),
        held(one.raw, one.raw_size),
    ]


def held(raw: bytes, whole: int) -> html.Details:
    """The bytes as text and, opened, as hexadecimal numbers beside it."""
    first = readable(raw[:48])
    more = t("{shown} of {all} bytes", shown=parts.count(min(len(raw), SHOWN_BYTES)), all=parts.count(whole))
    return html.Details(
        [
            html.Summary(html.Code(first or t("(nothing)"))),
            html.Span(more, className="cap t2"),
            html.Pre(dump(raw[:SHOWN_BYTES])),
        ],
        className="adm-more",
    )


def readable(raw: bytes) -> str:
    """Bytes as text; what cannot be shown is a dot."""
    return "".join(c if c.isprintable() else "·" for c in raw.decode("utf-8", "replace"))


def dump(raw: bytes) -> str:
    """16 bytes a line: position, hexadecimal, text."""
    rows = []
    for start in range(0, len(raw), 16):
        part = raw[start : start + 16]
        plain = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
        rows.append(f"{start:04x}  {part.hex(' '):<47}  {plain}")
    return "\n".join(rows)


def letters_sheet(found: Iterable[Letters], source: str, words: str) -> Sheet:
    """The same as rows, bytes as hexadecimal."""
    columns = (
        Column(t("Source")),
        Column(t("Address")),
        Column(t("Reason")),
        Column(t("Count"), "number"),
        Column(t("First"), "time"),
        Column(t("Newest"), "time"),
        Column(t("Newest, as text")),
        Column(t("Newest, hexadecimal")),
        Column(t("Bytes"), "number"),
    )
    rows: list[list[Cell]] = [
        [
            x.source,
            x.address,
            x.reason,
            x.count,
            us_of(x.first_at),
            us_of(x.last_at),
            readable(x.raw),
            x.raw.hex(" "),
            x.raw_size,
        ]
        for x in found
    ]
    filters = [*([(t("Source"), source)] if source else []), *([(t("Words"), words)] if words else [])]
    return Sheet(t("Dead letters"), columns, rows, tuple(filters))


_GAP = (("Source or signal", "adm-wrap"), ("From", ""), ("For", "num"), ("Missing", "num"), ("Reason", "adm-wrap"))


def gaps(found: Sequence[LostRange], zone: str, now_us: int) -> Any:
    """Samples known to be lost."""
    if not found:
        return empty(t("Shows samples that are known to be lost, and why. None was declared."))
    rows = [
        [
            html.Span(g.tag or g.source),
            show.when(g.from_us, zone, now_us),
            show.duration(g.to_us - g.from_us),
            t("unknown") if g.missing is None else parts.count(g.missing),
            g.reason,
        ]
        for g in found
    ]
    return parts.table(_GAP, rows, t("Declared gaps"))


def gaps_sheet(found: Iterable[LostRange]) -> Sheet:
    """The same as rows."""
    columns = (
        Column(t("Source")),
        Column(t("Signal")),
        Column(t("From"), "time"),
        Column(t("To"), "time"),
        Column(t("Missing"), "number"),
        Column(t("Reason")),
    )
    rows: list[list[Cell]] = [[g.source, g.tag, g.from_us, g.to_us, g.missing, g.reason] for g in found]
    return Sheet(t("Declared gaps"), columns, rows)
