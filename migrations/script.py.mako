"""${message}

Each migration runs beside the previous release: add nullable, backfill in batches, then tighten.
"""

from alembic import context, op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("SET LOCAL statement_timeout = '5s'")
    role_prefix = context.config.attributes["role_prefix"]
    ${upgrades if upgrades else "pass"}
