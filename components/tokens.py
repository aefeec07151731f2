"""The one source of colours: tokens for each theme, and the Plotly templates made of them.

`python -m components.tokens` writes assets/tokens.css and assets/theme-data.js; a test compares the files with this
module. Nothing else in the product holds a colour value. A figure names a colour as "@text-1", or "@accent/12" for
12 percent of it; the browser resolves the names for the theme in use.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parent.parent / "assets"

LIGHT: dict[str, str] = {
    "bg-page": "#E3E6E9",
    "bg-panel": "#F4F5F7",
    "bg-inset": "#D3D8DD",
    "text-1": "#1B232B",
    "text-2": "#46515D",
    "text-3": "#5C6772",
    "line": "#A8B0B9",
    "control": "#67727E",
    "normal": "#74808C",
    "band": "#C5CDD5",
    "accent": "#0B57D0",
    "p1": "#B3261E",
    "p2": "#F2B600",
    "p3": "#4A2A75",
    "done": "#0B6B62",
    "on-accent": "#FFFFFF",
    "on-p1": "#FFFFFF",
    "on-p2": "#1B232B",
    "on-p3": "#FFFFFF",
    "on-done": "#FFFFFF",
    "s1": "#0B57D0",
    "s2": "#799116",
    "s3": "#B5769C",
    "s4": "#25255C",
    "s5": "#382424",
    "div-lo": "#2166AC",
    "div-hi": "#B2560D",
}
DARK: dict[str, str] = {
    "bg-page": "#14181D",
    "bg-panel": "#1D232A",
    "bg-inset": "#2A323B",
    "text-1": "#E6EAEE",
    "text-2": "#B3BDC7",
    "text-3": "#98A3AE",
    "line": "#46525E",
    "control": "#7D8995",
    "normal": "#8E9AA6",
    "band": "#36414C",
    "accent": "#8AB4F8",
    "p1": "#FF7A6E",
    "p2": "#FFC93C",
    "p3": "#E9D8FD",
    "done": "#5CC8B8",
    "on-accent": "#14181D",
    "on-p1": "#14181D",
    "on-p2": "#1B232B",
    "on-p3": "#14181D",
    "on-done": "#14181D",
    "s1": "#8AB4F8",
    "s2": "#CAD98D",
    "s3": "#C7819D",
    "s4": "#5067C7",
    "s5": "#A4FCEB",
    "s6": "#806E53",
    "div-lo": "#2166AC",
    "div-hi": "#B2560D",
}
PRINT: dict[str, str] = LIGHT | {"bg-page": "#FFFFFF", "bg-panel": "#FFFFFF", "bg-inset": "#E9ECEF"}
THEMES: dict[str, dict[str, str]] = {"light": LIGHT, "dark": DARK}

FONT = "Inter, system-ui, sans-serif"
CLEAR = "rgba(0,0,0,0)"


def resolve(value: Any, tokens: dict[str, str]) -> Any:
    """`value` with every "@token" and "@token/percent" in it replaced by a colour of `tokens`."""
    if isinstance(value, dict):
        return {key: resolve(part, tokens) for key, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, tokens) for part in value]
    if isinstance(value, str) and value.startswith("@"):
        name, _, percent = value[1:].partition("/")
        return tokens[name] if not percent else _faint(tokens[name], int(percent))
    return value


def _faint(colour: str, percent: int) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{percent / 100:g})"


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, relative luminance; 1 to 21)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def templates() -> dict[str, Any]:
    """The Plotly templates by name, resolved."""
    colours = {"plant_light": LIGHT, "plant_dark": DARK, "plant_wall": DARK, "plant_print": PRINT}
    made = {name: resolve(_template(34 if name == "plant_wall" else 12), tokens) for name, tokens in colours.items()}
    made["plant_print"]["layout"] |= {
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "margin": {"l": 48, "r": 24, "t": 40, "b": 48},
    }
    return made


def _template(size: int) -> dict[str, Any]:
    return {"data": _traces(size), "layout": _layout(size)}


def _text(size: int, colour: str = "@text-1") -> dict[str, Any]:
    return {"size": size, "color": colour}


def _traces(size: int) -> dict[str, Any]:
    line = {"width": 1.75 if size == 12 else 4}
    bar = {
        "marker": {"color": "@normal", "line": {"width": 0}},
        "textfont": _text(size),
        "insidetextfont": {"size": size},
        "outsidetextfont": _text(size),
        "cliponaxis": False,
    }
    colorbar = _colorbar(size) | {"title": {"side": "right", "font": _text(size, "@text-2")}}
    heatmap = {"colorscale": "Cividis", "xgap": 0, "ygap": 0, "hoverongaps": False, "colorbar": colorbar}
    return {
        "bar": [bar],
        "scatter": [{"line": line, "marker": {"size": 6 if size == 12 else 12, "line": {"width": 0}}}],
        "heatmap": [heatmap],
        "histogram": [{"marker": {"color": "@normal", "line": {"color": "@bg-panel", "width": 1}}}],
        "box": [{"line": {"color": "@text-2", "width": 1.25}, "fillcolor": "@band", "marker": {"color": "@text-2", "size": 4}}],
        "sankey": [_sankey(size)],
    }


def _sankey(size: int) -> dict[str, Any]:
    node = {"color": "@normal", "line": {"width": 0}, "pad": 14, "thickness": 10}
    return {"node": node, "link": {"color": "@band"}, "textfont": _text(size)}


def _colorbar(size: int) -> dict[str, Any]:
    return {"thickness": 8, "len": 1, "outlinewidth": 0, "ticks": "", "tickfont": _text(size, "@text-2")}


def _axis(size: int) -> dict[str, Any]:
    return {
        "gridcolor": "@line/38",
        "gridwidth": 1 if size == 12 else 2,
        "zeroline": False,
        "linecolor": "@control",
        "linewidth": 1 if size == 12 else 2,
        "tickcolor": "@line",
        "tickfont": _text(size, "@text-2"),
        "title": {"font": _text(size, "@text-2"), "standoff": 12},
        "automargin": True,
        "minor": {"showgrid": False},
        "spikecolor": "@control",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikemode": "across",
    }


def _layout(size: int) -> dict[str, Any]:
    return {
        "font": {"family": FONT, **_text(size)},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "colorway": ["@s1", "@s2", "@s3", "@s4", "@s5"],
        "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
        "separators": ".\u2009",
        "autosize": True,
        "title": {"font": _text(44 if size == 34 else 18), "x": 0, "xref": "paper", "xanchor": "left", "pad": {"b": 12}},
        "xaxis": _axis(size) | {"showgrid": False, "showline": True, "ticks": "outside", "ticklen": 4},
        "yaxis": _axis(size) | {"showgrid": True, "showline": False, "ticks": "", "ticklen": 6},
        "showlegend": False,
        "bargap": 0.28,
        "bargroupgap": 0.06,
        "barcornerradius": 2,
        "dragmode": "zoom",
        "selectdirection": "h",
        "coloraxis": {"colorbar": _colorbar(size)},
        "colorscale": {"sequential": "Cividis", "diverging": [[0, "@div-lo"], [0.5, "@bg-panel"], [1, "@div-hi"]]},
        **_marks(size),
        **_hover(size),
    }


def _marks(size: int) -> dict[str, Any]:
    return {
        "annotationdefaults": {
            "font": _text(size, "@text-2"),
            "showarrow": False,
            "arrowcolor": "@control",
            "arrowhead": 0,
            "arrowwidth": 1,
        },
        "shapedefaults": {"line": {"color": "@line", "width": 1}, "layer": "below"},
        "newshape": {"line": {"color": "@accent", "width": 2}, "fillcolor": CLEAR},
        "activeselection": {"fillcolor": "@accent", "opacity": 0.12},
        "modebar": {"bgcolor": CLEAR, "color": "@text-3", "activecolor": "@accent", "orientation": "h"},
    }


def _hover(size: int) -> dict[str, Any]:
    label = {
        "bgcolor": "@bg-panel",
        "bordercolor": "@control",
        "font": {"family": FONT, **_text(size)},
        "align": "left",
        "namelength": -1,
    }
    legend = {
        "orientation": "h",
        "x": 0,
        "y": 1.02,
        "xanchor": "left",
        "yanchor": "bottom",
        "font": _text(size, "@text-2"),
        "bgcolor": CLEAR,
        "itemsizing": "constant",
        "tracegroupgap": 8,
    }
    return {"hovermode": "x unified", "hoverdistance": 24, "spikedistance": -1, "hoverlabel": label, "legend": legend}


_HEAD = "/* Made by `python -m components.tokens` from components/tokens.py. Do not edit. */\n"


def css() -> str:
    """The text of assets/tokens.css. Dark also follows the system while no theme is chosen; print is light."""
    light, dark, paper = (_rules(tokens) for tokens in (LIGHT, DARK, PRINT))
    system = ':root:not([data-bs-theme="light"])'
    return (
        f"{_HEAD}"
        f':root, [data-bs-theme="light"] {{\n  color-scheme: light;\n{light}}}\n'
        f'[data-bs-theme="dark"] {{\n  color-scheme: dark;\n{dark}}}\n'
        f"@media (prefers-color-scheme: dark) {{\n{system} {{\n  color-scheme: dark;\n{dark}}}\n}}\n"
        f"@media print {{\n:root, [data-bs-theme] {{\n  color-scheme: light;\n{paper}}}\n}}\n"
    )


def _rules(tokens: dict[str, str]) -> str:
    return "".join(f"  --pl-{name}: {colour};\n" for name, colour in tokens.items())


def script() -> str:
    """The text of assets/theme-data.js: tokens and templates for the charts."""
    tokens = THEMES | {"print": PRINT}
    body = json.dumps({"tokens": tokens, "templates": templates()}, separators=(",", ":"), ensure_ascii=True)
    return f"{_HEAD}window.plantTheme = {body};\n"


def write() -> None:
    """Write both files."""
    (ASSETS / "tokens.css").write_text(css(), encoding="utf-8")
    (ASSETS / "theme-data.js").write_text(script(), encoding="utf-8")


if __name__ == "__main__":
    write()
