"""The one tree of errors.

    PlantError
    |-- Invalid       422  the input is wrong; the sentence names the value and the place
    |-- NotFound      404  the thing is not there, or not within the reader's scope
    |-- Forbidden     403  the right is missing; the sentence names it
    |-- Conflict      409  somebody else changed it first
    |-- Unavailable   503  a part that is needed does not answer
    `-- Damaged       500  stored bytes are not what was written; trying again does not help

Foreign errors are translated once, in `db` or `connectors`, with `from`.
"""


class PlantError(Exception):
    """Anything that a user may be told. `str(error)` is a full sentence."""

    status = 500


class Invalid(PlantError):
    """The input is wrong."""

    status = 422


class NotFound(PlantError):
    """The thing does not exist for this reader."""

    status = 404


class Forbidden(PlantError):
    """The right is missing."""

    status = 403


class Conflict(PlantError):
    """The record was changed meanwhile."""

    status = 409


class Unavailable(PlantError):
    """A part that is needed does not answer. What stands behind a colon (host, login) is for the log."""

    status = 503

    @property
    def plain(self) -> str:
        """The sentence for people who use the pages."""
        said, colon, _detail = str(self).partition(": ")
        return f"{said}." if colon else said


class Damaged(PlantError):
    """Stored bytes are not what was written; trying again does not help, and other things are not affected."""

    status = 500
