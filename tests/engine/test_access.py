"""Effective rights: which grant gives a permission, and where it reaches."""

from __future__ import annotations

from engine.access import ROLES, Given, reasons, reasons_at

LINE = Given(1, 1, "operator", 7, "acme/cork/packaging/line-1", "Line 1")
SITE = Given(2, 1, "auditor", 2, "acme/cork", "Cork")


def test_a_right_is_traced_to_the_grants_that_give_it() -> None:
    assert reasons("audit.read", [LINE, SITE], ROLES) == [SITE]
    assert reasons("location.read", [LINE, SITE], ROLES) == [LINE, SITE]
    assert reasons("access.manage", [LINE, SITE], ROLES) == []
    assert reasons("location.read", [Given(3, 1, "gone", 2, "acme/cork", "Cork")], ROLES) == []


def test_a_grant_reaches_everything_below_and_nothing_beside() -> None:
    found = [LINE, SITE]
    assert reasons_at("acme/cork/packaging/line-1/blister-1", found) == [LINE, SITE]
    assert reasons_at("acme/cork/packaging/line-10", found) == [SITE]
    assert reasons_at("acme", found) == []
