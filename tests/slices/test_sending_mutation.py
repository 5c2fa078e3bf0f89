"""Asking for a message to be sent: the guide's mutation, every kind of recipient and content, every refusal, and the same request twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sigma.kit.ids import new_id
from sigma.kit.metrics import Metrics
from sigma.tenants.models import Role
from tests.slices.bodies import ANA, BO
from tests.slices.desk import REPLY, RETRY, SEND, Desk, a_desk, refusal

GUIDE = """
mutation SendWhatsAppTemplate {
  sendWhatsAppMessage(input: {
    workspaceId: "your-workspace-uuid"
    recipientPhone: "+1234567890"
    templateName: "welcome_message"
    templateParams: ["John"]
  }) {
    success
    messageId
    errors {
      message
    }
  }
}
"""

MARK = """mutation ($input: MarkAsReadInput!) { markAsRead(input: $input) { success message { id } errors { message code field } } }"""
PHONE = {"recipientPhone": f"+{ANA.phone}"}
HELLO = {"templateName": "hello"}
SENDERS = {Role.OWNER, Role.ADMIN, Role.AGENT}


@pytest.fixture
async def desk(database_conninfo: str, metrics: Metrics) -> AsyncIterator[Desk]:
    async with a_desk(database_conninfo, metrics, DefaultRegion="BR") as built:
        yield built


def refused(payload: dict[str, Any]) -> tuple[str, list[str]]:
    """Return code and field of a refusal, which must say in a sentence what to do."""
    assert (payload["success"], payload["messageId"], payload["message"]) == (False, None, None), payload
    (error,) = payload["errors"]
    assert len(error["message"]) > 15
    assert error["message"].endswith((".", "/")) or ":" in error["message"]
    return error["code"], error["field"]


async def test_the_guides_mutation_works_as_it_is_written(desk: Desk):
    data = await desk.world.data(GUIDE.replace("your-workspace-uuid", desk.world.workspace_id))
    payload = data["sendWhatsAppMessage"]
    assert (payload["success"], payload["errors"]) == (True, [])
    await desk.dispatch()
    ((_, sent),) = desk.ledger.taken
    assert (sent["to"], sent["template"]["name"], sent["template"]["language"]) == ("+1234567890", "welcome_message", {"code": "en"})
    assert sent["template"]["components"][0]["parameters"] == [{"type": "text", "text": "John"}]
    assert desk.status(payload["messageId"]) == "ACCEPTED"


# Recipients


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("+5511987650001", "+5511987650001"),
        ("+55 (11) 98765-0001", "+5511987650001"),
        ("005511987650001", "+5511987650001"),
        ("(11) 98765-0001", "+5511987650001"),
        ("11 98765 0001", "+5511987650001"),
        ("+551187650001", "+551187650001"),  # a Brazilian number without its 9: never rewritten
        ("+1234567890", "+1234567890"),
    ],
)
async def test_a_phone_is_taken_as_people_write_it(desk: Desk, written: str, sent: str):
    await desk.queued(recipientPhone=written, **HELLO)
    await desk.dispatch()
    assert [payload["to"] for _, payload in desk.ledger.taken] == [sent]


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "+",
        "+0123456789",
        "+123",
        "+1234567890123456",
        "call me",
        "+49x151",
        "1234",
        "+٤٩١٥١١٢٣٤٥٦٧",
        "\x00",
        "+1;drop",
        "١١٩٨٧٦٥٠٠٠١",
    ],
)
async def test_what_is_no_phone_is_refused(desk: Desk, written: str):
    before = desk.counts()
    assert refused(await desk.send(recipientPhone=written, **HELLO)) == ("RECIPIENT_INVALID", ["input", "recipientPhone"])
    assert desk.counts() == before


async def test_a_business_scoped_id_a_contact_and_a_thread_are_recipients_too(desk: Desk):
    await desk.write(by=BO.user_id_only())
    ((contact, conversation),) = desk.world.sql("SELECT contact_id, conversation_id FROM messages")
    for one in ({"recipientUserId": BO.user_id}, {"contactId": str(contact)}, {"conversationId": str(conversation)}):
        await desk.queued(text="Hi", **one)
    replied = (await desk.world.data(REPLY, {"input": {"conversationId": str(conversation), "text": "Hi"}}))["replyToConversation"]
    assert replied["success"]
    await desk.dispatch()
    assert [payload.get("recipient") for _, payload in desk.ledger.taken] == [BO.user_id] * 4
    assert not any("to" in payload for _, payload in desk.ledger.taken)
    assert desk.world.sql("SELECT count(*) FROM contacts") == [(1,)]


async def test_a_phone_that_is_known_belongs_to_its_contact(desk: Desk):
    await desk.write()
    await desk.queued(text="Hi", **PHONE)
    assert desk.world.sql("SELECT count(*) FROM contacts") == [(1,)]
    assert desk.world.sql("SELECT count(DISTINCT conversation_id) FROM messages") == [(1,)]


async def test_a_quoted_message_a_reaction_and_buttons_go_out_as_the_platform_wants_them(desk: Desk):
    await desk.write(id="wamid.ASKED")
    asked = desk.world.sql("SELECT id::text FROM messages")[0][0]
    await desk.queued(text="Yes", replyTo=asked, **PHONE)
    await desk.queued(reaction={"messageId": asked, "emoji": "👍"}, **PHONE)
    await desk.queued(interactive={"body": "Well?", "buttons": [{"id": "y", "title": "Yes"}]}, **PHONE)
    await desk.queued(media={"kind": "IMAGE", "link": "https://files.example/a.png", "caption": "Look"}, **PHONE)
    await desk.queued(location={"latitude": 1.5, "longitude": 2.5}, **PHONE)
    await desk.dispatch()
    sent = {payload["type"]: payload for _, payload in desk.ledger.taken}
    assert sent["text"]["context"] == {"message_id": "wamid.ASKED"}
    assert sent["reaction"]["reaction"] == {"message_id": "wamid.ASKED", "emoji": "👍"}
    assert sent["interactive"]["interactive"]["action"]["buttons"][0]["reply"] == {"id": "y", "title": "Yes"}
    assert sent["image"]["image"] == {"link": "https://files.example/a.png", "caption": "Look"}
    assert set(sent) == {"text", "reaction", "interactive", "image", "location"}


# Refusals

NOTHING = str(new_id())
TOO_LONG = "x" * 4097


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        (HELLO, "RECIPIENT_REQUIRED", ["input"]),
        ({**HELLO, **PHONE, "contactId": NOTHING}, "RECIPIENT_REQUIRED", ["input"]),
        ({**HELLO, "recipientUserId": "nobody"}, "RECIPIENT_INVALID", ["input", "recipientUserId"]),
        ({**HELLO, "contactId": NOTHING}, "CONTACT_NOT_FOUND", ["input", "contactId"]),
        ({**HELLO, "contactId": "nonsense"}, "CONTACT_NOT_FOUND", ["input", "contactId"]),
        ({**HELLO, "conversationId": NOTHING}, "CONVERSATION_NOT_FOUND", ["input", "conversationId"]),
        ({**HELLO, "conversationId": "nonsense"}, "CONVERSATION_NOT_FOUND", ["input", "conversationId"]),
        ({**HELLO, **PHONE, "workspaceId": NOTHING}, "WORKSPACE_NOT_FOUND", ["input", "workspaceId"]),
        ({**HELLO, **PHONE, "workspaceId": "your-workspace-uuid"}, "WORKSPACE_NOT_FOUND", ["input", "workspaceId"]),
        ({**PHONE}, "CONTENT_REQUIRED", ["input"]),
        ({**PHONE, **HELLO, "text": "Hi"}, "CONTENT_REQUIRED", ["input"]),
        ({**PHONE, "interactive": {"body": "Hi"}}, "CONTENT_REQUIRED", ["input", "interactive"]),
        ({**PHONE, "text": ""}, "CONTENT_INVALID", ["input", "text"]),
        ({**PHONE, "text": TOO_LONG}, "CONTENT_INVALID", ["input", "text"]),
        ({**PHONE, "text": "a\x00b"}, "CONTENT_INVALID", ["input", "text"]),
        ({**PHONE, "text": "\ud800"}, "CONTENT_INVALID", ["input", "text"]),
        ({**PHONE, "templateName": "Hello World"}, "CONTENT_INVALID", ["input", "templateName"]),
        ({**PHONE, **HELLO, "templateLanguage": "english"}, "CONTENT_INVALID", ["input", "templateLanguage"]),
        ({**PHONE, **HELLO, "templateParams": ["a", "b\nc"]}, "CONTENT_INVALID", ["input", "templateParams", "1"]),
        ({**PHONE, **HELLO, "templateNamedParams": [{"name": "n", "value": ""}]}, "CONTENT_INVALID", ["input", "templateNamedParams", "0", "value"]),
        ({**PHONE, **HELLO, "templateHeader": {}}, "CONTENT_INVALID", ["input", "templateHeader"]),
        ({**PHONE, **HELLO, "templateButtons": [{"index": 11, "type": "url", "value": "a"}]}, "CONTENT_INVALID", ["input", "templateButtons", "0", "index"]),
        ({**PHONE, **HELLO, "templateButtons": [{"index": 1, "type": "fax", "value": "a"}]}, "INVALID_INPUT", ["input", "templateButtons", "type"]),
        ({**PHONE, "media": {"kind": "HOLOGRAM", "id": "1"}}, "INVALID_INPUT", ["input", "media", "kind"]),
        ({**PHONE, "media": {"kind": "IMAGE"}}, "INVALID_INPUT", ["input", "media"]),
        ({**PHONE, "media": {"kind": "IMAGE", "link": "ftp://a/b"}}, "CONTENT_INVALID", ["input", "media", "link"]),
        ({**PHONE, "media": {"kind": "AUDIO", "id": "1", "caption": "Look"}}, "CONTENT_INVALID", ["input", "media", "caption"]),
        ({**PHONE, "location": {"latitude": 91.0, "longitude": 0.0}}, "CONTENT_INVALID", ["input", "location", "latitude"]),
        ({**PHONE, "contacts": []}, "CONTENT_INVALID", ["input", "contacts"]),
        ({**PHONE, "contacts": ["Ana"]}, "INVALID_INPUT", ["input", "contacts"]),
        ({**PHONE, "contacts": [{}]}, "CONTENT_INVALID", ["input", "contacts", "0", "name", "formattedName"]),
        ({**PHONE, "reaction": {"messageId": NOTHING, "emoji": "👍"}}, "MESSAGE_NOT_FOUND", ["input", "reaction", "messageId"]),
        ({**PHONE, "interactive": {"body": "Hi", "buttons": [{"id": "y", "title": ""}]}}, "CONTENT_INVALID", ["input", "interactive", "buttons", "0", "title"]),
        ({**PHONE, "interactive": {"body": "Hi", "ctaUrl": "https://a.example", "ctaText": ""}}, "CONTENT_INVALID", ["input", "interactive", "ctaText"]),
        ({**PHONE, **HELLO, "replyTo": NOTHING}, "QUOTED_MESSAGE_NOT_FOUND", ["input", "replyTo"]),
        ({**PHONE, **HELLO, "replyTo": "nonsense"}, "QUOTED_MESSAGE_NOT_FOUND", ["input", "replyTo"]),
        ({**PHONE, **HELLO, "clientMutationId": "x" * 256}, "INVALID_INPUT", ["input", "clientMutationId"]),
        ({**PHONE, **HELLO, "clientMutationId": ""}, "INVALID_INPUT", ["input", "clientMutationId"]),
        ({**PHONE, **HELLO, "clientMutationId": "a\x00"}, "INVALID_INPUT", ["input", "clientMutationId"]),
        ({**PHONE, "media": {"kind": "DOCUMENT", "id": "1", "filename": "a\x00"}}, "INVALID_INPUT", ["input"]),
        ({**PHONE, "interactive": {"body": "Hi", "flowId": "1", "flowCta": "Go", "flowScreen": "S", "flowData": {"a": ["\x00"]}}}, "INVALID_INPUT", ["input"]),
        ({**PHONE, "text": "Hello"}, "CUSTOMER_SERVICE_WINDOW_CLOSED", ["input"]),
    ],
)  # fmt: skip
async def test_a_refusal_has_code_field_and_sentence_and_leaves_nothing_behind(
    desk: Desk, given: dict[str, Any], code: str, field: list[str]
):
    before = desk.counts()
    assert refused(await desk.send(**given)) == (code, field)
    assert desk.counts() == before


async def test_a_deactivated_workspace_sends_nothing(desk: Desk):
    deactivate = "mutation ($id: ID!) { deactivateWorkspace(id: $id) { success } }"
    await desk.world.data(deactivate, {"id": desk.world.workspace_id})
    assert refused(await desk.send(**HELLO, **PHONE)) == ("WORKSPACE_INACTIVE", ["input", "workspaceId"])


async def test_a_tenant_without_a_token_sends_nothing(world):
    data = await world.data(SEND, {"input": {"workspaceId": world.workspace_id, **HELLO, **PHONE}})
    assert refused(data["sendWhatsAppMessage"]) == ("ACCESS_TOKEN_MISSING", ["input", "workspaceId"])
    assert world.sql("SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM contacts)") == [(0, 0)]


async def test_a_thread_of_another_workspace_of_ours_is_no_thread_of_this_one(desk: Desk):
    await desk.write()
    conversation = desk.world.sql("SELECT conversation_id::text FROM messages")[0][0]
    second = await desk.world.create_workspace("777")
    payload = await desk.send(workspaceId=second, conversationId=conversation, **HELLO)
    assert refused(payload) == ("CONVERSATION_NOT_FOUND", ["input", "conversationId"])


# Who


async def test_owners_admins_and_agents_send_and_nobody_else(desk: Desk):
    await desk.write()
    message, conversation = desk.world.sql("SELECT id::text, conversation_id::text FROM messages")[0]
    uses = [
        (SEND, {"input": {"workspaceId": desk.world.workspace_id, **HELLO, **PHONE}}),
        (REPLY, {"input": {"conversationId": conversation, "text": "Hi"}}),
        (RETRY, {"id": message}),
        (MARK, {"input": {"messageId": message}}),
    ]
    for role in Role:
        key = await desk.world.new_key(role)
        for document, variables in uses:
            answer = await desk.world.graphql(document, variables, key=key)
            codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
            assert codes == ([] if role in SENDERS else ["FORBIDDEN"]), (role, document)
    assert desk.world.sql("SELECT count(*) FROM messages WHERE direction = 'OUTBOUND'") == [(2 * len(SENDERS),)]
    sent_by = {row[0] for row in desk.world.sql("SELECT sent_by FROM messages WHERE direction = 'OUTBOUND'")}
    assert len(sent_by) == len(SENDERS)
    assert all(actor.startswith("api key ") for actor in sent_by)


async def test_another_tenants_things_are_answered_like_nothing(desk: Desk):
    await desk.write()
    ((message, contact, conversation),) = desk.world.sql("SELECT id::text, contact_id::text, conversation_id::text FROM messages")
    other_id, other_key = await desk.world.new_tenant()
    own = await desk.world.create_workspace("777", tenant_id=other_id, key=other_key)
    before = desk.counts()
    for field, value in (
        ("workspaceId", desk.world.workspace_id),
        ("contactId", contact),
        ("conversationId", conversation),
        ("replyTo", message),
    ):
        target = {} if field in {"contactId", "conversationId"} else PHONE
        given = {"workspaceId": own, **HELLO, **target}
        told = await desk.send(key=other_key, **{**given, field: value})
        assert told == await desk.send(key=other_key, **{**given, field: NOTHING})
        assert refused(told)[1] == ["input", field]
    for document, name in ((RETRY, "id"), (MARK, "input")):
        ask = [{"id": one} if name == "id" else {"input": {"messageId": one}} for one in (message, NOTHING)]
        told, nothing = [await desk.world.data(document, one, key=other_key) for one in ask]
        assert told == nothing
        assert "MESSAGE_NOT_FOUND" in json.dumps(told)
    assert desk.counts() == before


# The same request twice


async def test_the_same_key_gives_the_same_answer_and_one_message(desk: Desk):
    first, *others = await asyncio.gather(*(desk.send(clientMutationId="once", **HELLO, **PHONE) for _ in range(20)))
    assert first["success"]
    assert all(other == first for other in others)
    await desk.dispatch()
    again = await desk.send(clientMutationId="once", **HELLO, **PHONE)
    assert (again["messageId"], again["message"]["status"]) == (first["messageId"], "ACCEPTED")
    await desk.dispatch()
    assert desk.ledger.ours() == [first["messageId"]]


async def test_a_key_that_was_used_for_another_command_is_refused_and_another_tenants_key_is_its_own(desk: Desk):
    await desk.queued(clientMutationId="once", **HELLO, **PHONE)
    before = desk.counts()
    for other in ({**HELLO, "recipientPhone": f"+{BO.phone}"}, {"templateName": "bye", **PHONE}):
        assert refused(await desk.send(clientMutationId="once", **other)) == ("IDEMPOTENCY_KEY_REUSED", ["input", "clientMutationId"])
    assert desk.counts() == before
    other_id, other_key = await desk.world.new_tenant()
    own = await desk.world.create_workspace("777", tenant_id=other_id, key=other_key)
    assert (await desk.send(key=other_key, workspaceId=own, clientMutationId="once", **HELLO, **PHONE))["success"]


async def test_after_a_day_the_key_is_free_again(desk: Desk):
    first = await desk.queued(clientMutationId="once", **HELLO, **PHONE)
    desk.world.sql("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours 1 second'")
    second = await desk.queued(clientMutationId="once", **HELLO, **PHONE)
    assert second != first
    assert await desk.queued(clientMutationId="once", **HELLO, **PHONE) == second


async def test_a_refused_request_does_not_use_up_its_key(desk: Desk):
    assert not (await desk.send(clientMutationId="once", text="Hi", **PHONE))["success"]
    await desk.write()
    assert (await desk.send(clientMutationId="once", text="Hi", **PHONE))["success"]


async def test_what_stands_for_a_request_cannot_be_guessed_back_from_the_tables(desk: Desk):
    """The hash is salted: whoever has the tables knows the text, and could try all phone numbers with it."""
    await desk.queued(clientMutationId="once", **HELLO, **PHONE)
    other_id, other_key = await desk.world.new_tenant()
    own = await desk.world.create_workspace("777", tenant_id=other_id, key=other_key)
    await desk.send(key=other_key, workspaceId=own, clientMutationId="once", **HELLO, **PHONE)
    assert desk.world.sql("SELECT count(DISTINCT request_hash) FROM idempotency_keys") == [(2,)]


# Read marks


async def test_a_message_is_marked_as_read_with_typing(desk: Desk):
    await desk.write(id="wamid.ASKED")
    message = desk.world.sql("SELECT id::text FROM messages")[0][0]
    payload = (await desk.world.data(MARK, {"input": {"messageId": message, "typing": True}}))["markAsRead"]
    assert (payload["success"], payload["message"]) == (True, {"id": message})
    ((_, asked),) = desk.ledger.asked
    assert (asked["status"], asked["message_id"], asked["typing_indicator"]) == ("read", "wamid.ASKED", {"type": "text"})


async def test_only_a_contacts_message_can_be_marked_and_the_platforms_no_is_told(desk: Desk):
    ours = await desk.template()
    payload = (await desk.world.data(MARK, {"input": {"messageId": ours}}))["markAsRead"]
    assert (payload["success"], payload["errors"][0]["code"]) == (False, "MESSAGE_NOT_INBOUND")
    await desk.write()
    theirs = desk.world.sql("SELECT id::text FROM messages WHERE direction = 'INBOUND'")[0][0]
    desk.ledger.answer = lambda _: refusal(131009)
    payload = (await desk.world.data(MARK, {"input": {"messageId": theirs}}))["markAsRead"]
    assert (payload["success"], payload["errors"][0]["code"]) == (False, "PLATFORM_REFUSED")
    assert "131009" in payload["errors"][0]["message"]
