"""Who may do what: every query and mutation with every role, on one's own ids, on another tenant's, and on ids that name nothing."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from sigma.entrypoints.operator import create_key, revoke_key
from sigma.entrypoints.schema import build_schema
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from sigma.kit.ids import new_id
from sigma.sending.models import SENDERS
from sigma.tenants.api_keys import create_api_key
from sigma.tenants.models import MANAGERS, READERS, Role, TenantScope
from tests.slices.bodies import ANA, inbound, text
from tests.world import World

NOBODY: frozenset[Role] = frozenset()
INSTALLATION = frozenset({Role.INSTALLATION})


@dataclass(frozen=True)
class Ids:
    """Ids of one tenant's things, or of nothing."""

    tenant: str
    workspace: str
    contact: str
    conversation: str
    message: str


@dataclass(frozen=True)
class Operation:
    """One use of one field of the schema."""

    document: str
    allowed: frozenset[Role]


OPERATIONS: dict[str, list[Operation]] = {
    "Query.tenant": [Operation("{ tenant { name } }", READERS)],
    "Query.workspaces": [Operation("{ workspaces { name } }", READERS)],
    "Query.workspace": [Operation('{ workspace(id: "WORKSPACE") { name } }', READERS)],
    "Query.contacts": [Operation("{ contacts { nodes { displayName addresses { kind } } } }", READERS)],
    "Query.contact": [Operation('{ contact(id: "CONTACT") { displayName } }', READERS)],
    "Query.conversations": [
        Operation("{ conversations { nodes { lastMessageAt } } }", READERS),
        Operation('{ conversations(workspaceId: "WORKSPACE") { nodes { lastMessageAt } } }', READERS),
        Operation('{ conversations(contactId: "CONTACT") { nodes { lastMessageAt } } }', READERS),
    ],
    "Query.conversation": [Operation('{ conversation(id: "CONVERSATION") { lastMessageAt } }', READERS)],
    "Query.messages": [
        Operation("{ messages { nodes { text } } }", READERS),
        Operation('{ messages(workspaceId: "WORKSPACE") { nodes { text } } }', READERS),
        Operation('{ messages(where: {contactId: "CONTACT"}) { nodes { text } } }', READERS),
        Operation('{ messages(where: {conversationId: "CONVERSATION"}) { nodes { text } } }', READERS),
        Operation("{ messages { nodes { raw } } }", MANAGERS),
    ],
    "Query.message": [
        Operation('{ message(id: "MESSAGE") { text contact { displayName } } }', READERS),
        Operation('{ message(id: "MESSAGE") { raw } }', MANAGERS),
    ],
    "Query.webhookEvents": [Operation("{ webhookEvents { nodes { outcome } } }", READERS)],
    "Mutation.createTenant": [
        Operation('mutation { createTenant(input: {name: "New"}) { success errors { code } } }', INSTALLATION),
        Operation('mutation { createTenant(input: {name: "", id: "nonsense"}) { success errors { code field } } }', INSTALLATION),
    ],
    "Mutation.createWorkspace": [
        Operation(
            'mutation { createWorkspace(input: {tenantId: "TENANT", name: "W", platform: WHATS_APP, externalId: "NUMBER"}) '
            "{ success workspace { name } errors { code message field } } }",
            MANAGERS,
        )
    ],
    "Mutation.updateWorkspace": [
        Operation(
            'mutation { updateWorkspace(input: {id: "WORKSPACE", name: "Renamed"}) { success workspace { name } errors { code message field } } }',
            MANAGERS,
        )
    ],
    "Mutation.deactivateWorkspace": [
        Operation(
            'mutation { deactivateWorkspace(id: "WORKSPACE") { success workspace { isActive } errors { code message field } } }', MANAGERS
        )
    ],
    "Mutation.sendWhatsAppMessage": [
        Operation(
            'mutation { sendWhatsAppMessage(input: {workspaceId: "WORKSPACE", recipientPhone: "+5511987650001", templateName: "hello"}) '
            "{ success errors { code message field } } }",
            SENDERS,
        ),
        Operation(
            'mutation { sendWhatsAppMessage(input: {workspaceId: "WORKSPACE", conversationId: "CONVERSATION", text: "Hi"}) '
            "{ success errors { code message field } } }",
            SENDERS,
        ),
    ],
    "Mutation.replyToConversation": [
        Operation(
            'mutation { replyToConversation(input: {conversationId: "CONVERSATION", text: "Hi"}) { success errors { code message field } } }',
            SENDERS,
        )
    ],
    "Mutation.retryMessage": [Operation('mutation { retryMessage(id: "MESSAGE") { success errors { code message field } } }', SENDERS)],
    "Mutation.markAsRead": [
        Operation('mutation { markAsRead(input: {messageId: "MESSAGE"}) { success errors { code message field } } }', SENDERS)
    ],
}
"""Every field at the root of the schema. A new one must be entered here with who may use it."""

ASKED_BY_ID = ("WORKSPACE", "CONTACT", "CONVERSATION", "MESSAGE", "TENANT")


def test_every_field_of_the_schema_has_its_roles():
    schema = build_schema()._schema
    roots = {"Query": schema.query_type, "Mutation": schema.mutation_type, "Subscription": schema.subscription_type}
    assert {f"{name}.{field}" for name, root in roots.items() if root for field in root.fields} == set(OPERATIONS)


async def a_tenant(world: World, tenant_id: UUID, key: str, number: str) -> Ids:
    """Give a tenant one of everything."""
    workspace_id = await world.create_workspace(number, tenant_id=tenant_id, key=key)
    await world.receive(inbound(text(f"wamid.{number}", by=ANA), number=number, people=(ANA,)), tenant=tenant_id)
    ((message_id, contact_id, conversation_id),) = world.sql(
        "SELECT id, contact_id, conversation_id FROM messages WHERE tenant_id = %s", (tenant_id,)
    )
    return Ids(str(tenant_id), workspace_id, str(contact_id), str(conversation_id), str(message_id))


def nothing() -> Ids:
    return Ids(*(str(new_id()) for _ in range(5)))


def ask(document: str, ids: Ids) -> str:
    for place in ASKED_BY_ID:
        document = document.replace(place, getattr(ids, place.lower()))
    return document.replace("NUMBER", str(int(new_id())))


@pytest.mark.parametrize("field", OPERATIONS)
async def test_each_role_may_do_its_own_and_nothing_else(world: World, field):
    own = await a_tenant(world, world.tenant_id, world.api_key, "777")
    keys = {role: await world.new_key(role) for role in Role}
    for operation in OPERATIONS[field]:
        for role, key in keys.items():
            answer = await world.graphql(ask(operation.document, own), key=key)
            if role in operation.allowed:
                assert not answer.get("errors"), (role, operation.document)
            else:
                codes = {error["extensions"]["code"] for error in answer["errors"]}
                assert codes == {"FORBIDDEN"}, (role, operation.document)
                assert not any((answer["data"] or {}).values()) or "raw" in operation.document
        answer = await world.graphql(ask(operation.document, own), key="")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"], operation.document


@pytest.mark.parametrize(
    "field", [name for name, uses in OPERATIONS.items() if any(place in use.document for use in uses for place in ASKED_BY_ID)]
)
async def test_another_tenants_id_is_answered_exactly_like_one_that_names_nothing(world: World, field):
    await a_tenant(world, world.tenant_id, world.api_key, "777")
    other_id, other_key = await world.new_tenant()
    foreign = await a_tenant(world, other_id, other_key, "888")
    before = world.sql("SELECT w::text FROM workspaces w ORDER BY id")
    for operation in OPERATIONS[field]:
        if not any(place in operation.document for place in ASKED_BY_ID):
            continue
        for role in READERS:
            key = await world.new_key(role)
            told = await world.graphql(ask(operation.document, foreign), key=key)
            assert told == await world.graphql(ask(operation.document, nothing()), key=key), (role, operation.document)
            assert foreign.workspace not in json.dumps(told)
            if "errors" not in told:
                assert "NOT_FOUND" in json.dumps(told) or '"nodes": []' in json.dumps(told), operation.document
    assert world.sql("SELECT w::text FROM workspaces w ORDER BY id") == before
    if field.startswith("Query"):
        allowed = await world.graphql(ask(OPERATIONS[field][0].document, foreign), key=other_key)
        assert not allowed.get("errors"), "its own tenant sees it"


async def test_an_installation_key_creates_tenants_and_a_tenants_key_never_does(world: World):
    create = (
        "mutation ($i: CreateTenantInput!) { createTenant(input: $i) { success tenant { id name } apiKey errors { code message field } } }"
    )
    key = await world.new_key(Role.INSTALLATION)
    wanted = str(new_id())
    made = (await world.data(create, {"i": {"name": "  New GmbH ", "id": wanted}}, key=key))["createTenant"]
    assert (made["success"], made["tenant"], made["errors"]) == (True, {"id": wanted, "name": "New GmbH"}, [])
    assert (await world.data("{ tenant { id } }", key=made["apiKey"]))["tenant"]["id"] == wanted
    again = (await world.data(create, {"i": {"name": "Again", "id": wanted}}, key=key))["createTenant"]
    assert (again["success"], again["apiKey"], again["errors"][0]["code"]) == (False, None, "TENANT_ALREADY_EXISTS")
    unnamed = (await world.data(create, {"i": {"name": " "}}, key=key))["createTenant"]
    assert unnamed["errors"][0]["code"] == "NAME_REQUIRED"
    nonsense = (await world.data(create, {"i": {"name": "New", "id": "your-tenant-uuid"}}, key=key))["createTenant"]
    assert (nonsense["errors"][0]["code"], nonsense["errors"][0]["field"]) == ("INVALID_TENANT_ID", ["input", "id"])
    assert "UUID" in nonsense["errors"][0]["message"]
    assert world.sql("SELECT count(*) FROM tenants") == [(2,)]
    for role in READERS:
        answer = await world.graphql(create, {"i": {"name": "Mine", "id": wanted}}, key=await world.new_key(role))
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert "sigma apikey create --installation" in answer["errors"][0]["message"]
    assert world.sql("SELECT count(*) FROM tenants") == [(2,)]
    audited = world.sql("SELECT actor, action FROM audit_entries WHERE tenant_id = %s ORDER BY at, action", (wanted,))
    assert {action for _, action in audited} == {"tenant.created", "api_key.created"}
    assert all(actor.startswith("api key ") for actor, _ in audited)


# Keys


async def test_a_revoked_key_and_an_expired_key_open_nothing(world: World):
    revoked_id, revoked = await create_key(world.installation, tenant_id=world.tenant_id, role=Role.OWNER, name="to be revoked")
    db = world.installation.database()
    scope = TenantScope(world.tenant_id, Role.OWNER, "test")
    async with db.transaction(DatabaseRole.API, world.tenant_id) as tx:
        _, expired = await create_api_key(tx, scope, role=Role.OWNER, name="old", expires_at=now() - timedelta(seconds=1))
        _, current = await create_api_key(tx, scope, role=Role.OWNER, name="new", expires_at=now() + timedelta(hours=1))
    await db.close()
    query = "{ tenant { name } }"
    await revoke_key(world.installation, key_id=revoked_id)
    for key, expected in ((revoked, "UNAUTHENTICATED"), (expired, "UNAUTHENTICATED"), (current, None)):
        answer = await world.graphql(query, key=key)
        assert (answer["errors"][0]["extensions"]["code"] if "errors" in answer else None) == expected
