"""Saved views and what a person has tried."""

from pathlib import Path

from alembic import op

from db.store import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the script beside this file."""
    run_script(op.get_bind(), Path(__file__).with_name("schema_0005.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """There is no way back; raises `NotImplementedError`."""
    raise NotImplementedError("Plantglass is restored from a backup, not migrated down: records are never dropped.")
