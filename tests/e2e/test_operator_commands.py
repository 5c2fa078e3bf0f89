"""The operator's commands against one running server, as an operator uses them."""

import json
import os
import signal
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.sigma_process import SECRETS, SIGMA, Sigma, eventually, text_message

TENANT = "{ tenant { id name } }"
CREATE_TENANT = 'mutation { createTenant(input: { name: "New GmbH" }) { success tenant { id name } errors { code message } } }'


def test_tenants_and_their_keys(sigma: Sigma) -> None:
    sigma.serve()
    created = json.loads(sigma.ok("tenant", "create", "--name", "Zweite GmbH", "--json"))
    assert created.keys() == {"id", "apiKey"}
    listed = sigma.ok("tenant", "list").splitlines()
    assert [line.split("  ")[0] for line in listed] == [sigma.tenant_id, created["id"]]
    assert listed[1].endswith("Zweite GmbH")
    again = sigma.run("tenant", "create", "--name", "Another", "--id", created["id"])
    assert again.returncode != 0
    assert "Traceback" not in again.stderr

    key = json.loads(sigma.ok("apikey", "create", "--tenant", created["id"], "--role", "ANALYST", "--name", "reports", "--json"))
    assert sigma.graphql(TENANT, key=key["apiKey"])["data"]["tenant"] == {"id": created["id"], "name": "Zweite GmbH"}
    lines = sigma.ok("apikey", "list", "--tenant", created["id"]).splitlines()
    assert [line.split()[1:3] for line in lines] == [["OWNER", "active"], ["ANALYST", "active"]]
    assert created["apiKey"] not in "".join(lines)
    assert key["apiKey"] not in "".join(lines)

    sigma.ok("apikey", "revoke", key["id"])
    eventually(lambda: "errors" in sigma.graphql(TENANT, key=key["apiKey"]), "a revoked key is refused", seconds=5)
    assert sigma.graphql(TENANT, key=key["apiKey"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert sigma.graphql(TENANT, key=created["apiKey"])["data"]["tenant"]["id"] == created["id"]
    assert "revoked" in sigma.ok("apikey", "list", "--tenant", created["id"]).splitlines()[1]
    twice = sigma.run("apikey", "revoke", key["id"])
    assert twice.returncode != 0
    assert "Traceback" not in twice.stderr


def test_installation_key_creates_tenants_and_sees_none_of_their_data(sigma: Sigma) -> None:
    sigma.serve()
    key = json.loads(sigma.ok("apikey", "create", "--installation", "--json"))["apiKey"]
    created = sigma.graphql(CREATE_TENANT, key=key)["data"]["createTenant"]
    assert created["success"], created
    assert created["tenant"]["name"] == "New GmbH"
    assert created["tenant"]["id"] in sigma.ok("tenant", "list")
    refused = sigma.graphql(CREATE_TENANT)
    assert (refused.get("data") or {}).get("createTenant", {"success": False})["success"] is False
    assert sigma.sql("SELECT count(*) FROM tenants") == [(2,)]
    for query in ("{ messages(first: 1) { nodes { id } } }", "{ workspaces { id } }", TENANT):
        answer = sigma.graphql(query, key=key)
        assert answer["errors"], answer
        assert not any((answer["data"] or {}).values())
    assert "INSTALLATION" in sigma.ok("apikey", "list")


def test_several_commands_share_one_server_or_start_and_stop_one(sigma: Sigma) -> None:
    commands = [("tenant", "list"), ("psql", "--", "-c", "SELECT 1"), ("migrate",)]
    with ThreadPoolExecutor(len(commands)) as pool:
        for is_serving in (False, True):
            if is_serving:
                sigma.serve()
            done = list(pool.map(lambda arguments: sigma.run(*arguments), commands))
            assert [each.returncode for each in done] == [0] * len(commands), [each.stderr for each in done]
            assert bool(sigma.processes()) is is_serving
    assert sigma.http("GET", "/health/ready").status == 200


def test_psql_passes_its_arguments_its_exit_code_and_ctrl_c_on(sigma: Sigma) -> None:
    assert sigma.psql("SELECT count(*) FROM workspaces") == "1"  # the administrator: row-level security hides nothing
    assert sigma.ok("psql", stdin="SELECT 6 * 7;\n\\q\n").split()[2] == "42"
    assert sigma.run("psql", "--", "-v", "ON_ERROR_STOP=1", "-c", "SELECT nonsense").returncode == 1

    arguments = [str(SIGMA), "psql", "--", "-c", "\\echo ready", "-c", "SELECT pg_sleep(60)"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, cwd=sigma.home, env=sigma.environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        eventually(lambda: sigma.sql(asleep) == [(1,)], "psql is busy")
        os.killpg(process.pid, signal.SIGINT)
        error = process.communicate(timeout=10)[1]
    assert process.returncode == 1  # psql's own answer to a cancelled query
    assert "canceling statement due to user request" in error
    assert "Traceback" not in error
    assert sigma.processes() == []


def test_config_show_tells_every_key_and_no_secret(sigma: Sigma) -> None:
    shown = sigma.ok("config", "show", COLUMNS="200", DATABASE__URL="postgresql://joe:a-database-password@db.example/sigma")
    for name in ("Platforms.WhatsApp.VerifyToken", "Database.Url", "environment DATABASE__URL", "file appsettings.json", sigma.tenant_id):
        assert name in shown
    for secret in (*SECRETS, "a-database-password"):
        assert secret not in shown
    assert sigma.processes() == []


def test_replay_brings_back_what_was_dead_and_shows_how_far_it_is(sigma: Sigma) -> None:
    sigma.serve()
    ids = [f"wamid.{n}" for n in range(300)]
    for message_id in ids:
        assert sigma.post(text_message(message_id)).status == 200
    assert sigma.post(text_message("wamid.unrouted", to="999000111222333")).status == 200
    sigma.wait_until_projected()

    sigma.sql("DELETE FROM messages")  # as after a bug in the parser
    sigma.sql("UPDATE webhook_events SET outcome = 'DEAD' WHERE outcome = 'STORED'")
    printed = sigma.ok("replay", "--outcome", "DEAD", "--tenant", sigma.tenant_id, COLUMNS="120")
    assert sigma.tenant_id in printed
    assert "100%" in printed
    assert "━" in printed
    count = "SELECT outcome, count(*)::int FROM webhook_events GROUP BY outcome ORDER BY outcome"
    assert sigma.sql(count) == [("STORED", 300), ("UNROUTED", 1)]
    sigma.wait_for_messages(*ids, seconds=1)
    sigma.ok("replay")  # everything, again: nothing changes
    assert sigma.sql(count) == [("STORED", 300), ("UNROUTED", 1)]
    assert sigma.sql("SELECT count(*) FROM messages") == [(300,)]


def test_purge_destroys_what_has_outlived_its_window(sigma: Sigma) -> None:
    sigma.serve()
    assert sigma.post(text_message("wamid.old")).status == 200
    sigma.wait_for_messages("wamid.old")
    assert "0 keys, 0 days" in sigma.ok("purge")
    sigma.sql("""
        UPDATE tenant_keys SET day = day - 40 WHERE purpose = 'raw';
        UPDATE contact_addresses SET sealed_day = sealed_day - 40;
        SELECT make_journal_partitions((now() AT TIME ZONE 'UTC')::date - 40, 1);
        UPDATE webhook_events SET created_at = created_at - interval '40 days'""")
    assert sigma.ok("purge") == "Destroyed 1 keys, 1 days of the journal and 1 sealed addresses.\n"
    assert sigma.sql("SELECT count(*) FROM webhook_events") == [(0,)]
    assert sigma.sql("SELECT text FROM messages") == [("Hello SIGMA! 🚀",)]  # the message stays; only the raw payload has gone
    assert sigma.sql("SELECT count(*) FROM contact_addresses WHERE sealed IS NOT NULL") == [(0,)]


def test_unknown_ids_and_wrong_arguments_are_one_clear_line(sigma: Sigma) -> None:
    nobody = str(uuid.uuid4())
    for arguments in (("apikey", "create", "--tenant", nobody), ("apikey", "revoke", nobody), ("apikey", "create")):
        done = sigma.run(*arguments)
        assert done.returncode != 0, arguments
        assert "Traceback" not in done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("sigma: ")
