"""The guide's own operations and statements, word for word."""

from tests.slices.bodies import ANA, inbound, text
from tests.world import World

CREATE_WORKSPACE = """
mutation CreateWhatsAppWorkspace {
  createWorkspace(input: {
    tenantId: "your-tenant-uuid"
    name: "WhatsApp Business Support"
    platform: WHATS_APP
    externalId: "123456789012345"  # Your Phone Number ID
  }) {
    success
    workspace {
      id
      name
      platform
      externalId
    }
    errors {
      message
      code
    }
  }
}
"""

GET_MESSAGES = """
query GetWhatsAppMessages {
  messages(
    workspaceId: "your-workspace-uuid"
    platform: WHATS_APP
    first: 10
    orderBy: { timestamp: DESC }
  ) {
    nodes {
      id
      text
      sender {
        displayName
        platformUserId  # Hashed phone number
      }
      timestampUtc
    }
  }
}
"""

SELECT_MESSAGES = """
SELECT id, platform_message_id, sender, text, timestamp_utc
FROM messages
WHERE workspace_id = 'your-workspace-id'
  AND platform = 5  -- WhatsApp
ORDER BY timestamp_utc DESC
LIMIT 10;
"""


async def test_the_guide_works_as_it_is_written(world: World):
    created = (await world.data(CREATE_WORKSPACE.replace("your-tenant-uuid", str(world.tenant_id))))["createWorkspace"]
    workspace_id = created["workspace"].pop("id")
    assert created == {
        "success": True,
        "workspace": {"name": "WhatsApp Business Support", "platform": "WHATS_APP", "externalId": "123456789012345"},
        "errors": [],
    }
    posts = [text(f"wamid.{number}", f"Hello SIGMA! 🚀 {number}", by=ANA, at=number) for number in range(12)]
    await world.receive(inbound(*posts, number="123456789012345", people=(ANA,)))
    nodes = (await world.data(GET_MESSAGES.replace("your-workspace-uuid", workspace_id)))["messages"]["nodes"]
    assert [node["text"] for node in nodes] == [f"Hello SIGMA! 🚀 {number}" for number in range(11, 1, -1)]
    assert nodes[0]["timestampUtc"] == "2026-01-01T00:00:11+00:00"
    assert nodes[0]["sender"]["displayName"] == "Ana"
    assert len(bytes.fromhex(nodes[0]["sender"]["platformUserId"])) == 32
    rows = world.sql(SELECT_MESSAGES.replace("your-workspace-id", workspace_id))
    assert [(str(row[0]), row[2], row[3]) for row in rows] == [(node["id"], node["sender"], node["text"]) for node in nodes]


async def test_a_workspace_that_cannot_be_created_says_what_to_do(world: World):
    async def create(**changed: str):
        given = {"tenantId": str(world.tenant_id), "name": "Support", "platform": "WHATS_APP", "externalId": "777", **changed}
        query = (
            "mutation ($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { success workspace { id } errors { message code field } } }"
        )
        return (await world.data(query, {"i": given}))["createWorkspace"]

    assert (await create())["success"]
    expected = {
        "WORKSPACE_ALREADY_EXISTS": ({}, "externalId"),
        "TENANT_NOT_FOUND": ({"tenantId": "your-tenant-uuid"}, "tenantId"),
        "NAME_REQUIRED": ({"name": " \0 "}, "name"),
        "INVALID_EXTERNAL_ID": ({"externalId": "+49 151 1234567"}, "externalId"),
        "PLATFORM_NOT_SUPPORTED": ({"platform": "SLACK"}, "platform"),
    }
    for code, (changed, field) in expected.items():
        answer = await create(**changed)
        assert (answer["success"], answer["workspace"]) == (False, None), code
        (error,) = answer["errors"]
        assert (error["code"], error["field"]) == (code, ["input", field])
        assert error["message"], code
    for external_id in ("", "²", "1" * 65, "12 34", "0x10", "\ud800"):
        assert (await create(externalId=external_id))["errors"][0]["code"] == "INVALID_EXTERNAL_ID"
    for name in ("", " \t", "x" * 201, "\0\ud800"):
        assert (await create(name=name, externalId="888"))["errors"][0]["code"] == "NAME_REQUIRED"
    assert (await create(name="x" * 200, externalId=" 888 "))["success"]


async def test_a_workspace_is_renamed_and_everything_else_stays(world: World):
    query = (
        "mutation ($i: UpdateWorkspaceInput!) { updateWorkspace(input: $i) { success workspace { name isActive } errors { code field } } }"
    )

    async def update(**given: object):
        return (await world.data(query, {"i": {"id": world.workspace_id, **given}}))["updateWorkspace"]

    assert (await update(name=" Sales "))["workspace"] == {"name": "Sales", "isActive": True}
    assert (await update(isActive=False))["workspace"] == {"name": "Sales", "isActive": False}
    assert (await update())["workspace"] == {"name": "Sales", "isActive": False}
    assert await update(name="") == {"success": False, "workspace": None, "errors": [{"code": "NAME_REQUIRED", "field": ["input", "name"]}]}
    assert (await update(id="nonsense"))["errors"] == [{"code": "WORKSPACE_NOT_FOUND", "field": ["input", "id"]}]
    one = await world.data("query ($id: ID!) { workspace(id: $id) { name } workspaces { name } }", {"id": world.workspace_id})
    assert one == {"workspace": {"name": "Sales"}, "workspaces": [{"name": "Sales"}]}
    actions = [row[0] for row in world.sql("SELECT action FROM audit_entries WHERE target = %s ORDER BY at", (world.workspace_id,))]
    assert actions == ["workspace.created", "workspace.updated", "workspace.updated", "workspace.updated"]
