"""What the tabs share: links that keep the address, tables, sizes, moments, and the dialog that asks before doing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dash import dcc, html

from components import format as show
from components.admin import ids
from components.live import age
from components.panel import body_id, dialog, failed_of
from components.text import aria, data, t
from engine.time import us_of

PAGE, AUDIT = "/admin", "/audit"
UNITS = ("B", "kB", "MB", "GB", "TB")
LONGEST_REASON = 300


def asked(search: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(search.lstrip("?")))


def link(search: str, path: str = PAGE, **changes: str | None) -> str:
    """The address with some parameters changed; None takes one away."""
    query = {name: value for name, value in (asked(search) | changes).items() if value}
    return f"{path}?{urlencode(query, safe='/,:')}" if query else path


def size(count: float | None) -> str:
    """`12.3 MB`."""
    if count is None:
        return show.NOTHING
    value, unit = float(count), 0
    while abs(value) >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return show.quantity(value, UNITS[unit], 0 if unit == 0 or abs(value) >= 99.5 else 1)


def moment(at: datetime | None, zone: str, now_us: int) -> str:
    """The clock for today, the day and the clock before."""
    return show.NOTHING if at is None else show.when(us_of(at), zone, now_us)


def ago(at: datetime | None, now_us: int) -> html.Span:
    """How long ago; counts on."""
    return age(None if at is None else us_of(at), now_us)


def seconds(value: float | None) -> str:
    """`40 ms`, `1.2 s`, `3 min`."""
    if value is None:
        return show.NOTHING
    if value < 1:
        return show.quantity(value * 1000, "ms", 0)
    return show.quantity(value, "s", 0 if value == int(value) else 1) if value < 60 else show.duration(int(value * 1e6))


def count(value: int | None) -> str:
    """A whole number with thin spaces."""
    return show.number(value, 0)


Head = tuple[str, str]
"""Title of a column, and its class ("num" for numbers)."""


def table(head: Sequence[Head], rows: Iterable[Any], label: str) -> html.Div:
    """A table that scrolls sideways where it does not fit; rows are lists of cells, or html.Tr as they are."""
    top = html.Tr([html.Th(t(title), className=name) for title, name in head])
    body = [row if isinstance(row, html.Tr) else line(head, row) for row in rows]
    drawn = html.Table([html.Thead(top), html.Tbody(body)], className="pl-table adm-table")
    return html.Div(drawn, className="adm-scroll", tabIndex="0", role="region", **aria(label=label))


def line(head: Sequence[Head], cells: Sequence[Any], *, chosen: bool = False) -> html.Tr:
    """A row; the chosen one is marked."""
    made = [html.Td(cell, className=name) for (_, name), cell in zip(head, cells, strict=True)]
    return html.Tr(made, className="sel" if chosen else "")


def facts(pairs: Iterable[tuple[str, Any]]) -> html.Dl:
    """Names and values, one below the other."""
    return html.Dl([part for name, value in pairs for part in (html.Dt(t(name)), html.Dd(value))], className="kv adm-facts")


def field(label: str, control: Any, hint: str = "") -> html.Label:
    """A labelled control."""
    told = [html.Span(hint, className="cap t2")] if hint else []
    inner = control.children[1:] if isinstance(control, html.Label) else [control]
    return html.Label([html.Span(label), *inner, *told], className="pl-field")


def text_in(name: str, **options: Any) -> dcc.Input:
    """A field for one line of text."""
    return dcc.Input(id=name, type="text", className="pl-in", autoComplete="off", **({"value": ""} | options))


def choice(name: Any, options: Sequence[Any], value: Any = None, **more: Any) -> dcc.Dropdown:
    """A list to choose from, where `suggest` and `pick` do not do: several, or very many."""
    return dcc.Dropdown(id=name, options=list(options), value=value, className="adm-choice", **({"clearable": False} | more))


def suggest(name: str, value: str = "", label: str = "", **more: Any) -> html.Label:
    """A field that suggests what there is (`options`) while one writes. `label` is for where no words stand beside it."""
    listed = ids.options_id(name)
    written = dcc.Input(id=name, type="text", list=listed, className="pl-in", autoComplete="off", value=value, **more)
    return html.Label([html.Span(label, className="pl-sr"), written, html.Datalist(id=listed)], className="adm-suggest")


def options(found: Iterable[str | tuple[str, str]]) -> list[html.Option]:
    """What a field suggests: values, or values with what they mean."""
    pairs = [(one, one) if isinstance(one, str) else one for one in found]
    return [html.Option(value=value, label=label) for value, label in pairs]


def pick(name: str, pairs: Iterable[tuple[str, str]], value: str) -> dcc.RadioItems:
    """One of a few."""
    choices = [{"value": key, "label": word} for key, word in pairs]
    return dcc.RadioItems(id=name, options=choices, value=value, className="adm-radio")


def group(label: str, control: Any) -> html.Fieldset:
    """A labelled group of choices."""
    return html.Fieldset([html.Legend(label), control], className="pl-field adm-group")


def across(shown: Any) -> html.Div:
    """A panel over the whole width."""
    return html.Div(html.Div(shown, className="c12"), className="row12")


# ------------------------------------------------------------------ asking before doing
def act(do: str, on: str, label: str) -> html.Button:
    """A button that opens the dialog for one action on one thing; assets/admin.js does, whatever is drawn anew meanwhile."""
    return html.Button(label, className="pl-ctl", **data(do="act", act=do, on=on))


def act_dialog() -> html.Div:
    """The one dialog that asks: what will happen, and why."""
    reason = text_in(ids.ACT_REASON, maxLength=LONGEST_REASON)
    go = html.Button(t("Do it"), id=ids.ACT_GO, n_clicks=0, className="pl-ctl prim")
    cancel = html.Button(t("Cancel"), className="pl-ctl", **data(do="close"))
    body = [
        html.P(id=ids.ACT_TEXT),
        field(t("Reason"), reason, t("Goes on record with your name and the time.")),
        html.Div(id=failed_of(body_id(ids.ACT)), className="pl-failed"),
        html.Div(id=body_id(ids.ACT), className="pl-body"),
        html.Div([go, cancel], className="acts"),
    ]
    return html.Div([dialog(ids.ACT, t("Confirm"), html.Div(body, className="pl-form")), dcc.Store(id=ids.ACT_WHAT)])
