"""Turns of the clock's jobs, measured storage, checks of the audit trail, one-time passwords."""

from pathlib import Path

from alembic import op

from db.store import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the script beside this file."""
    run_script(op.get_bind(), Path(__file__).with_name("schema_0006.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """There is no way back; raises `NotImplementedError`."""
    raise NotImplementedError("Plantglass is restored from a backup, not migrated down: records are never dropped.")
