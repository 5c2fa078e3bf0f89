"""Steps 3 to 5 of the user's setup guide, as written there, on an empty directory."""

import json
import re

from tests.e2e.sigma_process import DEFAULT_APP_SECRET, VERIFY_TOKEN, Sigma, text_message

CREATE_WORKSPACE = """mutation CreateWhatsAppWorkspace {
  createWorkspace(input: {
    tenantId: "%s"
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
}"""
INSERT_WORKSPACE = """INSERT INTO workspaces (id, tenant_id, name, platform, external_id, is_active, created_at, updated_at)
VALUES (
  gen_random_uuid(),
  '%s',
  'WhatsApp Business Support',
  5,  -- 5 = WhatsApp (see Platform enum)
  '555000111222333',  -- Phone Number ID
  true,
  now(),
  now()
);"""
SELECT_MESSAGES = """SELECT id, platform_message_id, sender, text, timestamp_utc
FROM messages
WHERE workspace_id = '%s'
  AND platform = 5  -- WhatsApp
ORDER BY timestamp_utc DESC
LIMIT 10;"""
LIST_MESSAGES = """query GetWhatsAppMessages {
  messages(
    workspaceId: "%s"
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
}"""
VERIFICATION = "/webhooks/whatsapp/test-tenant?hub.mode=subscribe&hub.verify_token=%s&hub.challenge=test123"


def test_guide_works_to_the_letter_from_an_empty_directory(empty: Sigma) -> None:
    server = empty.serve()
    verified = empty.http("GET", VERIFICATION % VERIFY_TOKEN)
    assert (verified.status, verified.body) == (200, b"test123")
    assert verified.headers["content-type"].startswith("text/plain")
    assert empty.http("GET", VERIFICATION % "wrong").status == 403

    created = json.loads(empty.ok("tenant", "create", "--name", "Acme Ltda", "--id", empty.tenant_id, "--json"))
    assert created["id"] == empty.tenant_id
    empty.api_key = created["apiKey"]
    answer = empty.graphql(CREATE_WORKSPACE % empty.tenant_id)["data"]["createWorkspace"]
    workspace_id = answer["workspace"].pop("id")
    workspace = {"name": "WhatsApp Business Support", "platform": "WHATS_APP", "externalId": "123456789012345"}
    assert answer == {"success": True, "workspace": workspace, "errors": []}

    for secret in ("not-the-secret", DEFAULT_APP_SECRET):
        refused = empty.post(text_message("wamid.forged"), secret=secret)
        assert (refused.status, refused.body) == (401, b"")
    assert server.has_logged("WhatsApp webhook signature validation failed", level="warning")

    assert [empty.post(text_message("wamid.guide")).status for _ in range(3)] == [200] * 3
    empty.wait_for_messages("wamid.guide")
    empty.wait_until_projected()
    row = empty.psql(SELECT_MESSAGES % workspace_id)
    assert row.count("\n") == 0
    assert "|wamid.guide|" in row
    assert "|Hello SIGMA! 🚀|" in row
    assert "15550001234" not in row
    [node] = empty.graphql(LIST_MESSAGES % workspace_id)["data"]["messages"]["nodes"]
    assert (node["text"], node["sender"]["displayName"]) == ("Hello SIGMA! 🚀", "Ana Souza")
    assert re.fullmatch("[0-9a-f]{64}", node["sender"]["platformUserId"])
    assert empty.sql("SELECT count(*) FROM messages") == [(1,)]

    # What is written to before its workspace exists waits for it; the running server needs no restart.
    assert empty.post(text_message("wamid.early", to="555000111222333")).status == 200
    empty.wait_until_projected()
    assert empty.sql("SELECT outcome FROM webhook_events WHERE outcome NOT IN ('STORED', 'DUPLICATE')") == [("UNROUTED",)]
    assert empty.psql(INSERT_WORKSPACE % empty.tenant_id) == "INSERT 0 1"
    empty.wait_for_messages("wamid.early", seconds=5)
    assert empty.post(text_message("wamid.sql", to="555000111222333")).status == 200
    empty.wait_for_messages("wamid.sql", seconds=5)
    assert [event for event in server.events() if event["level"] == "error"] == []
