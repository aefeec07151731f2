"""The KPI tile: an indicator with its value, how it compares, its course, its target and coverage; it opens to what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import html

from components import format as show
from components.help import kpi_explained, kpi_shown
from components.panel import dialog
from components.shape import shape
from components.spark import spark
from components.text import aria, data, t
from engine.kpi import Kpi


@dataclass(frozen=True, slots=True)
class Tile:
    """What a tile shows. `level`: "p2", "p3" or "" where it is abnormal; `facts` explain it, as (name, value in words)."""

    kpi: Kpi[Any]
    of: Any
    before: Any = None
    against: str = ""
    course: Sequence[float | None] = ()
    foot: str = ""
    level: str = ""
    facts: Sequence[tuple[str, str]] = field(default=())


def kpi_tile(tile: Tile) -> html.Section:
    """The tile. Its name opens the explanation: definition, target, inputs."""
    kpi, value = tile.kpi, tile.kpi.value(tile.of)
    opens = f"kpi-{kpi.key}"
    name = html.Button(
        html.Span(t(kpi.title), className="ell"), className="open", title=t("Explain"), **data(do="open", opens=opens)
    )
    target = t("target {value}", value=kpi_shown(kpi, kpi.target)) if kpi.target is not None else ""
    return html.Section(
        [
            html.Div([name, shape(tile.level) if tile.level else None], className="lb"),
            big(value, kpi),
            html.Div(
                compared(kpi, value, kpi.value(tile.before) if tile.before is not None else None, tile.against), className="d"
            ),
            html.Div(_course(kpi, tile.course)),
            html.Div([html.Span(target), html.Span(tile.foot)], className="ft"),
        ],
        className=f"kpi_tile{f' is-{tile.level}' if tile.level else ''}",
        **data(kpi=kpi.key) | aria(label=f"{t(kpi.title)} {kpi_shown(kpi, value)}"),
    )


def dialog_id(kpi: Kpi[Any]) -> str:
    """The dialog that explains an indicator."""
    return f"kpi-{kpi.key}"


def told_id(kpi: Kpi[Any]) -> str:
    """What stands in it."""
    return f"kpi-{kpi.key}-told"


def kpi_dialog(kpi: Kpi[Any]) -> html.Dialog:
    """The empty dialog. It stands beside the tiles and not in them, so that new data do not close it."""
    return dialog(dialog_id(kpi), t(kpi.title), html.Div(id=told_id(kpi)))


def told(tile: Tile) -> html.Div:
    """What its dialog says."""
    return kpi_explained(tile.kpi, tile.of, tile.facts)


def big(value: float | None, kpi: Kpi[Any]) -> html.Div:
    """The number alone on its line, its unit small behind it."""
    shown = show.number(None if value is None else value * (100 if kpi.unit == "%" else 1), kpi.decimals)
    unit = html.Span(f"{show.THIN}{t(kpi.unit)}", className="u") if value is not None and kpi.unit else None
    return html.Div([shown, unit], className="v")


def compared(kpi: Kpi[Any], now: float | None, before: float | None, against: str) -> list[Any]:
    """`2.1 points below last week`; what cannot be compared says so."""
    if now is None:
        return [t("not known in this range")]
    if before is None:
        return [t("nothing to compare with {against}", against=against)] if against else []
    scale, unit = (100, t("points")) if kpi.unit == "%" else (1, t(kpi.unit))
    difference = round(scale * (now - before), kpi.decimals)
    if not difference:
        return [t("as {against}", against=against)]
    said = show.quantity(abs(difference), unit, kpi.decimals)
    moved = t("{said} above", said=said) if difference > 0 else t("{said} below", said=said)
    worse = (difference < 0 and kpi.better == "up") or (difference > 0 and kpi.better == "down")
    return [html.B(moved) if worse else moved, " ", against]


def _course(kpi: Kpi[Any], values: Sequence[float | None]) -> html.Span:
    if not values:
        return html.Span(className="spark is-empty", **aria(hidden="true"))
    numbers = [float("nan") if value is None else value for value in values]
    label = t("{name} by shift, {count} shifts", name=t(kpi.title), count=len(values))
    return spark(numbers, label)
