"""Bringing a database to the schema that this release knows: roles, then Alembic's migrations, and the checks at start.

Everything here runs as the administrator that `Database.Url` (or the embedded server) names; the serving processes never do.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from sigma.kit.crypto import CannotUnseal, SealingKey, derive_key
from sigma.kit.db import LOGIN_ROLES, DatabaseRole, role_name, role_password

HEAD = "0002"
"""The newest revision in `migrations/`. Kept here so that a start need not import Alembic; a test compares the two."""

JOURNAL_DAYS_AHEAD = 14
MINIMUM_SERVER_VERSION = 150000
_KEY_CHECK = b"sigma master key check"

Connection = psycopg.Connection[tuple[Any, ...]]


class SchemaError(Exception):
    """The database cannot be used as it is. The message says what to do."""


def migrations_directory() -> Path:
    """Return where the migration scripts are: beside the package in a wheel, at the root of a checkout."""
    inside = Path(__file__).parents[1] / "_migrations"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "migrations"


def create_database(admin_conninfo: str, name: str) -> str:
    """Create the database if it is missing; return the administrator's conninfo for it."""
    with psycopg.connect(admin_conninfo, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            with suppress(psycopg.errors.DuplicateDatabase):  # another sigma command was first
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_conninfo(admin_conninfo, dbname=name)


def current_revision(connection: Connection) -> str | None:
    """Return the revision of this database, or None when it was never migrated."""
    if _scalar(connection, "SELECT to_regclass('public.alembic_version')::text") is None:
        return None
    revision = _scalar(connection, "SELECT version_num FROM public.alembic_version")
    return None if revision is None else str(revision)


def check_revision(revision: str | None) -> None:
    """Refuse a schema that this release does not know. Raises: SchemaError."""
    if revision == HEAD:
        return
    if revision is None or revision in known_revisions():
        raise SchemaError(f"the database is at revision {revision or 'none'}, this release needs {HEAD}. Run: sigma migrate")
    raise SchemaError(
        f"the database is at revision {revision}, which this release does not know: a newer SIGMA migrated it. Start that release."
    )


def known_revisions() -> set[str]:
    """Return every revision in `migrations/`."""
    from alembic.script import ScriptDirectory  # heavy, and only needed when the schema is not at HEAD

    return {script.revision for script in ScriptDirectory(str(migrations_directory())).walk_revisions()}


def migrate(admin_conninfo: str, *, master_key: bytes, role_prefix: str = "sigma") -> str:
    """Make the roles and bring the schema to HEAD. Returns the revision. Safe to run twice or from two processes at once."""
    with psycopg.connect(admin_conninfo) as connection:
        if connection.info.server_version < MINIMUM_SERVER_VERSION:
            raise SchemaError(f"PostgreSQL {connection.info.server_version // 10000} is too old: SIGMA needs 15 or newer")
        connection.execute("SELECT pg_advisory_lock(7316000)")
        try:
            check_master_key(connection, master_key)
            connection.commit()
            _make_roles(connection, master_key, role_prefix)
            connection.commit()
            _run_alembic(admin_conninfo, role_prefix)
            _remember_master_key(connection, master_key)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(7316000)")
            connection.commit()
    return HEAD


def check_master_key(connection: Connection, master_key: bytes | None) -> None:
    """Refuse a master key that is not this database's, or none where one was used before. Raises: SchemaError."""
    if _scalar(connection, "SELECT to_regclass('public.installation')::text") is None:
        return
    check = _scalar(connection, "SELECT key_check FROM public.installation")
    if check is None:
        return
    if master_key is None:
        raise SchemaError(
            "this database was sealed with a master key that is not here. Restore the file that Security.MasterKeyFile names from its backup"
        )
    try:
        _check_key(master_key).unseal(check, context=_KEY_CHECK)
    except CannotUnseal as error:
        raise SchemaError(
            "the master key is not the one that sealed this database. Put back the right Security.MasterKey or its file"
        ) from error


def check_roles(connection: Connection, role_prefix: str) -> None:
    """Refuse login roles that could bypass row-level security: superuser, BYPASSRLS, or owner of a table. Raises: SchemaError."""
    names = [role_name(role_prefix, role) for role in LOGIN_ROLES]
    rows = connection.execute(
        """SELECT r.rolname, r.rolsuper, r.rolbypassrls,
                  EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
                             AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
             FROM pg_roles r WHERE r.rolname = ANY (%s)""",
        (names,),
    ).fetchall()
    found = {row[0] for row in rows}
    for name in names:
        if name not in found:
            raise SchemaError(f"the database role {name} is missing. Run: sigma migrate")
    for name, is_superuser, bypasses, owns in rows:
        if is_superuser or bypasses or owns:
            why = "is a superuser" if is_superuser else "has BYPASSRLS" if bypasses else "owns SIGMA's tables"
            fix = f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS" if is_superuser or bypasses else f"REVOKE the owner's role from {name}"
            raise SchemaError(f"the database role {name} {why}, so it could bypass row-level security. Run: {fix}")


def _make_roles(connection: Connection, master_key: bytes, prefix: str) -> None:
    for role in DatabaseRole:
        name = sql.Identifier(role_name(prefix, role))
        if _scalar(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", (role_name(prefix, role),)) is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOLOGIN").format(name))
        if role is not DatabaseRole.OWNER:
            password = role_password(master_key, role_name(prefix, role))
            verifier = connection.pgconn.encrypt_password(password.encode(), role_name(prefix, role).encode(), b"scram-sha-256").decode()
            connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(verifier)))
    owner = sql.Identifier(role_name(prefix, DatabaseRole.OWNER))
    # Since PostgreSQL 16 whoever makes a role is a member of it without its rights, so membership alone says nothing.
    if not _scalar(connection, "SELECT pg_has_role(current_user, %s, 'USAGE')", (role_name(prefix, DatabaseRole.OWNER),)):
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner))


def _run_alembic(admin_conninfo: str, role_prefix: str) -> None:
    from alembic import command  # heavy, and only needed here
    from alembic.config import Config
    from sqlalchemy import NullPool, create_engine, text

    config = Config()
    config.set_main_option("script_location", str(migrations_directory()))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(admin_conninfo), poolclass=NullPool)
    with engine.connect() as connection:
        # lint: allow sql-text, because the role's prefix is checked to be letters and underscores
        connection.execute(text(f'SET ROLE "{role_name(role_prefix, DatabaseRole.OWNER)}"'))
        connection.commit()
        config.attributes["connection"] = connection
        config.attributes["role_prefix"] = role_prefix
        command.upgrade(config, "head")
        readers = ", ".join(f'"{role_name(role_prefix, role)}"' for role in LOGIN_ROLES)
        # lint: allow sql-text, because the role's prefix is checked to be letters and underscores
        connection.execute(text(f"GRANT SELECT ON alembic_version TO {readers}"))
        connection.commit()
        connection.execute(
            text("SELECT make_journal_partitions((now() AT TIME ZONE 'UTC')::date - 1, :days)"), {"days": JOURNAL_DAYS_AHEAD + 1}
        )
        connection.commit()


def _remember_master_key(connection: Connection, master_key: bytes) -> None:
    check = _check_key(master_key).seal(b"", context=_KEY_CHECK)
    connection.execute("INSERT INTO installation (key_check) VALUES (%s) ON CONFLICT DO NOTHING", (check,))


def _check_key(master_key: bytes) -> SealingKey:
    return SealingKey(derive_key(master_key, "sigma master key check"), version=1)


def _scalar(connection: Connection, query: str, parameters: tuple[Any, ...] = ()) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]
