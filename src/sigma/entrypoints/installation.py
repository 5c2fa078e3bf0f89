"""One SIGMA installation: its settings, its master key and its database, ready for the processes and commands that use them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sigma.kit.db import Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.kit.master_key import create_master_key, parse_master_key, read_master_key
from sigma.kit.postgres import EmbeddedPostgres
from sigma.kit.schema import HEAD as SCHEMA_HEAD
from sigma.kit.schema import (
    SchemaError,
    check_master_key,
    check_revision,
    check_roles,
    create_database,
    current_revision,
    known_revisions,
    migrate,
)
from sigma.kit.settings import Settings
from sigma.tenants.keys import KeyRing

EMBEDDED_DATABASE = "sigma"

log = get_logger("installation")


@dataclass(frozen=True, slots=True)
class Installation:
    """What every command needs. `admin_conninfo` holds a password: never log it. `embedded` is set when the server is one of our own."""

    settings: Settings
    master_key: bytes
    admin_conninfo: str
    embedded: EmbeddedPostgres | None = None

    def database(self) -> Database:
        """Return new connection pools; the caller closes them."""
        database = self.settings.database
        return Database(self.admin_conninfo, master_key=self.master_key, role_prefix=database.role_prefix, pool_size=database.pool_size)

    def key_ring(self, db: Database, role: DatabaseRole) -> KeyRing:
        """Return the tenants' keys as seen by one role."""
        return KeyRing(db, self.master_key, role=role)


@contextmanager
def reachable_server(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """Give the administrator's conninfo of the configured server; when none is configured, of the embedded one, which is started."""
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value(), None
        return
    with EmbeddedPostgres(settings.database.data_directory) as server:
        yield create_database(server.start(), EMBEDDED_DATABASE), server


@contextmanager
def open_installation(settings: Settings, *, force_migration: bool = False) -> Iterator[Installation]:
    """Give the installation with its schema in place.

    An empty database, and the embedded one, are migrated on the way; any other must be at this release's revision already.
    Raises: PostgresNotStarted, MasterKeyError, SchemaError, psycopg.OperationalError.
    """
    with ExitStack() as stack:
        admin_conninfo, embedded = stack.enter_context(reachable_server(settings))
        with psycopg.connect(admin_conninfo, connect_timeout=5, autocommit=True) as connection:
            master_key = _master_key(settings, connection)
            revision = current_revision(connection)
            if force_migration or revision is None or (embedded and revision != SCHEMA_HEAD and revision in known_revisions()):
                if revision is not None and revision not in known_revisions():
                    check_revision(revision)
                migrate(admin_conninfo, master_key=master_key, role_prefix=settings.database.role_prefix)
                log.info("schema.migrated", revision=SCHEMA_HEAD)
            else:
                check_revision(revision)
            check_roles(connection, settings.database.role_prefix)
        yield Installation(settings, master_key, admin_conninfo, embedded)


def _master_key(settings: Settings, connection: psycopg.Connection[tuple[object, ...]]) -> bytes:
    """Return the master key, made now if this is the first start. Raises: MasterKeyError, SchemaError when it is not this database's."""
    security = settings.security
    key = parse_master_key(security.master_key.get_secret_value()) if security.master_key else read_master_key(security.master_key_file)
    check_master_key(connection, key)
    return _first_master_key(security.master_key_file) if key is None else key


def _first_master_key(path: Path) -> bytes:
    try:
        key = create_master_key(path)
    except FileExistsError:  # another sigma command was first
        found = read_master_key(path)
        if found is None:
            raise SchemaError(f"the master key file {path} vanished while it was read") from None
        return found
    log.warning(
        "master_key.created", path=str(path), advice="Back this file up now, apart from the database: without it everything sealed is lost."
    )
    return key
