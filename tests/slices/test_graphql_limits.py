"""What the API refuses before it reads anything, what it never shows, and how it fails."""

import asyncio
import json

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from sigma.entrypoints.installation import Installation
from sigma.kit.graphql import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS
from sigma.kit.metrics import Metrics
from sigma.kit.settings import Settings
from tests.conftest import MASTER_KEY
from tests.slices.bodies import ANA, inbound, text
from tests.world import World, a_world


def nested(levels: int) -> str:
    """A query of this many levels below its root."""
    inner = "id"
    for _ in range(levels - 3):
        inner = f"replyTo {{ {inner} }}"
    return f"{{ messages(first: 1) {{ nodes {{ {inner} }} }} }}"


def doubling(levels: int) -> str:
    """Few words that mean 2 ** levels fields."""
    fragments = (f"fragment F{level} on Query {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels))
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ __typename }}"


def costing(cost: int) -> str:
    return f"{{ messages(first: 100) {{ nodes {{ {'id ' * (cost // 100)} }} }} }}"


REFUSED = {
    "depth": (nested(MAX_DEPTH), nested(MAX_DEPTH + 2), "depth"),
    "aliases": (
        f"{{ {' '.join(f'a{n}: __typename' for n in range(MAX_ALIASES))} }}",
        f"{{ {' '.join(f'a{n}: __typename' for n in range(MAX_ALIASES + 1))} }}",
        "aliases",
    ),
    "aliases in fragments": (
        "{ ...F } fragment F on Query { a: __typename }",
        f"{{ ...F }} fragment F on Query {{ {' '.join(f'a{n}: __typename' for n in range(MAX_ALIASES + 1))} }}",
        "aliases",
    ),
    "tokens": (f"{{ {'__typename ' * 100} }}", f"{{ {'__typename ' * MAX_TOKENS} }}", "tokens"),
    "cost": (costing(15_000), costing(20_100), "costs"),
    "size": (doubling(3), doubling(100), "too large"),
    "a fragment in itself": (
        "{ ...F } fragment F on Query { __typename }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "itself",
    ),
    "an unknown fragment": ("{ __typename }", "{ ...F }", "not defined"),
    "an unknown field": ("{ __typename }", "{ tenantt { id } }", "tenantt"),
    "nesting of brackets": (
        "{ __typename }",
        "{ messages(where: {kind: " + "[" * 600 + "]" * 600 + "}) { nodes { id } } }",
        "nested too deeply",
    ),
    "not GraphQL": ("{ __typename }", "SELECT * FROM messages", "Syntax Error"),
}


async def test_what_costs_too_much_is_refused_and_what_does_not_is_answered(world: World):
    for name, (allowed, refused, why) in REFUSED.items():
        assert not (await world.graphql(allowed)).get("errors"), name
        answer = await world.graphql(refused)
        assert answer["data"] is None, name
        assert why in answer["errors"][0]["message"], name
        assert (await world.graphql(refused, key=""))["errors"][0]["message"] == answer["errors"][0]["message"], f"{name}, without a key"


async def test_a_page_size_in_a_variable_costs_as_much(world: World):
    query = costing(20_100).replace("{ messages(first: 100)", "query ($n: Int!) { messages(first: $n)", 1)
    assert not (await world.graphql(query, {"n": 10})).get("errors")
    assert (await world.graphql(query, {"n": 100}))["errors"][0]["extensions"]["code"] == "QUERY_TOO_COSTLY"


# What is not there


async def test_what_goes_wrong_on_our_side_is_hidden_behind_an_id_that_the_log_explains(world: World, capsys):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    world.sql("ALTER TABLE contact_addresses RENAME COLUMN hash TO digest")
    answer = await world.graphql("{ messages { nodes { text contact { addresses { platformUserId } } } } tenant { name } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    error_id = error["extensions"]["errorId"]
    assert error["message"] == f"Something went wrong on our side. Please report the error id {error_id}."
    assert error["path"][:2] == ["messages", "nodes"]
    for secret in ("hash", "digest", "contact_addresses", "psycopg"):
        assert secret not in json.dumps(answer)
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if error_id in line]
    assert (line["event"], line["level"], line["error"]) == ("graphql.failed", "error", "UndefinedColumn")
    assert ANA.phone not in json.dumps(line)


async def test_a_database_that_is_away_is_told_as_such_and_comes_back(world: World, postgres_server):
    query = "{ tenant { name } }"
    assert not (await world.graphql(query)).get("errors")
    ((database,),) = world.sql("SELECT current_database()")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database,))
        known = await world.graphql(query)
        assert known["errors"][0]["extensions"] == {"code": "DATABASE_UNAVAILABLE"}, "a caller that is remembered gets as far as the data"
        body = {"query": query}
        unknown = await world.client.post("/graphql", json=body, headers={"Authorization": "Bearer sigma_" + "x" * 43})
        assert (unknown.status_code, unknown.headers["retry-after"]) == (503, "5")
        assert unknown.json()["errors"][0]["extensions"] == {"code": "DATABASE_UNAVAILABLE"}
        assert (await world.client.get("/health/ready")).json()["database"] is False
        connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
    while (await world.graphql(query)).get("errors"):
        pass  # each try waits for the pool, which reconnects in its own time; pytest's time limit is the deadline


async def test_a_caller_without_a_usable_key_is_told_the_same_whatever_the_reason(world: World):
    told = set()
    for key in ("", "sigma_", "sigma_" + "x" * 43, world.api_key[:-1], world.api_key.upper(), "é"):
        headers = [(b"Authorization", f"Bearer {key}".encode())] if key else []
        response = await world.client.post("/graphql", json={"query": "{ tenant { id } }"}, headers=headers)
        (error,) = response.json()["errors"]
        told.add((response.status_code, error["message"], error["extensions"]["code"]))
    assert told == {(200, "Send a valid API key as `Authorization: Bearer <api key>`.", "UNAUTHENTICATED")}
    basic = await world.client.post("/graphql", json={"query": "{ tenant { id } }"}, headers={"Authorization": f"Basic {world.api_key}"})
    assert basic.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    any_case = await world.client.post(
        "/graphql", json={"query": "{ tenant { id } }"}, headers={"Authorization": f"bearer  {world.api_key} "}
    )
    assert any_case.json() == {"data": {"tenant": {"id": str(world.tenant_id)}}}


# Only what a client of ours would send


QUERY = {"query": "{ __typename }"}


async def test_only_a_json_post_is_executed(world: World):
    auth = {"Authorization": f"Bearer {world.api_key}"}
    assert (await world.client.post("/graphql", json=QUERY, headers=auth)).json() == {"data": {"__typename": "Query"}}
    refused = {
        "text/plain": json.dumps(QUERY),
        "application/x-www-form-urlencoded": "query=%7B__typename%7D",
        "application/graphql": QUERY["query"],
        "multipart/form-data; boundary=x": f'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{json.dumps(QUERY)}\r\n--x--\r\n',
        "application/jsonp": json.dumps(QUERY),
        "": json.dumps(QUERY),
    }
    for content_type, content in refused.items():
        response = await world.client.post(
            "/graphql", content=content, headers=auth | ({"Content-Type": content_type} if content_type else {})
        )
        assert response.status_code == 415, content_type
        assert "__typename" not in response.text
    page = await world.client.get("/graphql", params=QUERY, headers=auth | {"Accept": "application/json"})
    assert "data" not in page.text[:20]
    assert page.headers["content-type"].startswith("text/html"), "the page, whatever the query"
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await world.client.request(method, "/graphql", content=json.dumps(QUERY), headers=auth)).status_code == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not JSON", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"{ __typename }"', 400),
        (b"{}", 400),
        (b'{"query": null}', 400),
        (b'{"query": 7}', 400),
        (json.dumps([QUERY, QUERY]).encode(), 400),
        (json.dumps(QUERY | {"variables": []}).encode(), 400),
        (json.dumps(QUERY | {"variables": "x"}).encode(), 400),
        (json.dumps(QUERY | {"operationName": "Nope"}).encode(), 400),
        (b"[" * 30_000, 400),
        (json.dumps(QUERY).encode() + b" " * 65_536, 413),
        (b'{"query": "{ __typename }", "variables": {"x": "\xff"}}', 400),
    ],
    ids=lambda value: str(value[:30]) if isinstance(value, bytes) else None,
)
async def test_a_request_that_is_no_operation_is_refused(world: World, body, status):
    headers = {"Authorization": f"Bearer {world.api_key}", "Content-Type": "application/json"}
    response = await world.client.post("/graphql", content=body, headers=headers)
    assert response.status_code == status
    assert "Traceback" not in response.text


async def test_a_body_that_does_not_say_how_long_it_is_is_refused(world: World):
    async def pieces():
        yield json.dumps(QUERY).encode()

    response = await world.client.post("/graphql", content=pieces(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413


# Production


async def test_production_shows_no_schema_and_gives_no_hints(database_conninfo):
    asks = [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Query") { name } }',
        "{ tenantt { id } }",
        "{ messages { node { id } } }",
    ]
    for environment, shows in (("Production", False), ("Development", True)):
        settings = Settings.model_validate({"Environment": environment})
        async with a_world(Installation(settings, MASTER_KEY, database_conninfo), Metrics(CollectorRegistry())) as world:
            schema, one_type, *typos = [await world.graphql(query) for query in asks]
            assert bool(schema.get("errors")) is not shows
            assert bool(one_type.get("errors")) is not shows
            for typo in typos:
                assert ("Did you mean" in typo["errors"][0]["message"]) is shows
            assert (await world.data("{ __typename tenant { __typename } }"))["tenant"] == {"__typename": "Tenant"}


async def test_every_answer_tells_browsers_to_be_careful(world: World):
    for path in ("/graphql", "/health/live", "/health/ready", "/metrics", "/nothing/here"):
        response = await world.client.get(path)
        assert response.headers["x-content-type-options"] == "nosniff", path
        assert response.headers["x-frame-options"] == "DENY", path
    page = (await world.client.get("/graphql")).headers["content-security-policy"]
    assert "default-src 'none'" in page


async def test_two_tenants_that_ask_at_once_see_their_own_data(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace("777", tenant_id=other, key=key)
    await world.receive(inbound(text("wamid.1", "first", by=ANA)))
    await world.receive(inbound(text("wamid.1", "second", by=ANA), number="777"), tenant=other)
    query = "{ messages { nodes { text contact { addresses { platformUserId } } workspace { tenantId } replyTo { id } } } tenant { id } }"
    answers = await asyncio.gather(*(world.data(query, key=used) for _ in range(50) for used in (world.api_key, key)))
    for number, answer in enumerate(answers):
        (node,) = answer["messages"]["nodes"]
        tenant = str(other if number % 2 else world.tenant_id)
        assert (node["text"], node["workspace"]["tenantId"], answer["tenant"]["id"]) == (
            "second" if number % 2 else "first",
            tenant,
            tenant,
        )
    hashes = {answer["messages"]["nodes"][0]["contact"]["addresses"][0]["platformUserId"] for answer in answers}
    assert len(hashes) == 2, "one person, another hash for each tenant"
