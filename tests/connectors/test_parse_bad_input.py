"""Whatever a POST holds, parsing tells one event per item, says in plain words what it could not read, and never raises."""

import json
from datetime import timedelta, timezone

import pytest

from sigma.connectors.events import Malformed, MessageReceived, PlatformReported
from sigma.connectors.whatsapp import parse as parse_module
from tests.connectors.webhooks import PHONE_NUMBER_ID, RECEIVED_AT, message, only_of, parse, parse_file, parse_one, value, webhook


def refusal(raw):
    (event,) = parse(raw)
    assert isinstance(event, Malformed)
    assert (event.path, event.address) == ("", None)
    return event.reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not a WhatsApp webhook: not JSON"),
        (b"hello", "not a WhatsApp webhook: not JSON"),
        (b"\xff\xfe\x00\x01", "not a WhatsApp webhook: not JSON"),
        (b'{"object":"whatsapp_business_account","entry":[', "not a WhatsApp webhook: not JSON"),
        (b"[" * 3_000_000, "not a WhatsApp webhook: nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "not a WhatsApp webhook: nested deeper than 64 levels"),
        (
            b'{"object":"whatsapp_business_account","entry":' + b"[" * 70 + b"]" * 70 + b"}",
            "not a WhatsApp webhook: nested deeper than 64 levels",
        ),
        (b"null", "not a WhatsApp webhook: it is not a JSON object"),
        (b"[]", "not a WhatsApp webhook: it is not a JSON object"),
        (b'"whatsapp_business_account"', "not a WhatsApp webhook: it is not a JSON object"),
        (b"42", "not a WhatsApp webhook: it is not a JSON object"),
        (b"{}", "not a WhatsApp webhook: it names no object"),
        (b'{"entry":[]}', "not a WhatsApp webhook: it names no object"),
        (b'{"object":"page","entry":[]}', "not a WhatsApp webhook: its object is not whatsapp_business_account"),
        (b'{"object":null,"entry":[]}', "not a WhatsApp webhook: its object is not whatsapp_business_account"),
        (b'{"object":["whatsapp_business_account"],"entry":[]}', "not a WhatsApp webhook: its object is not whatsapp_business_account"),
        (b'{"object":"whatsapp_business_account"}', "not a WhatsApp webhook: it has no list of entries"),
        (b'{"object":"whatsapp_business_account","entry":null}', "not a WhatsApp webhook: it has no list of entries"),
        (b'{"object":"whatsapp_business_account","entry":{}}', "not a WhatsApp webhook: it has no list of entries"),
    ],
)
def test_what_is_no_webhook_is_one_malformed_with_a_plain_reason(raw, reason):
    assert refusal(raw) == reason


def test_another_products_webhook_is_refused_without_quoting_it():
    assert only_of("other-object-page").reason == "not a WhatsApp webhook: its object is not whatsapp_business_account"
    assert only_of("empty-object").reason == "not a WhatsApp webhook: it names no object"


@pytest.mark.parametrize(
    "entry",
    [
        [],
        [{}],
        [{"id": "1"}],
        [{"id": "1", "changes": None}],
        [{"id": "1", "changes": []}],
        [{"changes": [{"field": "messages", "value": {}}]}],
        [{"changes": [{"field": "messages", "value": {"messages": [], "statuses": None}}]}],
        [{"changes": [{"field": "messages", "value": {"contacts": [{"wa_id": "1"}]}}]}],
    ],
)
def test_nothing_to_do_is_nothing(entry):
    assert parse(json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()) == []


def test_nothing_to_do_in_the_captured_bodies():
    assert parse_file("empty-entry") == []
    assert parse_file("null-members") == []


def test_broken_parts_stand_where_they_were_and_their_neighbours_are_told():
    good = {"field": "messages", "value": value(messages=[message()])}
    changes = [5, good, {"value": {}}, {"field": 7, "value": {}}, {"field": "messages"}, {"field": "messages", "value": "x"}, None, good]
    entries = [None, "x", {"id": "1", "changes": "x"}, {"id": "1", "changes": changes}, 7.5, {"id": "2", "changes": [good]}]
    events = parse(json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode())
    assert [(type(event).__name__, event.path) for event in events] == [
        ("Malformed", "entry[0]"),
        ("Malformed", "entry[1]"),
        ("Malformed", "entry[2].changes"),
        ("Malformed", "entry[3].changes[0]"),
        ("MessageReceived", "entry[3].changes[1].messages[0]"),
        ("Malformed", "entry[3].changes[2]"),
        ("Malformed", "entry[3].changes[3]"),
        ("Malformed", "entry[3].changes[4]"),
        ("Malformed", "entry[3].changes[5]"),
        ("Malformed", "entry[3].changes[6]"),
        ("MessageReceived", "entry[3].changes[7].messages[0]"),
        ("Malformed", "entry[4]"),
        ("MessageReceived", "entry[5].changes[0].messages[0]"),
    ]


def test_every_list_of_a_mixed_batch_is_told_under_its_own_number():
    events = parse_file("mixed-batch")
    assert [(type(event).__name__, event.path, event.address) for event in events] == [
        ("MessageReceived", "entry[0].changes[0].messages[0]", PHONE_NUMBER_ID),
        ("ReceiptReported", "entry[0].changes[1].statuses[0]", PHONE_NUMBER_ID),
        ("ReactionChanged", "entry[0].changes[2].messages[0]", PHONE_NUMBER_ID),
        ("PlatformReported", "entry[0].changes[3]", None),
        ("MessageReceived", "entry[1].changes[0].messages[0]", "999940352242922"),
        ("PlatformReported", "entry[1].changes[1]", None),
        ("PlatformReported", "entry[2].changes[0]", None),
        ("MessageReceived", "entry[2].changes[1].messages[0]", PHONE_NUMBER_ID),
    ]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (None, "it is not an object"),
        ("x", "it is not an object"),
        ([], "it is not an object"),
        ({}, "a message without an id"),
        ({"id": ""}, "a message without an id"),
        ({"id": 17}, "a message without an id"),
        ({"id": {}}, "a message without an id"),
        ({"id": "A" * 513, "from": "1"}, "a message id longer than 512 characters"),
        ({"id": "wamid.A"}, "a message that names no contact"),
    ],
)
def test_a_message_that_cannot_be_is_malformed_and_its_neighbours_are_not(item, reason):
    first, broken, last = parse(webhook(value(messages=[message(id="wamid.1"), item, message(id="wamid.2")])))
    assert broken == Malformed(path="entry[0].changes[0].messages[1]", address=PHONE_NUMBER_ID, reason=reason)
    assert isinstance(first, MessageReceived)
    assert isinstance(last, MessageReceived)
    assert (first.platform_message_id, last.platform_message_id) == ("wamid.1", "wamid.2")


@pytest.mark.parametrize(
    "key", ["context", "referral", "errors", "text", "group_id", "timestamp", "to", "contacts", "from_user_id", "origin"]
)
@pytest.mark.parametrize("wrong", [None, True, 7, 1.5, "", "x", [], {}, [1], [[]], {"a": {"b": []}}, 10**400])
def test_an_optional_key_of_any_type_never_costs_the_message(key, wrong):
    event = parse_one({**message(), key: wrong})
    assert isinstance(event, MessageReceived)
    assert event.platform_message_id == "wamid.A"
    if key != "text":
        assert event.text == "Hi"


def test_half_broken_objects_keep_their_good_half():
    media = {"id": "1", "caption": 7, "mime_type": "image/png", "voice": "yes", "animated": [], "sha256": None}
    event = parse_one(message(type="image", image=media, errors=[7, {"code": "x", "title": "T"}, None]))
    assert (event.media.id, event.media.mime_type, event.media.caption) == ("1", "image/png", None)
    assert [error.title for error in event.errors] == ["T"]
    location = {"latitude": 10**400, "longitude": "x", "name": "Museum"}
    assert parse_one(message(type="location", location=location)).content == {"name": "Museum"}


@pytest.mark.parametrize("wrong", ["x", 7, True, [[]], {"a": 1}])
def test_a_list_that_is_none_is_told_once_and_its_neighbours_are_told(wrong):
    events = parse(webhook(value(messages=wrong, statuses=[{"id": "wamid.OUT", "status": "sent"}])))
    assert [type(event).__name__ for event in events] == ["Malformed", "ReceiptReported"]


def test_a_lone_object_is_read_as_a_list_of_one():
    (event,) = parse(webhook(value(messages=message())))
    assert (type(event), event.path) == (MessageReceived, "entry[0].changes[0].messages")


def test_what_stands_beside_the_known_lists_is_reported():
    received, rest = parse(webhook(value(messages=[message()], holograms=[1], later=None)))
    assert isinstance(received, MessageReceived)
    assert isinstance(rest, PlatformReported)
    assert (rest.path, rest.type, rest.details) == ("entry[0].changes[0]", "unknown", {"keys": ["holograms"]})


def test_no_string_that_postgresql_refuses_comes_out():
    hostile = "a\\u0000b\\ud800c"
    keys = f'"type":"interactive","interactive":{{"type":"x_reply","x_reply":{{"title":"{hostile}","\\u0000":"{hostile}"}}}}'
    raw = webhook(value(messages=[message(type=None, text=None)])).replace(b'"id": "wamid.A"', f'"id":"wamid.A",{keys}'.encode())
    (event,) = parse(raw)
    assert event.text == "a\ufffdb\ufffdc"
    assert event.interactive.data == {"\ufffd": "a\ufffdb\ufffdc"}
    assert parse_one(message(text={"body": "nul \0 alone"})).text == "nul \ufffd alone"


def test_a_body_that_is_not_quite_json_still_tells_its_messages():
    raw = webhook(value(messages=[message(text={"body": "TEXT"})]))
    for written, read in (
        (b"\xe4\xf6", "\ufffd\ufffd"),
        (b"\\ud83d", "\ufffd"),
        (b"a\x00b\x01", "a\ufffdb\x01"),
        (b"\\ud83d\\udc4d", "👍"),
    ):
        (event,) = parse(b"\xef\xbb\xbf" + raw.replace(b"TEXT", written))
        assert (type(event), event.text) == (MessageReceived, read)
    (event,) = parse(raw.replace(b'"wamid.A"', b'"wamid.A","referral":{"a":NaN,"b":1e999,"c":' + b"9" * 5000 + b"}"))
    assert event.referral == {"a": None, "b": None, "c": "9" * 5000}


def test_a_bug_of_the_parser_costs_one_item(monkeypatch):
    def broken(_change, _path, _item):
        raise ZeroDivisionError

    monkeypatch.setitem(parse_module.LISTS["messages"], "statuses", broken)
    received, dead = parse(webhook(value(messages=[message()], statuses=[{}])))
    assert isinstance(received, MessageReceived)
    assert dead == Malformed(path="entry[0].changes[0].statuses[0]", address=PHONE_NUMBER_ID, reason="the parser failed: ZeroDivisionError")


def test_the_arrival_may_be_given_in_any_zone():
    received_at = RECEIVED_AT.astimezone(timezone(timedelta(hours=9)))
    (event,) = parse_module.parse_webhook(webhook(value(messages=[message(timestamp=None)])), received_at=received_at)
    assert isinstance(event, MessageReceived)
    assert event.at == RECEIVED_AT
    assert event.at.utcoffset() == timedelta(0)
