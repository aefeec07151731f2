"""The sign-in page: works without a script, hides nothing behind one, and shows values as text."""

from __future__ import annotations

from html.parser import HTMLParser

from components.login import ROLE_NAMES, login_page
from engine.access import ROLES

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_values_from_outside_are_text() -> None:
    page = Tags(login_page(error=EVIL, next_url=EVIL, csrf=EVIL, version=EVIL, theme=EVIL, demo=True))
    assert page.of("img") == []
    assert [s.get("src") for s in page.of("script")] == ["/assets/theme.js"]
    assert any(i.get("value") == EVIL for i in page.of("input"))


def test_the_form_posts_name_password_target_and_token() -> None:
    names = {i.get("name") for i in Tags(login_page(csrf="c")).of("input")}
    assert names == {"user", "password", "next", "csrf"}


def test_there_is_no_inline_script_and_password_managers_are_helped() -> None:
    page = Tags(login_page(demo=True))
    assert all(s.get("src") for s in page.of("script"))
    assert not any(name.startswith("on") for _, attributes in page.found for name in attributes)
    assert {i.get("autocomplete") for i in page.of("input")} >= {"username", "current-password"}


def test_demo_roles_are_offered_in_demo_mode_only() -> None:
    offered = [b.get("value") for b in Tags(login_page(demo=True)).of("button") if b.get("name") == "user"]
    assert set(offered) == set(ROLE_NAMES) == set(ROLES)
    assert [b for b in Tags(login_page(demo=False)).of("button") if b.get("name")] == []


def test_an_error_is_read_out_and_tied_to_the_fields() -> None:
    page = Tags(login_page(error="User name or password is not right."))
    assert any(p.get("role") == "alert" and p.get("id") == "wrong" for p in page.of("p"))
    assert [i.get("aria-describedby") for i in page.of("input") if i.get("id")] == ["wrong", "wrong"]
