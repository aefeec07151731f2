"""Writes roles, accounts and grants. Demo accounts are no part of the configuration and are left alone."""

from __future__ import annotations

from sqlalchemy import Connection, text

from db.config.places import WRITTEN
from db.config.rows import Key, Row, delete, ids, insert, save, update
from engine.access import ROLES
from engine.config.diff import Action, Diff
from engine.errors import Conflict

_ROLES = "select id, name from role"
_USERS = "select id, name from user_account"
_GRANTS = """
    select g.id, u.name, g.role, l.path
    from role_grant g join user_account u on u.id = g.user_id join location l on l.id = g.location_id"""


def write(connection: Connection, differences: Diff) -> None:
    """Grants go first and come last, since they refer to roles and accounts."""
    known = ids(connection, _GRANTS)
    delete(connection, "role_grant", [known[item.key] for item in differences.of("grant", Action.RETIRED)])
    _write_roles(connection, differences)
    _write_users(connection, differences)
    _add_grants(connection, differences)


def _write_roles(connection: Connection, differences: Diff) -> None:
    """Also the built-in roles, so that grants can refer to them."""
    known = ids(connection, _ROLES)
    delete(connection, "role", [known[item.key] for item in differences.of("role", Action.RETIRED)])
    rows: dict[Key, Row] = {(name,): {"name": name, "permissions": sorted(rights)} for name, rights in ROLES.items()}
    rows |= {
        item.key: {"name": item.new.name, "permissions": item.new.permissions} for item in differences.of("role", *WRITTEN)
    }
    save(connection, "role", rows, known)


def _write_users(connection: Connection, differences: Diff) -> None:
    """Accounts that are left out are switched off and lose their password; names are never reused for somebody else."""
    items = differences.of("user", *WRITTEN)
    _refuse_demo_names(connection, [item.key[0] for item in items])
    known = ids(connection, _USERS)
    gone = [known[item.key] for item in differences.of("user", Action.RETIRED)]
    update(connection, "user_account", [{"id": id_, "active": False} for id_ in gone])
    connection.execute(text("delete from credential where user_id = any(:ids)"), {"ids": gone})
    rows = {item.key: {"name": item.new.name, "full_name": item.new.full_name, "active": True} for item in items}
    save(connection, "user_account", rows, known)


def _refuse_demo_names(connection: Connection, names: list[str]) -> None:
    taken = text("select name from user_account where demo and name = any(:names) order by name limit 1")
    name = connection.execute(taken, {"names": names}).scalar()
    if name is not None:
        raise Conflict(f"“{name}” is the name of a demo account; give the user another name.")


def _add_grants(connection: Connection, differences: Diff) -> None:
    users = ids(connection, _USERS)
    number = ids(connection, "select id, path from location where retired_at is null")
    rows: list[Row] = [
        {"user_id": users[(item.new.user,)], "role": item.new.role, "location_id": number[(item.new.at,)]}
        for item in differences.of("grant", Action.ADDED)
    ]
    insert(connection, "role_grant", rows)
