"""Where the configuration is kept: `read_config` takes it out of the tables, `apply` writes what differs."""

from db.config.read import read_config, stored
from db.config.write import apply

__all__ = ["apply", "read_config", "stored"]
