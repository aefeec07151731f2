"""What no callback speaks to becomes one component, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from dash import dcc, html, no_update
from plotly.utils import PlotlyJSONEncoder

from components import frame, machine, overview
from components.still import settle
from components.text import aria, data


def sent(component: object) -> object:
    return json.loads(json.dumps(component, cls=PlotlyJSONEncoder))


def texts(content: object) -> list[str]:
    """Every text in the order of reading, whether Dash holds it or a `Still`."""
    if isinstance(content, str | int | float):
        return [str(content)]
    if isinstance(content, list) and len(content) == 3 and isinstance(content[1], dict) and "type" not in content[1]:
        return texts(content[2])
    if isinstance(content, list):
        return [text for item in content for text in texts(item)]
    if isinstance(content, dict):
        return texts(content["props"].get("tree", content["props"].get("children")))
    return []


def test_a_tree_without_ids_is_one_component_with_all_its_properties() -> None:
    label = html.Label(["Mass ", html.B(12.5)], htmlFor="mass", style={"marginTop": "2px"}, **data(unit="g"), **aria(label="m"))
    assert sent(settle(html.Div(label, className="row"))) == {
        "namespace": "plantglass",
        "type": "Still",
        "props": {
            "tree": [
                "div",
                {"className": "row"},
                [
                    [
                        "label",
                        {"htmlFor": "mass", "style": {"marginTop": "2px"}, "data-unit": "g", "aria-label": "m"},
                        ["Mass ", ["b", {}, [12.5]]],
                    ]
                ],
            ]
        },
    }


def test_what_has_an_id_or_is_no_element_stays_and_its_neighbours_become_one() -> None:
    shown = html.Div([html.B("a"), "b", html.I("c"), html.Span("d", id="d"), dcc.Store(id="s"), html.B("e")])
    settled = settle(shown)
    assert [type(child).__name__ for child in settled.children] == ["Still", "Span", "Store", "Still"]
    assert texts(sent(settled)) == ["a", "b", "c", "d", "e"]
    assert shown.children[0].children == "a", "the given component was changed"


@pytest.mark.parametrize("value", ["text", 3, None, no_update, {"a": [1]}, {"type": "x"}])
def test_what_is_no_component_stays_as_it_is(value: object) -> None:
    assert settle(value) is value


def test_a_list_keeps_its_length_since_its_items_may_belong_to_different_outputs() -> None:
    settled = settle(([html.B("a"), no_update, html.B("b")], no_update, [html.B("c")]))
    assert [len(settled[0]), settled[1], len(settled[2])] == [3, no_update, 1]


@pytest.mark.parametrize("page", [frame.frame(demo=True, version="1"), html.Div(overview.page()), html.Div(machine.page())])
def test_pages_keep_every_text_and_every_id(page: html.Div) -> None:
    settled = settle(page)
    assert texts(sent(settled)) == texts(sent(page))
    assert [c.id for c in settled._traverse_ids()] == [c.id for c in page._traverse_ids()]
