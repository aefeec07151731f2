"""The sign-in page: plain HTML that works without a script, so also when the rest does not."""

from __future__ import annotations

from collections.abc import Container
from html import escape

from components.text import t

ROLES: tuple[tuple[str, str, str, str], ...] = (
    ("manager", "overview", "Plant manager", "site overview"),
    ("engineer", "oee", "Engineer", "machines, signals"),
    ("quality", "quality", "Quality", "signals of the site"),
    ("planner", "schedule", "Planner", "machines, batches"),
    ("maintenance", "maint", "Maintenance", "machines, signals"),
    ("operator", "work", "Operator", "my line"),
    ("auditor", "audit", "Auditor", "everything, read only"),
    ("admin", "admin", "Administrator", "everything, all rights"),
    ("wall", "chart", "Wall display", "read only"),
)
"""Role, icon, title, what it is for: the demo accounts, named like their roles."""
ROLE_NAMES = tuple(role for role, *_ in ROLES)
DEMO_PASSWORD = "demo"  # noqa: S105 - stands on the page itself; the accounts exist in demo mode only


def login_page(
    *,
    error: str | None = None,
    demo: bool = False,
    roles: Container[str] = frozenset(ROLE_NAMES),
    next_url: str = "/",
    csrf: str = "",
    version: str = "",
    theme: str | None = None,
    choosing: str = "",
) -> str:
    """The whole page. Every value is escaped; the form posts `user`, `password`, `next` and `csrf` to /login.

    `choosing` names a user who signs in with a one-time password: the form then asks for an own one (`new`, `again`).
    """
    hidden = (
        f'<input type="hidden" name="csrf" value="{escape(csrf)}"><input type="hidden" name="next" value="{escape(next_url)}">'
    )
    chosen = f' data-bs-theme="{escape(theme)}"' if theme else ""
    inner = _choose(choosing, error, hidden) if choosing else _form(error, hidden) + (_roles(hidden, roles) if demo else "")
    return (
        f'<!doctype html>\n<html lang="en"{chosen}><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{t("Sign in")} · Plantglass</title>'
        f'<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
        f'<script src="/assets/theme.js"></script>{_STYLES}</head><body><main class="lo">'
        f'{_welcome(demo, version)}<section class="r">{inner}</section></main></body></html>'
    )


_SHEETS = ("vendor/bootstrap/bootstrap.min", "vendor/inter/inter", "tokens", "base", "icons", "components", "login")
_STYLES = "".join(f'<link rel="stylesheet" href="/assets/{name}.css">' for name in _SHEETS)


_ERROR = '<i class="pl-shape pl-shape--err" aria-hidden="true"></i>'


def _alert(error: str | None) -> tuple[str, str]:
    """What was wrong, and the attributes of the fields that it is about."""
    if not error:
        return "", ""
    said = f'<p class="wrong" role="alert" id="wrong">{_ERROR}{escape(error)}</p>'
    return said, ' aria-describedby="wrong" aria-invalid="true"'


def _choose(user: str, error: str | None, hidden: str) -> str:
    """A one-time password is good for this: to choose an own one."""
    alert, marked = _alert(error)
    fields = (
        ("password", t("One-time password"), "current-password", ""),
        ("new", t("Your own password, 12 characters or more"), "new-password", marked),
        ("again", t("The same again"), "new-password", marked),
    )
    inputs = "".join(
        f'<label for="{name}">{label}</label><input class="in" id="{name}" name="{name}" type="password"'
        f' autocomplete="{kind}" required{extra}>'
        for name, label, kind, extra in fields
    )
    return (
        f'<form class="fi" method="post" action="/login">{hidden}<h2>{t("Choose your own password")}</h2>{alert}'
        f'<label for="user">{t("User name")}</label>'
        f'<input class="in" id="user" name="user" autocomplete="username" value="{escape(user)}" readonly>'
        f'{inputs}<button class="pl-ctl prim go" id="sign-in">{t("Keep it and sign in")}</button></form>'
    )


def _form(error: str | None, hidden: str) -> str:
    alert, marked = _alert(error)
    return (
        f'<form class="fi" method="post" action="/login">{hidden}<h2>{t("Sign in")}</h2>{alert}'
        f'<label for="user">{t("User name")}</label>'
        f'<input class="in" id="user" name="user" autocomplete="username" autocapitalize="none" required autofocus{marked}>'
        f'<label for="password">{t("Password")}</label>'
        f'<input class="in" id="password" name="password" type="password" autocomplete="current-password" required{marked}>'
        f'<button class="pl-ctl prim go" id="sign-in">{t("Sign in")}</button></form>'
    )


def _roles(hidden: str, roles: Container[str]) -> str:
    buttons = "".join(
        f'<button name="user" value="{role}" id="demo-{role}"><i class="pl-i pl-i--{icon}" aria-hidden="true"></i>'
        f'<b class="sb">{t(title)}</b><span>{t(what)}</span></button>'
        for role, icon, title, what in ROLES
        if role in roles
    )
    return (
        f'<form class="demo" method="post" action="/login">{hidden}'
        f'<input type="hidden" name="password" value="{DEMO_PASSWORD}">'
        f'<div class="dv">{t("or look around as")}</div><div class="roles">{buttons}</div></form>'
        f'<p class="cap t2 note">{t("Demo accounts exist in demo mode only. What you sign is marked “demo”.")}</p>'
    )


def _welcome(demo: bool, version: str) -> str:
    rows = (
        ("", 52, "", "Grey", "normal, no action"),
        ("is-p2", 80, "p2", "Yellow triangle", "act within the hour"),
        ("is-p1", 96, "p1", "Red octagon", "act now"),
        ("is-old", 50, "stale", "Hatched", "too old to trust"),
    )
    ribbon = f'<span class="pl-demo">{t("DEMO DATA")}</span>{t("simulated plant, resets on request")}' if demo else ""
    return (
        '<section class="l"><div class="brand"><i class="pl-logo" aria-hidden="true"></i>Plantglass</div>'
        f'<h1 class="big">{t("Quiet while the plant runs well.")}</h1>'
        f'<p class="ld">{t(_LEAD)}</p><div class="liv">{"".join(_row(*row) for row in rows)}</div>'
        f'<div class="cap t2 ft">{ribbon}'
        f'<span class="v">{t("Version {version}", version=escape(version))}</span></div></section>'
    )


_LEAD = (
    "Lines, batches, quality, energy and the plan of a pharmaceutical site on one set of numbers, "
    "each with its source and its age."
)


def _row(mark: str, at: int, shape: str, name: str, meaning: str) -> str:
    hit = " hit" if mark == "is-p1" else ""
    drawn = f'<i class="pl-shape pl-shape--{shape}" aria-hidden="true"></i>' if shape else "<span></span>"
    return (
        f'<div><span class="an {mark}" aria-hidden="true"><span class="analog {mark}" style="--a:34%;--b:68%">'
        f'<span class="az" style="left:0;width:10%"></span><span class="az{hit}" style="left:90%;right:0"></span>'
        f'<span class="nb"></span>'
        f'<span class="sp" style="--x:50%"></span><span class="pt" style="--x:{at}%"></span></span></span>'
        f'{drawn}<b class="med">{t(name)}</b><span class="t2">{t(meaning)}</span></div>'
    )
