"""The wall's page: plain HTML with the slots in it, filled already; assets/wall.js keeps them up to date.

The elements are the same as long as the page lives: nothing is added or taken away, so its memory stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from components.text import LANGUAGE, t
from components.wall.words import FACTS, HIGH, NEEDS, SENTENCES, WIDE, Slots
from engine.alarm import Priority
from engine.wall.device import Device
from engine.wall.size import MOST_TILES, PAGE_PX, layout_of

_SHEETS = ("vendor/inter/inter", "tokens", "base", "icons", "wall")
_ICON = '<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
_LINKS = _ICON + "".join(f'<link rel="stylesheet" href="/assets/{name}.css">' for name in _SHEETS)
_WORDS = {Priority.URGENT: "Urgent", Priority.HIGH: "High", Priority.LOW: "Low"}


class _Drawing:
    """Writes elements with their slots' values."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def __call__(self, tag: str, slot: str, inner: str = "", **attributes: str) -> str:
        known = dict(self._slots.get(slot, {}))
        text = known.pop("text", None)
        merged = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()} | known
        written = "".join(f' {name}="{escape(value)}"' for name, value in merged.items())
        named = f' data-w="{slot}"' if slot else ""
        return f"<{tag}{named}{written}>{inner if text is None else escape(text)}</{tag}>"


def wall_page(device: Device, slots: Slots, state: Mapping[str, str], *, live: bool = True) -> str:
    """The whole page of a device. `state` {clock, version, day}: what the first answer would say. `live` False: a preview."""
    setting = device.setting
    draw = _Drawing(slots | {"clock": {"text": state["clock"]}})
    inside = f'<div class="w-in">{_header(draw)}{_body(draw, setting.tiles)}</div><div class="w-pl"><i data-w="turn"></i></div>'
    words = {
        "gone": t("NOT LIVE since {at}"),
        "never": t("NOT LIVE"),
        "off": t("SWITCHED OFF: this display’s link was revoked"),
        "clock": state["clock"],
        "version": state["version"],
        "day": state["day"],
        "device": str(device.version),
    }
    told = "".join(f' data-{name}="{escape(value)}"' for name, value in words.items())
    script = '<script src="/assets/wall.js" defer></script>' if live else ""
    columns = layout_of(setting.tiles).columns
    size = f"--px:{setting.px / PAGE_PX:.5f};--columns:{columns}"
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE}" data-bs-theme="{setting.theme}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(setting.name)} · Plantglass</title>"
        f'{_LINKS}{script}</head><body class="pl-wall tiles-{setting.tiles}" style="{size}"{told}>'
        f'<main class="w-all" data-w="all">{inside}</main>'
        '<div class="w-nl" role="alert"><b data-w="gone"></b></div></body></html>'
    )


def _header(draw: _Drawing) -> str:
    alarms = "".join(
        draw(
            "span",
            f"al{p.value}",
            f'<i class="pl-shape pl-shape--p{p.value}" role="img" aria-label="{t(word)}"></i>{draw("b", f"a{p.value}")}',
        )
        for p, word in _WORDS.items()
    )
    return (
        f'<header class="w-hd">{draw("h1", "say", class_="say")}{draw("span", "place", class_="t pl")}'
        f'{draw("span", "age", class_="t age")}{draw("span", "clock", class_="clk")}<span class="w-al">{alarms}</span></header>'
    )


def _body(draw: _Drawing, tiles: int) -> str:
    drawn = "".join(_tile(draw, n) for n in range(min(tiles, MOST_TILES)))
    layout = layout_of(tiles)
    facts = "".join(_fact(draw, n) for n in range(FACTS)) if layout.facts else ""
    rows = "".join(_need(draw, n) for n in range(min(layout.needs, NEEDS)))
    told = "".join(draw("p", f"s{n}") for n in range(SENTENCES))
    board = (
        f'<div class="w-tiles">{drawn}{draw("p", "none")}</div>'
        + (f'<div class="w-mid">{facts}</div>' if facts else "")
        + f'<ol class="w-need">{rows}</ol>'
    )
    return draw("div", "body", f'<div class="w-board">{board}</div><div class="w-told">{told}</div>')


def _tile(draw: _Drawing, n: int) -> str:
    def slot(name: str) -> str:
        return f"t{n}.{name}"

    name = draw("span", slot("name")) + draw("span", slot("no"))
    course = draw("polyline", slot("target"), class_="t") + draw("polyline", slot("course"), class_="l")
    spark = draw("svg", slot("sp"), course, viewBox=f"0 0 {WIDE} {HIGH}", preserveAspectRatio="none", aria_hidden="true")
    inner = (
        f'<div class="hd">{draw("i", slot("call"), aria_hidden="true")}<h2>{name}</h2></div>'
        f'<div class="st">{draw("i", slot("shape"), aria_hidden="true")}{draw("span", slot("state"))}</div>'
        f'<div class="big">{draw("b", slot("big"))}{draw("span", slot("unit"), class_="u")}</div>'
        f"{draw('div', slot('line'))}{draw('div', slot('risk'))}{spark}"
        f'<div class="bot"><div class="bt">{draw("span", slot("batch"))}{draw("b", slot("done"))}</div>'
        f"{draw('div', slot('bar'), '<i></i>')}</div>"
    )
    return draw("section", f"t{n}", inner)


def _fact(draw: _Drawing, n: int) -> str:
    number = f'<div class="n">{draw("b", f"f{n}.big")}{draw("span", f"f{n}.unit", class_="u")}</div>'
    bar = draw("div", f"f{n}.bar", "<i></i><u></u>")
    return draw("section", f"f{n}", f"{number}{draw('div', f'f{n}.line', class_='ln')}{bar}")


def _need(draw: _Drawing, n: int) -> str:
    inner = (
        draw("i", f"n{n}.shape", aria_hidden="true")
        + draw("span", f"n{n}.place", class_="l")
        + draw("span", f"n{n}.text", class_="x")
        + draw("span", f"n{n}.who", class_="o")
    )
    return draw("li", f"n{n}", inner)


def refused_page() -> str:
    """Said to a browser that has no device's session; it asks again by itself."""
    text = escape(t("This display has no valid link."))
    way = escape(t("An administrator issues one under Walls; open it once on this screen."))
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE}" data-bs-theme="dark"><head><meta charset="utf-8"><title>Plantglass</title>'
        f'<meta http-equiv="refresh" content="30">{_LINKS}</head><body class="pl-wall is-off" style="--px:.024;--columns:1">'
        f'<main class="w-off" role="alert"><h1>{text}</h1><p>{way}</p></main></body></html>'
    )
