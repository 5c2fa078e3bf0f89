"""Messages: what they carry, who wrote them, when, and in answer to what."""

from datetime import UTC, datetime, timedelta

import pytest

from sigma.connectors.events import (
    Direction,
    Identity,
    Malformed,
    MessageEdited,
    MessageKind,
    MessageReceived,
    MessageRevoked,
    ReactionChanged,
)
from tests.connectors.webhooks import PHONE_NUMBER_ID, RECEIVED_AT, SHEENA, SHEENA_ID, message, only_of, parse, parse_one, value, webhook

SHEENA_IDENTITY = Identity(phone=SHEENA, user_id=SHEENA_ID)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def contact(**keys):
    return {"profile": {"name": "Sheena Nelson"}, "wa_id": SHEENA} | keys


def test_a_text_message_is_received_whole():
    assert only_of("inbound-text") == MessageReceived(
        path="entry[0].changes[0].messages[0]",
        address=PHONE_NUMBER_ID,
        platform_message_id="wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTE1MzgxMkFFNUZFQTBCNzNBMAA=",
        at=NEW_YEAR,
        direction=Direction.INBOUND,
        contact=SHEENA_IDENTITY,
        kind=MessageKind.TEXT,
        display_name="Sheena Nelson",
        text="Does it come in another color?",
        opens_window=True,
    )


# Who wrote it


def test_contacts_are_found_by_id_not_by_place():
    people = [{"profile": {"name": "Omar"}, "wa_id": "15550002222", "user_id": "US.2"}, contact(user_id=SHEENA_ID)]
    messages = [
        message(id="wamid.1"),
        message(id="wamid.2", from_=None, from_user_id="US.2"),
        message(id="wamid.3", **{"from": "15550009999"}),
    ]
    first, second, third = parse(webhook(value(contacts=people, messages=messages)))
    assert isinstance(first, MessageReceived)
    assert isinstance(second, MessageReceived)
    assert isinstance(third, MessageReceived)
    assert (first.contact, first.display_name) == (SHEENA_IDENTITY, "Sheena Nelson")
    assert second.display_name == "Omar"
    assert (third.contact, third.display_name) == (Identity(phone="15550009999"), None)


def test_the_only_contact_stands_for_a_message_without_ids():
    anonymous = {key: item for key, item in message().items() if key != "from"}
    assert parse_one(anonymous, contacts=[contact(user_id=SHEENA_ID)]).contact == SHEENA_IDENTITY
    for contacts in ([contact(), contact(wa_id="15550002222")], [], None, "x", [None]):
        event = parse_one(anonymous, contacts=contacts)
        assert isinstance(event, Malformed)
        assert event.reason == "a message that names no contact"


def test_the_messages_own_ids_win_over_the_contacts():
    event = parse_one(message(from_user_id="US.NEW"), contacts=[contact(user_id="US.OLD", parent_user_id="US.ENT.1")])
    assert event.contact == Identity(phone=SHEENA, user_id="US.NEW", parent_user_id="US.ENT.1")


@pytest.mark.parametrize(
    ("sender", "identity"),
    [
        ("16505551234", Identity(phone="16505551234")),
        ("+1 (650) 555-1234", Identity(phone="16505551234")),
        (16505551234, Identity(phone="16505551234")),
        ("US.13491208655302741918", Identity(user_id="US.13491208655302741918")),
        ("US.ENT.11815799212886844830", Identity(user_id="US.ENT.11815799212886844830")),
        ("someone", Identity(user_id="someone")),
        (" us.1 ", Identity(user_id="us.1")),
    ],
)
def test_a_bsuid_in_from_is_never_taken_for_digits(sender, identity):
    assert parse_one(message(**{"from": sender})).contact == identity
    listed = parse_one(message(**{"from": sender}), contacts=[{"wa_id": sender, "profile": {"name": "Kerry"}}])
    assert (listed.contact, listed.display_name) == (identity, "Kerry")


@pytest.mark.parametrize("sender", ["", "  ", None, 1.5, True, {}, [], "9" * 300])
def test_a_sender_that_names_nobody_is_refused(sender):
    assert parse_one(message(**{"from": sender})) == Malformed(
        path="entry[0].changes[0].messages[0]", address=PHONE_NUMBER_ID, reason="a message that names no contact"
    )


def test_a_user_without_a_phone_has_a_user_id_and_a_bare_username():
    event = only_of("bsuid-without-phone-at-sign-username")
    assert (event.contact, event.display_name, event.username) == (Identity(user_id=SHEENA_ID), "Pablo M.", "realpablomorales")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sheena", "Sheena"),
        ("  Sheena ", "Sheena"),
        ("Agent 007", "Agent 007"),
        ("Born 1984", "Born 1984"),
        ("", None),
        ("   ", None),
        (None, None),
        (7, None),
        ("16505551234", None),
        ("+1 650-555-1234", None),
        ("Sheena +1 (650) 555 1234", None),
        ("Sheena 650 555 1234", None),  # without the country's code
        ("0650 5551234", None),  # with a trunk prefix
        ("001 650 5551234", None),
        ("١٦٥٠٥٥٥١٢٣٤", None),  # Arabic-Indic digits
        ("15550001111", None),  # somebody else's number, and nothing but a number
        ("Shop 15550001111", "Shop 15550001111"),
    ],
)
def test_a_name_that_is_a_number_is_no_name(name, shown):
    assert parse_one(message(), contacts=[contact(profile={"name": name})]).display_name == shown


def test_a_number_for_a_name_is_noticed_through_the_messages_phone_too():
    listed = {"user_id": SHEENA_ID, "profile": {"name": "Me 6505551234", "username": "@16505551234"}}
    event = parse_one(message(from_user_id=SHEENA_ID), contacts=[listed])
    assert (event.contact, event.display_name, event.username) == (SHEENA_IDENTITY, None, None)


# When


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        ("1767225600", NEW_YEAR),
        (1767225600, NEW_YEAR),
        (1767225600.0, NEW_YEAR),
        ("1767225600123", NEW_YEAR + timedelta(milliseconds=123)),
        (1767225600123, NEW_YEAR + timedelta(milliseconds=123)),
        (int((RECEIVED_AT + timedelta(hours=23)).timestamp()), (RECEIVED_AT + timedelta(hours=23)).replace(microsecond=0)),
        (int((RECEIVED_AT + timedelta(hours=25)).timestamp()), RECEIVED_AT),
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("0", RECEIVED_AT),
        ("-1767225600", RECEIVED_AT),
        (-1, RECEIVED_AT),
        ("", RECEIVED_AT),
        ("yesterday", RECEIVED_AT),
        ("1767225600.5", RECEIVED_AT),
        ("١٧٦٧٢٢٥٦٠٠", RECEIVED_AT),
        ("9" * 16, RECEIVED_AT),
        ("9" * 400, RECEIVED_AT),
        (10**400, RECEIVED_AT),
        (1e300, RECEIVED_AT),
        (True, RECEIVED_AT),
        (None, RECEIVED_AT),
        ({}, RECEIVED_AT),
        (["1767225600"], RECEIVED_AT),
    ],
)
def test_a_time_that_cannot_be_is_the_arrival(timestamp, at):
    event = parse_one(message(timestamp=timestamp))
    assert event.at == at
    assert event.at.tzinfo is UTC


# In answer to what


@pytest.mark.parametrize(
    ("context", "reply_to", "kept"),
    [
        ({"from": "15550783881", "id": "wamid.OUT"}, "wamid.OUT", None),
        ({"id": "wamid.OUT"}, "wamid.OUT", None),
        ({"id": "ABGGFlA5Fpa"}, "ABGGFlA5Fpa", None),
        ({"id": "M0"}, None, None),
        ({"id": ""}, None, None),
        ({"id": "wamid." + "A" * 600}, None, None),
        ({"forwarded": True, "frequently_forwarded": True}, None, {"forwarded": True, "frequently_forwarded": True}),
        ({"forwarded": False}, None, None),
        ({"id": 5, "forwarded": True}, None, {"forwarded": True}),
        ({"from": 1, "id": "wamid.OUT", "forwarded": "yes"}, "wamid.OUT", None),
        (
            {"id": "wamid.OUT", "referred_product": {"catalog_id": 1, "product_retailer_id": "sku"}},
            "wamid.OUT",
            {"referred_product": {"catalog_id": "1", "product_retailer_id": "sku"}},
        ),
        ("x", None, None),
        (None, None, None),
        ([], None, None),
    ],
)
def test_context_is_kept_without_numbers_and_never_costs_the_message(context, reply_to, kept):
    event = parse_one(message(context=context))
    assert (event.text, event.reply_to, event.context) == ("Hi", reply_to, kept)


def test_a_referral_is_kept_whole_but_for_persons():
    referral = only_of("inbound-text-ctwa-referral").referral
    assert referral["source_url"] == "https://fb.me/3cr4Wqqkv"
    assert referral["source_id"] == "120226305854810726"
    assert referral["welcome_message"] == {"text": "Hi there! Let us know how we can help!"}
    event = parse_one(message(referral={"source_type": "ad", "wa_id": SHEENA, "deep": {"phone_number": SHEENA, "big": 2**64}}))
    assert event.referral == {"source_type": "ad", "deep": {"big": str(2**64)}}


# Reactions, edits, revokes


def test_a_reaction_and_its_removal():
    put = only_of("inbound-reaction")
    assert isinstance(put, ReactionChanged)
    assert (put.emoji, put.opens_window, put.direction) == ("👍", True, Direction.INBOUND)
    assert only_of("inbound-reaction-removed-no-emoji").emoji is None
    assert parse_one(message(type="reaction", reaction={"message_id": "wamid.OUT", "emoji": ""})).emoji is None


def test_edits_and_revokes_name_what_they_change():
    edit = only_of("inbound-edit-text")
    assert isinstance(edit, MessageEdited)
    assert (edit.kind, edit.text, edit.media) == (MessageKind.TEXT, "Corrected text", None)
    assert edit.target_message_id == "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTE0RTBGRkRDODIxNUM4MURBMAA="
    caption = only_of("inbound-edit-image-caption")
    assert (caption.kind, caption.text, caption.media.caption) == (MessageKind.IMAGE, "New caption", "New caption")
    revoke = only_of("inbound-revoke")
    assert isinstance(revoke, MessageRevoked)
    assert revoke.target_message_id == edit.target_message_id


@pytest.mark.parametrize(
    "keys",
    [
        {"type": "reaction"},
        {"type": "reaction", "reaction": {"emoji": "👍"}},
        {"type": "reaction", "reaction": {"message_id": 7, "emoji": "👍"}},
        {"type": "edit"},
        {"type": "edit", "edit": {"message": {"type": "text", "text": {"body": "x"}}}},
        {"type": "revoke", "revoke": {}},
        {"type": "revoke", "revoke": {"original_message_id": "A" * 600}},
    ],
)
def test_what_refers_to_no_message_is_refused(keys):
    assert isinstance(parse_one(message(**keys)), Malformed)


def test_an_edit_without_its_new_message_is_kept():
    edited = parse_one(message(type="edit", edit={"original_message_id": "wamid.X"}))
    assert (edited.kind, edited.text, edited.media) == (MessageKind.UNSUPPORTED, None, None)


# System messages and groups


@pytest.mark.parametrize(
    ("name", "contact", "joins"),
    [
        ("system-user-changed-number", SHEENA_IDENTITY, Identity(phone="15551230000", user_id="US.99887766554433221100")),
        ("system-user-changed-number-pre-bsuid", Identity(phone=SHEENA), Identity(phone="15551230000")),
        ("system-customer-changed-number-legacy", Identity(phone=SHEENA), Identity(phone="15551230000")),
        ("system-customer-identity-changed-legacy", Identity(phone=SHEENA), None),
    ],
)
def test_a_change_of_number_joins_two_identities(name, contact, joins):
    event = only_of(name)
    assert (event.contact, event.joins, event.opens_window, event.text) == (contact, joins, False, None)


def test_a_change_of_user_id_joins_without_any_phone():
    system = {"type": "user_changed_user_id", "previous_user_id": "US.OLD", "user_id": "US.NEW", "body": f"{SHEENA} has a new id"}
    event = parse_one({"id": "wamid.S", "timestamp": "1767225600", "type": "system", "system": system})
    assert (event.contact, event.joins) == (Identity(user_id="US.OLD"), Identity(user_id="US.NEW"))
    assert event.content == {"type": "user_changed_user_id"}


def test_only_a_change_of_address_joins():
    for kind in ("customer_identity_changed", "user_did_something_new", None, 5):
        event = parse_one(message(type="system", system={"type": kind, "wa_id": "15551230000", "user_id": "US.NEW"}))
        assert (event.contact, event.joins) == (Identity(phone=SHEENA), None)
    unchanged = parse_one(message(type="system", system={"type": "user_changed_number", "wa_id": SHEENA}))
    assert unchanged.joins is None
    assert parse_one(message(type="system", system="x")).content == {"type": None}


def test_a_group_message_opens_no_window():
    event = only_of("inbound-group-text")
    assert event.group_id == "Y2FwaV9ncm91cDoxNTU1MDc4Mzg4MToxMjAzNjM0MDQ2OTQyMzM4MjAZD"
    assert (event.contact, event.opens_window) == (SHEENA_IDENTITY, False)
    reaction = parse_one(message(type="reaction", reaction={"message_id": "wamid.OUT", "emoji": "👍"}, group_id="G"))
    assert not reaction.opens_window


def test_messages_of_an_unknown_number_are_told_with_its_id():
    assert only_of("dashboard-test-message").address == "123456123"
    for metadata, address in (({"phone_number_id": 5}, "5"), ({}, None), (None, None), ("x", None), ({"phone_number_id": []}, None)):
        (event,) = parse(webhook(value(messages=[message()], metadata=metadata)))
        assert event.address == address
        assert isinstance(event, MessageReceived)
