"""The page in place of the application when that cannot answer: plain HTML that needs neither database nor session."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from components.text import t


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    sentences: tuple[str, ...]


_BY_STATUS: dict[int, _Words] = {
    403: _Words("This is not open to you", ()),
    404: _Words("There is no such page", ("Nothing lies at this address. It may be mistyped, or from another version.",)),
    500: _Words("Something went wrong on the server", ("It was logged. Please tell an administrator if it happens again.",)),
    503: _Words(
        "The database does not answer",
        (
            "Plantglass runs, but at the moment it cannot read what the plant has recorded.",
            "What the plant sends meanwhile is kept by the collectors and stored as soon as the database is back.",
        ),
    ),
}
_OTHER = _Words("Plantglass cannot show this page", ())
_SHEETS = ("vendor/inter/inter", "tokens", "base", "states", "login")
_STYLES = "".join(f'<link rel="stylesheet" href="/assets/{name}.css">' for name in _SHEETS)


def trouble_page(status: int, text: str = "", *, retry: bool = False) -> str:
    """The whole page. `text` is what is known beyond the status; with `retry` the page asks again until it is answered."""
    words = _BY_STATUS.get(status, _OTHER)
    sentences = [t(sentence) for sentence in words.sentences] + ([text] if text else [])
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{t(words.title)} · Plantglass</title>'
        f'<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
        f'<script src="/assets/theme.js"></script><script src="/assets/trouble.js" defer></script>{_STYLES}</head>'
        f'<body><main class="pl-trouble"><div class="brand"><i class="pl-logo" aria-hidden="true"></i>Plantglass</div>'
        f'<div role="alert"><h1>{t(words.title)}</h1>{said}</div>{_ways(retry)}'
        f'<p class="cap t2">{t("Error {status}", status=status)}</p></main></body></html>'
    )


def _ways(retry: bool) -> str:
    home = f'<a class="pl-ctl" href="/">{t("Go to the start page")}</a>'
    if not retry:
        return f'<div class="ways">{home}</div>'
    words = (
        f'data-soon="{t("This page tries again by itself.")}" data-tried="{t("Tried again at {at}: still no answer.")}"'
        f' data-gone="{t("Tried again at {at}: the web server cannot be reached either.")}"'
    )
    return (
        f'<div class="ways"><a class="pl-ctl prim" href="">{t("Try again now")}</a></div>'
        f'<p class="t2" id="tries" {words}>{t("Load this page again after a moment.")}</p>'
    )
