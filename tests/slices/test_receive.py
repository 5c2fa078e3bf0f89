"""What arrives becomes messages: every real body, through the real endpoint, journal and projector, read back through GraphQL."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.slices.bodies import ANA, BO, change, echo, echoes, edit, inbound, number_change, reaction, revoke, text, webhook
from tests.slices.reading import contacts, events, messages, part
from tests.slices.times import instant
from tests.world import World

OUT = "wamid.HBgLMTY1MDU1NTEyMzQVAgARGBJFRkYzNkZFMDNCMDAwMjUxMEEA"
"""Our message that most of the real bodies answer."""

NOT_STORED = Counter({"DEAD": 2, "EMPTY": 2, "UNROUTED": 2})
"""Dead: `empty-object` and another product's webhook. Empty: no items. Unrouted: Meta's dashboard test, and another business's number."""

FACTS: dict[str, dict[str, Any]] = {
    "inbound-text": {
        "kind": "TEXT",
        "direction": "INBOUND",
        "status": "RECEIVED",
        "text": "Does it come in another color?",
        "timestampUtc": "2026-01-01T00:00:00+00:00",
        "sender": {"displayName": "Sheena Nelson"},
    },
    "inbound-text-long-4096": {"kind": "TEXT", "sender": {"displayName": "Sheena Nelson"}},
    "inbound-text-forwarded": {"kind": "TEXT", "context": {"forwarded": True}},
    "inbound-text-reply-context": {"kind": "TEXT", "replyToPlatformMessageId": OUT},
    "inbound-text-ctwa-referral": {
        "text": "Can I get more info about this?",
        "referral": {"source_id": "120226305854810726", "source_type": "ad", "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e_example"},
    },
    "inbound-timestamp-milliseconds": {"timestampUtc": "2026-01-01T00:00:00.123000+00:00"},
    "inbound-image-with-caption": {
        "kind": "IMAGE",
        "text": "Taj Mahal",
        "media": {"id": "1003383421387256", "mimeType": "image/jpeg", "caption": "Taj Mahal", "voice": False},
    },
    "inbound-document": {
        "kind": "DOCUMENT",
        "text": "My invoice",
        "media": {
            "id": "1376223850470843",
            "mimeType": "application/pdf",
            "sha256": "w1sh1so5qnzDt5pwXZifGm6IuZq0OYjXQEh5nj25JqM=",
            "filename": "invoice.pdf",
            "caption": "My invoice",
        },
    },
    "inbound-document-hostile-filename": {"kind": "DOCUMENT", "media": {"mimeType": "application/pdf"}},
    "inbound-audio-voice-note": {"kind": "AUDIO", "text": None, "media": {"mimeType": "audio/ogg; codecs=opus", "voice": True}},
    "inbound-audio-file": {"kind": "AUDIO", "media": {"voice": False}},
    "inbound-voice-legacy-type": {"kind": "AUDIO", "media": {"voice": True}},
    "inbound-video": {"kind": "VIDEO", "media": {"mimeType": "video/mp4"}},
    "inbound-sticker-animated": {"kind": "STICKER", "media": {"mimeType": "image/webp", "animated": True}},
    "inbound-media-too-large-131052": {"kind": "UNSUPPORTED", "media": None, "errors": [{"code": 131052, "title": "Media download error"}]},
    "inbound-location-reply-to-request": {"kind": "LOCATION", "content": {"latitude": 37.4421617, "longitude": -122.1614933}},
    "inbound-order": {
        "kind": "ORDER",
        "text": "Love these!",
        "content": {
            "catalog_id": "194836987003835",
            "product_items": [
                {"product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 30, "currency": "USD"},
                {"product_retailer_id": "nqryix03ez", "quantity": 1, "item_price": 25.5, "currency": "USD"},
            ],
        },
    },
    "inbound-contacts-card": {"kind": "CONTACTS", "text": "Dr. Barbara J. Johnson Esq.", "content": {"count": 1}},
    "inbound-button-reply": {
        "kind": "INTERACTIVE",
        "text": "Cancel",
        "interactive": {"type": "button_reply", "id": "cancel-button", "title": "Cancel", "description": None, "data": None},
        "replyToPlatformMessageId": OUT,
    },
    "inbound-list-reply": {
        "kind": "INTERACTIVE",
        "interactive": {
            "type": "list_reply",
            "id": "priority_express",
            "title": "Priority Mail Express",
            "description": "Next Day to 2 Days",
        },
    },
    "inbound-nfm-reply-flow": {
        "kind": "INTERACTIVE",
        "text": "Sent",
        "interactive": {
            "type": "nfm_reply",
            "data": {"flow_token": "tok-8f2", "name": "Ana", "agree": True, "slots": ["am", "pm"]},
        },
    },
    "inbound-template-quick-reply-button": {
        "kind": "BUTTON",
        "text": "Unsubscribe from all",
        "interactive": {"type": "button", "id": "Unsubscribe from all", "title": "Unsubscribe from all"},
        "replyToPlatformMessageId": OUT,
    },
    "inbound-unsupported-poll": {"kind": "UNSUPPORTED", "content": {"type": "poll_creation"}, "errors": [{"code": 131051}]},
    "inbound-unknown-future-type": {"kind": "UNSUPPORTED", "content": {"type": "telepathy"}},
    "inbound-group-text": {"kind": "TEXT", "conversation": None},
    "bsuid-without-phone": {"kind": "TEXT", "text": "hi from a username user", "sender": {"displayName": "Pablo M."}},
    "smb-message-echo-image": {"kind": "IMAGE", "direction": "OUTBOUND", "status": "SENT", "sender": {"platformUserId": None}},
    "smb-message-echo-no-contacts": {"kind": "TEXT", "direction": "OUTBOUND", "text": "old shape"},
    "history-media-follow-up": {"kind": "IMAGE", "text": "Black Prince", "isImported": True},
    "system-user-changed-number": {"kind": "SYSTEM", "content": {"type": "user_changed_number"}},
}
"""What GraphQL must tell of the first message of a real body."""


def first_message_id(body: dict[str, Any]) -> str:
    value = body["entry"][0]["changes"][0]["value"]
    listed = value.get("messages") or value.get("message_echoes")
    message_id: str = listed[0]["id"]
    return message_id


async def test_every_real_body_is_accepted_told_correctly_and_accounted_for(world: World, payloads):
    files = sorted(payloads.glob("*.json"))
    await world.accept(*(file.read_bytes() for file in files))
    await world.project()
    found = await messages(world)
    for name, expected in FACTS.items():
        actual = found[first_message_id(json.loads((payloads / f"{name}.json").read_bytes()))]
        assert part(expected, actual) == expected, name
        if actual["media"]:
            assert actual["media"]["url"] == f"/media/{actual['id']}", name
    outcomes = Counter(outcome for outcome, _ in world.outcomes())
    assert outcomes.total() == len(files)
    assert outcomes - Counter(STORED=len(files), DUPLICATE=len(files)) == NOT_STORED


@pytest.mark.parametrize("name", ["history-media-follow-up", "bsuid-without-phone", "system-user-changed-number", "mixed-batch"])
async def test_a_body_alone_is_told_like_among_others(world: World, payloads, name):
    body = (payloads / f"{name}.json").read_bytes()
    await world.receive(body)
    expected = FACTS.get(name, FACTS["inbound-text"])
    assert part(expected, (await messages(world))[first_message_id(json.loads(body))]) == expected


async def test_contact_cards_are_sealed_in_the_table_and_open_in_graphql(world: World, payloads):
    await world.receive((payloads / "inbound-contacts-card.json").read_bytes())
    (message,) = (await messages(world)).values()
    assert [phone["phone"] for phone in message["contactCards"][0]["phones"]] == ["+1 (555) 012-3456", "+1 555-012-3457"]
    ((row, sealed),) = world.sql("SELECT m::text, sealed_content FROM messages m")
    assert "0123456" not in row
    assert b"012-3456" not in bytes(sealed)


# Reactions


async def test_a_reaction_stands_on_its_message_until_it_is_taken_away(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)), inbound(reaction("wamid.r1", "wamid.1", "👍", by=ANA, at=10)))
    assert await reactions_on(world, "wamid.1") == ["👍"]
    await world.receive(inbound(reaction("wamid.r2", "wamid.1", "🎉", by=BO, at=11), people=(BO,)))
    assert await reactions_on(world, "wamid.1") == ["👍", "🎉"]
    await world.receive(inbound(reaction("wamid.r3", "wamid.1", None, by=ANA, at=20)))
    assert await reactions_on(world, "wamid.1") == ["🎉"]
    await world.receive(inbound(reaction("wamid.r0", "wamid.1", "😡", by=ANA, at=15)))
    assert await reactions_on(world, "wamid.1") == ["🎉"], "an older reaction that comes late does not come back"
    assert "wamid.r1" not in await messages(world), "a reaction is no message"


async def reactions_on(world: World, message_id: str) -> list[str]:
    return [one["emoji"] for one in (await messages(world))[message_id]["reactions"]]


async def test_a_reaction_of_the_business_is_its_own_and_joins_nobody(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    ours = echo("wamid.r1", to=ANA) | {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "❤"}}
    await world.receive(echoes(ours), inbound(reaction("wamid.r2", "wamid.1", "👍", by=ANA, at=1)))
    found = (await messages(world))["wamid.1"]["reactions"]
    assert [(one["emoji"], one["direction"]) for one in found] == [("❤", "OUTBOUND"), ("👍", "INBOUND")]


# Edits and deletions


async def test_an_edit_changes_the_text_and_keeps_what_was_written_first(world: World):
    await world.receive(inbound(text("wamid.1", "Helo", by=ANA)), inbound(edit("wamid.e1", "wamid.1", "Hello", by=ANA, at=60)))
    expected = {"text": "Hello", "originalText": "Helo", "editedAt": instant(60), "deletedAt": None}
    assert part(expected, (await messages(world))["wamid.1"]) == expected
    await world.receive(
        inbound(edit("wamid.e3", "wamid.1", "Hello!", by=ANA, at=120)), inbound(edit("wamid.e2", "wamid.1", "Hell", by=ANA, at=90))
    )
    expected |= {"text": "Hello!", "editedAt": instant(120)}
    assert part(expected, (await messages(world))["wamid.1"]) == expected


async def test_an_edit_that_comes_before_its_message_waits_for_it(world: World):
    await world.receive(inbound(edit("wamid.e1", "wamid.1", "Hello", by=ANA, at=60)), inbound(revoke("wamid.x", "wamid.1", by=ANA, at=90)))
    assert await messages(world) == {}
    await world.receive(inbound(text("wamid.1", "Helo", by=ANA)))
    expected = {"text": "Hello", "originalText": "Helo", "editedAt": instant(60), "deletedAt": instant(90)}
    assert part(expected, (await messages(world))["wamid.1"]) == expected


async def test_an_edited_caption_is_the_caption(world: World):
    image = {"id": "1003", "mime_type": "image/jpeg", "sha256": "x", "caption": "Taj Mahall"}
    changed = {"original_message_id": "wamid.1", "message": {"type": "image", "image": image | {"caption": "Taj Mahal"}}}
    await world.receive(inbound(text("wamid.1", by=ANA) | {"type": "image", "image": image}))
    await world.receive(inbound(text("wamid.e", by=ANA, at=60) | {"type": "edit", "edit": changed}))
    expected = {"text": "Taj Mahal", "originalText": "Taj Mahall", "media": {"id": "1003", "caption": "Taj Mahal"}}
    assert part(expected, (await messages(world))["wamid.1"]) == expected


async def test_only_the_side_that_wrote_a_message_may_change_it(world: World):
    await world.receive(inbound(text("wamid.1", "Mine", by=ANA)), echoes(echo("wamid.2", "Ours", to=ANA)))
    theirs = echo("wamid.e1", to=ANA, at=60) | {"type": "revoke", "revoke": {"original_message_id": "wamid.1"}}
    await world.receive(echoes(theirs), inbound(edit("wamid.e2", "wamid.2", "Changed", by=ANA, at=60)))
    found = await messages(world)
    assert (found["wamid.1"]["deletedAt"], found["wamid.2"]["text"]) == (None, "Ours")
    await world.receive(inbound(revoke("wamid.x", "wamid.1", by=ANA, at=60)))
    assert (await messages(world))["wamid.1"]["deletedAt"] == instant(60)


# Threads and the customer service window


async def test_what_a_contact_writes_opens_the_window_and_nothing_else_does(world: World):
    await world.receive(echoes(echo("wamid.1", to=ANA, at=100)))
    thread = (await messages(world))["wamid.1"]["conversation"]
    assert (thread["lastMessageAt"], thread["serviceWindowClosesAt"]) == (instant(100), None)
    await world.receive(imported(text("wamid.2", by=ANA, at=200)))
    assert (await messages(world))["wamid.2"]["conversation"]["serviceWindowClosesAt"] is None
    await world.receive(inbound(number_change("wamid.3", before=ANA, after=ANA, at=300)))
    assert (await messages(world))["wamid.3"]["conversation"]["serviceWindowClosesAt"] is None
    await world.receive(inbound(text("wamid.4", by=ANA, at=50)))
    found = (await messages(world))["wamid.4"]["conversation"]
    assert found["id"] == thread["id"]
    assert (found["lastInboundAt"], found["serviceWindowClosesAt"]) == (instant(50), instant(50 + 24 * 3600))
    assert found["lastMessageAt"] == instant(300), "the thread's last message stays the last"
    await world.receive(inbound(reaction("wamid.5", "wamid.1", "👍", by=ANA, at=400)))
    assert (await messages(world))["wamid.4"]["conversation"]["lastInboundAt"] == instant(400)


def imported(*items: dict[str, Any]) -> dict[str, Any]:
    return webhook(change("history", history=[{"threads": [{"id": ANA.phone, "messages": list(items)}]}]))


async def test_a_group_message_belongs_to_its_writer_but_to_no_thread(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA, group_id="Y2FwaV9ncm91cDox")))
    found = (await messages(world))["wamid.1"]
    assert (found["conversation"], found["groupId"]) == (None, "Y2FwaV9ncm91cDox")
    assert found["contact"]["id"] == (await contacts(world))[0]["id"]
    assert (await world.data("{ conversations { nodes { id } } }"))["conversations"]["nodes"] == []


async def test_the_media_that_follow_an_imported_history_fill_its_placeholders(world: World):
    placeholder = text("wamid.1", by=ANA.phone_only()) | {"type": "media_placeholder"}
    image = text("wamid.1", by=ANA.phone_only()) | {"type": "image", "image": {"id": "1003", "caption": "Taj Mahal"}}
    await world.receive(imported(placeholder))
    assert (await messages(world))["wamid.1"]["kind"] == "UNSUPPORTED"
    await world.receive(webhook(change("history", messages=[image])), imported(placeholder))
    expected = {"kind": "IMAGE", "text": "Taj Mahal", "media": {"id": "1003"}, "isImported": True, "content": None}
    assert part(expected, (await messages(world))["wamid.1"]) == expected
    assert [event["outcome"] for event in await events(world)] == ["STORED", "STORED", "DUPLICATE"]


# Who wrote


async def test_a_sender_without_a_phone_is_known_by_the_hash_of_its_user_id(world: World):
    pablo = ANA.user_id_only()
    await world.receive(inbound(text("wamid.1", by=pablo), people=(pablo,)))
    (message,) = (await messages(world)).values()
    (address,) = message["contact"]["addresses"]
    assert address["kind"] == "user_id"
    assert message["sender"] == {"displayName": "Ana", "platformUserId": address["platformUserId"]}
    assert len(bytes.fromhex(address["platformUserId"])) == 32
    assert message["conversation"]["contactId"] == message["contact"]["id"]


async def test_a_phone_and_a_user_id_that_come_together_join_two_contacts_and_their_threads(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA.phone_only())), inbound(text("wamid.2", by=ANA.user_id_only(), at=1)))
    assert len(await contacts(world)) == 2
    await world.receive(inbound(text("wamid.3", by=ANA, at=2), people=(ANA,)), inbound(text("wamid.4", by=BO, at=3)))
    found = await messages(world)
    assert len(await contacts(world)) == 2
    assert len({found[f"wamid.{number}"]["contact"]["id"] for number in (1, 2, 3)}) == 1
    assert len({found[f"wamid.{number}"]["conversation"]["id"] for number in (1, 2, 3)}) == 1
    assert found["wamid.4"]["contact"]["id"] != found["wamid.1"]["contact"]["id"]
    assert found["wamid.1"]["conversation"]["lastInboundAt"] == instant(2)
    assert [address["kind"] for address in found["wamid.1"]["contact"]["addresses"]] == ["phone", "user_id"]


async def test_a_change_of_number_joins_the_histories_of_both_numbers(world: World):
    after = BO
    await world.receive(
        inbound(text("wamid.1", by=ANA.phone_only())),
        inbound(text("wamid.2", by=after.phone_only(), at=1)),
        inbound(reaction("wamid.r", "wamid.2", "👍", by=ANA.phone_only(), at=5)),
    )
    before_ids = {message["contact"]["id"] for message in (await messages(world)).values()}
    assert len(before_ids) == 2
    await world.receive(inbound(number_change("wamid.3", before=ANA, after=after, at=10)))
    (contact,) = await contacts(world)
    assert sorted(address["kind"] for address in contact["addresses"]) == ["phone", "phone", "user_id", "user_id"]
    found = await messages(world)
    assert {message["contact"]["id"] for message in found.values()} == {contact["id"]}
    assert len({message["conversation"]["id"] for message in found.values()}) == 1
    assert found["wamid.2"]["reactions"][0]["contact"]["id"] == contact["id"]
    assert (await world.data("{ conversations { nodes { contactId } } }"))["conversations"]["nodes"] == [{"contactId": contact["id"]}]


async def test_the_latest_name_is_the_contacts_whatever_comes_first(world: World):
    def said(message_id: str, name: str, at: int) -> dict[str, Any]:
        return inbound(text(message_id, by=ANA, at=at), people=(type(ANA)(name=name, phone=ANA.phone, user_id=ANA.user_id),))

    await world.receive(said("wamid.2", "Ana Lima", 10), said("wamid.1", "Anita", 5))
    assert [contact["displayName"] for contact in await contacts(world)] == ["Ana Lima"]
    found = await messages(world)
    assert [found[f"wamid.{number}"]["sender"]["displayName"] for number in (1, 2)] == ["Anita", "Ana Lima"]
