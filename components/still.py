"""Markup that no callback speaks to, sent to the browser as one component.

Dash keeps every element of a page in its store, and tells each of them of every change: the work of a page grows with the
square of its elements. A part of a page in which nothing has an id needs none of that. `settle` finds such parts and puts
each into one `Still`, which assets/still.js draws with React as Dash would. Pages and components need not know.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from dash.development.base_component import Component

_HTML = "dash_html_components"
_LEFT_OUT = {"children", "n_clicks", "n_clicks_timestamp", "disable_n_clicks"}


class Still(Component):
    """Elements of `dash.html` without ids, as a tree that Dash does not look into.

    An element of the tree is `[tag, properties, its content]`, content a list of elements, texts and numbers.
    """

    _namespace = "plantglass"
    _type = "Still"
    _children_props: list[str] = []  # noqa: RUF012  # as Dash declares it
    _base_nodes: list[str] = ["children"]  # noqa: RUF012

    def __init__(self, content: Any) -> None:
        self._prop_names = self.available_properties = ["tree"]
        self._valid_wildcard_attributes: list[str] = []
        self.available_wildcard_properties: list[str] = []
        super().__init__(tree=_tree(content))


def _tree(content: Any) -> Any:
    if isinstance(content, list | tuple):
        return ["", {}, [_tree(item) for item in content]]
    if not isinstance(content, Component):
        return content
    properties = {k: v for k, v in content.to_plotly_json()["props"].items() if k not in _LEFT_OUT and v is not None}
    children = getattr(content, "children", None)
    inner = children if isinstance(children, list | tuple) else [] if children is None else [children]
    return [content._type.removesuffix("El").lower(), properties, [_tree(item) for item in inner]]


def settle(shown: Any) -> Any:
    """The same content with each largest part that has no ids as one `Still`; what is not a component stays as it is.

    A list or tuple keeps its length: its items may belong to different outputs.
    """
    if isinstance(shown, list | tuple):
        return type(shown)(settle(item) for item in shown)
    if not isinstance(shown, Component) or isinstance(shown, Still):
        return shown
    if _is_plain(shown):
        return Still(shown)
    children = getattr(shown, "children", None)
    if isinstance(children, Component):
        children = settle(children)
    elif isinstance(children, list | tuple):
        children = list(_settled(children))
    else:
        return shown
    settled = copy.copy(shown)
    settled.children = children
    return settled


def _settled(children: Iterable[Any]) -> Iterable[Any]:
    """Neighbours without ids become one."""
    for plain, run in groupby(children, _is_plain):
        items = list(run)
        if plain and any(isinstance(item, Component) for item in items):
            yield Still(items)
        else:
            yield from (items if plain else map(settle, items))


def _is_plain(shown: Any) -> bool:
    if isinstance(shown, list | tuple):
        return all(map(_is_plain, shown))
    if not isinstance(shown, Component):
        return shown is None or isinstance(shown, str | int | float)
    if getattr(shown, "_namespace", "") != _HTML or getattr(shown, "id", None) is not None:
        return False
    return _is_plain(getattr(shown, "children", None))
