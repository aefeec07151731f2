"""Who may do what, where: permissions, roles, and the scope that every read takes.

A permission is a record; a role is a set of permissions; a `Grant` binds a user's role to a node of the
location tree and holds in that subtree. `Scope` is what a request may see: the node ids that the user's
grants reach for one permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Permission:
    """One right. `key` is `<capability>.<verb>`."""

    key: str
    title: str
    description: str


PERMISSIONS: tuple[Permission, ...] = (
    Permission("location.read", "See places", "See the location tree and its machines."),
    Permission("historian.read", "See signals", "See current values, trends and samples."),
    Permission("historian.correct", "Correct samples", "Enter a correction to a stored sample, with a reason."),
    Permission("oee.read", "See OEE", "See machine states, time elements, output and OEE."),
    Permission("alarm.read", "See alarms", "See alarms, their journal and their performance figures."),
    Permission("alarm.acknowledge", "Acknowledge alarms", "Say that an alarm is seen and its response begins."),
    Permission("alarm.shelve", "Set alarms aside", "Shelve alarms for a time, take them out of service, bring them back."),
    Permission("config.read", "See configuration", "Export the configuration."),
    Permission("config.write", "Change configuration", "Import a configuration after seeing its differences."),
    Permission("job.read", "See jobs", "See jobs and the health of sources."),
    Permission("job.run", "Run jobs", "Start and cancel jobs."),
    Permission("access.manage", "Manage access", "Create users, change grants, unlock accounts."),
    Permission("audit.read", "See the audit trail", "See who changed what, when and why."),
    Permission("view.share", "Share views", "Share a saved view with roles."),
    Permission("wall.read", "See walls", "Ask for what a wall display shows; given to devices by their link."),
    Permission("wall.manage", "Manage wall displays", "Issue and revoke the links of wall displays, and preview them."),
    Permission("profile.self", "Use own settings", "Sign out and keep own display settings."),
)

_EVERYBODY = frozenset({"location.read", "historian.read", "oee.read", "alarm.read", "profile.self"})
_ANSWERS = frozenset({"alarm.acknowledge", "alarm.shelve"})
_SHARES = frozenset({"view.share"})

ROLES: dict[str, frozenset[str]] = {
    "manager": _EVERYBODY | _SHARES | {"alarm.acknowledge", "job.read"},
    "engineer": _EVERYBODY | _SHARES | _ANSWERS | {"job.read", "config.read"},
    "quality": _EVERYBODY | _SHARES | {"alarm.acknowledge", "historian.correct", "audit.read", "config.read"},
    "planner": _EVERYBODY | _SHARES,
    "operator": _EVERYBODY | _ANSWERS,
    "maintenance": _EVERYBODY | _SHARES | _ANSWERS | {"job.read"},
    "auditor": _EVERYBODY | {"audit.read", "config.read", "job.read"},
    "admin": frozenset(p.key for p in PERMISSIONS),
    "wall": _EVERYBODY | {"wall.read"},
}


@dataclass(frozen=True, slots=True)
class Grant:
    """`role` holds for user `user_id` in the subtree under node `node_id`."""

    user_id: int
    role: str
    node_id: int


@dataclass(frozen=True, slots=True)
class Given:
    """A grant as people read it: the role holds for the user in the subtree under the place `path`."""

    id: int
    user_id: int
    role: str
    node_id: int
    path: str
    place: str


def reasons(permission: str, grants: Iterable[Given], roles: Mapping[str, frozenset[str]]) -> list[Given]:
    """The grants that give a permission, each in its own subtree."""
    return [given for given in grants if permission in roles.get(given.role, frozenset())]


def reasons_at(path: str, found: Sequence[Given]) -> list[Given]:
    """Those of them that reach a place: granted there or above it."""
    return [given for given in found if path == given.path or path.startswith(given.path + "/")]


@dataclass(frozen=True, slots=True)
class User:
    """A person or a device that may sign in. Names are never reused."""

    id: int
    name: str
    full_name: str
    active: bool
    demo: bool
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The node ids that may be read. `nodes is None` means every node (the system itself)."""

    nodes: frozenset[int] | None

    def covers(self, node_id: int) -> bool:
        """True when the node may be read."""
        return self.nodes is None or node_id in self.nodes

    def check(self, node_id: int) -> None:
        """Raise `Forbidden` when the node may not be read."""
        if not self.covers(node_id):
            raise Forbidden("This place is outside the part of the plant that you may see.")

    def ids(self) -> list[int] | None:
        """For SQL: `(:nodes)::int[] is null or x = any(:nodes)`."""
        return None if self.nodes is None else sorted(self.nodes)


SYSTEM = Scope(None)
"""The scope of jobs, collectors and the command line."""

NOTHING = Scope(frozenset())


def scope_of(nodes: Iterable[int]) -> Scope:
    """A scope of exactly these nodes."""
    return Scope(frozenset(nodes))
