"""A tenant sees its own rows and no others, whatever the query: row-level security, and roles that cannot get around it."""

from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from sigma.kit.clock import now
from sigma.kit.db import LOGIN_ROLES, DatabaseRole, role_name
from sigma.kit.schema import JOURNAL_DAYS_AHEAD
from tests.slices.bodies import ANA, echo, echoes, edit, inbound, preference, reaction, receipts, status, text
from tests.slices.isolation import SHARED_TABLES, tables
from tests.world import World

DEFINERS = {
    "addresses_of_other_tenants(of_platform smallint, addresses text[])",
    "authenticate_api_key(hash bytea)",
    "create_installation_key(key_id uuid, key_name text, key_prefix text, hash bytea)",
    "destroy_raw_payloads(before_day date)",
    "expire_send_leases()",
    "forget_old_idempotency_keys()",
    "forget_resolved_sends(unreadable_before date)",
    "list_installation_keys()",
    "list_tenant_ids()",
    "make_journal_partitions(first_day date, days integer)",
    "queue_unrouted_events()",
    "queued_sends()",
    "revoke_api_key(key_id uuid)",
    "tenants_with_queued_events()",
    "workspaces_ready_to_send()",
}
"""Functions that look across tenants. Each was reviewed: it answers one narrow question. A new one is entered here by its reviewer."""

MAY_CALL = {
    DatabaseRole.INTAKE: {"current_tenant"},
    DatabaseRole.PURGE: {"current_tenant", "destroy_raw_payloads", "list_tenant_ids"},
}


SENDING = (
    (
        "outbox",
        "workspace_id, lane, state, recipient_hash, needs_window, purpose, sealed, sealed_day",
        "workspace_id, 1, 'DEAD', '', true, 'reply', '', now()::date",
    ),
    ("send_attempts", "number", "1"),
    ("idempotency_keys", "key, request_hash", "'one', ''"),
)
"""Rows of the road out: (table, columns, values)."""


def connect(world: World, role: DatabaseRole) -> psycopg.Connection:
    return psycopg.connect(world.installation.database().conninfo(role), autocommit=True)


async def fill(world: World) -> None:
    """Put rows into every table, for two tenants."""
    other, key = await world.new_tenant()
    await world.create_workspace("888", tenant_id=other, key=key)
    tenants = ((world.tenant_id, "106540352242922"), (other, "888"))
    for tenant_id, number in tenants:
        bodies = [
            inbound(text("wamid.1", by=ANA.phone_only()), reaction("wamid.2", "wamid.1", "👍", by=ANA.phone_only()), number=number),
            inbound(text("wamid.6", by=ANA.user_id_only()), number=number),
            inbound(text("wamid.7", by=ANA), number=number),
            echoes(echo("wamid.3", to=ANA), number=number),
            inbound(edit("wamid.4", "wamid.1", "Ho", by=ANA), number=number),
            receipts(status("wamid.3", "read"), number=number),
            preference("stop", of=ANA),
        ]
        for body in bodies:
            body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = number
            await world.receive(body, tenant=tenant_id)
    for table, columns, values in SENDING:
        world.sql(
            f"INSERT INTO {table} (tenant_id, message_id, {columns}) "
            f"SELECT DISTINCT ON (tenant_id) tenant_id, id, {values} FROM messages WHERE direction = 'OUTBOUND' ORDER BY tenant_id"
        )
    for tenant_id, number in tenants:
        await world.accept(inbound(text("wamid.waits", by=ANA), number=number), tenant=tenant_id)


async def test_every_table_of_a_tenant_has_row_level_security_that_binds_its_owner_too(world: World):
    made = world.sql("SELECT make_journal_partitions(%s, 3)", (now().date() + timedelta(days=400),))
    assert made == [(3,)]
    rows = world.sql(
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, pg_get_userbyid(c.relowner),
                  EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped),
                  (SELECT array_agg(p.polname || ' ' || p.polcmd::text || ' ' ||
                                    (SELECT string_agg(pg_get_userbyid(r), ' ' ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r) ORDER BY 1)
                     FROM pg_policy p WHERE p.polrelid = c.oid)
             FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1"""
    )
    own = ["own_rows * sigma_api sigma_purge sigma_worker", "owner_sees_all * sigma_owner"]
    journal = ["append_only a sigma_intake", *own]
    for name, enabled, forced, is_partition, owner, has_tenant, policies in rows:
        assert owner == "sigma_owner" or name == "alembic_version", name
        if name in SHARED_TABLES:
            continue
        assert has_tenant or name == "tenants", f"{name} belongs to no tenant: say so in SHARED_TABLES"
        assert (enabled, forced) == (True, True), name
        expected = None if is_partition else journal if name in {"webhook_events", "webhook_queue"} else own
        assert policies == expected, f"{name}: a partition is reached through its parent, so it needs none"
    assert len([row for row in rows if row[3]]) == JOURNAL_DAYS_AHEAD + 1 + 3


async def test_no_login_role_could_get_around_it(world: World):
    for role in DatabaseRole:
        ((is_super, bypasses, creates_roles, creates_databases, replicates, logs_in),) = world.sql(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin FROM pg_roles WHERE rolname = %s",
            (role_name("sigma", role),),
        )
        assert not any((is_super, bypasses, creates_roles, creates_databases, replicates)), role
        assert logs_in is (role is not DatabaseRole.OWNER), role
    members = world.sql("SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'sigma\\_%'")
    assert members == [(0,)]
    for role in LOGIN_ROLES:
        with connect(world, role) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (f"sigma_{role}",)
            for forbidden in (
                "SET ROLE sigma_owner",
                "SET ROLE postgres",
                "CREATE TABLE public.x ()",
                "CREATE SCHEMA x",
                "ALTER TABLE tenants DISABLE ROW LEVEL SECURITY",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)


async def test_functions_that_look_across_tenants_are_the_reviewed_ones_and_cannot_be_fooled(world: World):
    rows = world.sql(
        """SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ')', p.prosecdef, p.proconfig, pg_get_userbyid(p.proowner),
                  has_function_privilege('public', p.oid, 'EXECUTE') FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"""
    )
    assert {name for name, is_definer, *_ in rows if is_definer} == DEFINERS
    for name, is_definer, config, owner, is_public in rows:
        assert not is_public, name
        if is_definer:
            assert (config, owner) == (["search_path=pg_catalog, public"], "sigma_owner"), name
    for role, expected in MAY_CALL.items():
        callable_ = world.sql(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(%s, oid, 'EXECUTE')",
            (role_name("sigma", role),),
        )
        assert {name for (name,) in callable_} == expected
    assert world.sql("SELECT count(*) FROM pg_views WHERE schemaname = 'public'") == [(0,)]


async def test_without_a_tenant_no_role_sees_a_single_row(world: World):
    await fill(world)
    for role in LOGIN_ROLES:
        with connect(world, role) as connection:
            for value in (None, "", str(world.workspace_id)):
                if value is not None:
                    connection.execute("SELECT set_config('sigma.tenant_id', %s, false)", (value,))
                for table in tables(world):
                    try:
                        found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
                    except psycopg.errors.InsufficientPrivilege:
                        continue
                    assert found == (0,), (role, table, value)


async def test_a_tenant_sees_and_touches_its_own_rows_and_no_others(world: World):
    await fill(world)
    seen: set[str] = set()
    for role in (DatabaseRole.API, DatabaseRole.WORKER, DatabaseRole.PURGE):
        with connect(world, role) as connection:
            connection.execute("SELECT set_config('sigma.tenant_id', %s, false)", (str(world.tenant_id),))
            for table in tables(world):
                column = "id" if table == "tenants" else "tenant_id"
                try:
                    query = sql.SQL("SELECT DISTINCT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table))
                    found = connection.execute(query).fetchall()
                except psycopg.errors.InsufficientPrivilege:
                    continue
                assert found in ([(world.tenant_id,)], []), (role, table)
                seen |= {table} if found else set()
    assert seen == {name for name in tables(world) if not name.startswith("webhook_events_")}, "the test has rows in every table"


WRITES = {
    "tenants": "UPDATE tenants SET name = 'taken'",
    "workspaces": "UPDATE workspaces SET name = 'taken'",
    "contacts": "UPDATE contacts SET display_name = 'taken'",
    "messages": "UPDATE messages SET text = 'taken'",
    "webhook_events": "UPDATE webhook_events SET outcome = 'DEAD'",
    "webhook_queue": "DELETE FROM webhook_queue",
    "contact_addresses": "UPDATE contact_addresses SET sealed = NULL",
    "conversations": "DELETE FROM conversations",
    "tenant_keys": "DELETE FROM tenant_keys",
    "api_keys": "UPDATE api_keys SET revoked_at = now()",
}


async def test_a_write_for_one_tenant_leaves_the_others_alone(world: World):
    await fill(world)
    other = world.sql("SELECT id FROM tenants WHERE id <> %s", (world.tenant_id,))[0][0]
    before = {
        table: world.sql(f"SELECT t::text FROM {table} t WHERE {'id' if table == 'tenants' else 'tenant_id'} = %s ORDER BY 1", (other,))
        for table in WRITES
    }
    allowed: set[str] = set()
    for role in LOGIN_ROLES:
        with connect(world, role) as connection:
            connection.execute("SELECT set_config('sigma.tenant_id', %s, false)", (str(world.tenant_id),))
            for table, write in WRITES.items():
                try:
                    allowed |= {table} if connection.execute(write).rowcount else set()
                except psycopg.errors.InsufficientPrivilege:
                    continue
            for table in ("workspaces", "messages", "audit_entries"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(
                        {
                            "workspaces": "INSERT INTO workspaces (tenant_id, name, platform, external_id) VALUES (%s, 'x', 5, '1')",
                            "messages": "INSERT INTO messages (tenant_id, workspace_id, platform, platform_message_id, direction, kind, sender, "
                            "timestamp_utc) VALUES (%s, gen_random_uuid(), 5, 'x', 'INBOUND', 'TEXT', '{}', now())",
                            "audit_entries": "INSERT INTO audit_entries (tenant_id, actor, action) VALUES (%s, 'x', 'x')",
                        }[table],
                        (other,),
                    )
    for table, rows in before.items():
        assert (
            world.sql(f"SELECT t::text FROM {table} t WHERE {'id' if table == 'tenants' else 'tenant_id'} = %s ORDER BY 1", (other,))
            == rows
        ), table
    assert allowed == set(WRITES), "each of these writes is some role's daily work"


async def test_the_intake_role_can_append_to_the_journal_and_do_nothing_else(world: World):
    granted = world.sql(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = 'sigma_intake' AND table_schema = 'public'"
    )
    assert set(granted) == {("webhook_events", "INSERT"), ("webhook_queue", "INSERT"), ("alembic_version", "SELECT")}
    only_columns = world.sql(
        """SELECT count(*) FROM information_schema.column_privileges c WHERE grantee = 'sigma_intake'
            AND (table_name, privilege_type) NOT IN (('webhook_events', 'INSERT'), ('webhook_queue', 'INSERT'), ('alembic_version', 'SELECT'))"""
    )
    assert only_columns == [(0,)]
    await fill(world)
    with connect(world, DatabaseRole.INTAKE) as connection:
        connection.execute("SELECT set_config('sigma.tenant_id', %s, false)", (str(world.tenant_id),))
        append = "INSERT INTO webhook_events (tenant_id, created_at, id, platform, raw) VALUES (gen_random_uuid(), now(), gen_random_uuid(), 5, '')"
        assert connection.execute(append).rowcount == 1, "for any tenant: the group commit spans them"
        for forbidden in (
            "SELECT 1 FROM webhook_events",
            append + " RETURNING id",
            append + " ON CONFLICT DO NOTHING RETURNING raw",
            "DELETE FROM webhook_events",
            "UPDATE webhook_queue SET created_at = now()",
            "SELECT 1 FROM messages",
            "SELECT list_tenant_ids()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


async def test_the_audit_log_can_be_appended_to_and_not_be_changed(world: World):
    await fill(world)
    before = world.sql("SELECT count(*) FROM audit_entries")
    for role in LOGIN_ROLES:
        with connect(world, role) as connection:
            connection.execute("SELECT set_config('sigma.tenant_id', %s, false)", (str(world.tenant_id),))
            for forbidden in (
                "UPDATE audit_entries SET actor = 'nobody'",
                "DELETE FROM audit_entries",
                "TRUNCATE audit_entries",
                "DROP TABLE audit_entries",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)
            append = "INSERT INTO audit_entries (tenant_id, actor, action) VALUES (%s, 'a test', 'test')"
            if role is DatabaseRole.INTAKE:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(append, (world.tenant_id,))
            else:
                assert connection.execute(append, (world.tenant_id,)).rowcount == 1
    assert world.sql("SELECT count(*) FROM audit_entries") == [(before[0][0] + 3,)]


async def test_the_tenant_of_one_transaction_is_gone_in_the_next(world: World):
    await fill(world)
    db = world.installation.database()
    try:
        for number in range(30):
            tenant_id = world.tenant_id if number % 3 else None
            async with db.transaction(DatabaseRole.API, tenant_id) as tx:
                row = await (await tx.execute("SELECT count(*), current_tenant() FROM messages")).fetchone()
            assert (row[0] > 0, row[1]) == (tenant_id is not None, tenant_id)
    finally:
        await db.close()
