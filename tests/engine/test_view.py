"""Saved views: what may be kept, and who may open it."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.view import SavedView


def view(**changes: object) -> SavedView:
    values = {"id": 1, "name": "Night", "owner": "ines", "page": "/machine", "search": "?at=a/b", "node_id": 3}
    return SavedView(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "x" * 81}, {"page": "https://elsewhere"}, {"page": "//elsewhere"}])
def test_a_view_has_a_name_and_an_address_within_the_product(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        view(**wrong)


def test_the_link_is_page_and_query() -> None:
    assert view().href == "/machine?at=a/b"


def test_a_view_opens_to_its_owner_and_the_roles_that_share_it() -> None:
    shared = view(shared_with=("quality",))
    assert shared.open_to("ines", frozenset())
    assert shared.open_to("omar", frozenset({"quality"}))
    assert not shared.open_to("omar", frozenset({"planner"}))
