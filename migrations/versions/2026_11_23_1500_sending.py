"""Sending: the outbox, its attempts, idempotency keys, consents, and what is known of a number's ability to send."""

from pathlib import Path

from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.driver_connection  # psycopg itself: it takes a script of many statements at once
    connection.execute(sql.replace("{prefix}", context.config.attributes["role_prefix"]))
