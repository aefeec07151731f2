"""The frame: what is offered is what the rights allow; keys, help and letters are records that fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path

from plotly.io.json import to_json_plotly

from components import frame, keyboard, landing, palette, welcome
from components import help as told
from components.panel import panel
from components.tokens import ASSETS
from engine.access import PERMISSIONS, ROLES
from engine.kpi import Kpi
from engine.twin.site import SITE
from tests.components.test_machine import words

ROOT = Path(__file__).parents[2]
ALL = frozenset(p.key for p in PERMISSIONS)


def test_every_page_names_a_right_that_exists_and_letters_are_unique() -> None:
    assert {page.permission for page in frame.PAGES} <= ALL
    letters = [page.letter for page in frame.PAGES if page.letter]
    assert len(set(letters)) == len(letters)
    assert all(len(letter) == 1 for letter in letters)


def test_a_page_without_its_right_is_not_offered() -> None:
    for page in frame.PAGES:
        links = [item.children.href for item in frame.navigation("/", "", ALL - {page.permission})]
        assert page.path not in links


def test_the_place_and_range_come_along_and_nothing_else() -> None:
    link = frame.navigation("/location", "?at=acme/dublin&from=now-1h&sel=x&tab=y", ALL)[0].children
    assert link.href.endswith("?at=acme/dublin&from=now-1h")


def test_the_bottom_bar_has_at_most_five_entries() -> None:
    entries = frame.bottom("/", "", ALL)
    assert len(entries) <= 5
    assert "More" in words(entries[-1])


def test_every_key_of_the_script_is_in_the_map_and_the_other_way_round() -> None:
    script = (ASSETS / "keys.js").read_text() + (ASSETS / "palette.js").read_text()
    shown = frame.frame(demo=True, version="1")
    controls = set(re.findall(r'"data-key": "(.)"', json.dumps(json.loads(to_json_plotly(shown)))))
    in_script = set(re.findall(r'event\.key === "(.)"', script)) | {"k"} if "toLowerCase() === " in script else set()
    listed = {key.keys[0][-1].lower() if key.keys[0].startswith("Ctrl") else key.keys[0] for key in keyboard.KEYS}
    assert "ArrowUp" in (ASSETS / "tree.js").read_text()
    assert (controls | in_script | {"Esc", "↑"}) - {"g"} == listed


def test_every_page_has_three_sentences_about_it_and_its_document_exists() -> None:
    for path, about in told.ABOUT.items():
        assert len(about.sentences) == 3
        assert all(sentence.endswith(".") for sentence in about.sentences), path
        assert not about.document or (ROOT / "docs" / about.document).is_file(), about.document


def test_every_page_of_the_navigation_is_explained() -> None:
    assert [page.path for page in frame.PAGES if page.path not in told.ABOUT] == []


def test_a_kpi_is_explained_with_its_value_target_and_source() -> None:
    definition = "Availability times effectiveness times quality."
    kpi: Kpi[float] = Kpi("oee", "OEE", "%", lambda x: x, "up", 1, 0.8, "ISO 22400-2", definition)
    shown = words(told.kpi_explained(kpi, 0.746, (("Down", "1 h 05 min"),)))
    for part in ("74.6", "80.0", "ISO 22400-2", "1 h 05 min", "higher"):
        assert part in shown
    assert "—" in words(told.kpi_explained(kpi, None))


def test_links_between_documents_stay_in_the_product() -> None:
    assert "](/help?doc=access)" in told.document("See [access](access.md#roles).").children


def test_every_role_has_a_page_to_start_with() -> None:
    for role in ROLES:
        path = landing.landing({role}, ROLES[role], None)
        assert path in {page.path for page in frame.PAGES}, role


def test_an_engineer_starts_where_the_last_visit_ended() -> None:
    assert landing.landing({"engineer"}, ALL, "/machine?at=a/b") == "/machine?at=a/b"
    assert landing.landing({"manager"}, ALL, "/machine?at=a/b") != "/machine?at=a/b"


def test_every_role_is_given_four_things_to_try() -> None:
    for role in ROLES:
        for demo in (True, False):
            found = welcome.tasks({role}, demo=demo)
            assert len({task.key for task in found}) == 4
            assert demo or not any(task.story for task in found)


def test_the_stories_lead_to_places_signals_and_stories_of_the_virtual_plant() -> None:
    text = (ROOT / "engine/twin/stories.py").read_text()
    names = {signal.name for signal in SITE.signals}
    for task in {task for tasks in welcome.TASKS.values() for task in tasks if task.story}:
        assert f'"{task.story}"' in text
        at = re.search(r"at=([^&]+)", task.href)
        assert at is not None
        assert at[1] in {place.path for place in SITE.places}
        sel = re.search(r"sel=([^&]+)", task.href)
        assert sel is None or set(sel[1].split(",")) <= names


def test_the_menu_of_a_panel_offers_what_the_panel_has() -> None:
    plain = words(panel("a", "A", ""))
    assert "XLSX" not in plain
    whole = words(panel("a", "A", "", rows=True, figure=True, explain=("Because.",)))
    for entry in ("Full screen", "Table", "Save as CSV", "Save as XLSX", "Save as PNG", "Copy image", "Copy link", "Explain"):
        assert entry in whole
    assert "Full screen" not in words(panel("a", "A", "", menu=False))


def test_the_palette_finds_actions_by_any_of_their_words() -> None:
    assert [a.title for a in palette.matching(palette.ACTIONS, "theme dark")] == ["Dark theme"]
    assert "Nothing found" in words(palette.entries([]))
