"""The choice of signals for a trend: the place's own, and with words typed those of the whole plant. Owns its ids."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from components.shape import icon
from components.text import aria, data, t
from components.view import MOST_SIGNALS
from engine.tag import Tag, ValueKind

PICKER, SOUGHT = "trend-picker", "trend-sought"


def picker() -> html.Details:
    """Which signals are drawn: those of the place, and with words typed those of the whole plant."""
    seek = dcc.Input(id=SOUGHT, type="text", placeholder=t("Search all signals"), debounce=0.3, autoComplete="off")
    boxes = html.Div(id=PICKER, className="pl-boxes pl-list", role="group", **aria(label=t("Signals")))
    most = html.P(t("At most {most} at a time", most=MOST_SIGNALS), className="cap t2")
    body = html.Div([html.Label(seek, **aria(label=t("Search all signals"))), boxes, most], className="pl-pop right pl-pick")
    return html.Details([html.Summary([icon("plus"), t("Signals")], className="pl-ctl"), body], className="pl-menu")


def choices(own: Sequence[Tag], chosen: Sequence[Tag], found: Sequence[Tag] | None = None) -> list[html.Button]:
    """The picker's rows: what is chosen, and the place's own signals or (after a search) the ones found by words.

    A signal of another place shows whose it is. Texts cannot be drawn. A row that is chosen stays where it is.
    """
    at_home, taken = {tag.id for tag in own}, {tag.id for tag in chosen}
    rest = own if found is None else found
    above = [tag for tag in chosen if tag.id not in {other.id for other in rest}]
    listed = {tag.id: tag for tag in [*above, *rest]}
    return [_choice(tag, tag.id in at_home, tag.id in taken) for tag in listed.values() if tag.kind is not ValueKind.TEXT]


def _choice(tag: Tag, at_home: bool, taken: bool) -> html.Button:
    unit = f", {tag.unit}" if tag.unit else ""
    label = f"{tag.title}{unit}" if at_home else f"{tag.title}{unit} · {tag.name.rpartition('.')[0]}"
    return html.Button(label, className="it pl-box", **data(do="pick", tag=tag.name), **aria(pressed=str(taken).lower()))


def default_choice(tags: Sequence[Tag], most: int = 4) -> list[Tag]:
    """The signals drawn before anybody chose: measured ones with limits first, counters and states last."""
    numeric = [tag for tag in tags if tag.kind is not ValueKind.TEXT]
    return sorted(numeric, key=_dullness)[:most]


def _dullness(tag: Tag) -> int:
    if tag.kind is not ValueKind.FLOAT or tag.counter:
        return 3
    if tag.limits.alarm_high is not None or tag.limits.alarm_low is not None:
        return 0
    return 1 if tag.limits.normal_high is not None else 2
