"""Writes products, materials, recipes and ideal rates."""

from __future__ import annotations

from sqlalchemy import Connection

from db.config.places import WRITTEN
from db.config.rows import Key, Row, delete, ids, retire, save
from engine.config.diff import Action, Diff
from engine.config.record import MaterialEntry, ProductEntry, RateEntry, RecipeEntry

_PRODUCTS = "select id, code from product"
_MATERIALS = "select id, code from material"
_RECIPES = "select id, code, revision from recipe"
_RATES = """
    select r.id, p.code, l.path, r.effective_from
    from ideal_rate r join product p on p.id = r.product_id join location l on l.id = r.location_id"""


def write(connection: Connection, differences: Diff) -> None:
    """In the order that references allow."""
    for table, statement in (("product", _PRODUCTS), ("material", _MATERIALS)):
        _write(connection, differences, table, statement)
    products = ids(connection, _PRODUCTS)
    _write_recipes(connection, differences, products)
    _write_rates(connection, differences, products)


def _write(connection: Connection, differences: Diff, table: str, statement: str) -> None:
    known = ids(connection, statement)
    retire(connection, table, [known[item.key] for item in differences.of(table, Action.RETIRED)])
    rows = {item.key: _coded(item.new) for item in differences.of(table, *WRITTEN)}
    save(connection, table, rows, known)


def _coded(entry: ProductEntry | MaterialEntry) -> Row:
    return {name: getattr(entry, name) for name in type(entry).__slots__} | {"retired_at": None}


def _write_recipes(connection: Connection, differences: Diff, products: dict[Key, int]) -> None:
    known = ids(connection, _RECIPES)
    retire(connection, "recipe", [known[item.key] for item in differences.of("recipe", Action.RETIRED)])
    rows = {item.key: _recipe(item.new, products) for item in differences.of("recipe", *WRITTEN)}
    save(connection, "recipe", rows, known)


def _recipe(entry: RecipeEntry, products: dict[Key, int]) -> Row:
    return {
        "code": entry.code,
        "revision": entry.revision,
        "product_id": products[(entry.product,)],
        "effective_from": entry.effective_from,
        "procedure": list(entry.procedure),
        "retired_at": None,
    }


def _write_rates(connection: Connection, differences: Diff, products: dict[Key, int]) -> None:
    known = ids(connection, _RATES)
    number = ids(connection, "select id, path from location where retired_at is null")
    delete(connection, "ideal_rate", [known[item.key] for item in differences.of("rate", Action.RETIRED)])
    rows = {item.key: _rate(item.new, products, number) for item in differences.of("rate", *WRITTEN)}
    save(connection, "ideal_rate", rows, known)


def _rate(entry: RateEntry, products: dict[Key, int], number: dict[Key, int]) -> Row:
    return {
        "product_id": products[(entry.product,)],
        "location_id": number[(entry.at,)],
        "per_hour": entry.per_hour,
        "effective_from": entry.effective_from,
    }
