"""The first schema: configuration, access, audit, work, historian."""

from pathlib import Path

from alembic import op

from db.store import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Everything that the first version needs, roles and triggers included."""
    run_script(op.get_bind(), Path(__file__).with_name("schema_0001.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """There is no way back; raises `NotImplementedError`."""
    raise NotImplementedError("Plantglass is restored from a backup, not migrated down: records are never dropped.")
