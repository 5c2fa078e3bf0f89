"""The first schema: tenants and their keys, workspaces, the journal, contacts, conversations, messages.

Every owned table has `tenant_id` first in each key, and row-level security that even its owner is subject to. The owner's
policy lets migrations and the reviewed SECURITY DEFINER functions at the end of this file see all rows; nobody logs in as
the owner.
"""

from pathlib import Path

from alembic import context, op

revision = "0001"
down_revision = None


def upgrade() -> None:
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind().connection.driver_connection  # psycopg itself: it takes a script of many statements at once
    connection.execute(sql.replace("{prefix}", context.config.attributes["role_prefix"]))
