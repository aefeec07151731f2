"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from engine.access import PERMISSIONS
from engine.oee import KPIS
from settings import Settings

DOCS = Path(__file__).parents[1] / "docs"


def test_every_setting_stands_in_the_operating_guide_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `PLANTGLASS_(\w+)` \| *(.*?) *\| (.*?) \|$", (DOCS / "operating.md").read_text(), re.M)
    documented = {name.lower(): (default, meaning) for name, default, meaning in rows}
    fields = Settings.model_fields
    assert set(documented) == set(fields)
    for name, field in fields.items():
        default = (
            ""
            if field.default is None
            else str(field.default).lower()
            if isinstance(field.default, bool)
            else str(field.default)
        )
        assert documented[name] == (default, field.description), name


def test_every_permission_stands_in_the_access_page() -> None:
    text = (DOCS / "access.md").read_text()
    assert [p.key for p in PERMISSIONS if f"`{p.key}`" not in text] == []


def test_every_indicator_stands_in_its_page_with_its_definition_and_in_the_glossary() -> None:
    page, glossary = (DOCS / "oee.md").read_text(), (DOCS / "glossary.md").read_text().lower()
    for kpi in KPIS:
        assert f"| {kpi.title} | {kpi.definition} | {kpi.standard} |" in page, kpi.key
        assert kpi.title.lower() in glossary, kpi.key
