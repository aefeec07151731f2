"""The page in place of the application."""

from __future__ import annotations

import pytest

from components.trouble import trouble_page


@pytest.mark.parametrize("status", [403, 404, 405, 409, 413, 422, 500, 503])
def test_every_status_has_a_title_and_a_way_on(status: int) -> None:
    page = trouble_page(status)
    assert "<h1></h1>" not in page
    assert f"Error {status}" in page
    assert 'href="/"' in page


def test_what_is_told_is_escaped() -> None:
    page = trouble_page(422, "<script>x</script>")
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_only_what_may_pass_is_tried_again() -> None:
    assert 'id="tries"' in trouble_page(503, retry=True)
    assert 'id="tries"' not in trouble_page(503)
    assert 'http-equiv="refresh"' not in trouble_page(503, retry=True)
