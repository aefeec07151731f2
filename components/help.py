"""Help: "About this page" as records, the explanation of an indicator, and the product's own documents. Owns their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from components import format as show
from components.text import aria, t
from engine.kpi import Kpi

BODY, TITLE, LIST = "document", "document-title", "documents"


@dataclass(frozen=True, slots=True)
class About:
    """A page in three sentences, the words to know on it, and the document in docs/ that tells more."""

    sentences: tuple[str, str, str]
    words: tuple[tuple[str, str], ...] = ()
    document: str = ""


ABOUT: dict[str, About] = {
    "/overview": About(
        (
            "A place at a glance: how it did over the time range, its parts, and what changed.",
            "Choose a tile to see what its number is made of; choose a row to go down with the same time range.",
            "Colour means not normal for this very place; what is not known is a dash, never zero.",
        ),
        (
            ("OEE", "The share of planned busy time that made good pieces at the ideal rate (ISO 22400-2)."),
            ("Known", "The share of planned busy time of which the state of the machine is known."),
            ("Normal band", "From the lowest tenth of the place's shifts of the last 14 days upward."),
        ),
        "overview.md",
    ),
    "/machine": About(
        (
            "One machine, live: each value with its unit, its limits and its age, and the course of chosen signals.",
            "The band is the normal range, hatched ends are alarm zones, the tip is the setpoint.",
            "Drag in the chart to look closer, double-click to go back; hatched values are too old.",
        ),
        (
            ("Fresh", "Younger than three expected intervals of the signal."),
            ("Quality", "What the source says of a value: good, uncertain or bad. A bad value is no measurement."),
        ),
        "historian.md",
    ),
    "/alarm": About(
        (
            "What is wrong and asks for somebody, at the place above and below it; the worst unacknowledged stands first.",
            "Choose an alarm to see what happens otherwise, what to do and what was; acknowledge it when you begin to act.",
            "Keys: j, k or arrows choose a row, Enter opens it, a acknowledges it and goes on, n lets new ones in.",
        ),
        (
            ("Alarm", "Has a consequence, a response and a time to respond; everything else is an event."),
            ("Shelved", "Kept quiet for a time by a person, with a reason; it comes back by itself."),
            ("Suppressed by design", "Makes no sense in the machine's present state, so it is not raised."),
        ),
        "alarm.md",
    ),
    "/walls": About(
        (
            "The wall displays: screens without an account that show a place to everybody in the room.",
            "Add a display, say how large its screen is and from how far it is read, and open its link once on the screen.",
            "Revoke a display that is lost: it says so within seconds, and its link is worth nothing from then on.",
        ),
        (
            ("Link", "Opens a display's page without an account. It is shown once; whoever has it can look, and nothing else."),
            ("Type", "The size of letters on a page 1920 px wide: capitals fill 20 minutes of arc, and at least 16."),
        ),
        "wall.md",
    ),
    "/admin": About(
        (
            "What the installation does: its sources and where every sample went, jobs, users, configuration, storage.",
            "Each action says what it will do and asks why; the reason goes on record with your name.",
            "What you may not change is shown without its buttons; what you may not see says which right is missing.",
        ),
        (
            ("Accounting of samples", "Received = stored + duplicates + further revisions + dead letters, for each source."),
            ("Dead letter", "Something that came in and could not be understood: kept with its reason."),
            ("Spool", "A worker's local file in which samples wait until the store has them."),
        ),
        "admin.md",
    ),
    "/audit": About(
        (
            "Who changed what in regulated records, when and why, with the record before and after.",
            "The time range at the top and the filters choose the entries; choose a number to see one in full.",
            "The chain of hashes is recomputed every hour: an entry that was altered or is missing is named.",
        ),
        (("Chain", "Each entry holds the hash of the one before it, so that none can be altered or taken out unseen."),),
        "admin.md",
    ),
    "/location": About(
        (
            "A place and what lies in it, with the state of each and how fresh its data are.",
            "Choose a row to go down; the way back is at the top; the time range comes along.",
            "A place that no longer delivers data is named beside the title.",
        ),
        (("Place", "A node of the location tree: enterprise, site, area, line, room or machine."),),
        "using.md",
    ),
    "/help": About(
        (
            "The product's documents, as they belong to this version.",
            "Choose one on the left; each page's own help leads to the one that fits.",
            "The glossary says what each word means.",
        ),
        (),
        "glossary.md",
    ),
}
_ANY = About(
    (
        "Every page shows the place named at the top, over the time range beside it.",
        "The menu of a panel has its table, its files and what it means.",
        "The address of the page is the view, so it can be sent.",
    ),
    (),
    "using.md",
)


def about(path: str) -> list[Any]:
    """Three sentences about a page, its words, and the link to its document."""
    told = ABOUT.get("/overview" if path == "/" else path, _ANY)
    parts: list[Any] = [html.P(t(sentence)) for sentence in told.sentences]
    if told.words:
        parts.append(
            html.Dl(
                [cell for word, means in told.words for cell in (html.Dt(t(word)), html.Dd(t(means)))], className="pl-words"
            )
        )
    if told.document:
        parts.append(html.P(html.A(t("More in the documents"), href=document_href(told.document))))
    return parts


def document_href(name: str) -> str:
    """The link to a document."""
    return f"/help?doc={name.removesuffix('.md')}"


# ------------------------------------------------------------------ an indicator explained
def kpi_explained(kpi: Kpi[Any], of: Any, facts: Sequence[tuple[str, str]] = ()) -> html.Div:
    """What an indicator is, its value with its target, what went in, and where the definition comes from.

    `of` is what it is computed from (None: unknown); `facts` are its inputs in words, as (name, value).
    """
    value = None if of is None else kpi.value(of)
    rows = [
        (t("Value"), kpi_shown(kpi, value)),
        (t("Target"), kpi_shown(kpi, kpi.target)),
        *((name, said) for name, said in facts),
        (t("Better"), {"up": t("higher"), "down": t("lower")}.get(kpi.better, t("neither"))),
        (t("Definition by"), t(kpi.standard)),
    ]
    shown = [row for row in rows if row[1]]
    cells = [cell for name, said in shown for cell in (html.Dt(name), html.Dd(said))]
    return html.Div([html.P(t(kpi.definition)), html.Dl(cells, className="kv")], className="pl-explain")


def kpi_shown(kpi: Kpi[Any], value: float | None) -> str:
    """The value as people read it: ratios in percent."""
    scale = 100 if kpi.unit == "%" else 1
    return show.quantity(None if value is None else value * scale, kpi.unit, kpi.decimals)


# ------------------------------------------------------------------ the documents
def page() -> list[Any]:
    """The skeleton of the page of documents."""
    listed = html.Nav(html.Ul(id=LIST, className="pl-list"), className="pl-panel", **aria(label=t("Documents")))
    text = html.Section(html.Div(id=BODY, className="pl-text"), className="pl-panel")
    return [
        html.Div([html.H1(t("Documents"), id=TITLE)], className="pl-head"),
        html.Div([html.Div(listed, className="c3"), html.Div(text, className="c9")], className="row12"),
    ]


def listed(titles: Mapping[str, str], current: str) -> list[html.Li]:
    """The documents there are (title by name), the one in use marked."""
    return [html.Li(_document(name, titles[name], name == current)) for name in titles]


def _document(name: str, title: str, on: bool) -> html.A:
    marked = aria(current="page") if on else {}
    return html.A(title, href=document_href(name), className=f"it{' on' if on else ''}", **marked)


def split(text: str) -> tuple[str, str]:
    """The first heading of a document, and the rest."""
    first, _, rest = text.partition("\n")
    return (first.removeprefix("# ").strip(), rest) if first.startswith("# ") else (t("Document"), text)


def document(body: str) -> dcc.Markdown:
    """A document's text; links between documents stay inside the product."""
    return dcc.Markdown(_LINK.sub(r"](/help?doc=\1)", body), link_target="_self")


_LINK = re.compile(r"\]\((?:docs/)?([a-z-]+)\.md(?:#[^)]*)?\)")
