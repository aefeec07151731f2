"""The frame around every page: top bar, navigation, location tree, footer, help. Owns their ids."""

from __future__ import annotations

from dataclasses import dataclass

import dash
from dash import dcc, html

from components import live, location, notice, time_range
from components.panel import dialog
from components.shape import icon
from components.text import aria, data, t
from engine.access import User

APP, CRUMB, NAV, USER, TOAST, HELP, MAIN = "app", "breadcrumb", "nav-links", "user-menu", "toast", "help", "main"
ASKED, DOWNLOAD, ABOUT, BOTTOM, PRINTED = "asked", "download", "about", "nav-bottom", "printed"

INDEX = """<!doctype html>
<html lang="en">
    <head>
        {%metas%}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
        <link rel="stylesheet" href="/assets/vendor/bootstrap/bootstrap.min.css">
        <link rel="stylesheet" href="/assets/vendor/inter/inter.css">
        {%css%}
        <script src="/assets/theme.js"></script>
    </head>
    <body>
        {%app_entry%}
        {%config%}
        {%scripts%}
        {%renderer%}
    </body>
</html>"""


@dataclass(frozen=True, slots=True)
class Destination:
    """A page in the navigation: where it is, its icon, its name, the letter after g, the paths it stands for."""

    path: str
    icon: str
    name: str
    letter: str
    covers: tuple[str, ...]


DESTINATIONS: tuple[Destination, ...] = (Destination("/location", "overview", "Places", "o", ("/", "/location", "/machine")),)


def frame(*, demo: bool, version: str) -> html.Div:
    """The layout of the application."""
    return html.Div(
        [
            *live.stores(),
            dcc.Download(id=DOWNLOAD),
            html.A(t("Skip to content"), href=f"#{MAIN}", className="pl-skip", target="_self"),
            html.Div([_top(), _nav(), _main(demo, version), _foot(demo, version), _below()], id=APP, className="pl-app"),
            html.Div(id=TOAST, className="pl-toast", **live.polite()),
            _help(),
        ]
    )


def _top() -> html.Header:
    menu = html.Button(icon("menu"), className="pl-ctl icon ghost", **aria(label=t("Navigation")), **data(do="nav"))
    brand = html.Div([menu, html.I(className="pl-logo", **aria(hidden="true")), html.Span("Plantglass")], className="pl-brand")
    crumb = html.Nav(id=CRUMB, className="pl-crumb", **aria(label=t("Breadcrumb")))
    help_ = html.Button(
        icon("help"),
        className="pl-ctl icon ghost",
        title=t("Help (?)"),
        **aria(label=t("Help")),
        **data(do="open", opens=HELP, key="?"),
    )
    return html.Header([brand, crumb, time_range.control(), live.dot(), help_, html.Div(id=USER)], className="pl-top")


def _nav() -> html.Nav:
    return html.Nav([html.Ul(navigation("", ""), id=NAV), location.side_tree()], className="pl-nav", **aria(label=t("Main")))


def navigation(path: str, search: str) -> list[html.Li]:
    """The links of the pages that exist, the one in use marked; the place and range come along."""
    return [html.Li(_destination(d, path, search)) for d in DESTINATIONS]


def _destination(to: Destination, path: str, search: str) -> html.A:
    on = aria(current="page") if path in to.covers else {}
    return html.A(
        [icon(to.icon), html.Span(t(to.name))],
        href=to.path + search,
        className=f"it{' on' if on else ''}",
        **on,
        **data(go=to.letter),
    )


def _main(demo: bool, version: str) -> html.Main:
    return html.Main(
        [_printed(demo, version), live.away(), html.Div(id=ASKED), notice.region(), dash.page_container],
        id=MAIN,
        className="pl-main",
        tabIndex="-1",
    )


def _foot(demo: bool, version: str) -> html.Footer:
    words = data(
        live=t("Live"), paused=t("Not live"), gone=t("Disconnected since {at}"), ago=t("{age} ago"), never=t("no data yet"),
        running=t("Engine running"), standing=t("Engine not running"),
        last=t("Last update {at}"),
        filling=t("History: {filled} of {days} days filled"), unfilled=t("History stopped at {filled} of {days} days: {why}"),
        database=t("The database does not answer since {at}."), server=t("The server does not answer since {at}."),
        then=t("What is shown is from then; the page goes on by itself as soon as there is an answer."),
    )  # fmt: skip
    ribbon = (
        [html.Span(t("DEMO DATA"), className="pl-demo"), html.Span(t("simulated plant, resets on request"), className="more")]
        if demo
        else []
    )
    outdated = html.Button(t("A new version is there: reload"), className="pl-reload", **data(do="reload"))
    return html.Footer(
        [
            html.Span(id=live.SOURCES, className="srcs"),
            html.Span(id=live.ENGINE),
            html.Span(
                [html.Span(html.I(), className="meter", **aria(hidden="true")), html.Span()], id=live.FILLING, hidden=True
            ),
            html.Span(t("Version {version}", version=version)),
            outdated,
            html.Span(id=live.CLOCK, className="sp"),
            *ribbon,
        ],
        id="foot",
        className="pl-foot",
        **words,
    )


def _printed(demo: bool, version: str) -> html.Dl:
    """What paper bears besides the page; assets/print.js fills in what only the browser knows."""
    product = t("Plantglass {version}", version=version) + (f" · {t('DEMO DATA: simulated plant')}" if demo else "")
    rows = (
        (t("Place"), "", "place"),
        (t("Time range"), "", "range"),
        (t("Printed"), t("{at} by {who}"), "at"),
        (t("Address"), "", "address"),
        (t("Source"), product, None),
    )
    cells = [[html.Dt(name), html.Dd(said, **data(print=key, words=said or None))] for name, said, key in rows]
    return html.Dl([cell for pair in cells for cell in pair], id=PRINTED, className="pl-print")


def _below() -> html.Nav:
    return html.Nav(bottom("", ""), id=BOTTOM, className="pl-bottom", **aria(label=t("Pages")))


def bottom(path: str, search: str) -> list[html.A | html.Button]:
    """The links of the bottom bar on tablets and phones."""
    links: list[html.A | html.Button] = [_bottom_link(d, path, search) for d in DESTINATIONS]
    return [*links, html.Button([icon("menu"), html.Span(t("Tree"))], **data(do="nav"))]


def _bottom_link(to: Destination, path: str, search: str) -> html.A:
    on = aria(current="page") if path in to.covers else {}
    return html.A([icon(to.icon), html.Span(t(to.name))], href=to.path + search, className="on" if on else "", **on)


def user_menu(user: User) -> html.Details:
    """Who is signed in, the theme, the way out."""
    initials = "".join(part[0] for part in user.full_name.split()[:2]).upper() or user.name[:2].upper()
    spoken = html.Span(t("Signed in as {name}", name=user.full_name), className="pl-sr")
    avatar = html.Summary([html.Span(initials, className="pl-avatar", **aria(hidden="true")), spoken])
    leave = html.Form(html.Button(t("Sign out"), className="pl-ctl", id="sign-out"), action="/logout", method="POST")
    who = html.Div(
        [html.B(user.full_name), html.Span(", ".join(sorted({g.role for g in user.grants})) or user.name, className="cap t2")]
    )
    menu = html.Div([who, _themes(), leave], className="pl-pop right pl-user", **data(who=f"{user.full_name} ({user.name})"))
    return html.Details([avatar, menu], className="pl-menu")


def _themes() -> html.Div:
    choices = (("system", t("System")), ("light", t("Light")), ("dark", t("Dark")))
    buttons = [html.Button(name, **data(do="theme", theme=choice), **aria(pressed="false")) for choice, name in choices]
    return html.Div(buttons, className="seg", role="group", **aria(label=t("Theme")))


KEYS: tuple[tuple[str, str], ...] = (
    ("?", "This help"),
    ("/", "Filter locations"),
    ("↑ ↓ ← →", "Walk the tree of locations"),
    ("t", "Time range"),
    ("[", "Previous range"),
    ("]", "Next range"),
    ("l", "Live on or off"),
    ("f", "Full screen panel"),
    ("g o", "Places"),
    ("Esc", "Close a menu, clear the filter"),
)


def _help() -> html.Dialog:
    keys = [html.Tr([html.Td([html.Kbd(part) for part in key.split()]), html.Td(t(what))]) for key, what in KEYS]
    switch = html.Button(t("Single-key shortcuts"), className="pl-ctl pl-switch", **data(do="keys"), **aria(pressed="true"))
    return dialog(
        HELP,
        t("Help"),
        [
            html.H3(t("About this page")),
            html.Div(about(""), id=ABOUT),
            html.H3(t("Keyboard")),
            html.Table(html.Tbody(keys), className="pl-keys"),
            switch,
        ],
    )


_ABOUT: dict[str, tuple[str, ...]] = {
    "/machine": (
        "One machine, live: each value with its unit, its limits and its age, and the course of chosen signals over any range.",
        "The band is the normal range, hatched ends are alarm zones, the tip is the setpoint; hatched values are too old.",
        "Drag in the chart to look closer, double-click to go back; the address of the page is the view, so it can be sent.",
    ),
    "/location": (
        "A place and what lies in it, with the state of each and how fresh its data are.",
        "Choose a row to go down; the way back is at the top; the time range comes along.",
        "A place that no longer delivers data is named beside the title.",
    ),
}


def about(path: str) -> list[html.P]:
    """Three sentences about a page."""
    return [html.P(t(sentence)) for sentence in _ABOUT.get(path, _ABOUT["/location"])]
