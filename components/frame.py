"""The frame around every page: top bar, navigation, location tree, footer, help. Owns their ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import dash
from dash import dcc, html

from components import help as told
from components import keyboard, live, location, notice, palette, saved, time_range, welcome
from components.alarm import indicator
from components.panel import dialog, rows_dialog
from components.shape import icon
from components.text import aria, data, t
from engine.access import User

APP, CRUMB, NAV, USER, TOAST, HELP, MAIN = "app", "breadcrumb", "nav-links", "user-menu", "toast", "help", "main"
ASKED, DOWNLOAD, ABOUT, KEYS, BOTTOM, PRINTED = "asked", "download", "about", "keys", "nav-bottom", "printed"

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
class Page:
    """A page in the navigation: title, the right that shows it, icon, the letter after g, further paths it stands for."""

    key: str
    path: str
    title: str
    permission: str
    icon: str
    letter: str
    covers: tuple[str, ...] = ()


PAGES: tuple[Page, ...] = (
    Page("overview", "/overview", "Overview", "oee.read", "overview", "o", ("/",)),
    Page("location", "/location", "Places", "location.read", "pin", "p", ("/machine",)),
    Page("alarm", "/alarm", "Alarms", "alarm.read", "alarm", "a"),
    Page("audit", "/audit", "Audit trail", "audit.read", "audit", "u"),
    Page("wall", "/walls", "Wall displays", "wall.manage", "chart", "w"),
    Page("admin", "/admin", "Admin", "job.read", "admin", "d"),
)  # fmt: skip
"""Every page of the navigation, in its order; the first four that a person may see are the bottom bar of a tablet."""
BOTTOM_LINKS = 4
CARRIED = ("at", "from", "to", "tz", "cmp")
"""The parameters that the frame owns: they come along from page to page."""


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
            *_overlays(),
        ]
    )


def _overlays() -> list[html.Dialog]:
    return [rows_dialog(), palette.dialog_(), saved.dialog_()]


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
    found = [palette.button(), time_range.control(), live.dot(), indicator.link(), saved.button(), help_]
    return html.Header([brand, crumb, *found, html.Div(id=USER)], className="pl-top")


def _nav() -> html.Nav:
    return html.Nav([html.Ul(id=NAV), location.side_tree()], className="pl-nav", **aria(label=t("Main")))


def allowed(rights: Collection[str]) -> list[Page]:
    """The pages that someone with these rights may see."""
    return [page for page in PAGES if page.permission in rights]


def navigation(path: str, search: str, rights: Collection[str]) -> list[html.Li]:
    """The links of the pages, the one in use marked; the place and range come along."""
    return [html.Li(_destination(page, path, carried(search))) for page in allowed(rights)]


def carried(search: str) -> str:
    """What of a query the other pages take over."""
    kept = [(name, value) for name, value in parse_qsl(search.lstrip("?")) if name in CARRIED]
    return f"?{urlencode(kept, safe='/,:')}" if kept else ""


def _destination(to: Page, path: str, search: str) -> html.A:
    on = _on(to, path)
    return html.A(
        [icon(to.icon), html.Span(t(to.title))],
        href=to.path + search,
        className=f"it{' on' if on else ''}",
        title=t(to.title),
        **on,
        **data(go=to.letter or None),
    )


def _on(to: Page, path: str) -> dict[str, Any]:
    return aria(current="page") if path == to.path or path in to.covers else {}


def _main(demo: bool, version: str) -> html.Main:
    return html.Main(
        [
            _printed(demo, version),
            live.away(),
            html.Div(id=ASKED),
            notice.region(),
            html.Div(id=welcome.PANEL),
            dash.page_container,
        ],
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
            html.Span(t("Version {version}", version=version), className="ver"),
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
    return html.Nav(id=BOTTOM, className="pl-bottom", **aria(label=t("Pages")))


def bottom(path: str, search: str, rights: Collection[str]) -> list[html.A | html.Button]:
    """The links of the bottom bar on tablets and phones; the fifth entry opens the whole navigation."""
    links: list[html.A | html.Button] = [_bottom_link(page, path, carried(search)) for page in allowed(rights)[:BOTTOM_LINKS]]
    return [*links, html.Button([icon("menu"), html.Span(t("More"))], **data(do="nav"))]


def _bottom_link(to: Page, path: str, search: str) -> html.A:
    on = _on(to, path)
    return html.A([icon(to.icon), html.Span(t(to.title))], href=to.path + search, className="on" if on else "", **on)


def user_menu(user: User) -> html.Details:
    """Who is signed in, the theme, the way out."""
    initials = "".join(part[0] for part in user.full_name.split()[:2]).upper() or user.name[:2].upper()
    spoken = html.Span(t("Signed in as {name}", name=user.full_name), className="pl-sr")
    avatar = html.Summary([html.Span(initials, className="pl-avatar", **aria(hidden="true")), spoken])
    leave = html.Form(html.Button(t("Sign out"), className="pl-ctl", id="sign-out"), action="/logout", method="POST")
    who = html.Div(
        [html.B(user.full_name), html.Span(", ".join(sorted({g.role for g in user.grants})) or user.name, className="cap t2")]
    )
    menu = [who, saved.menu(), _themes(), leave]
    shown = html.Div(menu, className="pl-pop right pl-user", **data(who=f"{user.full_name} ({user.name})"))
    return html.Details([avatar, shown], className="pl-menu")


def _themes() -> html.Div:
    choices = (("system", t("System")), ("light", t("Light")), ("dark", t("Dark")))
    buttons = [html.Button(name, **data(do="theme", theme=choice), **aria(pressed="false")) for choice, name in choices]
    return html.Div(buttons, className="seg", role="group", **aria(label=t("Theme")))


def keys(rights: Collection[str]) -> html.Table:
    """The keyboard map with the pages that someone with these rights may see."""
    return keyboard.table(tuple((page.letter, page.title) for page in allowed(rights)))


def _help() -> html.Dialog:
    return dialog(
        HELP,
        t("Help"),
        [
            html.H3(t("About this page")),
            html.Div(told.about(""), id=ABOUT),
            html.Div([welcome.restart(), html.A(t("All documents"), href="/help", className="pl-ctl")], className="acts"),
            html.H3(t("Keyboard")),
            html.Div(keys(()), id=KEYS),
            keyboard.switch(),
        ],
    )
