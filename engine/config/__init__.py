"""Configuration as a file: `parse(text)`, `emit(config)`, `diff(old, new)`.

The text is TOML; docs/configuration.md describes it, `engine.config.record` is its shape.
"""

from engine.config.diff import Diff, diff
from engine.config.document import Document, parse, read
from engine.config.problem import Problem, Refused
from engine.config.record import Config
from engine.config.writing import emit

__all__ = ["Config", "Diff", "Document", "Problem", "Refused", "diff", "emit", "parse", "read"]
