"""Checks of roles, users and grants."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.access import PERMISSIONS, ROLES
from engine.config.known import Known
from engine.config.problem import Finding, unknown
from engine.config.record import Config, RoleEntry, UserEntry

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_RIGHTS = frozenset(permission.key for permission in PERMISSIONS)


def findings(config: Config, known: Known) -> Iterator[Finding]:
    """What is wrong with roles, users and grants."""
    named: list[RoleEntry | UserEntry] = [*config.roles, *config.users]
    for entry in named:
        if not NAME.fullmatch(entry.name):
            yield Finding(entry, ("name",), f"The name “{entry.name}” is not made of letters, digits and . _ @ -.")
    for role in config.roles:
        if role.name in ROLES:
            yield Finding(role, ("name",), f"The role “{role.name}” is built in; give yours another name.")
        for right in role.permissions:
            if right not in _RIGHTS:
                yield Finding(role, ("permissions",), unknown("permission", right, _RIGHTS))
    for grant in config.grants:
        for key, what, names in (("user", "user", known.users), ("role", "role", known.roles), ("at", "place", known.kinds)):
            if reason := known.missing(what, getattr(grant, key), names):
                yield Finding(grant, (key,), reason)
