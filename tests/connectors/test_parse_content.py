"""What a message carries: kind, text, file, reply, cards, and the errors that came instead."""

import pytest

from sigma.connectors.events import Interactive, Media, MessageKind, PlatformError
from tests.connectors.webhooks import SHEENA, message, only_of, parse_one


def test_the_longest_text_is_kept_to_the_last_letter():
    assert len(only_of("inbound-text-long-4096").text) == 4096


def test_text_survives_escapes_emoji_and_markup():
    event = only_of("inbound-text-unicode-emoji")
    assert event.display_name == "José Ñandú 🌵"
    assert event.text == 'Olá, quero o nº 7 👍🏽 — ¿cuánto cuesta? äöå <b>&/\\"'


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("inbound-image-with-caption", MessageKind.IMAGE, "Taj Mahal"),
        ("inbound-video", MessageKind.VIDEO, "Unboxing"),
        ("inbound-document", MessageKind.DOCUMENT, "My invoice"),
        ("inbound-audio-voice-note", MessageKind.AUDIO, None),
        ("inbound-audio-file", MessageKind.AUDIO, None),
        ("inbound-voice-legacy-type", MessageKind.AUDIO, None),
        ("inbound-sticker-static", MessageKind.STICKER, None),
        ("inbound-location-pin-only", MessageKind.LOCATION, None),
        ("inbound-contacts-card", MessageKind.CONTACTS, "Dr. Barbara J. Johnson Esq."),
        ("inbound-contacts-shared-on-request", MessageKind.CONTACTS, None),
        ("inbound-button-reply", MessageKind.INTERACTIVE, "Cancel"),
        ("inbound-list-reply", MessageKind.INTERACTIVE, "Priority Mail Express"),
        ("inbound-nfm-reply-flow", MessageKind.INTERACTIVE, "Sent"),
        ("inbound-call-permission-reject", MessageKind.INTERACTIVE, None),
        ("inbound-interactive-unknown-subtype", MessageKind.INTERACTIVE, None),
        ("inbound-template-quick-reply-button", MessageKind.BUTTON, "Unsubscribe from all"),
        ("inbound-order", MessageKind.ORDER, "Love these!"),
        ("inbound-unsupported-poll", MessageKind.UNSUPPORTED, None),
        ("inbound-ephemeral-legacy", MessageKind.UNSUPPORTED, None),
        ("inbound-unknown-future-type", MessageKind.UNSUPPORTED, None),
        ("system-user-changed-number", MessageKind.SYSTEM, None),
    ],
)
def test_kind_and_searchable_text(name, kind, text):
    event = only_of(name)
    assert (event.kind, event.text) == (kind, text)


def test_media_says_what_the_platform_says_of_the_file():
    assert only_of("inbound-document").media == Media(
        id="1376223850470843",
        mime_type="application/pdf",
        sha256="w1sh1so5qnzDt5pwXZifGm6IuZq0OYjXQEh5nj25JqM=",
        filename="invoice.pdf",
        caption="My invoice",
    )
    assert only_of("inbound-audio-voice-note").media.voice
    assert not only_of("inbound-audio-file").media.voice
    assert only_of("inbound-voice-legacy-type").media.voice
    assert only_of("inbound-sticker-animated").media.animated
    assert not only_of("inbound-sticker-static").media.animated


@pytest.mark.parametrize("image", [None, {}, {"id": ""}, {"id": None, "caption": "too large"}, {"id": True}, {"id": ["1"]}, "x", []])
def test_media_without_an_id_keeps_kind_errors_and_caption(image):
    errors = [{"code": 131052, "title": "Media download error", "error_data": {"details": "Media file size too big."}}]
    event = parse_one(message(type="image", image=image, errors=errors))
    assert (event.kind, event.media) == (MessageKind.IMAGE, None)
    assert event.errors == (PlatformError(code=131052, title="Media download error", details="Media file size too big."),)
    assert event.text == ("too large" if image == {"id": None, "caption": "too large"} else None)


def test_a_media_id_may_be_a_number():
    assert parse_one(message(type="image", image={"id": 1003383421387256})).media == Media(id="1003383421387256")


def test_location():
    assert only_of("inbound-location-pin-only").content == {"latitude": -33.8567844, "longitude": 151.213108}
    place = {"latitude": 40, "longitude": -73.9, "name": "Museum", "address": "1071 5th Ave", "url": "https://x.test"}
    event = parse_one(message(type="location", location=place))
    assert (event.content, event.text) == (place, "Museum")


def test_cards_are_private_and_only_their_names_are_not():
    event = only_of("inbound-contacts-card")
    assert event.content == {"count": 1}
    (card,) = event.private
    assert card["phones"][0]["wa_id"] == "15550123456"
    assert card["emails"] == [{"email": "bjohnson@example.com", "type": "WORK"}]

    names = [{"formatted_name": name} for name in ("Ann", "+1 650-555-1234", "Bob +1 650 555 1234", "", 7)]
    event = parse_one(message(type="contacts", contacts=[*({"name": name} for name in names), {}, "x", {"name": "Zoe"}]))
    assert (event.text, event.content, len(event.private)) == ("Ann, Bob …", {"count": 8}, 8)


def test_the_origin_of_a_shared_contact_may_stand_on_the_card_or_the_message():
    assert only_of("inbound-contacts-shared-on-request").content == {"count": 1, "origin": "contact_request"}
    assert only_of("inbound-contacts-shared-origin-on-message").content == {"count": 1, "origin": "other"}


def test_replies_carry_what_we_gave_and_what_was_seen():
    assert only_of("inbound-list-reply").interactive == Interactive(
        type="list_reply", id="priority_express", title="Priority Mail Express", description="Next Day to 2 Days"
    )
    assert only_of("inbound-button-reply").interactive == Interactive(type="button_reply", id="cancel-button", title="Cancel")
    assert only_of("inbound-interactive-unknown-subtype").interactive == Interactive(type="hologram_reply", id="x")
    assert only_of("inbound-call-permission-reject").interactive == Interactive(
        type="call_permission_reply", data={"response": "reject", "response_source": "user_action"}
    )
    assert only_of("inbound-template-button-did-not-request-code").interactive == Interactive(
        type="button", id="DID_NOT_REQUEST_CODE", title="I didn't request a code"
    )


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        ('{"a":[1,{"b":null}]}', {"a": [1, {"b": None}]}),
        ('["a","b"]', ["a", "b"]),
        ('"just text"', "just text"),
        ("null", None),
        ("", {"raw": ""}),
        ("not json {", {"raw": "not json {"}),
        ('{"n":"\\u0000","big":123456789012345678901234567890}', {"n": "\ufffd", "big": "123456789012345678901234567890"}),
        ("[" * 65 + "]" * 65, {"raw": "[" * 65 + "]" * 65}),
        ({"already": "parsed"}, {"already": "parsed"}),
        (None, None),
    ],
)
def test_a_flow_answer_is_json_if_it_can_be(answer, data):
    reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": answer}}
    event = parse_one(message(type="interactive", interactive=reply))
    assert event.interactive == Interactive(type="nfm_reply", id="flow", data=data)
    assert event.text == "Sent"


@pytest.mark.parametrize("interactive", [None, {}, {"type": 7}, {"type": "button_reply"}, {"type": "button_reply", "button_reply": "x"}])
def test_an_interactive_message_without_its_reply_is_kept(interactive):
    event = parse_one(message(type="interactive", interactive=interactive))
    assert (event.kind, event.text) == (MessageKind.INTERACTIVE, None)


def test_an_order_lists_its_products():
    content = only_of("inbound-order").content
    assert content["catalog_id"] == "194836987003835"
    assert content["product_items"][1] == {"product_retailer_id": "nqryix03ez", "quantity": 1, "item_price": 25.5, "currency": "USD"}
    order = {"product_items": [{"quantity": 2**70, "buyer_phone": SHEENA}, "x"]}
    assert parse_one(message(type="order", order=order)).content == {"catalog_id": None, "product_items": [{"quantity": str(2**70)}]}


@pytest.mark.parametrize(
    ("keys", "original_type"),
    [
        ({"type": "unsupported", "unsupported": {"type": "poll_creation"}}, "poll_creation"),
        ({"type": "unsupported"}, None),
        ({"type": "unsupported", "unsupported": "x"}, None),
        ({"type": "ephemeral"}, "ephemeral"),
        ({"type": "unknown"}, "unknown"),
        ({"type": "telepathy"}, "telepathy"),
        ({"type": None}, None),
        ({"type": 5}, None),
        ({"type": ["text"]}, None),
        ({"type": "media_placeholder"}, "media_placeholder"),
    ],
)
def test_what_is_not_supported_is_kept_with_its_type_and_opens_the_window(keys, original_type):
    event = parse_one(message(**keys))
    assert (event.kind, event.content, event.opens_window) == (MessageKind.UNSUPPORTED, {"type": original_type}, True)


def test_request_welcome_is_kept():
    assert parse_one(message(type="request_welcome")).kind is MessageKind.REQUEST_WELCOME


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            {"code": 1, "title": "T", "message": "M", "error_data": {"details": "D"}, "href": "/x"},
            PlatformError(code=1, title="T", details="D", href="/x"),
        ),
        ({"code": 1, "title": "T", "details": "older"}, PlatformError(code=1, title="T", details="older")),
        ({"code": 1, "message": "M", "error_data": "as a string"}, PlatformError(code=1, details="as a string")),
        ({"code": 1, "message": "M", "error_data": {"details": {}}}, PlatformError(code=1, details="M")),
        ({"code": "131051"}, PlatformError(code=131051)),
        ({"code": 0}, PlatformError(code=0)),  # "cannot authenticate": never what a missing code becomes
        ({}, PlatformError(code=-1)),
        ({"code": True, "title": 3}, PlatformError(code=-1)),
        ({"code": 2**40, "title": "T"}, PlatformError(code=-1, title="T")),
        ({"code": 1, "title": "No such user +16505551234"}, PlatformError(code=1, title="No such user …")),
    ],
)
def test_errors_of_every_age_read_alike(error, expected):
    assert parse_one(message(type="unsupported", errors=[error])).errors == (expected,)
