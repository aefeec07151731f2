"""A saved view: a page with its place, range and choices, under a name; its owner's, or shared with roles."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import Invalid

LONGEST_NAME, LONGEST_SEARCH, MOST_VIEWS = 80, 4_000, 200


@dataclass(frozen=True, slots=True)
class SavedView:
    """`search` is the query with its question mark; `node_id` the place that it shows. `id` None: not stored yet."""

    id: int | None
    name: str
    owner: str
    page: str
    search: str
    node_id: int
    shared_with: tuple[str, ...] = ()
    version: int = 1

    def __post_init__(self) -> None:
        if not 0 < len(self.name.strip()) <= LONGEST_NAME:
            raise Invalid(f"A view needs a name of at most {LONGEST_NAME} characters.")
        if not self.page.startswith("/") or self.page.startswith("//") or len(self.search) > LONGEST_SEARCH:
            raise Invalid("This address cannot be saved as a view.")

    @property
    def href(self) -> str:
        """The link."""
        return self.page + self.search

    def open_to(self, user: str, roles: frozenset[str]) -> bool:
        """True for the owner and the roles that it is shared with."""
        return user == self.owner or bool(roles & set(self.shared_with))
