"""The tables that hold tenants' rows, as the catalog lists them."""

from tests.world import World

SHARED_TABLES = {"alembic_version", "installation"}
"""Tables that belong to no tenant."""


def tables(world: World) -> list[str]:
    """Every table, and every partition by its own name."""
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1"
    return [name for (name,) in world.sql(query) if name not in SHARED_TABLES]
