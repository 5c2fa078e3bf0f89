"""From an empty database to today's schema, and the starts that are refused because something is not as it must be."""

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sigma.entrypoints.installation import open_installation
from sigma.kit.db import LOGIN_ROLES, Database, DatabaseRole, role_name
from sigma.kit.schema import (
    HEAD,
    JOURNAL_DAYS_AHEAD,
    SchemaError,
    check_master_key,
    check_revision,
    check_roles,
    create_database,
    current_revision,
    known_revisions,
    migrate,
    migrations_directory,
)
from sigma.kit.settings import Settings
from tests.conftest import MASTER_KEY

_numbers = itertools.count()


@pytest.fixture
def name() -> str:
    """A name that no other test has: of a database, and of roles, which all databases of a server share. Digits are not allowed there."""
    number = f"{os.getpid()}_{next(_numbers)}"
    return "m_" + number.translate(str.maketrans("0123456789", "abcdefghij"))


@pytest.fixture
def empty(postgres_server: str, name: str) -> Iterator[str]:
    """The administrator's conninfo of an empty database. The roles that a test makes under its name are dropped with it."""
    yield create_database(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for (role,) in connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (f"{name}_",)).fetchall():
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def admin(conninfo: str) -> psycopg.Connection:
    return psycopg.connect(conninfo, autocommit=True)


def url(conninfo: str) -> str:
    """The same as an address, which is what the settings take."""
    known = conninfo_to_dict(conninfo)
    place = urlencode([(key, str(value)) for key, value in known.items() if key in {"host", "port"}])
    return f"postgresql://{known['user']}:{quote(str(known['password']), safe='')}@/{known['dbname']}?{place}"


def settings(conninfo: str, name: str) -> Settings:
    return Settings.model_validate({"Database": {"Url": url(conninfo), "RolePrefix": name}, "Security": {"MasterKey": MASTER_KEY.hex()}})


def catalog(conninfo: str) -> list[tuple[object, ...]]:
    """Everything that a migration can make, as the catalog tells it."""
    queries = (
        "SELECT 'class', oid::bigint, relname::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        """SELECT 'column', attrelid::bigint, attname::text, format_type(atttypid, atttypmod) FROM pg_attribute a
             JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0""",
        "SELECT 'constraint', oid::bigint, conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "SELECT 'function', oid::bigint, proname::text, prosrc || proacl::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT 'policy', oid::bigint, polname::text, polroles::text FROM pg_policy",
        "SELECT 'trigger', oid::bigint, tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT 'revision', 0, version_num::text, '' FROM alembic_version",
        "SELECT 'key', 0, encode(key_check, 'hex'), created_at::text FROM installation",
    )
    with admin(conninfo) as connection:
        return sorted(row for query in queries for row in connection.execute(query).fetchall())


# Migrating


def test_head_is_the_newest_revision_and_the_history_is_one_line():
    scripts = ScriptDirectory(str(migrations_directory()))
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == known_revisions()
    assert len(scripts.get_bases()) == 1


def test_the_template_of_new_migrations_waits_for_locks_only_briefly():
    template = (migrations_directory() / "script.py.mako").read_text(encoding="utf-8")
    assert "lock_timeout" in template
    assert "statement_timeout" in template
    for migration in (migrations_directory() / "versions").glob("*.py"):
        text = migration.read_text(encoding="utf-8") + "".join(
            file.read_text(encoding="utf-8") for file in [migration.with_suffix(".sql")] if file.exists()
        )
        assert "lock_timeout" in text, migration.name


def test_an_empty_database_is_migrated_and_a_second_time_changes_nothing(empty: str, name: str):
    with admin(empty) as connection:
        assert current_revision(connection) is None
    assert migrate(empty, master_key=MASTER_KEY, role_prefix=name) == HEAD
    first = catalog(empty)
    assert migrate(empty, master_key=MASTER_KEY, role_prefix=name) == HEAD
    assert catalog(empty) == first
    with admin(empty) as connection:
        assert current_revision(connection) == HEAD
        check_roles(connection, name)
        partitions = connection.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'webhook_events'::regclass").fetchone()
        assert partitions == (JOURNAL_DAYS_AHEAD + 1,)
        owners = connection.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
        assert owners == [(role_name(name, DatabaseRole.OWNER),)]


def test_several_migrations_at_once_are_one(empty: str, name: str):
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(migrate(empty, master_key=MASTER_KEY, role_prefix=name))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [HEAD] * 3


def test_a_migration_that_fails_half_way_leaves_nothing_and_may_be_tried_again(empty: str, name: str):
    with admin(empty) as connection:
        connection.execute("CREATE TABLE messages ()")  # in the way of the first migration, in its middle
    with pytest.raises(Exception, match="messages"):
        migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    with admin(empty) as connection:
        assert connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall() in (
            [("messages",)],
            [("alembic_version",), ("messages",)],
            [("messages",), ("alembic_version",)],
        )
        assert current_revision(connection) is None
        connection.execute("DROP TABLE messages")
    assert migrate(empty, master_key=MASTER_KEY, role_prefix=name) == HEAD


async def test_two_installations_share_a_server_without_seeing_each_other(empty: str, name: str, database_conninfo: str):
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    mine = Database(empty, master_key=MASTER_KEY, role_prefix=name)
    theirs = make_conninfo(mine.conninfo(DatabaseRole.API), dbname=conninfo_to_dict(database_conninfo)["dbname"])
    with psycopg.connect(mine.conninfo(DatabaseRole.API)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    with psycopg.connect(theirs) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT count(*) FROM messages")


# Starts that are refused


def test_a_start_on_an_empty_database_migrates_it_and_on_a_known_one_changes_nothing(empty: str, name: str):
    with open_installation(settings(empty, name)) as opened:
        assert opened.admin_conninfo == url(empty)
    before = catalog(empty)
    with open_installation(settings(empty, name)):
        assert catalog(empty) == before


def test_a_revision_that_this_release_does_not_know_is_refused(empty: str, name: str):
    check_revision(HEAD)
    with pytest.raises(SchemaError, match="sigma migrate"):
        check_revision(None)
    with pytest.raises(SchemaError, match="newer SIGMA"):
        check_revision("9999")
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    with admin(empty) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = catalog(empty)
    for force in (False, True):
        with pytest.raises(SchemaError, match="newer SIGMA"), open_installation(settings(empty, name), force_migration=force):
            pass
    assert catalog(empty) == before


FAULTS = {
    "a superuser": ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER"),
    "BYPASSRLS": ("ALTER ROLE {role} BYPASSRLS", "ALTER ROLE {role} NOBYPASSRLS"),
    "owns": ("GRANT {owner} TO {role}", "REVOKE {owner} FROM {role}"),
}


@pytest.mark.parametrize("why", FAULTS)
@pytest.mark.parametrize("role", LOGIN_ROLES)
def test_a_role_that_could_bypass_row_level_security_stops_the_start(empty: str, name: str, why: str, role: DatabaseRole):
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    break_it, mend_it = (
        sql.SQL(statement).format(role=sql.Identifier(role_name(name, role)), owner=sql.Identifier(role_name(name, DatabaseRole.OWNER)))
        for statement in FAULTS[why]
    )
    with admin(empty) as connection:
        check_roles(connection, name)
        connection.execute(break_it)
        with pytest.raises(SchemaError, match=role_name(name, role)) as refused:
            check_roles(connection, name)
        assert why in str(refused.value)
        assert "Run: " in str(refused.value)
        with pytest.raises(SchemaError), open_installation(settings(empty, name)):
            pass
        connection.execute(mend_it)
        check_roles(connection, name)


def test_a_role_that_is_missing_or_inherits_the_owner_by_a_detour_stops_the_start(empty: str, name: str):
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    detour, worker, owner = (sql.Identifier(f"{name}_{role}") for role in ("detour", "worker", "owner"))
    with admin(empty) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}; GRANT {} TO {}; GRANT {} TO {}").format(detour, owner, detour, detour, worker))
        with pytest.raises(SchemaError, match=f"{name}_worker"):
            check_roles(connection, name)
        connection.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(detour, detour))
        check_roles(connection, name)
        with pytest.raises(SchemaError, match=r"missing.*sigma migrate"):
            check_roles(connection, f"{name}x")


def test_another_master_key_is_refused_before_anything_is_touched(empty: str, name: str, tmp_path: Path):
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    before = catalog(empty)
    other = bytes(reversed(MASTER_KEY))
    with pytest.raises(SchemaError, match="not the one"):
        migrate(empty, master_key=other, role_prefix=name)
    with admin(empty) as connection:
        check_master_key(connection, MASTER_KEY)
        for key in (other, None):
            with pytest.raises(SchemaError, match="master key"):
                check_master_key(connection, key)
    lost = Settings.model_validate(
        {"Database": {"Url": url(empty), "RolePrefix": name}, "Security": {"MasterKeyFile": str(tmp_path / "master.key")}}
    )
    with pytest.raises(SchemaError, match="backup"), open_installation(lost):
        pass
    assert not (tmp_path / "master.key").exists(), "a new key would only hide the loss"
    assert catalog(empty) == before


def test_a_login_role_has_the_password_that_the_master_key_gives_it_and_no_other(empty: str, name: str):
    migrate(empty, master_key=MASTER_KEY, role_prefix=name)
    right, wrong = (Database(empty, master_key=key, role_prefix=name) for key in (MASTER_KEY, bytes(32)))
    for role in LOGIN_ROLES:
        with psycopg.connect(right.conninfo(role)) as connection:
            assert connection.info.user == role_name(name, role)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong.conninfo(role))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(right.conninfo(DatabaseRole.OWNER))
